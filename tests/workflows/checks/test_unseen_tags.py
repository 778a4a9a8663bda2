"""A tag of INCAR counts as applied only if an output of the run shows it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.places import DATA
from tests.workflows.checks.test_inputs_as_applied import KEPT, parsed, unpacked
from workflows.checks.rules import check_directory
from workflows.records.document import State

OF_THE_ENERGY = {
    **{"IVDW": "12", "LSOL": ".TRUE.", "LUSE_VDW": ".TRUE.", "XC": "SCAN"},
    **{"I_CONSTRAINED_M": "1", "EFIELD": "0.1", "VOSKOWN": "1", "VCA": "1 .5 .5"},
    **{"LMONO": "T", "IDIPOL": "3", "EPSILON": "3", "NO_SUCH_TAG": "3"},
}
OF_NO_ENERGY = {
    **{"IVDW": "0", "LSOL": ".FALSE.", "VOSKOWN": "0", "GGA_COMPAT": ".TRUE."},
    **{"VDW_S8": "0.7", "AEXX": "0.3", "KSPACING": "0.2", "EB_K": "80"},
    **{"NCORE": "4", "LOPTICS": "T", "LELF": "T", "SYSTEM": "NiO", "IOPT": "3"},
}
SPINEL = "MgMn2O4_static_ferromagnetic"
VASP5 = "LiMn8O16_image"


def vasp5(place: Path) -> None:
    """Write a run of VASP 5, whose OUTCAR does not repeat the INCAR."""
    for packed in (DATA / VASP5).glob("*.relax2.gz"):
        name = packed.name.removesuffix(".relax2.gz")
        (place / name).write_bytes(gzip.decompress(packed.read_bytes()))


def add(place: Path, line: str) -> None:
    incar = place / "INCAR"
    incar.write_text(f"{incar.read_text().rstrip()}\n{line}\n")


@pytest.mark.parametrize("tag", OF_THE_ENERGY)
@pytest.mark.parametrize("kept", KEPT)
def test_a_tag_that_was_added_after_the_run_is_told(
    tmp_path: Path, tag: str, kept: str
) -> None:
    unpacked(SPINEL, tmp_path)
    for gone in KEPT[kept]:
        (tmp_path / gone).unlink()
    add(tmp_path, f"{tag} = {OF_THE_ENERGY[tag]}")
    document = parsed(tmp_path)
    assert document.state is State.NEEDS_REVIEW
    assert tag in document.reason
    assert any(
        found.severity == "error" and found.message.startswith(tag)
        for found in check_directory(tmp_path)
    )


@pytest.mark.parametrize("tag", OF_THE_ENERGY)
def test_it_is_told_of_a_vasp_that_does_not_repeat_the_incar(
    tmp_path: Path, tag: str
) -> None:
    vasp5(tmp_path)
    add(tmp_path, f"{tag} = {OF_THE_ENERGY[tag]}")
    document = parsed(tmp_path)
    assert document.state is State.NEEDS_REVIEW
    assert tag in document.reason


@pytest.mark.parametrize("tag", OF_NO_ENERGY)
def test_a_tag_that_decides_nothing_is_not_told(tmp_path: Path, tag: str) -> None:
    unpacked(SPINEL, tmp_path)
    add(tmp_path, f"{tag} = {OF_NO_ENERGY[tag]}")
    found = {finding.id for finding in check_directory(tmp_path)}
    assert not found & {"applied-absent", "applied-unseen"}


@pytest.mark.parametrize("tag", ["VDW_S8", "NCORE", "EB_K", "LSOL"])
def test_nor_is_it_of_vasp_5(tmp_path: Path, tag: str) -> None:
    vasp5(tmp_path)
    before = parsed(tmp_path)
    add(tmp_path, f"{tag} = {OF_NO_ENERGY[tag]}")
    after = parsed(tmp_path)
    assert (after.state, after.findings) == (before.state, before.findings)


def test_a_dispersion_energy_in_outcar_shows_that_ivdw_was_applied(
    tmp_path: Path,
) -> None:
    vasp5(tmp_path)
    before = parsed(tmp_path)
    add(tmp_path, "IVDW = 12")
    assert "OUTCAR has no Edisp: cannot tell" in parsed(tmp_path).reason
    outcar = tmp_path / "OUTCAR"
    line = "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)"
    text = outcar.read_text(errors="replace")
    outcar.write_text(text.replace(line, f"  Edisp (eV)  -28.80731\n{line}"))
    assert parsed(tmp_path).findings == before.findings


@pytest.mark.parametrize("value", ["0.00000000", "-1.25000000"])
def test_a_solvent_is_seen_by_its_energy(tmp_path: Path, value: str) -> None:
    vasp5(tmp_path)
    add(tmp_path, "LSOL = .TRUE.")
    outcar = tmp_path / "OUTCAR"
    line = "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)"
    text = outcar.read_text(errors="replace")
    part = f"  Solvation  Ediel_sol  =  {value}"
    outcar.write_text(text.replace(line, f"{part}\n{line}"))
    found = {finding.id for finding in check_directory(tmp_path)}
    assert ("applied-unseen" in found) is value.startswith("0")


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("now", ["", "IVDW = 11"])
def test_a_tag_that_was_taken_out_or_changed_after_the_run_is_told(
    tmp_path: Path, kept: str, now: str
) -> None:
    unpacked(SPINEL, tmp_path)
    outcar, vasprun = tmp_path / "OUTCAR", tmp_path / "vasprun.xml"
    text = outcar.read_text()
    assert text.count("\n INCAR:\n") == 1
    outcar.write_text(text.replace("\n INCAR:\n", "\n INCAR:\n   IVDW = 12\n"))
    text = vasprun.read_text()
    assert text.count("<incar>\n") == 1
    line = '  <i type="int" name="IVDW">    12</i>\n'
    vasprun.write_text(text.replace("<incar>\n", f"<incar>\n{line}"))
    for gone in KEPT[kept]:
        (tmp_path / gone).unlink()
    add(tmp_path, "IVDW = 12")
    assert parsed(tmp_path).state is State.DONE
    incar = tmp_path / "INCAR"
    incar.write_text(incar.read_text().replace("IVDW = 12", now))
    document = parsed(tmp_path)
    assert document.state is State.NEEDS_REVIEW
    assert "IVDW" in document.reason
