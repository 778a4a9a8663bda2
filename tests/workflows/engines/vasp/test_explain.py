"""Why a run has its state: one statement decides, and its evidence is in the file."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.places import DATA, FAKE_VASP
from tests.workflows.engines.vasp.test_real_runs import TABLE, Row, found
from workflows import load_campaign, parse_run, plan
from workflows.cli.parse import show_evidence
from workflows.engines.machine import Machine
from workflows.engines.vasp.engine import VaspEngine
from workflows.engines.vasp.evidence import Evidence
from workflows.engines.vasp.explain_state import evidence_of
from workflows.engines.vasp.parse import parse_files
from workflows.records.document import Finding, State, TaskDocument
from workflows.vasp.run_files import read_text


def against(rows: tuple[Evidence, ...]) -> list[Evidence]:
    """Return what is false and changes a state."""
    return [row for row in rows if row.holds is False and row.state]


def decisive(document: TaskDocument) -> Evidence:
    (row,) = (row for row in evidence_of(document) if row.decides)
    assert row.holds is False
    assert row.state == document.state
    assert document.reason.startswith(row.value)
    return row


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_one_statement_decides_unless_the_run_is_done(row: Row) -> None:
    document = parse_files(found(row))
    if document.state is State.DONE:
        rows = evidence_of(document)
        assert against(rows) == []
        assert sum(row.holds is True for row in rows) > 3
    else:
        assert decisive(document).value


@pytest.mark.parametrize("row", [r for r in TABLE if r.state is State.DONE], ids=str)
def test_every_line_that_is_named_holds_what_is_claimed(row: Row) -> None:
    files = found(row)
    rows = evidence_of(parse_files(files))
    marks = {"every electronic cycle reached EDIFF": "EDIFF is reached"}
    marks["the ions came to their end"] = "reached required accuracy"
    checked = 0
    for each in rows:
        if number := re.fullmatch(r"line (\d+)", each.place):
            lines = read_text(files.directory / each.file).splitlines()
            mark = marks.get(each.statement, each.value)
            assert mark in lines[int(number[1]) - 1], each
            assert not any(mark in line for line in lines[int(number[1]) :])
            checked += 1
    assert checked


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished static step of MgMn2O4, unpacked, to break."""
    for packed in (DATA / "MgMn2O4_static_ferromagnetic").glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    changed, times = re.subn(old, new, text)
    assert times
    path.write_text(changed, "utf-8")


def test_a_tag_edited_after_the_run_is_why_it_needs_review(run: Path) -> None:
    edit(run / "INCAR", r"SIGMA *= *\S+", "SIGMA = 0.3")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    row = decisive(document)
    assert (row.statement, row.file) == ("INCAR belongs to this output", "INCAR")
    assert "SIGMA 0.3 against" in row.value


def test_u_that_was_not_applied_is_why_it_failed(run: Path) -> None:
    edit(run / "OUTCAR", r"LDAUU =  ( *)0\.0  3\.9", r"LDAUU =  \g<1>0.0  2.0")
    document = parse_run(run)
    assert document.state is State.FAILED
    row = decisive(document)
    assert (row.statement, row.place) == ("U was applied as asked", "LDAUU")
    assert row.limit == "as asked +- 0.051 eV"
    assert "3.9 eV requested, OUTCAR shows 2 eV" in row.value


def test_files_of_two_runs_are_why_it_failed(run: Path) -> None:
    text = (run / "OUTCAR").read_text("utf-8")
    assert "-104.12510" in text
    (run / "OUTCAR").write_text(text.replace("-104.12510", "-104.22510"), "utf-8")
    document = parse_run(run)
    assert document.state is State.FAILED
    row = decisive(document)
    assert row.statement == "OUTCAR and vasprun.xml are of one run"
    assert row.limit == "2e-06 eV"


def test_a_charged_cell_names_both_numbers_and_the_limit(run: Path) -> None:
    for name in ("OUTCAR", "vasprun.xml"):
        edit(run / name, r"104\.0000", "103.0000")
    document = parse_run(run)
    (row,) = (r for r in evidence_of(document) if r.statement == "the cell is neutral")
    assert (row.holds, row.place, row.limit) == (False, "NELECT", "104 +- 0.001")


@pytest.mark.parametrize(
    ("name", "size", "statement"),
    [
        ("OUTCAR", 0.9, "OUTCAR is whole"),
        ("vasprun.xml", 0.9, "vasprun.xml is whole"),
        ("CONTCAR", 0.5, "CONTCAR is whole"),
    ],
)
def test_the_file_that_was_cut_is_why_it_is_truncated(
    run: Path, name: str, size: float, statement: str
) -> None:
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(size * len(content))])
    document = parse_run(run)
    assert document.state is State.TRUNCATED
    row = decisive(document)
    assert (row.statement, row.file) == (statement, name)


def test_potentials_in_another_order_are_why_it_needs_review(run: Path) -> None:
    text = (run / "POSCAR").read_text("utf-8")
    assert "Mg Mn O" in " ".join(text.split())
    edit(run / "POSCAR", r"Mg( +)Mn( +)O", r"Mn\g<1>Mg\g<2>O")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    row = decisive(document)
    assert row.statement == "the potentials are in the order of POSCAR"


