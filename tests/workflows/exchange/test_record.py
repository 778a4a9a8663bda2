"""What leaves is finished, and says what made it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.exchange.record import Record, records_of
from workflows.records.document import State, TaskDocument
from workflows.results.labels import LABEL_NAMES
from workflows.results.results import Results


def test_every_record_has_every_label_of_a_table(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    for records in samples.values():
        for record in records:
            assert set(LABEL_NAMES) <= set(record.labels)


def test_the_flags_are_those_of_what_made_it(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    flags = {
        kind: {(r.labels["fake"], r.labels["surrogate"]) for r in records}
        for kind, records in samples.items()
    }
    assert flags == {
        "gpaw": {(False, False)},
        "fake": {(True, False)},
        "vasp": {(False, False)},
        "surrogate": {(False, True)},
    }
    assert {r.labels["geometry"] for r in samples["gpaw"]} == {"chgnet"}
    assert all(r.warning.startswith("FAKE") for r in samples["fake"])
    assert all(r.warning.startswith("surrogate") for r in samples["surrogate"])


def test_the_numbers_are_those_of_the_table(
    opened: dict[str, Results], samples: dict[str, tuple[Record, ...]]
) -> None:
    series = opened["fake"].series().set_index("calculation_id")
    cells = [r for r in samples["fake"] if not r.document.reference]
    assert {r.labels["calculation_id"] for r in cells} == set(series.index)
    for record in cells:
        row = series.loc[record.labels["calculation_id"]]
        units = record.document.formula_units
        assert record.energy / units == pytest.approx(row["energy_per_fu"], abs=1e-9)
        assert {n: record.labels[n] for n in LABEL_NAMES} == {
            n: row[n] for n in LABEL_NAMES
        }


def test_lithium_metal_leaves_with_the_cells(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    (lithium,) = [r for r in samples["fake"] if r.document.reference]
    assert lithium.labels["reference"] == "Li"
    assert lithium.labels["x"] is None
    assert samples["fake"][-1] is lithium


def test_a_moment_without_a_sign_is_no_moment(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    for record in samples["surrogate"]:
        assert record.moments is None
        assert record.absolute_moments == list(record.document.magnetization or ())
        assert "magmom" not in record.structure().site_properties
    for record in samples["vasp"]:
        assert record.moments == list(record.document.magnetization or ())
        assert record.absolute_moments is None


@pytest.mark.parametrize("state", [s for s in State if not s.usable and s.at_its_end])
def test_what_has_not_converged_does_not_leave(
    made: Callable[..., Results], state: State
) -> None:
    with pytest.raises(ResultsError, match="nothing to export"):
        records_of(made(state=state, reason="not converged"))


def test_what_stands_behind_an_unconverged_relaxation_does_not_leave(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    whole, half = (c for c in calculations if c.x in (0, 1))
    relaxed = finished(half, "relax", state=State.UNCONVERGED)
    results = open_results(project(finished(whole), relaxed, finished(half)))
    assert [r.document.calculation_id for r in records_of(results)] == [whole.id]
