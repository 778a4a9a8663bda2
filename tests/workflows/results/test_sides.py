"""Results that do not compare are named on both sides, and so is what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import TaskDocument

Make = Callable[..., TaskDocument]


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"engine_version": "9.9"}, "engine_version: 9.9 | 6.4.2 ("),
        ({"hubbards": {"Mn": 1.0}}, "the U of Mn: 1 eV | "),
        ({"settings": {"ENCUT": 900.0}}, "the setting ENCUT: 900.0 | 520.0 ("),
    ],
)
def test_the_few_are_named_first_with_what_to_do(
    calculations: tuple[Calculation, ...],
    finished: Make,
    project: Callable[..., Path],
    odd: dict[str, Any],
    said: str,
) -> None:
    *most, last = [c for c in calculations if c.x is not None and c.x <= 1]
    if "settings" in odd:
        odd = {"settings": finished(last).settings | odd["settings"]}
    where = project(*(finished(c) for c in most), finished(last, **odd))
    with pytest.raises(ResultsError) as caught:
        open_results(where).series()
    told = str(caught.value)
    assert told.startswith(f"the results differ in {said}")
    place = f"calculations/{last.id}/static"
    first = f"the first in 1 calculation: {last.id} x = {last.x:g} {place}; "
    assert first in told
    assert f"the second in {len(most)} calculations: " in told
    assert f" and {len(most) - 3} more)" in told
    assert "Exclude the smaller group with --x or --variant" in told
    assert "to NAME.aside: the next run computes them again" in told


def test_without_its_relaxation_a_cell_is_relaxed_only_by_the_statics_own_forces(
    calculations: tuple[Calculation, ...],
    finished: Make,
    project: Callable[..., Path],
) -> None:
    proven, doubtful, whole = (c for c in calculations if c.x in {0, 0.5, 1})
    where = project(
        finished(proven),
        finished(doubtful, max_stress_kbar=20.0),
        finished(whole, "relax"),
        finished(whole, max_stress_kbar=20.0),
    )
    rows = open_results(where).series().set_index("x")
    assert list(rows["cell_relaxed"]) == [True, False, True]
    assert list(rows["c"].isna()) == [False, True, False]
    assert rows["m_mn"].notna().all()
    assert rows["energy_per_fu"].notna().all()
