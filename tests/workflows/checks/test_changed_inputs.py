"""What custodian may change without a word, and what makes it another calculation."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pymatgen.io.vasp import Incar, Kpoints, Poscar

from workflows.campaign.calculation import Calculation
from workflows.checks.changed_inputs import changed_inputs
from workflows.engines.protocol import read_run_file
from workflows.engines.vasp.engine import VaspEngine
from workflows.records.document import Finding
from workflows.vasp.equality import same_value
from workflows.vasp.input_files import incar_from
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.run_files import VaspFiles

Prepare = Callable[[str], Path]


@pytest.fixture
def prepared(calculations: tuple[Calculation, ...], tmp_path: Path) -> Prepare:
    """Write the inputs of a step at x = 1."""

    def write(step: str) -> Path:
        VaspEngine().write_inputs(calculations[4], step, tmp_path / step, None)
        return tmp_path / step / ("relax-1" if step == "relax" else ".")

    return write


def planned(directory: Path) -> Mapping[str, Any]:
    found = read_run_file(directory)
    assert found is not None
    return dict(found[2]["inputs"])


def audit(directory: Path, inputs: Mapping[str, Any]) -> tuple[Finding, ...]:
    return changed_inputs(VaspFiles(directory, "", {}), VaspNumbers(), inputs)


def severities(directory: Path) -> list[tuple[str, str]]:
    findings = audit(directory, planned(directory))
    assert {f.id for f in findings} <= {"inputs_changed"}
    return [(f.message.split()[0], f.severity) for f in findings]


def change(directory: Path, **tags: object) -> None:
    path = directory / "INCAR"
    incar = Incar.from_file(path)
    for tag, value in tags.items():
        if value is None:
            del incar[tag]
        else:
            incar[tag] = value
    incar.write_file(path)


@pytest.mark.parametrize("step", ["relax", "static", "dos"])
def test_inputs_as_planned_have_no_finding(prepared: Prepare, step: str) -> None:
    assert severities(prepared(step)) == []


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("ALGO", "All"),
        ("AMIX", 0.1),
        ("BMIX", 0.001),
        ("IMIX", 1),
        ("NELM", 400),
        ("NELMIN", 8),
        ("NELMDL", -10),
        ("POTIM", 0.1),
        ("IBRION", 1),
        ("NBANDS", 300),
        ("NCORE", 4),
        ("KPAR", 2),
        ("NPAR", 8),
        ("SYMPREC", 1e-8),
        ("EDIFF", 1e-7),
    ],
)
def test_how_a_solution_is_found_is_recorded_and_harmless(
    prepared: Prepare, tag: str, value: object
) -> None:
    directory = prepared("relax")
    change(directory, **{tag: value})
    assert severities(directory) == [(tag, "info")]


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("ENCUT", 600),
        ("PREC", "Normal"),
        ("ISPIN", 1),
        ("LDAU", False),
        ("LDAUU", [0, 4.5, 5.0, 0]),
        ("LDAUU", None),
        ("LDAUL", [-1, 2, -1, -1]),
        ("NUPDOWN", 28),
        ("ISIF", 2),
        ("ISMEAR", 1),
        ("SIGMA", 0.2),
        ("KSPACING", 0.3),
        ("EDIFF", 1e-4),
        ("EDIFFG", -0.1),
        ("LREAL", "Auto"),
        ("ISYM", 2),
        ("LASPH", None),
        ("ADDGRID", True),
        ("NELECT", 435),
        ("MADEUP", 1),
    ],
)
def test_what_changes_the_number_needs_review(
    prepared: Prepare, tag: str, value: object
) -> None:
    directory = prepared("relax")
    change(directory, **{tag: value})
    assert severities(directory) == [(tag, "warning")]


def test_one_moment_with_another_sign_needs_review(prepared: Prepare) -> None:
    directory = prepared("relax")
    moments = list(Incar.from_file(directory / "INCAR")["MAGMOM"])
    change(directory, MAGMOM=[*moments[:8], 2.0, *moments[9:]])
    assert severities(directory) == [("MAGMOM", "warning")]


def test_lreal_may_become_false_and_isym_0(prepared: Prepare) -> None:
    directory = prepared("static")
    record = {**planned(directory)}
    record["incar"] = {**record["incar"], "LREAL": "Auto", "ISYM": 2}
    found = {f.message.split()[0]: f.severity for f in audit(directory, record)}
    assert found == {"LREAL": "info", "ISYM": "info"}


def test_a_dos_step_that_ran_self_consistently_is_an_error(prepared: Prepare) -> None:
    directory = prepared("dos")
    change(directory, ICHARG=2)
    (found,) = audit(directory, planned(directory))
    assert found.severity == "error"
    assert found.message.startswith("ICHARG was 11, ran as 2")
    assert "rerun" in found.message


def test_tetrahedra_replaced_by_smearing_need_review(prepared: Prepare) -> None:
    directory = prepared("dos")
    change(directory, ISMEAR=0, SIGMA=0.05)
    assert severities(directory) == [("ISMEAR", "warning"), ("SIGMA", "warning")]


def test_another_k_mesh_needs_review(prepared: Prepare) -> None:
    directory = prepared("static")
    Kpoints.gamma_automatic((1, 1, 1)).write_file(directory / "KPOINTS")
    (found,) = audit(directory, planned(directory))
    assert found.severity == "warning"
    assert found.message.startswith("KPOINTS was (3, 3, 3), ran as (1, 1, 1)")


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"dict": "POSCAR", "action": {"_set": {}}}, [("POSCAR", "warning")]),
        ({"file": "CONTCAR", "action": {"_file_copy": {"dest": "POSCAR"}}}, []),
        ({"dict": "INCAR", "action": {"_set": {"ALGO": "All"}}}, []),
    ],
)
def test_a_poscar_that_a_handler_edited_needs_review_and_a_restart_does_not(
    prepared: Prepare, action: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    directory = prepared("relax")
    log = [{"job": {}, "corrections": [{"errors": ["zpotrf"], "actions": [action]}]}]
    (directory / "custodian.json").write_text(json.dumps(log), "utf-8")
    assert severities(directory) == expected


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"corrections": [{}]}]'])
def test_an_unreadable_custodian_log_raises_nothing(
    prepared: Prepare, text: str
) -> None:
    directory = prepared("relax")
    (directory / "custodian.json").write_text(text, "utf-8")
    assert severities(directory) == []


def test_a_directory_that_nobody_planned_has_nothing_to_compare_with(
    tmp_path: Path,
) -> None:
    assert audit(tmp_path, {}) == ()


def test_each_finding_says_what_it_was_what_ran_and_what_follows(
    prepared: Prepare,
) -> None:
    directory = prepared("static")
    change(directory, ALGO="All", ENCUT=600)
    assert [f.message for f in audit(directory, planned(directory))] == [
        "ALGO was Normal, ran as All (harmless, recorded)",
        "ENCUT was 520.0, ran as 600.0 (this changes the physics: check it against "
        "the other runs before use)",
    ]


def test_an_incar_edited_after_a_run_as_planned_is_no_change_of_the_run(
    prepared: Prepare,
) -> None:
    directory = prepared("static")
    asked = planned(directory)
    change(directory, ENCUT=300)
    ran = VaspNumbers(incar=dict(asked["incar"]))
    files = VaspFiles(directory, "", {})
    assert changed_inputs(files, ran, asked) == ()
    other = VaspNumbers(incar={**asked["incar"], "ENCUT": 300})
    (found,) = changed_inputs(files, other, asked)
    assert found.message.startswith("ENCUT was 520.0, ran as 300")


def poscar(directory: Path) -> Poscar:
    return Poscar.from_file(directory / "POSCAR")


def test_a_cell_strained_for_zpotrf_is_seen_without_any_log(prepared: Prepare) -> None:
    directory = prepared("relax")
    structure = poscar(directory).structure
    structure.apply_strain(0.1)
    Poscar(structure).write_file(directory / "POSCAR")
    (found,) = audit(directory, planned(directory))
    assert found.severity == "warning"
    assert "strained by +10.0 % along every axis" in found.message


def test_a_start_with_one_atom_elsewhere_is_seen(prepared: Prepare) -> None:
    directory = prepared("relax")
    structure = poscar(directory).structure
    structure.translate_sites([3], [0.01, 0, 0])
    Poscar(structure).write_file(directory / "POSCAR")
    assert severities(directory) == [("POSCAR", "warning")]


def test_a_restart_from_contcar_in_the_log_explains_another_start(
    prepared: Prepare,
) -> None:
    directory = prepared("relax")
    structure = poscar(directory).structure
    structure.apply_strain(0.004)
    Poscar(structure).write_file(directory / "POSCAR")
    copied = {"file": "CONTCAR", "action": {"_file_copy": {"dest": "POSCAR"}}}
    log = [{"job": {}, "corrections": [{"errors": ["zbrent"], "actions": [copied]}]}]
    (directory / "custodian.json").write_text(json.dumps(log), "utf-8")
    assert severities(directory) == [("POSCAR", "info")]
    (directory / "custodian.json").unlink()
    packed = gzip.compress(json.dumps(log).encode())
    (directory / "custodian.json.gz").write_bytes(packed)
    assert severities(directory) == [("POSCAR", "info")]


@pytest.mark.parametrize("name", ["INCAR", "KPOINTS", "POSCAR"])
def test_an_input_that_is_gone_asks_for_review_and_one_in_gzip_does_not(
    prepared: Prepare, name: str
) -> None:
    directory = prepared("static")
    content = (directory / name).read_bytes()
    (directory / name).unlink()
    assert severities(directory) == [(name, "warning")]
    (directory / f"{name}.gz").write_bytes(gzip.compress(content))
    assert severities(directory) == []


def test_a_mesh_off_gamma_is_another_mesh(prepared: Prepare) -> None:
    directory = prepared("static")
    kpoints = Kpoints.from_file(directory / "KPOINTS")
    kpoints.kpts_shift = (0.5, 0.5, 0.5)
    kpoints.write_file(directory / "KPOINTS")
    assert severities(directory) == [("KPOINTS", "warning")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("EDIFF = 1.0D-7", 1e-7),
        ("EDIFF = 1d-07", 1e-7),
        ("ENCUT = 5.2D+02", 520.0),
        ("SIGMA = .5D-1 ! a comment", 0.05),
        ("LDAUU = 3.9D0 0.D0", [3.9, 0.0]),
        ("SYSTEM = Li2D3 at 4.2K", "Li2D3 at 4.2K"),
    ],
)
def test_numbers_of_an_incar_are_read_as_fortran_reads_them(
    text: str, value: object
) -> None:
    ((_, found),) = incar_from(text).items()
    assert found == value


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (58.69, [58.69, 16.0], True),  # pymatgen reads of POMASS the first
        ([58.69, 16.0], 58.69, True),
        (16.0, [58.69, 16.0], False),
        (None, [58.69, 16.0], False),
        (1.0, [], False),
        ("Auto", [1.0], False),
        (1.0, "Auto", False),
        ([1.0, "x"], [1.0, 2.0], False),
        ([1.0, 2.0], [1.0], False),
    ],
)
def test_a_number_and_a_list_are_compared_as_far_as_they_go(
    old: object, new: object, same: bool
) -> None:
    assert same_value(old, new) is same
