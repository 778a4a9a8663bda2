"""What custodian's handlers read of a run, whatever the files hold.

They were written for outputs that are UTF-8, and whole. Here an answer must come at
once, of an OUTCAR that was cut or of a log full of rubbish as well:

======================  ======================  ===============================
file                    read by                 how
======================  ======================  ===============================
vasp.out, std_err.txt   VaspErrorHandler,       of head and tail what may be
                        StdErrHandler           VASP's, whatever the bytes
vasp.out, std_err.txt   VasprunXMLValidator     head and tail, whatever the
                                                bytes
OUTCAR                  Unconverged, NBANDS     whole, whatever the bytes
OSZICAR                 PositiveEnergy, Potim,  whole, whatever the bytes
                        NonConverging
vasprun.xml             Unconverged,            as XML, in the encoding that it
                        VasprunXMLValidator     names
======================  ======================  ===============================

A script may merge VASP's two streams, so each of the two handlers is given both. An
error that both know is VaspErrorHandler's alone: two cures of one error would count as
two.
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
from workflows.vasp.log_text import LONGEST_LINE, read_log
from workflows.vasp.outcar_steps import STOPPED
from workflows.vasp.own_output import Streams

MOST_CHARACTERS = 120
"""Of what custodian's own code raised."""
OUTPUT, ERRORS = "vasp.out", "std_err.txt"
SHARED = tuple(
    str(message)
    for name, messages in theirs.StdErrHandler.error_msgs.items()
    if name in theirs.VaspErrorHandler.error_msgs
    for message in messages
)
"""What both handlers look for."""
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
        name = Path(path).name
        if name not in {OUTPUT, ERRORS}:
            return _opened(path)
        streams = _streams(Path(path).parent, runs())
        return io.StringIO(
            _for_output(streams) if name == OUTPUT else _for_errors(streams)
        )

    replaced = (
        (theirs, "load_outcar", outcar_facts),
        (theirs, "zopen", opened_for_errors),
        (theirs, "open", opened_for_errors),
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


def _streams(directory: Path, runs: bool) -> Streams:
    """Read what the VASP command printed.

    A file that is not there is that of a command that has printed nothing yet.
    """
    outcar = directory / "OUTCAR"
    try:
        ended_well = FOOTER in read_log(outcar, OUTCAR_BYTES).text
    except (OSError, StoreError):  # then it is not known to have ended well
        ended_well = False
    output, errors = (_text(directory / name) for name in (OUTPUT, ERRORS))
    begun = outcar.exists()
    return Streams(output, errors, runs=runs, ended_well=ended_well, begun=begun)


def _text(path: Path) -> str:
    """Return a log, endless lines as several: patterns take long over them."""
    try:
        lines = read_log(path).text.split("\n")
    except FileNotFoundError:
        return ""
    most = LONGEST_LINE
    return "\n".join(
        line[start : start + most]
        for line in lines
        for start in range(0, max(len(line), 1), most)
    )


def _for_output(streams: Streams) -> str:
    """Return what VaspErrorHandler is to see.

    Of a standard error of its own only what StdErrHandler would know as well: indented
    news of a module system is there too.
    """
    errors = streams.own_errors
    if not streams.merged:
        shared = filter(_is_shared, errors.split("\n") if _is_shared(errors) else ())
        errors = "\n".join(shared)
    return f"{streams.own_output}\n{errors}"


def _for_errors(streams: Streams) -> str:
    """Return what StdErrHandler is to see: no error that VaspErrorHandler sees."""
    both = f"{streams.own_errors}\n{streams.own_output}"
    if not _is_shared(both):
        return both
    return "\n".join(line for line in both.split("\n") if not _is_shared(line))


def _is_shared(text: str) -> bool:
    return any(message in text for message in SHARED)


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
