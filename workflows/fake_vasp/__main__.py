"""``python -m workflows.fake_vasp``."""

import sys

from workflows.fake_vasp.main import main

sys.exit(main())
