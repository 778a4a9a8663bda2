"""A plan by the name of a campaign, by its file, or of the campaign itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflows import load_campaign, plan
from workflows.campaign.campaign import Campaign
from workflows.errors import CampaignError


def test_a_name_a_file_and_a_campaign_plan_the_same(
    write_campaign: Callable[..., Path], paper: Campaign
) -> None:
    path = write_campaign({"x": [0, 1]})
    planned = [c.id for c in plan(load_campaign(path))]
    assert [c.id for c in plan(path)] == planned
    assert [c.id for c in plan(str(path))] == planned
    assert [c.formula for c in plan("nio")] == ["Ni1O1"]


def test_a_name_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(CampaignError, match="papr"):
        plan("papr")
