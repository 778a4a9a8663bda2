"""A good run, cut anywhere in any of its files, is never DONE and never a traceback.

By default a few cuts of every file; LNMO_CUTS=200 in the environment makes as many.
What is cut from a file may be nothing that it says: white space at the end, or a
comment in a file that a person writes. Such cuts are no damage and may be DONE.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pymatgen.io.vasp import Incar, Kpoints, Poscar

from tests.places import DATA
from workflows.engines.vasp.parse import parse_files
from workflows.records.document import State
from workflows.vasp.equality import same_structure
from workflows.vasp.file_ends import ENDS
from workflows.vasp.run_files import run_files
from workflows.vasp.vasprun import read_structure

CUTS = int(os.environ.get("LNMO_CUTS", "5"))
RUNS = (
    ("GaAs_all_files", ""),
    ("LiAlSiO4_relax1_relax2", ".relax2"),
    ("MgMn2O4_static_ferromagnetic", ""),
)
MEANING: dict[str, Any] = {
    "INCAR": Incar.from_str,
    "KPOINTS": Kpoints.from_str,
    # Up to the empty line before the velocities, which no number is taken from.
    "POSCAR": lambda text: Poscar.from_str(re.split(r"\n\s*\n", text)[0]),
}
NOT_OF_VASP = ("custodian.json", "vasp.out", "POTCAR.spec", "LICENSE")
"""Left by custodian, by the shell or by us; no result is taken from them."""


def unpacked(name: str, suffix: str, place: Path) -> None:
    for packed in (DATA / name).glob(f"*{suffix}.gz"):
        (place / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))


def cases() -> list[tuple[str, str, str]]:
    return [
        (name, suffix, path.name.removesuffix(".gz"))
        for name, suffix in RUNS
        for path in sorted((DATA / name).glob(f"*{suffix}.gz"))
        if not path.name.startswith(NOT_OF_VASP)
    ]


def says_the_same(name: str, cut: bytes, whole: bytes) -> bool:
    """Tell whether a cut took away nothing that the file says."""
    if cut.rstrip() == whole.rstrip():
        return True
    reader = next((r for n, r in MEANING.items() if name.startswith(n)), None)
    if reader is None:
        return False
    first, second = (reader(content.decode()) for content in (cut, whole))
    if isinstance(first, Poscar):
        pair = first.structure, second.structure
        return same_structure(*pair, tolerance=1e-4)
    return bool(first.as_dict() == second.as_dict())


@pytest.mark.parametrize(("name", "suffix", "file"), cases())
def test_a_good_run_cut_anywhere_in_any_file_is_never_done(
    tmp_path: Path, name: str, suffix: str, file: str
) -> None:
    unpacked(name, suffix, tmp_path)
    whole = (tmp_path / file).read_bytes()
    chosen = random.Random(f"{name} {file}")
    for _ in range(CUTS):
        length = chosen.randrange(len(whole))
        (tmp_path / file).write_bytes(whole[:length])
        document = parse_files(*run_files(tmp_path))
        if document.state is State.DONE:
            assert says_the_same(file, whole[:length], whole), (length, whole[length:])
        else:
            assert document.reason


def test_an_empty_procar_of_a_run_without_lorbit_is_recorded_and_no_damage(
    tmp_path: Path,
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    for name in ("INCAR", "vasprun.xml"):
        text = (tmp_path / name).read_text("utf-8")
        text = re.sub(r'(LORBIT(?: =|">)) +11', r"\1 0", text)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "PROCAR").write_bytes(b"")
    document = parse_files(*run_files(tmp_path))
    assert document.state is State.DONE, document.reason
    (told,) = (f for f in document.findings if f.id == "empty_file")
    assert told.message.startswith("PROCAR: empty")
    (tmp_path / "vasprun.xml").unlink()
    alone = parse_files(*run_files(tmp_path))
    assert alone.state is State.TRUNCATED, "OUTCAR alone does not tell"


@pytest.mark.parametrize(
    "file",
    [
        *("DOSCAR", "PROCAR", "CONTCAR", "OSZICAR", "EIGENVAL", "XDATCAR", "IBZKPT"),
        *("INCAR", "KPOINTS", "POSCAR"),
    ],
)
def test_an_empty_file_that_this_run_had_to_write_is_damage(
    tmp_path: Path, file: str
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    (tmp_path / file).write_bytes(b"")
    document = parse_files(*run_files(tmp_path))
    assert document.state in {State.TRUNCATED, State.NEEDS_REVIEW, State.FAILED}
    assert document.reason.startswith(file)


def test_a_contcar_cut_right_after_its_positions_is_noticed(tmp_path: Path) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    lines = (tmp_path / "CONTCAR").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "CONTCAR").write_text("".join(lines[:10]), "utf-8")
    document = parse_files(*run_files(tmp_path))
    assert document.state is State.NEEDS_REVIEW
    assert "without the velocities" in document.reason


def test_a_contcar_cut_at_any_byte_is_a_whole_structure_or_none(tmp_path: Path) -> None:
    path = tmp_path / "CONTCAR"
    whole = gzip.decompress((DATA / "GaAs_all_files" / "CONTCAR.gz").read_bytes())
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found = read_structure(path)
        assert found is None or found.composition.formula == "Ga1 As1", length
    assert found is not None


def test_a_gzipped_run_cut_anywhere_is_never_done(tmp_path: Path) -> None:
    place = Path(shutil.copytree(DATA / "GaAs_all_files", tmp_path / "run"))
    chosen = random.Random(0)
    for name in ("OUTCAR.gz", "vasprun.xml.gz", "CONTCAR.gz", "DOSCAR.gz"):
        whole = (place / name).read_bytes()
        for _ in range(CUTS):
            (place / name).write_bytes(whole[: chosen.randrange(len(whole))])
            assert parse_files(*run_files(place)).state is not State.DONE
        (place / name).write_bytes(whole)
    assert parse_files(*run_files(place)).state is State.DONE


def test_a_doscar_that_vasp_wrote_nothing_but_the_head_of_is_recorded(
    tmp_path: Path,
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    head = (tmp_path / "DOSCAR").read_bytes().splitlines(keepends=True)[:5]
    (tmp_path / "DOSCAR").write_bytes(b"".join(head))
    assert parse_files(*run_files(tmp_path)).state is State.TRUNCATED
    vasprun = (tmp_path / "vasprun.xml").read_text("utf-8")
    before, _, rest = vasprun.partition("<dos>")
    (tmp_path / "vasprun.xml").write_text(before + rest.partition("</dos>")[2], "utf-8")
    document = parse_files(*run_files(tmp_path))
    assert document.state is State.DONE, document.reason
    (told,) = (f for f in document.findings if f.id == "empty_file")
    assert told.message.startswith("DOSCAR: its head")


@pytest.mark.parametrize(
    "below",
    [
        " imaginary and real dielectric function\n",
        "\n E_p =  0.00000E+00  lambda =  0.500E+02\n ion             lambda*MW_perp\n"
        "  1   0.00000E+00   0.00000E+00   0.00000E+00\n",
    ],
)
def test_what_vasp_writes_below_the_last_ionic_step_is_no_cut(
    tmp_path: Path, below: str
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    with (tmp_path / "OSZICAR").open("a") as oszicar:
        oszicar.write(below)
    document = parse_files(*run_files(tmp_path))
    assert document.state is State.DONE, document.reason


@pytest.mark.parametrize(("answer", "state"), [("T", "DONE"), ("F", "TRUNCATED")])
def test_electronic_steps_after_the_last_ionic_one_are_those_of_a_response(
    tmp_path: Path, answer: str, state: str
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    path = tmp_path / "vasprun.xml"
    asked = rf"\1 {answer}  <"
    text = re.sub(r'(name="LEPSILON">) *\w+ *<', asked, path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    with (tmp_path / "OSZICAR").open("a") as oszicar:
        oszicar.write("RMM:  20    -0.796581629004E+01    0.71229E-04    0.16664E-03\n")
    assert parse_files(*run_files(tmp_path)).state is State(state)


def test_procar_has_no_sum_over_a_single_ion() -> None:
    band = "band   1 # energy -3.09 # occ.  2.00\n \nion   s   tot\n  1  0.0  0.0\n"
    for ions, told in ((1, ""), (2, "does not list all bands: it was cut")):
        head = f"# of k-points: 1         # of bands:   1         # of ions:   {ions}\n"
        text = f"PROCAR lm\n{head}\n{band} \n".encode()
        assert ENDS["PROCAR"](text.splitlines(keepends=True)) == told


def state_of(place: Path) -> tuple[State, str]:
    (files,) = run_files(place)
    document = parse_files(files)
    return document.state, document.reason


OUTPUTS = ("OUTCAR", "vasprun.xml", "OSZICAR", "vasp.out")


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (("OSZICAR",), "OSZICAR has 1 ionic step, 12 electronic steps"),
        (("OSZICAR", "vasp.out"), "OSZICAR has 1 ionic step, 12 electronic steps"),
        (("vasp.out",), "vasp.out has"),
    ],
)
def test_a_run_without_its_output_is_told_by_what_the_other_files_show(
    tmp_path: Path, kept: tuple[str, ...], shown: str
) -> None:
    unpacked("GaAs_all_files", "", tmp_path)
    if not (tmp_path / "vasp.out").exists():
        text = (tmp_path / "OSZICAR").read_text()
        (tmp_path / "vasp.out").write_text(f" running on 4 total cores\n{text}")
    for name in OUTPUTS:
        if name not in kept:
            (tmp_path / name).unlink(missing_ok=True)
    state, reason = state_of(tmp_path)
    assert state is State.TRUNCATED
    assert reason.startswith(f"no OUTCAR, although VASP came further: {shown}")
    assert "removed, or not copied" in reason


def test_a_run_that_showed_nothing_stopped_before_its_output(tmp_path: Path) -> None:
    (tmp_path / "OSZICAR").write_text("       N       E                     dE\n")
    state, reason = state_of(tmp_path)
    assert (state, reason) == (
        State.TRUNCATED,
        "no OUTCAR: VASP stopped before it wrote one",
    )


def test_a_cut_run_whose_whole_step_had_not_converged_says_both(
    tmp_path: Path,
) -> None:
    unpacked("V2O5_unconverged", "", tmp_path)
    assert state_of(tmp_path)[0] is State.UNCONVERGED
    content = (tmp_path / "vasprun.xml").read_bytes()
    mark = b"</calculation>"
    (tmp_path / "vasprun.xml").write_bytes(content[: content.find(mark) + len(mark)])
    state, reason = state_of(tmp_path)
    assert state is State.TRUNCATED
    assert "; and what is there did not converge: ionic step 1 reached NELM" in reason


def test_a_cut_run_that_could_still_have_converged_says_only_that_it_was_cut(
    tmp_path: Path,
) -> None:
    unpacked("LiAlSiO4_relax1_relax2", ".relax2", tmp_path)
    path = tmp_path / "OUTCAR.relax2"
    content = path.read_bytes()
    chosen = random.Random("cut")
    for _ in range(CUTS):
        path.write_bytes(content[: chosen.randrange(1000, len(content) - 2000)])
        state, reason = state_of(tmp_path)
        assert state is State.TRUNCATED
        assert "did not converge" not in reason
