"""What custodian's handlers read of a run, whatever the files hold.

They were written for outputs that are text, and whole. Here an answer must come at
once, of an OUTCAR that was cut or of a file full of rubbish as well.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custodian.custodian import CustodianError
from custodian.vasp import handlers as theirs

from workflows.atomic import read_regular
from workflows.errors import LnmoError
from workflows.vasp.outcar_steps import STOPPED

_NELECT = re.compile(r"NELECT\s*=\s*(\d+\.?\d*)")


@dataclass(frozen=True)
class OutcarFacts:
    """What handlers ask of an OUTCAR, under the names of pymatgen's.

    Attributes
    ----------
    nelect
        Valence electrons; None if it does not say.
    is_stopped
        A STOPCAR ended the run.
    """

    nelect: float | None
    is_stopped: bool


def outcar_facts(path: str | Path) -> OutcarFacts:
    """Read an OUTCAR in one pass.

    pymatgen's ``Outcar`` reads it all, with patterns that try ever more ways to match a
    file that was cut within its density matrices: minutes, or for ever.

    Raises
    ------
    OSError
        It is not there.
    """
    text = read_regular(Path(path), "replace")
    found = _NELECT.search(text)
    return OutcarFacts(float(found[1]) if found else None, bool(STOPPED.search(text)))


@contextmanager
def quick_outcar() -> Iterator[None]:
    """Let custodian's own handlers ask `outcar_facts`, for as long as a run lasts."""
    before = theirs.load_outcar
    theirs.load_outcar = outcar_facts  # type: ignore[assignment]
    try:
        yield
    finally:
        theirs.load_outcar = before


def guard(watcher: Any, method: str, *, otherwise: Any) -> None:
    """Give an answer where custodian's own code raises at a file full of rubbish.

    What we raise ourselves, and what the disk refuses, goes on.
    """
    asked = getattr(watcher, method)

    def answer(*arguments: Any, **more: Any) -> Any:
        try:
            return asked(*arguments, **more)
        except (LnmoError, CustodianError, OSError):
            raise
        except Exception:  # whatever the file led the reader to
            name = type(watcher).__name__
            logging.getLogger(__name__).warning("%s raised", name, exc_info=True)
            return otherwise

    setattr(watcher, method, answer)
