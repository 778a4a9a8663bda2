"""What is neither a CIF nor a POSCAR, or absurd, is refused at once with the cure."""

from __future__ import annotations

import gzip
import json
import math
import time
from pathlib import Path

import pytest
from ase.io import read as ase_read
from ase.io import write as ase_write
from pymatgen.core import Lattice, Structure

from tests.workflows.campaign.crystal_files import BASE, written
from workflows.campaign.campaign import load_campaign
from workflows.campaign.host_crystal import Crystal, crystal_of
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError

RES = """\
TITL spinel
CELL 1.0 8.25 8.25 8.25 90 90 90
LATT -1
SFAC Li Mn O
Li 1 {} 0.125 0.125 1.0
END
"""
XYZ = """\
1
Lattice="8 0 0 0 8 0 0 0 8" Properties=species:S:1:pos:R:99999999999999 pbc="T T T"
Mn 0 0 0
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.res", RES),
        ("h.xyz", XYZ),
        ("h.json", json.dumps({"lattice": {"matrix": [[True, 0, 0]]}, "sites": []})),
        ("h.yaml", "lattice: {}\n"),
        ("h.xsf", "CRYSTAL\nPRIMVEC\n8 0 0\n0 8 0\n0 0 8\nPRIMCOORD\n9999999999 1\n"),
        ("h.cube", "a\nb\n9999999999 0 0 0\n"),
        ("CHGCAR", "a\n"),
        ("vasprun.xml", "<modeling>"),
        ("h.traj", "- of ulm"),
        ("h.txt", BASE),
        ("h", BASE),
    ],
)
def test_a_format_that_has_no_strict_reader_is_refused_at_once_with_the_cure(
    name: str, text: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(CampaignError, match="no other format is read") as caught:
        read_crystal(written(tmp_path, text, name))
    assert time.monotonic() - began < 5
    assert f"ase convert {name} cell.cif" in str(caught.value)
    assert "rename it if it is one" in str(caught.value)


def test_what_the_cure_converts_is_read(tmp_path: Path) -> None:
    plain = read_crystal(written(tmp_path, BASE))
    ase_write(tmp_path / "h.xyz", plain.to_ase_atoms())
    ase_write(tmp_path / "cell.cif", ase_read(tmp_path / "h.xyz"))
    again = read_crystal(tmp_path / "cell.cif")
    assert again.composition == plain.composition


@pytest.mark.parametrize("name", ["big.cif.gz", "POSCAR.gz"])
def test_a_packed_file_that_unpacks_to_far_more_is_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"# none\n" * 3_000_000))
    with pytest.raises(CampaignError, match="unpacks to more than 20 MB"):
        read_crystal(tmp_path / name)


LATTICE = [[8.2, 0, 0], [0, 8.2, 0], [0, 0, 8.2]]


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("Li:1e-08 0 0 0", "expected an element"),
        ("Li:0.0001 0 0 0", "above 0.001"),
        ("Li:0.5,Mn:0.6 0 0 0", "sum is at most 1"),
        ("Li:0.5,Li:0.5 0 0 0", "named twice"),
        ("Li: 0 0 0", "expected an element"),
        ("Xx 0 0 0", "Xx is not an element"),
        ("Li 1_0 0 0", "three numbers"),
        ("Li \u0661 0 0", "three numbers"),
        ("Li nan 0 0", "three numbers"),
        ("Li 1e300 0 0", "above 1000"),
    ],
)
def test_a_crystal_in_a_campaign_is_held_to_them_too_in_plain_words(
    site: str, told: str, tmp_path: Path
) -> None:
    host = {"crystal": {"lattice": LATTICE, "sites": [site] * 40}}
    path = written(tmp_path, json.dumps({"host": host, "x": [1]}), "mine.yaml")
    with pytest.raises(CampaignError, match=told) as caught:
        load_campaign(path)
    assert "validation error" not in str(caught.value)
    assert "http" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("times", [[10, 10, 10], [10**9, 1, 1], [True, 1, 1]])
def test_an_absurd_supercell_of_a_crystal_is_refused(
    times: list[int], tmp_path: Path
) -> None:
    written(tmp_path, BASE)
    content = {"host": {"file": "base.cif", "supercell": times}, "x": [1]}
    path = written(tmp_path, json.dumps(content), "mine.yaml")
    with pytest.raises(CampaignError, match=r"supercell.*(more than 8000|expected)"):
        load_campaign(path)


@pytest.mark.parametrize("share", [0.002, 0.5, 1 / 3, 0.999999, 0.0123456789])
def test_what_is_kept_of_an_occupancy_is_what_is_read_again(share: float) -> None:
    given = Structure(Lattice.cubic(4), [{"Mn": share}], [[0, 0, 0]])
    kept = crystal_of(given)
    again = Crystal.model_validate(kept.model_dump()).structure()
    assert math.isclose(again[0].species["Mn"], share, rel_tol=1e-4)
