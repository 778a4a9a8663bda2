"""Plans that are kept: the same plan to the last digit, or planned again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.records import plan_cache
from workflows.records.plan_cache import (
    PLANS,
    KeptCalculation,
    keep_plan,
    kept_plan,
)


@pytest.fixture
def campaign() -> Campaign:
    """Charge orders, strains, an insertion model, the lithium reference, variants."""
    found = load_campaign("magnetic-order").override(x=(0.5, 2.0))
    assert len(found.variants) > 1
    return found


def kept_file(root: Path) -> Path:
    (path,) = (root / PLANS).iterdir()
    return path


def whole(calculations: tuple[Calculation, ...]) -> list[object]:
    """Return every field with its types and digits."""
    names = [n for n in Calculation.__dataclass_fields__ if n != "structure"]
    return [
        (
            [repr(getattr(c, name)) for name in names],
            c.structure.lattice.matrix.tobytes(),
            c.structure.frac_coords.tobytes(),
            [(s.specie, dict(sorted(s.properties.items()))) for s in c.structure],
        )
        for c in calculations
    ]


def test_a_plan_that_was_kept_is_the_same_to_the_last_digit(
    campaign: Campaign, tmp_path: Path
) -> None:
    fresh = kept_plan(campaign, tmp_path)
    again = kept_plan(campaign, tmp_path)
    assert {type(c) for c in again} == {KeptCalculation}
    assert whole(again) == whole(fresh) == whole(plan(campaign))
    assert again == fresh


def test_its_structures_are_built_only_when_asked_for(
    campaign: Campaign, tmp_path: Path
) -> None:
    kept_plan(campaign, tmp_path)
    first, *_ = kept_plan(campaign, tmp_path)
    assert "structure" not in vars(first)
    assert first.structure is first.structure
    with pytest.raises(AttributeError):
        _ = first.no_such_field  # type: ignore[attr-defined]


def test_no_data_directory_is_made_for_a_plan(
    campaign: Campaign, tmp_path: Path
) -> None:
    kept_plan(campaign, tmp_path / "lnmo-data")
    assert list(tmp_path.iterdir()) == []


def test_a_command_that_may_still_be_refused_keeps_it_later(
    campaign: Campaign, tmp_path: Path
) -> None:
    fresh = kept_plan(campaign, tmp_path, keep=False)
    assert list(tmp_path.iterdir()) == []
    keep_plan(campaign, tmp_path, fresh)
    again = kept_plan(campaign, tmp_path)
    assert {type(c) for c in again} == {KeptCalculation}
    written = kept_file(tmp_path).stat().st_mtime_ns
    keep_plan(campaign, tmp_path, again)
    assert kept_file(tmp_path).stat().st_mtime_ns == written


def damaged(text: str, how: str) -> str:
    header, _, body = text.partition("\n")
    return {
        "cut": text[: len(text) // 2],
        "empty": "",
        "one digit changed": f"{header}\n{body.replace('0.125', '0.126', 1)}",
        "another campaign's": text.replace(header.split()[2], "0" * 32),
        "no JSON": f"{header}\nnothing",
        "nothing planned": f"{header}\n[]",
    }[how]


@pytest.mark.parametrize(
    "how",
    [
        *("cut", "empty", "one digit changed", "another campaign's", "no JSON"),
        "nothing planned",
    ],
)
def test_a_file_that_is_not_what_was_kept_is_not_believed(
    campaign: Campaign, tmp_path: Path, how: str
) -> None:
    fresh = kept_plan(campaign, tmp_path)
    path = kept_file(tmp_path)
    text = path.read_text("utf-8")
    path.write_text(damaged(text, how), "utf-8")
    assert path.read_text("utf-8") != text
    assert whole(kept_plan(campaign, tmp_path)) == whole(fresh)
    assert path.read_text("utf-8") == text  # and it is mended


def test_a_file_that_may_not_be_read_or_is_no_file_costs_time_only(
    campaign: Campaign, tmp_path: Path
) -> None:
    fresh = kept_plan(campaign, tmp_path)
    path = kept_file(tmp_path)
    path.unlink()
    path.mkdir()
    assert kept_plan(campaign, tmp_path) == fresh


@pytest.mark.parametrize(
    "change",
    [{"x": (0.5, 1.0)}, {"engine": "chgnet", "x": (0.5, 2.0)}],
)
def test_a_changed_campaign_has_a_plan_of_its_own(
    campaign: Campaign, tmp_path: Path, change: dict[str, object]
) -> None:
    kept_plan(campaign, tmp_path)
    other = campaign.override(**change)  # type: ignore[arg-type]
    assert whole(kept_plan(other, tmp_path)) == whole(plan(other))
    assert len(list((tmp_path / PLANS).iterdir())) == 2


def test_other_code_does_not_use_the_plan(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_plan(campaign, tmp_path)
    path = kept_file(tmp_path)
    monkeypatch.setattr(plan_cache, "planning_code", lambda: "later")
    kept_plan(campaign, tmp_path)
    assert len(list(path.parent.iterdir())) == 2


def test_the_oldest_plans_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_cache, "MAX_PLANS", 2)
    for x in (0.0, 0.5, 1.0):
        kept_plan(load_campaign("paper").override(x=(x,), engine="chgnet"), tmp_path)
    assert len(list((tmp_path / PLANS).iterdir())) == 2


def test_nothing_half_written_is_left_and_all_is_json(
    campaign: Campaign, tmp_path: Path
) -> None:
    fresh = kept_plan(campaign, tmp_path)
    rows = json.loads(kept_file(tmp_path).read_text("utf-8").partition("\n")[2])
    assert [row["id"] for row in rows] == [c.id for c in fresh]
    coords = np.array(rows[0]["structure"]["frac_coords"])
    assert np.array_equal(coords, fresh[0].structure.frac_coords)
