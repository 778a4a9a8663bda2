"""Files that came through other hands, or that no parser takes, are read or told."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.errors import ResultsError
from workflows.records.document import State
from workflows.vasp.dos_files import read_density
from workflows.vasp.file_ends import FOOTER
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.outcar_head import read_outcar_header
from workflows.vasp.read_directory import Run, read_run
from workflows.vasp.read_numbers import read_numbers
from workflows.vasp.run_files import run_files

MARK = b"\xef\xbb\xbf"


def unpacked(name: str, place: Path) -> Path:
    for packed in (DATA / name).glob("*.gz"):
        (place / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return place


def test_files_that_were_copied_through_windows_are_the_same_run(
    tmp_path: Path,
) -> None:
    run = unpacked("GaAs_all_files", tmp_path)
    ignored = {"dir_name", "completed_at"}
    before = parse_run(run).model_dump(exclude=ignored)
    assert before["state"] is State.DONE
    for path in run.iterdir():
        path.write_bytes(MARK + path.read_bytes().replace(b"\n", b"\r\n"))
    assert parse_run(run).model_dump(exclude=ignored) == before
    assert read_outcar_header(run / "OUTCAR").version == before["engine_version"]


def test_an_outcar_cut_on_windows_is_cut(tmp_path: Path) -> None:
    run = unpacked("NiO_static", tmp_path)
    content = (run / "OUTCAR").read_bytes().replace(b"\n", b"\r\n")
    (run / "OUTCAR").write_bytes(content[: content.rindex(FOOTER.encode()) + 200])
    document = parse_run(run)
    assert document.state is State.TRUNCATED
    assert "within its timing footer" in document.reason


DAMAGE = {
    "a Fermi level": ("OUTCAR", r"(E-fermi :) *\S+", r"\1 4.4.4"),
    "a TITEL": ("OUTCAR", r"TITEL  = .*", "TITEL  = "),
    "forces": ("OUTCAR", r"(TOTAL-FORCE.*\n -+\n).*", r"\1 no row at all"),
    "a lattice": ("OUTCAR", r"(direct lattice vectors.*\n).*", r"\1 none"),
    "no energies": ("vasprun.xml", r'<i name="e_0_energy">[^<]*', "<i>x"),
    "potentials": ("vasprun.xml", r"PAW_PBE", ""),
    "a word for a number": ("vasprun.xml", r'(name="NELECT">)[^<]*', r"\1 many"),
    "rows of two lengths": ("vasprun.xml", r'(name="forces" >\s*<v>)[^<]*', r"\1 0"),
}


@pytest.mark.parametrize("what", DAMAGE)
@pytest.mark.parametrize("alone", [True, False])
def test_whatever_is_damaged_in_a_cut_run_nothing_is_raised(
    tmp_path: Path, what: str, alone: bool
) -> None:
    name, pattern, new = DAMAGE[what]
    run = unpacked("NiO_static", tmp_path)
    text, count = re.subn(pattern, new, (run / name).read_text("utf-8"))
    assert count
    (run / name).write_text(text[: len(text) * 39 // 40], "utf-8")
    if alone:
        other = "OUTCAR" if name == "vasprun.xml" else "vasprun.xml"
        (run / other).unlink()
    (files,) = run_files(run)
    assert isinstance(read_numbers(files, cut=True), VaspNumbers)
    assert parse_run(run).state is State.TRUNCATED


def test_an_output_that_cannot_be_read_is_told_with_a_cure(tmp_path: Path) -> None:
    run = unpacked("NiO_static", tmp_path)
    content = (run / "vasprun.xml").read_bytes()
    (run / "vasprun.xml").write_bytes(content.replace(b"<kpoints>", b"<kpoints>\1", 1))
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith("unreadable output: XMLSyntaxError: ")
    assert document.reason.endswith(
        "copy it again from where VASP ran, or run it again"
    )


def test_a_missing_potcar_is_named_only_if_vasp_has_read_none(tmp_path: Path) -> None:
    run = unpacked("NiO_static", tmp_path)
    (run / "POTCAR.spec").write_text("Ni_pv\nO\n", "utf-8")
    text = (run / "OUTCAR").read_text("utf-8")
    assert parse_run(run).state is State.DONE
    for name in ("vasprun.xml", "OSZICAR"):
        (run / name).unlink(missing_ok=True)
    (run / "OUTCAR").write_text(text[: text.index(FOOTER)], "utf-8")
    assert "POTCAR" not in parse_run(run).reason
    (run / "OUTCAR").write_text(text[: text.index("POTCAR:")], "utf-8")
    assert "PMG_VASP_PSP_DIR" in parse_run(run).reason


NAMESPACES = {
    "of all": (r"<modeling>", '<modeling xmlns="http://x.y/z">'),
    "in single quotes": (r"<modeling>", "<modeling\n  xmlns = 'http://x.y/z'>"),
    "of a part": (r"<calculation>", '<calculation a="1" xmlns="http://x.y/z">'),
    "with a prefix": (r"<(/?)(\w+)", r"<\1v:\2"),
}


@pytest.mark.parametrize("what", NAMESPACES)
@pytest.mark.parametrize("alone", [True, False])
def test_a_vasprun_with_a_namespace_is_an_unknown_form(
    tmp_path: Path, what: str, alone: bool
) -> None:
    run = unpacked("NiO_static", tmp_path)
    pattern, new = NAMESPACES[what]
    text, count = re.subn(pattern, new, (run / "vasprun.xml").read_text("utf-8"))
    assert count
    declared = text.replace("<v:modeling", '<v:modeling xmlns:v="http://x.y/z"')
    (run / "vasprun.xml").write_text(declared, "utf-8")
    if alone:
        (run / "OUTCAR").unlink()
    document = parse_run(run)
    assert document.state is State.FAILED
    assert document.reason.startswith("vasprun.xml: unknown form: a namespace (xmlns")
    assert document.reason.endswith("take the file as VASP left it")
    with pytest.raises(ResultsError, match="unknown form: a namespace"):
        read_density(run)


def test_a_lint_names_the_namespace_once(tmp_path: Path) -> None:
    run = unpacked("NiO_static", tmp_path)
    text = (run / "vasprun.xml").read_text("utf-8")
    changed = text.replace("<modeling>", '<modeling xmlns="http://x.y/z">')
    (run / "vasprun.xml").write_text(changed, "utf-8")
    told = read_run(Run(run)).unreadable["vasprun.xml"]
    assert told.startswith("unknown form: a namespace (xmlns)")


def test_a_cut_vasprun_with_a_namespace_is_cut(tmp_path: Path) -> None:
    run = unpacked("NiO_static", tmp_path)
    text = (run / "vasprun.xml").read_text("utf-8")
    changed = text.replace("<modeling>", '<modeling xmlns="http://x.y/z">')
    (run / "vasprun.xml").write_text(changed[: len(text) // 2], "utf-8")
    assert parse_run(run).state is State.TRUNCATED


@pytest.mark.parametrize("name", ["Va", "Qq", "Me"])
def test_an_atom_of_no_element_is_an_unknown_form(tmp_path: Path, name: str) -> None:
    run = unpacked("NiO_static", tmp_path)
    text, count = re.subn(
        r"<c>Ni *</c>", f"<c>{name}</c>", (run / "vasprun.xml").read_text("utf-8")
    )
    assert count
    (run / "vasprun.xml").write_text(text, "utf-8")
    document = parse_run(run)
    assert document.state is State.FAILED
    assert f"vasprun.xml: unknown form: an atom {name}, which is no" in document.reason
    with pytest.raises(ResultsError, match=f"an atom {name}, which is no element"):
        read_density(run)
