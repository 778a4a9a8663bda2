"""Whether one VASP wrote the files of a run, or several of them at once.

An mpirun or srun of another MPI than that of VASP starts N serial VASPs. All of them
write the same OUTCAR, vasprun.xml and WAVECAR, and what results may look whole.
"""

from __future__ import annotations

from contextlib import suppress

from workflows.errors import StoreError
from workflows.records.document import Finding
from workflows.records.run_file import RUN_FILE
from workflows.vasp.custodian_json import LOG_FILE
from workflows.vasp.log_text import log_lines
from workflows.vasp.run_files import VaspFiles
from workflows.vasp.standard_output import Starts, starts

OUTPUT = "vasp.out"
"""Standard output of VASP, as custodian names it; it begins anew at each start."""


def several_vasps(files: VaspFiles) -> tuple[Finding, ...]:
    """Report several VASPs in one start; an error if they computed at the same time.

    The standard output of a run that is neither ours nor custodian's may have been
    appended to, start by start: there only VASPs that overlap are reported.
    """
    path, found = files.find(OUTPUT), Starts(0, at_once=False)
    with suppress(OSError, StoreError):  # nothing else is read from it
        found = found if path is None else starts(log_lines(path))
    if path is None or found.count < 2 or not (found.at_once or _anew(files)):
        return ()
    together = "at the same time" if found.at_once else "in one start"
    return (
        Finding(
            id="several_vasps",
            severity="error" if found.at_once else "warning",
            message=f"{path.name} shows {found.count} VASPs, limit 1, that computed "
            f"in this directory {together}: all of them wrote its OUTCAR, vasprun.xml "
            "and WAVECAR. The mpirun or srun is of another MPI than VASP and starts "
            "VASPs of one rank each, or the command starts VASP more than once: load "
            "the MPI that VASP was built with, or correct the command; move this "
            "directory away, and run the step again",
        ),
    )


def _anew(files: VaspFiles) -> bool:
    """Tell whether each start of this run began a new standard output."""
    return (files.directory / RUN_FILE).exists() or files.find(LOG_FILE) is not None