def test_a_finding_that_has_no_statement_decides_if_it_is_the_reason(run: Path) -> None:
    finding = Finding(id="brand_new", severity="error", message="of a new kind")
    changes = {"findings": (finding,), "state": State.FAILED, "reason": "of a new kind"}
    assert decisive(parse_run(run).model_copy(update=changes)).statement == "brand_new"


def test_what_nothing_can_prove_is_neither_true_nor_false(run: Path) -> None:
    (run / "vasprun.xml").unlink()
    rows = {row.statement: row for row in evidence_of(parse_run(run))}
    assert rows["OUTCAR and vasprun.xml are of one run"].holds is None
    assert rows["both outputs confirm each number"].holds is None
    assert rows["KPOINTS belongs to this output"].holds is None
    assert rows["OUTCAR is whole"].holds is True


def test_a_damaged_file_is_named_as_the_reason(run: Path) -> None:
    edit(run / "vasprun.xml", "<kpoints>", "<kpoints")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert "unreadable output" in decisive(document).value


@pytest.fixture(scope="module")
def relaxation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chain of relaxations by the fake VASP."""
    root = tmp_path_factory.mktemp("chain") / "relax"
    calculation = plan(load_campaign("paper").override(x=[1]))[0]
    engine, machine = VaspEngine(), Machine(vasp_cmd=str(FAKE_VASP), poll_seconds=0.02)
    engine.write_inputs(calculation, "relax", root, None)
    assert parse_run(root).state is State.PLANNED
    assert decisive(parse_run(root)).statement == "VASP was started"
    engine.run(root, machine, lambda line: None)
    return root


def test_a_chain_shows_its_volume_and_its_plan(relaxation: Path) -> None:
    document = parse_run(relaxation)
    assert document.state is State.DONE
    rows = {row.statement: row for row in evidence_of(document)}
    volume = rows["the volume has settled"]
    assert volume.holds is True
    assert volume.file.startswith("relax-1, relax-2")
    assert rows["the inputs ran as they were asked"].value == "as in lnmo.json"


def test_a_volume_that_did_not_settle_is_why_it_is_unconverged(
    relaxation: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(relaxation, tmp_path / "relax"))
    for member in copy.glob("relax-*"):
        if member.name != "relax-1":
            shutil.rmtree(member)
    document = parse_run(copy)
    assert document.state is State.UNCONVERGED
    assert decisive(document).statement == "the volume has settled"


def test_the_table_marks_what_decides_and_json_has_every_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = DATA / "V2O5_unconverged"
    assert show_evidence([place], as_json=False) == 1
    shown = capsys.readouterr().out
    assert "UNCONVERGED" in shown
    assert shown.count("NO ->") == 1
    assert show_evidence([place], as_json=True) == 1
    (record,) = json.loads(capsys.readouterr().out)
    rows = [Evidence(**row) for row in record["evidence"]]
    assert record["state"] == "UNCONVERGED"
    assert rows == list(evidence_of(parse_run(place)))
    assert [row.statement for row in rows if row.decides] == [
        "every electronic cycle reached EDIFF"
    ]
    assert show_evidence([DATA / "NiO_static"], as_json=True) == 0


COMMANDS = {
    "a library": ("echo 'vasp_std: cannot open shared object file'; exit 1", "started"),
    "silence": ("exit 1", "started"),
    "killed": ("kill -9 $$", "started"),
    "queued": ("echo Submitted batch job 12", "wrote files of VASP"),
    "began": ("printf ' running on    4 total cores\\n'", "wrote files of VASP"),
    "elsewhere": ("echo 'DAV:   1     0.1E+03'; exit 1", "ran in its directory"),
}


@pytest.mark.parametrize("how", COMMANDS)
def test_a_vasp_that_left_nothing_here_has_one_reason_and_proves_nothing(
    tmp_path: Path, how: str
) -> None:
    told, statement = COMMANDS[how]
    command = tmp_path / "vasp_std"
    command.write_text(f"#!/bin/sh\n{told}\n")
    command.chmod(0o755)
    calculation = plan(load_campaign("paper").override(x=[1]))[0]
    engine, machine = VaspEngine(), Machine(vasp_cmd=str(command), poll_seconds=0.02)
    root = tmp_path / "relax"
    engine.write_inputs(calculation, "relax", root, None)
    engine.run(root, machine, lambda line: None)
    for place in (root, root / "relax-1"):
        document = parse_run(place)
        row = decisive(document)
        assert row.statement.endswith(statement)
        assert row.value == document.reason
        assert not [each for each in evidence_of(document) if each.holds is True]


def test_a_vasp_that_was_left_behind_is_why_its_run_is_truncated(run: Path) -> None:
    (run / "OUTCAR").write_text("vasp.6.4.2\n")
    reason = "the VASP command ended before VASP (exit code 0), which ran on; it was"
    (run / "custodian.error").write_text(reason)
    document = parse_run(run)
    assert document.state is State.TRUNCATED
    assert decisive(document).statement == "the VASP command waited for VASP"


def test_a_statement_never_decides_on_other_words() -> None:
    document = parse_run(DATA / "V2O5_unconverged")
    other = document.model_copy(update={"reason": "something else"})
    assert not any(row.decides for row in evidence_of(other))
    assert replace(decisive(document), decides=False).state == "UNCONVERGED"
