"""What custodian's handlers read of a run, whatever the files hold.

They were written for outputs that are UTF-8, and whole. Here an answer must come at
once, of an OUTCAR that was cut or of a log full of rubbish as well:

======================  ======================  ===============================
file                    read by                 how
======================  ======================  ===============================
vasp.out                VaspErrorHandler        of head and tail what may be
                                                VASP's, whatever the bytes
vasp.out, std_err.txt   StdErrHandler,          head and tail, whatever the
                        VasprunXMLValidator     bytes
OUTCAR                  Unconverged, NBANDS     whole, whatever the bytes
OSZICAR                 PositiveEnergy, Potim,  whole, whatever the bytes
                        NonConverging
vasprun.xml             Unconverged,            as XML, in the encoding that it
                        VasprunXMLValidator     names
======================  ======================  ===============================
"""

from __future__ import annotations

import io
import logging
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from custodian.custodian import CustodianError
from custodian.vasp import handlers as theirs
from custodian.vasp import validators
from pymatgen.io.vasp.outputs import Oszicar

from workflows.atomic import open_regular, read_regular, read_regular_bytes
from workflows.errors import LnmoError, StoreError
from workflows.vasp.file_ends import FOOTER, TAIL_BYTES
from workflows.vasp.log_text import read_log
from workflows.vasp.outcar_steps import STOPPED
from workflows.vasp.own_output import own_output

MOST_CHARACTERS = 120
"""Of what custodian's own code raised."""
OUTCAR_BYTES = 2 * TAIL_BYTES
"""Read of an OUTCAR to see whether it came to its end."""
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
def our_readers(runs: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Let custodian's own code read by ours, for as long as a run lasts.

    ``runs``: whether the VASP command runs at the moment.
    """

    def opened_for_errors(path: str | Path, *_: Any, **__: Any) -> IO[str]:
        return _of_vasp(Path(path), runs()) if _is_output(path) else _opened(path)

    replaced = (
        (theirs, "load_outcar", outcar_facts),
        (theirs, "zopen", opened_for_errors),
        (theirs, "open", _opened),
        (theirs, "Oszicar", _oszicar),
        (validators, "open", _opened),
    )
    with ExitStack() as stack:
        for module, name, ours in replaced:
            stack.enter_context(_replaced(module, name, ours))
        yield


@contextmanager
def _replaced(module: ModuleType, name: str, ours: Any) -> Iterator[None]:
    before = vars(module).get(name)
    setattr(module, name, ours)
    try:
        yield
    finally:
        if before is None:  # a builtin
            delattr(module, name)
        else:
            setattr(module, name, before)


def _opened(path: str | Path, *_: Any, **__: Any) -> IO[str]:
    """Open an output for reading: OUTCAR whole, a log with a limit."""
    if Path(path).name == "OUTCAR":
        outcar = open_regular(Path(path))
        return io.TextIOWrapper(outcar, encoding="utf-8", errors="replace")
    return io.StringIO(read_log(Path(path)).text)


def _is_output(path: str | Path) -> bool:
    return Path(path).name == "vasp.out"


def _of_vasp(path: Path, runs: bool) -> IO[str]:
    """Open what VASP printed, without what its script printed around it."""
    try:
        outcar = read_log(path.with_name("OUTCAR"), OUTCAR_BYTES).text
    except (OSError, StoreError):  # then it is not known to have ended well
        outcar = ""
    text = read_log(path).text
    return io.StringIO(own_output(text, runs=runs, ended_well=FOOTER in outcar))


def _oszicar(path: str | Path) -> Oszicar:
    """Read an OSZICAR with pymatgen, which refuses all that is not UTF-8."""
    content = read_regular_bytes(Path(path))
    if content.isascii():
        return Oszicar(path)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", prefix="lnmo-") as copy:
        copy.write(content.decode("utf-8", "replace"))
        copy.flush()
        return Oszicar(copy.name)


def guard(watcher: Any, method: str, *, otherwise: Callable[[Any], Any]) -> None:
    """Give an answer where custodian's own code raises at a file full of rubbish.

    What we raise ourselves, and what the disk refuses, goes on. ``otherwise`` takes the
    watcher and returns the answer. What was raised last is kept for :func:`raised`.
    """
    asked = getattr(watcher, method)

    def answer(*arguments: Any, **more: Any) -> Any:
        try:
            answered = asked(*arguments, **more)
        except (LnmoError, CustodianError, OSError):
            raise
        except Exception as error:  # whatever the file led the reader to
            name = type(watcher).__name__
            logging.getLogger(__name__).warning("%s raised", name, exc_info=True)
            watcher.raised = f"{name} could not {method}: {_words(error)}"
            return otherwise(watcher)
        watcher.raised = ""
        return answered

    setattr(watcher, method, answer)


def raised(watchers: Iterable[Any]) -> str:
    """Say which guarded watchers raised when they were asked last; empty if none."""
    told = (getattr(each, "raised", "") for each in watchers)
    return "".join(f"; custodian's {each}" for each in told if each)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_CHARACTERS]
