"""``python -m workflows.cli`` is ``lnmo``."""

from workflows.cli import main

main()
