"""How many starts ended in which state, and the energy between them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.records.document import TaskDocument
from workflows.results.starts_table import ended_states, starts_in_words, state_in_words

Finished = Callable[..., TaskDocument]
MEV = 8e-3
"""eV per cell of 8 formula units, for 1 meV per formula unit."""


def row(energy: float, **changes: object) -> dict[str, object]:
    made = {
        **{"x": 2.0, "insertion": "oct_16c_rocksalt", "state": "DONE"},
        **{"energy_per_fu": energy, "n_mn3": 8.0, "lattice_class": "tetragonal"},
        **{"unique_axis": "c", "gap": 0.6, "ordering": {"occupied": [0]}},
    }
    return {**made, **changes}


@pytest.fixture
def starts() -> list[Calculation]:
    """The four starts of x = 2 on 16c."""
    campaign = load_campaign("paper").override(x=[2])
    found = [c for c in plan(campaign) if c.insertion == "oct_16c_rocksalt"]
    assert len(found) == 4
    return found


def test_equal_words_and_energies_within_2_mev_are_one_state() -> None:
    rows = [row(-50.0), row(-50.0 + 1.9e-3), row(-50.0 + 2.1e-3)]
    states = ended_states(rows)
    assert [len(s.rows) for s in states] == [2, 1]
    assert states[1].above == pytest.approx(2.1)


def test_another_count_of_mn3_shape_or_gap_is_another_state() -> None:
    others = ({"n_mn3": 7.0}, {"lattice_class": "cubic"}, {"gap": 0.0})
    for change in others:
        assert len(ended_states([row(-50.0), row(-50.0, **change)])) == 2


@pytest.mark.parametrize(
    ("gap", "told"), [(-0.1, "metal"), (5e-4, "metal"), (1e-3, "metal"), (2e-3, "gap")]
)
def test_a_gap_below_the_digits_of_the_levels_is_a_metal(gap: float, told: str) -> None:
    assert state_in_words(row(-50.0, gap=gap)).endswith(told)


def test_one_start_says_nothing_and_another_arrangement_is_not_counted() -> None:
    one, other = row(-50.0), row(-49.0, ordering={"occupied": [1]})
    assert starts_in_words([one], one) == ""
    assert starts_in_words([one, other], one) == ""


def test_the_series_says_in_one_line_what_became_of_the_starts(
    starts: list[Calculation], finished: Finished, project: Callable[..., Path]
) -> None:
    first, cube, _, seed = starts
    whole = finished(first)
    assert whole.energy is not None
    alike = tuple(3.7 if s.specie.symbol == "Mn" else 0.0 for s in cube.structure)
    where = project(
        whole,
        finished(seed, energy=whole.energy + 1.5 * MEV),
        finished(
            cube, energy=whole.energy + 40 * MEV, magnetization=alike, bandgap=0.0
        ),
    )
    results = open_results(where).select(starts)
    (found,) = results.series().to_dict("records")
    told = found["starts"].split("; ")
    assert [part.split(" in ")[0] for part in told] == ["2", "1", "1 not finished"]
    assert told[1].endswith("metal (+40.0 meV)")
    table = results.starts()
    assert list(table["start"]) == ["c +2 %", "charge order 1", "c +0 %", "c -2 %"]
    assert list(table["state_number"]) == ["1", "1", "2", ""]
    assert list(table["d_energy"])[:3] == pytest.approx([0.0, 1.5, 40.0])
    assert list(table["state"])[3] == "PLANNED"
    assert table.attrs["units"]["d_energy"].startswith("meV per formula unit")
