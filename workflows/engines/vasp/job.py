"""The job that custodian runs: it starts VASP, in a directory fit for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custodian.vasp.jobs import VaspJob
from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from workflows.engines.claim import check_claim
from workflows.engines.orphans import end_orphans
from workflows.engines.refused_start import refused_start
from workflows.engines.vasp.deadline import Clock
from workflows.engines.vasp.restart import whole_structure
from workflows.engines.vasp.wavecars import prepare_attempt


class StartRefused(Exception):
    """The system refuses to start the command; the message says why."""


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

    @property
    def returncode(self) -> int | None:
        """How the last VASP ended, as ``Popen`` has it; None if none did."""
        process = getattr(self, "_vasp_process", None)
        return None if process is None else process.poll()

    def run(self, directory: str = "./") -> Any:
        """Start VASP; raise Terminated without time, StartRefused if it cannot."""
        self.clock.refuse_to_start()
        place = Path(directory)
        check_claim(place)
        end_orphans(place)  # of the attempt before
        prepare_attempt(place)
        check_claim(place)  # ending and copying may have taken long
        for name in ("OSZICAR", "OUTCAR", "vasprun.xml"):
            (place / name).unlink(missing_ok=True)
        if whole_structure(place / "POSCAR", self.structure) is None:
            Poscar(self.structure).write_file(place / "POSCAR", significant_figures=12)
        check_claim(place)
        try:
            return super().run(directory)  # type: ignore[no-untyped-call]
        except OSError as error:
            if not (why := refused_start(list(self.vasp_cmd), error)):
                raise
            raise StartRefused(why) from None
