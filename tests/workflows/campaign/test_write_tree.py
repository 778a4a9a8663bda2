"""A tree of inputs says, directory by directory, what is not yet the last word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pymatgen.core import SETTINGS
from pymatgen.io.vasp import Poscar

from workflows import load_campaign
from workflows.campaign import write_tree as writing
from workflows.campaign.inputs import poscar_body
from workflows.campaign.write_tree import write_campaign
from workflows.errors import StoreError

WriteCampaign = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", None)


def told(path: Path, where: Path) -> dict[str, str]:
    """Return README.txt of every step of a campaign with one calculation."""
    written = writing.write_campaign(load_campaign(path), where).directories
    return {d.name: (d / "README.txt").read_text("utf-8") for d in written}


def test_every_directory_holds_the_inputs_and_says_what_is_provisional(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    found = told(write_campaign({"x": [1]}), tmp_path / "in")
    assert "less than 0.3% in at most 3 ionic steps" in found["relax"]
    assert "at most 5 times" in found["relax"]
    assert "CONTCAR and the WAVECAR (ISTART = 1, ICHARG = 0)" in found["relax"]
    assert "needs the WAVECAR of the last relaxation" in found["static"]
    assert "WAVECAR" not in found["dos"]
    for step in ("static", "dos"):
        assert "Replace it by the CONTCAR" in found[step]
        assert "MAGMOM by the final site moments" in found[step]
    assert "EMIN and EMAX are left out" in found["dos"]
    assert "needs the CHGCAR of static" in found["dos"]
    assert "EMIN" not in found["static"]
    files = {path.name for path in next((tmp_path / "in").glob("*/dos")).iterdir()}
    assert files == {"INCAR", "KPOINTS", "POSCAR", "POTCAR.spec", "README.txt"}


def test_what_is_said_follows_the_settings(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    changes = {"x": [1], "vasp.carry_moments": False, "vasp.functional": "r2scan"}
    found = told(write_campaign(changes), tmp_path / "in")
    assert "MAGMOM" not in found["static"]
    assert "needs the CHGCAR of static (ICHARG = 1)" in found["dos"]


def test_from_scratch_nothing_waits_for_a_wavecar(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    changes = {"x": [1], "vasp.restart": "scratch", "vasp.functional": "r2scan"}
    found = told(write_campaign(changes), tmp_path / "in")
    assert "WAVECAR" not in "".join(found.values())
    assert "CHGCAR" not in found["dos"]


def test_a_step_that_none_precedes_is_not_told_to_wait_for_one(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    changes = {"x": [1], "vasp.steps": ["static"], "vasp.dos_at": []}
    found = told(write_campaign({**changes, "lithium_reference": False}), tmp_path)
    assert found == {"static": "Nothing here comes from another step.\n"}


def test_the_metal_has_no_moments_to_carry(tmp_path: Path) -> None:
    written = writing.write_campaign(load_campaign("paper").override(x=[1]), tmp_path)
    metal = [d for d in written.directories if d.parent.name.startswith("Li-metal")]
    assert [d.name for d in metal] == ["relax", "static"]
    assert "MAGMOM" not in (metal[1] / "README.txt").read_text("utf-8")


def test_variants_have_directories_of_their_own(tmp_path: Path) -> None:
    written = writing.write_campaign(
        load_campaign("ordering").override(x=[1]), tmp_path
    )
    names = {d.parent.name.rpartition("-")[0] for d in written.directories}
    assert names == {"x1-P4_332", "x1-disordered", "Li-metal"}


def test_the_steps_of_a_calculation_share_one_poscar_but_for_its_first_line(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    campaign = load_campaign(write_campaign({"x": [1]}))
    written = writing.write_campaign(campaign, tmp_path / "in").directories
    texts = [(d / "POSCAR").read_text("utf-8").split("\n", 1) for d in written]
    assert len({body for _, body in texts}) == 1
    assert [first.split()[2] for first, _ in texts] == ["relax", "static", "dos"]
    structure = Poscar.from_file(written[0] / "POSCAR").structure
    assert poscar_body(structure).splitlines()[4:6] == ["Li Ni Mn O", "8 4 12 32"]


def test_another_persons_files_are_never_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "campaign.yaml"
    mine.write_text("# my notes\n")
    with pytest.raises(StoreError, match=r"campaign\.yaml was not written by lnmo"):
        write_campaign(load_campaign("paper").override(x=[1]), tmp_path)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "campaign.yaml": "# my notes\n"
    }


@pytest.mark.parametrize("name", ["calculations.json", "POSCAR", "static"])
def test_a_name_of_another_kind_is_refused_before_anything_changes(
    tmp_path: Path, name: str
) -> None:
    campaign = load_campaign("paper").override(x=[1])
    write_campaign(campaign, tmp_path)
    odd = next(path for path in sorted(tmp_path.rglob(name)) if path.name == name)
    shutil.rmtree(odd) if odd.is_dir() else odd.unlink()
    if name == "static":
        odd.touch()
    else:
        odd.mkdir()
    if name == "calculations.json":
        (tmp_path / "README.txt").write_text("older")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(StoreError, match=f"{odd}: is "):
        write_campaign(campaign, tmp_path)
    after = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert after == before


@pytest.mark.parametrize("output", ["OUTCAR", "vasprun.xml.gz", "OSZICAR"])
def test_inputs_beside_outputs_of_vasp_are_those_that_ran_and_stay(
    write_campaign: WriteCampaign, tmp_path: Path, output: str
) -> None:
    path, where = write_campaign({"x": [0, 1]}), tmp_path / "in"
    first = writing.write_campaign(load_campaign(path), where)
    assert first.kept == ()
    ran = next(d for d in first.directories if d.name == "static")
    (ran / "INCAR").write_text("METAGGA = R2SCAN\n")
    (ran / output).write_text("as VASP left it\n")
    again = writing.write_campaign(load_campaign(path), where)
    assert again.kept == (ran,)
    assert set(again.directories) == set(first.directories) - {ran}
    assert (ran / "INCAR").read_text() == "METAGGA = R2SCAN\n"
