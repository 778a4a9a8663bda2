"""A gap and a total moment that no insulator has contradict each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.paper_rows import row, series, verdict
from tests.places import DATA
from workflows import open_results, parse_run
from workflows.campaign.calculation import Calculation
from workflows.checks.total_moment import impossible_total, total_is_impossible
from workflows.records.document import TaskDocument
from workflows.results.verdict import Status

PASS, WARN = Status.PASS, Status.WARN
REAL = (
    *("MgMn2O4_static_ferromagnetic", "MgMn2O4_static_antiferromagnetic"),
    *("MgMn2O4_relax_ferromagnetic", "GaAs_all_files", "gpaw/NiO/static"),
)
RECORDED = sorted((DATA / "gpaw" / "dft").rglob("static/task_document.json"))


@pytest.mark.parametrize("name", REAL)
def test_real_insulators_have_a_total_that_fits(name: str) -> None:
    document = parse_run(DATA / name)
    assert (document.bandgap or 0) > 0.5
    assert None not in (document.total_magnetization, document.nelect)
    assert not total_is_impossible(document)
    assert "impossible_moment" not in {f.id for f in document.findings}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parts[-3])
def test_recorded_runs_of_gpaw_have_a_total_that_fits(path: Path) -> None:
    document = TaskDocument.model_validate_json(path.read_text("utf-8"))
    assert not total_is_impossible(document)


@pytest.mark.parametrize("moved", [0.08, -0.4, 1.0])
def test_a_real_run_with_another_total_is_named(moved: float) -> None:
    document = parse_run(DATA / "MgMn2O4_static_ferromagnetic")
    total = (document.total_magnetization or 0) + moved
    other = document.model_copy(update={"total_magnetization": total})
    assert total_is_impossible(other)


def test_of_a_real_metal_no_integer_is_asked() -> None:
    document = parse_run(DATA / "LiMn8O16_image")
    total = document.total_magnetization or 0
    assert abs(total - round(total)) > 0.03
    assert document.bandgap == 0
    assert not total_is_impossible(document)


@pytest.mark.parametrize(
    ("total", "gap", "nelect", "collinear", "told"),
    [
        (27.951, 0.4, 436.0, True, False),
        (27.949, 0.4, 436.0, True, True),
        (-3.4, 0.4, None, True, True),
        (-8.0, 0.4, 436.0, True, False),
        (27.0, 0.4, 436.0, True, True),  # 409 electrons in pairs
        (27.0, 0.4, None, True, False),
        (27.4, 0.001, 436.0, True, False),
        (27.4, None, 436.0, True, False),
        (None, 0.4, 436.0, True, False),
        (27.4, 0.4, 436.0, False, False),  # noncollinear
        (27.4, 0.4, 435.6, True, False),  # a part of an electron
    ],
)
def test_the_limits_of_a_total(
    total: float | None,
    gap: float | None,
    nelect: float | None,
    collinear: bool,
    told: bool,
) -> None:
    assert bool(impossible_total(total, gap, nelect, collinear=collinear)) is told


TOLD = "total moment that no insulator has"
ANTIFERROMAGNETIC = {
    **{"mixed_sign": True, "m_mn_signed": 0.0, "magnetic_order": "afm_mn"},
    "m_total_expected": math.nan,
}


@pytest.mark.parametrize("check", ["gap_x1", "m_mn_x1", "m_ni_x1"])
def test_a_row_with_a_gap_and_a_broken_total_does_not_pass(check: str) -> None:
    assert verdict(series(row(1, m_total=28.0)), check).outcome is PASS
    found = verdict(series(row(1, m_total=27.92)), check)
    assert found.outcome is WARN
    assert TOLD in found.reason
    metal = row(0.5, m_total=27.92, gap=0.0)
    assert verdict(series(metal), check).outcome is PASS


@pytest.mark.parametrize("check", ["gap_x1", "m_mn_x1", "m_ni_x1"])
def test_a_broken_total_is_told_beside_an_order_that_is_not_the_papers(
    check: str,
) -> None:
    right, wrong = (
        verdict(series(row(1, m_total=total, **ANTIFERROMAGNETIC)), check)
        for total in (-8.0, -3.4)
    )
    assert (right.outcome, wrong.outcome) == (WARN, WARN)
    assert right.reason.endswith("is antiferromagnetic Mn, not ferrimagnetic")
    assert TOLD in wrong.reason


def test_a_record_without_findings_is_asked_for_its_electrons(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> None:
    (c,) = (c for c in calculations if c.x == 1)
    even = finished(c, total_magnetization=28.0, nelect=436.0)
    odd = finished(c, total_magnetization=28.0, nelect=437.0)
    for document, told in ((even, ""), (odd, "total moment that no insulator has")):
        assert list(open_results(project(document)).series()["findings"]) == [told]
