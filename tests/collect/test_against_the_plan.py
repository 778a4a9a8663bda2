"""A run made elsewhere is taken if it ran as planned; what differs is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.collect.by_hand import (
    ALL,
    actions,
    chain_by_hand,
    collect,
    differing,
    edit,
    vasp,
)
from workflows.campaign.calculation import Calculation
from workflows.records.file_store import FileResults


@pytest.mark.parametrize(
    ("tags", "told"),
    [
        ({"LDAUU": "0 4.5 0"}, "LDAUU"),
        ({"ENCUT": 600}, "warning ENCUT was 520.0, ran as 600.0"),
        ({"ISPIN": 1, "MAGMOM": None}, "ISPIN|refused by the fake"),
        ({"EDIFF": "1E-4"}, "EDIFF was 1e-06, ran as 0.0001"),
        ({"PREC": "Normal"}, "PREC was Accurate, ran as Normal"),
        ({"ISMEAR": 1}, "ISMEAR was 0, ran as 1"),
    ],
)
def test_other_settings_are_refused_tag_by_tag(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tags: dict[str, Any],
    told: str,
) -> None:
    static = runs / "static"
    edit(static / "INCAR", **tags)
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "DOSCAR"):
        (static / left).unlink(missing_ok=True)
    vasp(static, SECONDS="0")
    if not (static / "OUTCAR").exists():
        assert "ISPIN" in tags
        return
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert re.search(told, differing(outcomes, "static"))
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None
    assert FileResults(tmp_path / "data").get(calculation.id, "dos") is None


@pytest.mark.parametrize(
    ("tag", "was", "applied"),
    [
        ("ENCUT", "ENCUT  =  520.0", "ENCUT  =  400.0"),
        ("ISPIN", "ISPIN  =      2", "ISPIN  =      1"),
        ("EDIFF", "EDIFF  = 0.1E-05", "EDIFF  = 0.1E-01"),
        ("PREC", "PREC   = accura", "PREC   = normal"),
        ("LASPH", "LASPH  =      T", "LASPH  =      F"),
    ],
)
def test_what_outcar_alone_says_was_applied_counts_not_the_incar_beside_it(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tag: str,
    was: str,
    applied: str,
) -> None:
    for path in runs.rglob("vasprun.xml"):
        path.unlink()
    outcar = runs / "static" / "OUTCAR"
    text = outcar.read_text("utf-8")
    assert was in text
    outcar.write_text(text.replace(was, applied), "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert f"warning INCAR is not the one that ran: {tag} = " in differing(
        outcomes, "static"
    )


@pytest.mark.parametrize(
    ("tag", "value"),
    [("ALGO", "Exact"), ("ALGO", "None"), ("ALGO", "Subrot"), ("IBRION", "0")],
)
def test_a_harmless_tag_with_a_value_that_solves_something_else_is_refused(
    runs: Path, calculation: Calculation, tmp_path: Path, tag: str, value: str
) -> None:
    static = runs / "static"
    edit(static / "INCAR", **{tag: value})
    for name, pattern in (
        ("vasprun.xml", rf'(name="{tag}">)[^<]*'),
        ("OUTCAR", rf"(\b{tag} *= *)\S+"),
    ):
        text = (static / name).read_text("utf-8")
        (static / name).write_text(re.sub(pattern, rf"\g<1> {value}", text), "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert f"ran as {value}" in differing(outcomes, "static")
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


@pytest.mark.parametrize(
    ("tags", "mesh", "told"),
    [
        ({"LREAL": "Auto"}, None, "LREAL"),
        ({"METAGGA": "R2SCAN"}, None, "METAGGA"),
        ({"GGA": "Ps"}, None, "GGA"),
        ({"IVDW": 11}, None, "IVDW"),
        ({"ADDGRID": ".TRUE."}, None, "ADDGRID"),
        ({"ISTART": 0, "ICHARG": 2}, "2 2 2", "KPOINTS"),
    ],
)
def test_the_planned_inputs_written_back_beside_another_run_prove_nothing(
    runs: Path,
    calculation: Calculation,
    tmp_path: Path,
    tags: dict[str, Any],
    mesh: str | None,
    told: str,
) -> None:
    static = runs / "static"
    planned = {name: (static / name).read_bytes() for name in ("INCAR", "KPOINTS")}
    edit(static / "INCAR", **tags)
    if mesh is not None:
        text = planned["KPOINTS"].decode()
        other = re.sub(r"(?m)^\s*\d+\s+\d+\s+\d+\s*$", mesh, text, count=1)
        assert other != text
        (static / "KPOINTS").write_text(other)
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "DOSCAR"):
        (static / left).unlink(missing_ok=True)
    vasp(static, SECONDS="0")
    assert (static / "OUTCAR").exists()
    for name, content in planned.items():
        (static / name).write_bytes(content)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("static", "static", "refused") in actions(outcomes)
    assert told in differing(outcomes, "static")
    assert FileResults(tmp_path / "data").get(calculation.id, "static") is None


def test_a_noncollinear_run_is_refused_by_its_tag_and_hides_no_other(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    static = runs / "static"
    with (static / "INCAR").open("a") as incar:
        incar.write("\nLSORBIT = T\n")
    vasprun = static / "vasprun.xml"
    tag = '<i type="logical" name="LSORBIT"> T  </i>\n </incar>'
    text = vasprun.read_text("utf-8").replace("</incar>", tag, 1)
    vasprun.write_text(text, "utf-8")
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert ("again", "relax", "recorded") in actions(outcomes)
    assert ("static", "static", "refused") in actions(outcomes)
    assert "LSORBIT was None, ran as True" in differing(outcomes, "static")


def test_another_mesh_is_refused(
    runs: Path, calculation: Calculation, tmp_path: Path
) -> None:
    static = runs / "static"
    text = (static / "KPOINTS").read_text("utf-8")
    text = re.sub(r"(?m)^\s*4\s+4\s+4\s*$", "3 3 3", text)
    (static / "KPOINTS").write_text(text, "utf-8")
    for left in ("OUTCAR", "vasprun.xml", "OSZICAR", "CONTCAR", "WAVECAR"):
        (static / left).unlink(missing_ok=True)
    edit(static / "INCAR", ISTART=0, ICHARG=2)
    vasp(static)
    outcomes = collect(runs, calculation, tmp_path / "data")
    assert "KPOINTS was (4, 4, 4), ran as (3, 3, 3)" in differing(outcomes, "static")


def test_what_decides_no_result_is_allowed_and_told(
    calculation: Calculation, tmp_path: Path
) -> None:
    def change(here: Path) -> None:
        edit(here / "INCAR", NCORE=4, KPAR=2, ALGO="Fast")

    chain_by_hand(tmp_path / "runs", calculation, change=change)
    outcomes = collect(tmp_path / "runs", calculation, tmp_path / "data")
    assert actions(outcomes) == [(*step, "recorded") for step in ALL]
    told = differing(outcomes, "static")
    assert "info ALGO was Normal, ran as Fast (harmless, recorded)" in told
    assert "info NCORE" in told
    document = FileResults(tmp_path / "data").get(calculation.id, "static")
    assert document is not None
    assert document.state == "DONE"
