"""``plan`` from a campaign, the name of a campaign, or a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workflows.campaign.campaign import Campaign, load_campaign
from workflows.campaign.plan import plan as plan_campaign

if TYPE_CHECKING:
    from workflows.campaign.calculation import Calculation


def plan(campaign: Campaign | str | Path) -> tuple[Calculation, ...]:
    """Turn a campaign into its calculations, bcc lithium last.

    Parameters
    ----------
    campaign
        A campaign, the name of a packaged one such as ``"paper"``, or the path of a
        campaign file.

    Raises
    ------
    CampaignError
        No such campaign, a mistake in it, or a composition that the cell cannot hold.
    InputError
        A species without U, moment or POTCAR symbol.

    Examples
    --------
    >>> len(plan("nio"))
    1
    """
    if isinstance(campaign, Campaign):
        return plan_campaign(campaign)
    return plan_campaign(load_campaign(campaign))
