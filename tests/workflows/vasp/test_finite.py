"""What is printed as no number is no result, wherever VASP prints it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.cli.parse import show_runs
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.vasp.finite import is_number, largest, pressure

ENERGY = (r'<i name="e_0_energy"> *\S+', '<i name="e_0_energy"> {} ')
FORCES = (r'(<varray name="forces" >\s*<v>)[^<]*', r"\g<1> {} 0.0 0.0 ")
STRESS = (r'(<varray name="stress" >\s*<v>)[^<]*', r"\g<1> 0.0 {} 0.0 ")
LEVELS = (
    r'(<set comment="spin 1">\s*<set comment="kpoint 1">\s*<r>)[^<]*',
    "\\1 {} 1 ",
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """NiO, its files without gzip."""
    for packed in (DATA / "NiO_static").glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return tmp_path


def edited(run: Path, name: str, pattern: str, new: str) -> Path:
    path = run / name
    text, count = re.subn(pattern, new, path.read_text("utf-8"))
    assert count
    path.write_text(text, "utf-8")
    return run


@pytest.mark.parametrize("word", ["NaN", "*************", "Infinity"])
def test_an_energy_that_is_no_number_is_no_result(run: Path, word: str) -> None:
    (run / "OUTCAR").unlink()
    pattern, new = ENERGY
    document = parse_run(edited(run, "vasprun.xml", pattern, new.format(word)))
    assert (document.state, document.energy) == (State.FAILED, None)
    assert "no number for the energy in vasprun.xml" in document.reason
    assert "diverged" in document.reason


@pytest.mark.parametrize(
    ("what", "name", "place"),
    [
        ("energy", "energy", ENERGY),
        ("forces", "max_force", FORCES),
        ("stress", "pressure_kbar", STRESS),
    ],
)
def test_a_number_that_only_one_file_has_is_taken_from_there_and_needs_review(
    run: Path, what: str, name: str, place: tuple[str, str]
) -> None:
    good = getattr(parse_run(run), name)
    document = parse_run(edited(run, "vasprun.xml", place[0], place[1].format("***")))
    assert document.state is State.NEEDS_REVIEW
    assert f"only OUTCAR has a number for the {what}" in document.reason
    assert getattr(document, name) == pytest.approx(good, abs=0.01)
    (run / "OUTCAR").unlink()
    alone = parse_run(run)
    assert (alone.state, getattr(alone, name)) == (State.FAILED, None)


def test_an_outcar_without_one_energy_in_numbers_does_not_pass(run: Path) -> None:
    moments = parse_run(run).magnetization
    edited(run, "OUTCAR", r"(energy\(sigma->0\) =) +\S+", r"\1          NaN")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert document.reason.startswith("only vasprun.xml has a number for the energy")
    assert document.magnetization == moments
    (run / "vasprun.xml").unlink()
    assert parse_run(run).state is State.FAILED


def test_an_outcar_in_which_no_ionic_step_can_be_read_does_not_pass(run: Path) -> None:
    document = parse_run(edited(run, "OUTCAR", "FREE ENERGIE", "FREE ENTHALPY"))
    assert document.state is State.NEEDS_REVIEW
    assert "OUTCAR has no ionic step that can be read" in document.reason


def test_the_last_step_of_an_outcar_is_its_last_even_without_a_number(
    tmp_path: Path,
) -> None:
    packed = DATA / "MgMn2O4_relax_ferromagnetic" / "OUTCAR.gz"
    text = gzip.decompress(packed.read_bytes()).decode()
    last = text.rindex("energy(sigma->0) =")
    text = text[:last] + re.sub(r"= +\S+", "= ********", text[last:], count=1)
    (tmp_path / "OUTCAR").write_text(text, "utf-8")
    document = parse_run(tmp_path)
    assert (document.state, document.energy) == (State.FAILED, None)
    assert document.n_ionic_steps == 7


@pytest.mark.parametrize(
    "row", ["    2        0.003   0.900  *******", "", "    2  NaN"]
)
@pytest.mark.parametrize("both", [True, False])
def test_a_row_of_site_moments_that_cannot_be_read_is_named(
    run: Path, row: str, both: bool
) -> None:
    text = (run / "OUTCAR").read_text("utf-8")
    table = text.rindex("magnetization (x)")
    found = re.compile(r"^ +2 .*\n", re.MULTILINE).search(text, table)
    assert found is not None
    damaged = text[: found.start()] + (row and row + "\n") + text[found.end() :]
    (run / "OUTCAR").write_text(damaged, "utf-8")
    if not both:
        (run / "vasprun.xml").unlink()
    document = parse_run(run)
    assert (document.state, document.magnetization) == (State.FAILED, None)
    assert "no number for the site moments in" in document.reason


@pytest.mark.parametrize(
    ("pattern", "new", "what"),
    [
        (r"(TOTAL-FORCE.*\n -+\n(?: +\S+){3}) +\S+ ", r"\1  ************* ", "forces"),
        (r"external pressure = +\S+ kB", "external pressure = ******* kB", "stress"),
        (r"(of electron +\S+ magnetization +)\S+", r"\1******", "total moment"),
    ],
)
def test_stars_in_an_outcar_alone_are_no_result(
    run: Path, pattern: str, new: str, what: str
) -> None:
    (run / "vasprun.xml").unlink()
    document = parse_run(edited(run, "OUTCAR", pattern, new))
    assert document.state is State.FAILED
    assert f"the {what}" in document.reason


def test_eigenvalues_that_are_no_numbers_give_no_gap(run: Path) -> None:
    pattern, new = LEVELS
    document = parse_run(edited(run, "vasprun.xml", pattern, new.format("*********")))
    assert (document.state, document.bandgap) == (State.NEEDS_REVIEW, None)
    assert "eigenvalues" in document.reason


def test_a_fermi_level_that_is_no_number_is_looked_for_in_the_other_file(
    run: Path,
) -> None:
    good = parse_run(run).efermi
    edited(run, "vasprun.xml", r'(<i name="efermi">)[^<]*', r"\1 ******** ")
    assert parse_run(run).efermi == pytest.approx(good, abs=1e-3)
    edited(run, "OUTCAR", r"(E-fermi :) *\S+", r"\1  4.4.4")
    assert parse_run(run).efermi is None


def test_no_nan_is_ever_written(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "OUTCAR").unlink()
    pattern, new = ENERGY
    edited(run, "vasprun.xml", pattern, new.format("NaN"))
    assert show_runs([run], as_json=True) == 1
    (told,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (told["state"], told["energy"]) == ("FAILED", None)
    document = TaskDocument(
        **parse_run(DATA / "NiO_static").model_dump(
            exclude={"energy", "settings", "calculation_id"}
        ),
        calculation_id="0000",
        energy=float("nan"),
        settings={"ENCUT": float("inf")},
    )
    plain = document.plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert (plain["energy"], plain["settings"]) == (None, {"ENCUT": None})
    store = FileResults(run)
    directory = store.directory("0000", document.task_label)
    directory.mkdir(parents=True)
    with pytest.raises(StoreError, match="not recorded: energy is nan, not a number"):
        store.put(document)
    assert not list(directory.iterdir())
    # A setting is not a number of the run: it is recorded, as null.
    planned = {"energy": -1.0, "x": 1.0, "supercell": ((1, 0, 0), (0, 1, 0), (0, 0, 1))}
    store.put(document.model_copy(update={**planned, "energy_per_atom": None}))
    (written,) = directory.glob("*.json")
    stored = json.loads(written.read_text("utf-8"), parse_constant=pytest.fail)
    assert (stored["energy"], stored["settings"]) == (-1.0, {"ENCUT": None})


def test_a_nan_is_never_hidden_by_a_maximum_or_a_sum() -> None:
    nan = float("nan")
    forces = [[1.0, 0, 0], [0, nan, 0], [2.0, 0, 0]]
    for order in (forces, forces[::-1]):
        assert not is_number(largest(order))
    assert largest([[3.0, 4.0, 0.0]]) == 5
    stress = [[1.0, 0, 0], [0, 2.0, nan], [0, nan, 3.0]]
    assert not is_number(pressure(stress))
    assert pressure([[1.0, 0, 0], [0, 2.0, 0], [0, 0, 3.0]]) == 2


@pytest.mark.parametrize("word", ["NaN", "********", "Infinity"])
@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("vasprun.xml", r'(<i name="efermi">)[^<]*'),
        ("OUTCAR", r"(E-fermi\s*:)\s*\S+"),
    ],
)
def test_a_fermi_level_that_one_output_lacks_is_told(
    run: Path, name: str, pattern: str, word: str
) -> None:
    document = parse_run(edited(run, name, pattern, rf"\g<1> {word} "))
    assert document.state is State.NEEDS_REVIEW
    (finding,) = (f for f in document.findings if f.id == "not_numbers")
    assert finding.message.startswith(f"no number for the Fermi level in {name} (")
    assert document.efermi == pytest.approx(3.81, abs=0.01)


@pytest.mark.parametrize(
    ("row", "new", "told"),
    [
        ("tot", "NaN NaN NaN NaN", "the last row"),
        ("tot", "-0.021 0.870 1.175 *******", "the last row"),
        ("tot", "-0.021 ***** 1.175 2.025", "the last row"),
        ("tot", "************************", "the last row"),
        ("tot", "", "the last row"),
        (" {4}2 ", "0.006 NaN 0.000 0.903", "the row of atom 2"),
        (" {4}1 ", "-0.027 ******* 1.175 1.122", "the row of atom 1"),
    ],
)
def test_a_row_of_the_moments_without_a_number_is_for_review(
    run: Path, row: str, new: str, told: str
) -> None:
    path = run / "OUTCAR"
    head, _, table = path.read_text("utf-8").rpartition("magnetization (x)")
    changed, count = re.subn(rf"(?m)^({row}).*$", rf"\1  {new}", table, count=1)
    assert count
    path.write_text(f"{head}magnetization (x){changed}", "utf-8")
    document = parse_run(run)
    assert document.state is State.NEEDS_REVIEW
    assert document.magnetization == (1.122, 0.903)
    (finding,) = [f for f in document.findings if f.id == "not_numbers"]
    assert f"no number in {told} of the table magnetization (x)" in finding.message
