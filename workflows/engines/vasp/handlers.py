"""Which of custodian's error handlers watch VASP, and why the others do not.

A handler may save a run, or turn it into another calculation. What changes how a
solution is found is let in; what changes which solution is found is let in only where
VASP cannot go on otherwise, and the audit then asks for a review. Never let in:

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

import errno
import os
import shutil
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
from custodian.vasp.io import load_outcar
from custodian.vasp.jobs import VaspJob
from custodian.vasp.utils import is_valid_poscar
from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from workflows.engines.claim import check_claim
from workflows.engines.vasp.deadline import Clock
from workflows.engines.vasp.launcher_output import NEVER_STARTED
from workflows.engines.vasp.restart import whole_structure
from workflows.engines.vasp.wavecars import prepare_attempt
from workflows.errors import MachineError
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
NOT_A_PROGRAM = (errno.ENOENT, errno.EACCES, errno.ENOEXEC, errno.ENOTDIR, errno.ELOOP)
"""How the system refuses to start something that is not a program here."""
MOST_HANGS = 2
"""How often one hanging run is started again."""


class TimedJob(VaspJob):
    """Starts VASP while there is time for it, in a directory fit for it.

    Monitors look at OSZICAR before a VASP that starts again has opened a new one, and
    would mend once more what the last attempt had: it is removed first. A CONTCAR that
    VASP was writing when it was ended may have been copied to POSCAR.
    """

    clock: Clock
    structure: Structure

    def end(self) -> None:
        """End VASP, if it was started and runs."""
        started = hasattr(self, "_vasp_process")
        if started and self._vasp_process.poll() is None:
            self.terminate()

    def run(self, directory: str = "./") -> Any:
        """Start VASP; raise Terminated without time, MachineError without a program."""
        self.clock.refuse_to_start()
        place = Path(directory)
        check_claim(place)
        prepare_attempt(place)
        for name in ("OSZICAR", "OUTCAR", "vasprun.xml"):
            (place / name).unlink(missing_ok=True)
        if whole_structure(place / "POSCAR", self.structure) is None:
            Poscar(self.structure).write_file(place / "POSCAR", significant_figures=12)
        try:
            return super().run(directory)  # type: ignore[no-untyped-call]
        except OSError as error:
            if error.errno not in NOT_A_PROGRAM:
                raise
            raise MachineError(
                f"{NEVER_STARTED}: {self.vasp_cmd[0]}: {error.strerror}; correct the "
                "VASP command or its environment"
            ) from None


class StillOurs(ErrorHandler):
    """Ends the run, uncorrected, once another worker has taken the step over."""

    is_monitor = True

    def check(self, directory: str = "./") -> bool:
        """Raise GivenUp then; nothing is ever wrong with VASP here."""
        check_claim(Path(directory))
        return False

    def correct(self, directory: str = "./") -> dict[str, Any]:
        """Correct nothing."""
        return {"errors": [], "actions": None}


class Unconverged(UnconvergedErrorHandler):
    """Leaves alone what a STOPCAR ended: that has been asked for."""

    def check(self, directory: str = "./") -> bool:
        """Return whether a run failed to converge and was not stopped by STOPCAR."""
        try:
            if load_outcar(os.path.join(directory, "OUTCAR")).is_stopped:
                return False
        except Exception:  # a broken OUTCAR is not a stopped one
            pass
        return bool(super().check(directory))


class Frozen(FrozenJobErrorHandler):
    """Starts a hanging static run again, unchanged: the machine hung, not VASP."""

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


class NonConverging(NonConvergingErrorHandler):
    """Ends a running VASP only, and survives the CONTCAR that it was writing.

    What came to its end is Unconverged's: two corrections of ALGO at once undo each
    other, until custodian has made as many as it may.
    """

    def check(self, directory: str = "./") -> bool:
        """Return whether a running VASP had ten ionic steps without convergence."""
        never: bool = super().check(directory)  # type: ignore[no-untyped-call]
        outcar = Path(directory, "OUTCAR")
        return never and not (
            outcar.is_file() and FOOTER in outcar.read_text("utf-8", "replace")
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
        Silence on the standard output after which VASP hangs.
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
    return chosen
