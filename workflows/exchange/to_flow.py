"""A campaign -> a flow of jobflow: the same calculations, ids and records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflows.campaign.campaign import Campaign, load_campaign
from workflows.campaign.plan import plan
from workflows.errors import MachineError
from workflows.paths import given_path

if TYPE_CHECKING:
    from jobflow import Flow


def to_flow(campaign: str | Path | Campaign, root: str | Path | None = None) -> Flow:
    """Return a campaign as a flow, with a flow per calculation and a job per step.

    Parameters
    ----------
    campaign
        Name of a packaged campaign, path of a file, or what `load_campaign` returned.
    root
        Data directory, with the records as ``lnmo run`` leaves them: a step that is
        recorded there is not computed again. None: ``LNMO_ROOT`` where a job runs.

    Returns
    -------
    Flow
        The output of each job is a plain
        :class:`~workflows.records.document.TaskDocument`.

    Raises
    ------
    MachineError
        jobflow is not installed.
    CampaignError
        The campaign cannot be planned.
    StoreError
        `root` is no path.
    """
    try:
        from jobflow import Flow, Job

        from workflows.exchange.jobflow_job import jobs_of
    except ImportError as error:
        raise MachineError(
            f"to_flow needs jobflow ({error}): pip install 'lnmo[jobflow]'"
        ) from None
    chosen = campaign if isinstance(campaign, Campaign) else load_campaign(campaign)
    place = None if root is None else str(given_path(root, "root").absolute())
    flows: list[Flow | Job] = [
        Flow(jobs_of(c, place), name=c.label) for c in plan(chosen)
    ]
    return Flow(flows, name=chosen.name)
