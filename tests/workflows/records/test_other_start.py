"""A step belongs to a chain only where it started at the end of the one before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pymatgen.core import Structure

from tests.places import DATA
from workflows.analysis.geometry_mark import geometry_mark, same_mark
from workflows.campaign.calculation import Calculation
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.other_start import started_elsewhere
from workflows.records.summary import Summary, summarize
from workflows.results.calculation_rows import by_calculation, result_row

Finished = Callable[..., TaskDocument]
Chain = Callable[..., list[Summary]]


def moved(structure: Structure, how: str) -> Structure:
    """Return another geometry that differs by little in energy."""
    other = structure.copy()
    if how == "an oxygen":
        other.translate_sites([len(other) - 1], [0.01, 0, 0])
    elif how == "every atom":
        away = np.random.default_rng(1).normal(size=(len(other), 3))
        away *= 0.01 / np.linalg.norm(away, axis=1)[:, None]
        for number, shift in enumerate(away):
            other.translate_sites([number], shift, frac_coords=False)
    elif how == "two exchanged":
        first, second = (other[n].frac_coords.copy() for n in (0, len(other) - 1))
        other.translate_sites([0], second - first)
        other.translate_sites([len(other) - 1], first - second)
    elif how == "the cell":
        other.scale_lattice(other.volume * 1.001)
    return other


@pytest.fixture
def chain(calculations: tuple[Calculation, ...], finished: Finished) -> Chain:
    """Return the summaries of relax, static and dos, with another start of one."""

    def make(of: str = "", how: str = "") -> list[Summary]:
        one = next(c for c in calculations if c.x == 1 and "dos" in c.steps)
        found = []
        for step in one.steps:
            document = finished(one, step)
            start = document.structure
            assert start is not None
            start = moved(start, how) if step == of else start
            found.append(document.model_copy(update={"initial_structure": start}))
        return [summarize(each) for each in found]

    return make


def test_a_chain_that_followed_itself_has_no_finding(chain: Chain) -> None:
    row = result_row(chain())
    assert (row["state"], row["cell_relaxed"]) == ("DONE", True)
    assert "other_start" not in row["finding_ids"]
    assert not [name for name in row if name.endswith("_mark")]


@pytest.mark.parametrize(
    "how", ["an oxygen", "every atom", "two exchanged", "the cell"]
)
def test_a_static_of_another_relaxation_needs_a_look(chain: Chain, how: str) -> None:
    steps = chain("static", how)
    row = result_row(steps)
    assert row["state"] == "NEEDS_REVIEW"
    assert "other_start" in row["finding_ids"]
    lax = [Summary(s.document.model_copy(update={"max_force": 0.2}), s.numbers, True)
           for s in steps]  # fmt: skip
    assert result_row(lax)["cell_relaxed"] is False


def test_a_density_of_states_of_another_geometry_is_told_and_changes_no_number(
    chain: Chain,
) -> None:
    row = result_row(chain("dos", "an oxygen"))
    assert row["state"] == "DONE"
    assert "other_start" in row["finding_ids"]


def test_whole_cell_vectors_and_noise_are_no_other_geometry(
    calculations: tuple[Calculation, ...],
) -> None:
    for one in calculations:
        near = one.structure.copy()
        noise = np.random.default_rng(2)
        for number in range(len(near)):
            near.translate_sites([number], noise.normal(scale=1e-6, size=3) + 1)
        near.translate_sites([0], [1, -1, 2], to_unit_cell=False)
        assert same_mark(geometry_mark(one.structure), geometry_mark(near))


def test_what_is_recorded_of_real_runs_followed_itself() -> None:
    store = FileResults(DATA / "gpaw" / "dft")
    steps = by_calculation(summarize(d) for d in store.documents())
    assert sum(len(each) > 1 for each in steps) >= 10
    assert [
        each[0].document.dir_name for each in steps if started_elsewhere(each)
    ] == []
    assert all(s.document.state is State.DONE for each in steps for s in each)
