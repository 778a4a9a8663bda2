"""VASP says in OUTCAR alone that it did not start from the WAVECAR it was given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from workflows.checks.restart_as_run import restart_findings
from workflows.vasp.outcar_head import OutcarHeader


def found(applied: str | None, run_file: dict[str, Any]) -> list[tuple[str, str]]:
    """Findings of a run whose OUTCAR has this ISTART, as id and severity."""
    tags = {} if applied is None else {"ISTART": applied}
    outcar = SimpleNamespace(header=OutcarHeader(version="6.4.2", tags=tags))
    numbers: Any = SimpleNamespace(outcar=outcar)
    return [(f.id, f.severity) for f in restart_findings(numbers, run_file)]


def planned(istart: int, why: str = "") -> dict[str, Any]:
    return {"inputs": {"incar": {"ISTART": istart}}, "orbitals": {"why": why}}


@pytest.mark.parametrize("applied", ["0", "      0    job   : 0-new  1-cont"])
def test_a_wavecar_that_vasp_did_not_read_needs_a_review(applied: str) -> None:
    assert found(applied, planned(1)) == [("wavecar_not_read", "warning")]


@pytest.mark.parametrize("applied", ["1", "      1    job   : 0-new  1-cont", None])
def test_one_that_it_read_or_that_outcar_is_silent_of_is_no_finding(
    applied: str | None,
) -> None:
    assert found(applied, planned(1)) == []


def test_a_planned_start_from_scratch_is_no_finding_and_a_lost_source_is_told() -> None:
    assert found("0", planned(0)) == []
    assert found("0", planned(0, "relax-2: its WAVECAR is cut")) == [
        ("started_from_scratch", "info")
    ]


def test_a_directory_that_is_not_ours_or_older_has_none() -> None:
    assert found("0", {}) == []
    assert found("0", {"inputs": {"incar": {"ISTART": 0}}, "orbitals": None}) == []
    numbers: Any = SimpleNamespace(outcar=None)
    assert list(restart_findings(numbers, planned(1))) == []
