"""Whether CHGNet can be imported on this machine, and what to do if it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from workflows.engines.cause_lines import started_nothing
from workflows.engines.exit_status import ended_by
from workflows.errors import InputError, MachineError, nearest, shortened

NEVER_STARTED = "CHGNet never started"
"""First words of the reason; the state of such a step is NEVER_STARTED."""
WAIT = 300.0
"""Seconds for torch and CHGNet to be imported; 6 are usual."""
MOST_CHARACTERS = 300
WEIGHTS = "pretrained"
"""Directory of CHGNet's package; each name in it is one of weights."""
_IMPORT = """
import json, sys
try:
    import torch
    from chgnet.model.model import CHGNet
except Exception as error:
    module = getattr(error, "name", None) if isinstance(error, ImportError) else None
    told = [type(error).__name__, str(error), module]
    sys.exit(f"\\n{json.dumps(told)}")
"""


class ChgnetUnusable(MachineError, ImportError):
    """CHGNet, torch, or a library of theirs is missing or broken on this machine."""


def unusable(error: Exception) -> ChgnetUnusable:
    """Return what to raise for an error met while CHGNet was imported."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    return ChgnetUnusable(_told(type(error).__name__, str(error), name))


def without_weights(name: str, error: Exception) -> ChgnetUnusable:
    """Return what to raise for an error met while its weights were read."""
    told = shortened(f"{type(error).__name__}: {error}", MOST_CHARACTERS)
    return ChgnetUnusable(
        f"CHGNet's weights {name} cannot be loaded: {told}; install chgnet anew"
    )


def known_weights() -> tuple[str, ...]:
    """Return the names of the weights that the installed CHGNet has.

    Empty if it is not installed, or keeps them elsewhere. CHGNet is not imported.
    """
    try:
        found = find_spec("chgnet")
    except (ImportError, ValueError):  # a module without what an import leaves
        return ()
    places = (found and found.submodule_search_locations) or ()
    kept = [each for p in places for each in (Path(p) / WEIGHTS).glob("*/")]
    return tuple(sorted(p.name for p in kept if p.name[0] not in "._"))


def unknown_weights(name: str, known: tuple[str, ...]) -> InputError:
    """Return what to raise for weights that the installed CHGNet does not have."""
    there = f"; it has {', '.join(known)}" if known else ""
    return InputError(
        f"chgnet.model: the installed CHGNet has no weights {shortened(repr(name))}"
        f"{nearest(name, known)}{there}: correct the campaign file"
    )


def import_problem() -> str:
    """Import CHGNet in another process; return why it cannot be, empty if it can.

    A library that is not there, or that kills its process, is met by an import only.
    One that takes longer than :data:`WAIT` is left to the run.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _IMPORT],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return ""
    if done.returncode == 0:
        return ""
    last = (done.stderr.splitlines() or [""])[-1]
    try:
        kind, words, name = json.loads(last)
    except ValueError:  # it was killed, or ended itself
        nothing = started_nothing([done.stderr], done.returncode)
        ended = ended_by(done.returncode, started_nothing=nothing)
        return _broken(f"{ended}{f': {last}' if last else ''}")
    return _told(kind, words, name if kind == ModuleNotFoundError.__name__ else None)


def _told(kind: str, words: str, module: str | None) -> str:
    """Say what an import met; ``module`` is what was not found, if that is it."""
    if module and find_spec(module.partition(".")[0]) is None:
        return (
            f"the CHGNet engine needs a package that is missing ({words}); "
            "install it with: pip install 'lnmo[chgnet]'"
        )
    return _broken(f"{kind}: {words}" if words else kind)


def _broken(told: str) -> str:
    return (
        "CHGNet is installed but cannot be imported: "
        f"{shortened(told, MOST_CHARACTERS)}; correct that library or its environment "
        "(modules, LD_LIBRARY_PATH, PYTHONPATH), or install torch and chgnet anew"
    )
