"""One step of a calculation as a job of jobflow.

``workflows.exchange.jobflow_job.lnmo_step`` is stored in every flow: never rename or
move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobflow import Flow, Job, Response, job

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import data_directory, machine
from workflows.engines.reseed import to_reseed
from workflows.engines.step import run_step
from workflows.errors import StoreBusy
from workflows.launchpad.file_lock import is_owned
from workflows.launchpad.opening import LOCK_FILE


def jobs_of(calculation: Calculation, root: str | None) -> list[Flow | Job]:
    """Return the jobs of a calculation's steps, each after the one before."""
    plain = calculation.as_dict()
    jobs: list[Job] = []
    for step in calculation.steps:
        before = jobs[-1].output["dir_name"] if jobs else None
        made = lnmo_step(plain, step, root=root, after=before)
        made.name = f"{calculation.label} {step}"
        made.update_metadata({"calculation_id": calculation.id, "step": step})
        jobs.append(made)
    return [*jobs]


@job
def lnmo_step(
    calculation: Mapping[str, Any], step: str, *, root: str | None, after: str | None
) -> Response[dict[str, Any]]:
    """Compute a step unless its document is recorded.

    Parameters
    ----------
    calculation
        ``Calculation.as_dict()``.
    step
        One of its steps.
    root
        Data directory; ``LNMO_ROOT`` of the machine where the job runs if None.
    after
        Directory of the step before; that it is known means that it is done.

    Returns
    -------
    Response
        Its output is the plain TaskDocument. A result in a wrong electronic state has
        its re-seed as a detour, as often as the campaign allows.

    Raises
    ------
    StoreBusy
        ``lnmo run`` owns the data directory, or another process runs the step.
    StepFailed
        The step did not end as DONE; its document says why and is recorded.
    """
    planned = Calculation.from_dict(calculation)
    directory = data_directory({"_fw_env": {"root": root}})
    _refuse_owned(directory)
    document = run_step(
        planned,
        step,
        root=directory,
        machine=machine({}),
        report=_quiet,
        for_life=True,
    )
    again = to_reseed(planned, document)
    if again is None:
        return Response(output=document.plain())
    detour = Flow(jobs_of(again, root), name=again.label)
    return Response(output=document.plain(), detour=detour)


def _refuse_owned(root: Path) -> None:
    """Refuse to run beside ``lnmo run``: each would take the other's steps over."""
    if is_owned(root / LOCK_FILE):
        raise StoreBusy(
            f"{root}: a process of lnmo is running this campaign: wait until it ends, "
            "or give the flow a root of its own"
        )


def _quiet(line: str) -> None:
    """Jobflow has a log of its own."""
