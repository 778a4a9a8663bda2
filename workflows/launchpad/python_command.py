"""How another Python of ours is started: never with the user's own modules.

``python -m`` puts the current directory before everything else: a ``structures.py`` or
``workflows.py`` in the user's project would be imported in the place of ours.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

PYTHON = (sys.executable, "-P")
"""-P leaves the current directory out of the import path."""


def importable(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which ``PYTHON`` finds this package.

    An installed one is found anyway; one that runs from a clone that is the current
    directory was found by that alone, and its place is added.
    """
    here = Path(__file__).resolve().parents[2]
    if here != Path.cwd():
        return dict(environment)
    before = environment.get("PYTHONPATH", "")
    path = os.pathsep.join(part for part in (str(here), before) if part)
    return {**environment, "PYTHONPATH": path}
