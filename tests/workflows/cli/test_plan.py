"""``lnmo plan``: what would be calculated, and where a sample stands for all."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from workflows import load_campaign, plan
from workflows.cli.plan import plan_table, sampling_notes

TET_48F: dict[str, Any] = {"x": [2], "insertion": [{"model": "tet_48f"}]}


def shown(path: Path) -> str:
    campaign = load_campaign(path)
    screen = Console(width=200, file=io.StringIO())
    screen.print(plan_table(campaign, plan(campaign)))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_a_sample_is_seen_in_the_table_and_in_a_note_with_both_numbers(
    write_campaign: Callable[..., Path],
) -> None:
    path = write_campaign({**TET_48F, "orderings.max_enumerate": 20})
    assert "1 of 1, 20 sampled" in shown(path)
    (note, *_) = sampling_notes(plan(load_campaign(path)))
    assert note == (
        "x=2 tet_48f: 20 of 1.57e+07 distinct arrangements were drawn and ranked: the "
        "lowest may be none of them; orderings.max_enumerate draws more"
    )


def test_all_arrangements_are_no_sample(write_campaign: Callable[..., Path]) -> None:
    path = write_campaign({"x": [0.5]})
    assert "sampled" not in shown(path)
    assert list(sampling_notes(plan(load_campaign(path)))) == []
