"""Which of custodian's error handlers watch VASP, and why the others do not.

A handler may save a run, or turn it into another calculation. One that changes how a
solution is found is used. One that changes which solution is found is used only where
VASP cannot go on otherwise; `checks/changed_inputs.py` then makes the run
NEEDS_REVIEW. These are not used:

=====================  ==========================================================
LargeSigma             changes SIGMA, which has to be one in a series
IncorrectSmearing      changes ISMEAR of a metal; no step of ours relaxes with -5
Drift                  we run with PREC = Accurate, where it can only give up
Aliasing               changes the FFT grid upon a warning
MeshSymmetry           moves the k mesh to Gamma, where ours is, or turns off ISYM
KspacingMetal          we write KPOINTS, never KSPACING
LrfCommutator          only for linear response
Walltime               ends one run; ours also leaves a note to go on from
Checkpoint, StoppedRun restarts inside one directory hide what ran
=====================  ==========================================================
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from custodian.custodian import ErrorHandler
from custodian.vasp.handlers import (
    FrozenJobErrorHandler,
    NonConvergingErrorHandler,
    PositiveEnergyErrorHandler,
    PotimErrorHandler,
    StdErrHandler,
    UnconvergedErrorHandler,
    VaspErrorHandler,
)
from custodian.vasp.utils import is_valid_poscar
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

from workflows.atomic import read_regular
from workflows.engines.claim import check_claim
from workflows.engines.vasp.custodian_readers import guard, outcar_facts
from workflows.vasp.file_ends import FOOTER
from workflows.vasp.input_files import read_incar_file

NOT_CAUGHT = {
    "amin": "a warning for cells above 50 A; custodian would end a healthy run",
    "auto_nbands": "a warning; nothing is wrong with the run",
    "elf_kpar": "no step writes ELF",
    "elf_ncl": "no step writes ELF",
    "subspacematrix": "a warning that often passes; its cures are our settings already",
    "triple_product": "exchanges two cell vectors: c/a would be that of another axis",
}
"""Messages that custodian knows and that do not end a run here."""
MOST_HANGS = 2
"""How often one hanging run is started again."""
GROWING = ("OSZICAR", "OUTCAR")
"""What a VASP that runs writes to, wherever a script sends what it prints."""


class StillOurs(ErrorHandler):
    """Ends the run, uncorrected, once another worker has taken the step over."""

    is_monitor = True

    def check(self, directory: str = "./") -> bool:
        """Raise GivenUp if another worker has the step; never report a VASP error."""
        check_claim(Path(directory))
        return False

    def correct(self, directory: str = "./") -> dict[str, Any]:
        """Correct nothing."""
        return {"errors": [], "actions": None}


class Unconverged(UnconvergedErrorHandler):
    """Leaves alone what a STOPCAR ended: that has been asked for."""

    def check(self, directory: str = "./") -> bool:
        """Return whether a run failed to converge and was not stopped by STOPCAR."""
        with suppress(OSError):
            if outcar_facts(os.path.join(directory, "OUTCAR")).is_stopped:
                return False
        return bool(super().check(directory))


class Frozen(FrozenJobErrorHandler):
    """Starts a hanging static run again, unchanged: the machine hung, not VASP."""

    def check(self, directory: str = "./") -> bool:
        """Return whether VASP has printed and written nothing for too long.

        A script may send its standard output elsewhere.
        """
        silent = super().check(directory)
        last = max(_modified(Path(directory, name)) for name in GROWING)
        return bool(silent) and time.time() - last > self.timeout

    def correct(self, directory: str = "./") -> dict[str, Any]:
        """Go on from CONTCAR or the start, a few times."""
        if self.n_applied_corrections >= MOST_HANGS:
            return {"errors": ["Frozen job"], "actions": None}
        done: dict[str, Any] = super().correct(directory)  # type: ignore[no-untyped-call]
        if done["actions"] is None:
            algo = read_incar_file(Path(directory) / "INCAR").get("ALGO")
            same = {"dict": "INCAR", "action": {"_set": {"ALGO": algo or "Normal"}}}
            done = {**done, "actions": [same]}
        return done


def _modified(path: Path) -> float:
    """Return when a file was changed, unix time in s; 0 if it is not there."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class NonConverging(NonConvergingErrorHandler):
    """Acts only while VASP runs, and copes with a CONTCAR that is half written.

    A finished run is left to `Unconverged`: two corrections of ALGO at once undo each
    other until custodian reaches its limit of corrections.
    """

    def check(self, directory: str = "./") -> bool:
        """Return whether a running VASP had ten ionic steps without convergence."""
        never: bool = super().check(directory)  # type: ignore[no-untyped-call]
        outcar = Path(directory, "OUTCAR")
        return never and not (
            outcar.is_file() and FOOTER in read_regular(outcar, "replace")
        )

    def correct(self, directory: str = "./") -> dict[str, Any]:
        """Read the cell from POSCAR where CONTCAR cannot be read."""
        if not is_valid_poscar("CONTCAR", directory):
            shutil.copyfile(Path(directory, "POSCAR"), Path(directory, "CONTCAR"))
        done: dict[str, Any] = super().correct(directory)  # type: ignore[no-untyped-call]
        return done


def handlers(*, relaxes: bool, frozen_seconds: float) -> list[Any]:
    """Choose the handlers of one run.

    Parameters
    ----------
    relaxes
        Whether ions move. Of a single point neither the ionic step can be too long,
        nor do ten ionic steps in a row fail to converge: that handler sets
        ICHARG = 2, which turns a density of states into a self-consistent run.
    frozen_seconds
        After which a VASP that has written nothing hangs, s.
    """
    caught = [name for name in VaspErrorHandler.error_msgs if name not in NOT_CAUGHT]
    chosen = [
        StillOurs(),
        VaspErrorHandler(errors_subset_to_catch=caught),
        StdErrHandler(),
        Unconverged(),
        PositiveEnergyErrorHandler(),
        Frozen(timeout=frozen_seconds),
    ]
    if relaxes:
        chosen += [NonConverging(), PotimErrorHandler()]
    for each in chosen:
        guard(each, "check", otherwise=lambda _: False)
        guard(each, "correct", otherwise=_uncorrected)
        _correct_only_ours(each)
    return chosen


def _uncorrected(handler: Any) -> dict[str, Any]:
    """Return what a handler found, for one that raised as it corrected that."""
    found = sorted(getattr(handler, "errors", ())) or [type(handler).__name__]
    return {"errors": found, "actions": None}


def _correct_only_ours(handler: Any) -> None:
    """Ask whose the step is once VASP has been ended for a correction."""
    asked = handler.correct

    def correct(directory: str = "./") -> Any:
        check_claim(Path(directory))
        return asked(directory=directory)

    handler.correct = correct


def validators() -> list[Any]:
    """Return what looks at the outputs of a VASP that ended."""
    chosen = [VasprunXMLValidator(), VaspFilesValidator()]
    for each in chosen:
        guard(each, "check", otherwise=lambda _: True)
    return chosen
