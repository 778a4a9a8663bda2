"""``host: {file: cell.cif}``: from a file to the same campaign as our own hosts."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pymatgen.core import Lattice, Structure

from structures import own_host, spinel_host
from tests.places import TOP
from workflows import load_campaign, plan
from workflows.analysis.lattice import pseudo_cubic
from workflows.analysis.site_retention import site_retention
from workflows.campaign.campaign import Campaign
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError

DATA = TOP / "tests" / "data"
Write = Callable[..., Path]
MANGANESE = {"hubbard_u": {"Mn": 3.9}, "dos_at": []}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(**content: Any) -> Path:
        path = tmp_path / "mine.yaml"
        whole = {"name": "mine", "x": [1], "lithium_reference": False, **content}
        path.write_text(yaml.safe_dump(whole), "utf-8")
        return path

    return written


def lnmo() -> Structure:
    own = spinel_host().structure
    return Structure(own.lattice, own.species, own.frac_coords).perturb(0.02)


def roles(structure: Structure) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for site in structure:
        own = found.setdefault(site.specie.symbol, Counter())
        own[site.properties["role"]] += 1
    return {element: dict(counts) for element, counts in found.items()}


@pytest.mark.parametrize("name", ["cell.cif", "POSCAR", "mine.vasp"])
def test_every_format_is_one_crystal(write: Write, tmp_path: Path, name: str) -> None:
    crystal = lnmo()
    fmt = "cif" if name.endswith("cif") else "poscar"
    (tmp_path / name).write_text(crystal.to(fmt=fmt), "utf-8")
    (found,) = plan(load_campaign(write(host={"file": name})))
    assert roles(found.structure) == {
        "Li": {"8a": 8},
        "Ni": {"16d": 4},
        "Mn": {"16d": 12},
        "O": {"32e": 32},
    }
    assert (found.x, found.ordering["host"]) == (1.0, "own")
    assert f"host {name}: holds x = 1" in found.notes[0]


def test_a_campaign_written_elsewhere_plans_the_same_without_the_file(
    write: Write, tmp_path: Path
) -> None:
    (tmp_path / "cell.cif").write_text(lnmo().to(fmt="cif"), "utf-8")
    campaign = load_campaign(write(host={"file": "cell.cif"}, x=[0.5, 1, 1.5]))
    elsewhere = tmp_path / "there"
    elsewhere.mkdir()
    (elsewhere / "again.yaml").write_text(campaign.as_yaml(), "utf-8")
    again = load_campaign(elsewhere / "again.yaml")
    assert again == campaign
    assert [c.id for c in plan(again)] == [c.id for c in plan(campaign)]
    assert plan(campaign.override(x=[1]))[0].id in {c.id for c in plan(campaign)}


def poscar(name: str, folder: Path) -> str:
    """Unpack the POSCAR of a real run."""
    target = folder / f"{name}.vasp"
    with gzip.open(DATA / name / "POSCAR.gz") as packed, target.open("wb") as out:
        shutil.copyfileobj(packed, out)
    return target.name


def test_real_spinels_of_other_people_are_planned_over_x(
    write: Write, tmp_path: Path
) -> None:
    name = poscar("MgMn2O4_relax_ferromagnetic", tmp_path)
    found = plan(
        load_campaign(
            write(
                host={"file": name},
                x=[0, 0.5, 1, 2],
                insertion=[{"model": "oct_16c", "x": "all"}],
                vasp=MANGANESE,
                lithium_reference=True,
                start={"single": True},
            )
        )
    )
    assert [c.formula for c in found] == [
        *("Mn4O8", "Mg1Mn4O8", "Mg2Mn4O8", "Mg4Mn4O8", "Mg2")
    ]
    assert roles(found[3].structure)["Mg"] == {"8a": 2, "16c": 2}
    at_one = found[2]
    assert at_one.settings["potcar"]["Mg"] == "Mg_pv"
    shape = pseudo_cubic(at_one.structure, at_one.supercell)
    assert (shape.a, shape.c) == pytest.approx((8.096, 9.330), abs=0.005)
    assert site_retention(
        at_one.structure, at_one.structure, supercell=at_one.supercell
    ).retained


def test_a_delithiated_spinel_needs_its_ion_and_takes_it(
    write: Write, tmp_path: Path
) -> None:
    name = poscar("Mn8O16", tmp_path)
    with pytest.raises(CampaignError, match=r"host: Mn8O16\.vasp: .*host: \{ion: Li\}"):
        load_campaign(write(host={"file": name}, vasp=MANGANESE))
    host = {"file": name, "ion": "Li"}
    found = plan(load_campaign(write(host=host, x=[0, 0.25, 1], vasp=MANGANESE)))
    assert [c.formula for c in found] == ["Mn8O16", "Li1Mn8O16", "Li4Mn8O16"]
    assert "holds x = 0 (no Li in 4 LiMn2O4)" in found[0].notes[0]


def test_a_small_cell_of_shared_sites_becomes_the_cubic_one(
    write: Write, tmp_path: Path
) -> None:
    shared = Structure.from_spacegroup(
        "Fd-3m:2",
        Lattice.cubic(8.2),
        [{"Li": 1}, {"Ni": 0.25, "Mn": 0.75}, {"O": 1}],
        [[0.125] * 3, [0.5] * 3, [0.2630] * 3],
    ).get_primitive_structure()
    (tmp_path / "c.cif").write_text(shared.to(fmt="cif"), "utf-8")
    found = plan(load_campaign(write(host={"file": "c.cif"})))
    ideal = {"ordering": "disordered", "a": 8.2, "u": 0.2630}
    (reference,) = plan(load_campaign(write(host=ideal)))
    assert found[0].ordering["ewald_energy"] == pytest.approx(
        reference.ordering["ewald_energy"], abs=1e-3
    )
    host = {"file": "c.cif", "ordering": "ensemble"}
    ensemble = plan(load_campaign(write(host=host)))
    assert sum(c.ordering["host_weight"] for c in ensemble) == 1820


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ({"file": "no.cif"}, r"file: .*no\.cif is not a file; paths are relative"),
        ({"file": "mine.yaml"}, r"no other format is read"),
        ({"file": "cell.cif", "formula": "LiMn2O4"}, "remove formula"),
        ({"file": "cell.cif", "a": 8.3, "u": 0.26}, "remove a, u"),
        ({"file": "cell.cif", "ordering": "P4_332"}, "ordering: own.*remove ordering"),
        ({"file": "cell.cif", "primitive": True}, "remove primitive"),
        ({"file": "cell.cif", "ion": "K"}, "host.ion"),
        ({"file": 3}, "expected the path"),
        ({"crystal": {"lattice": [1], "sites": []}}, "crystal"),
    ],
)
def test_what_contradicts_the_file_is_refused_in_one_line(
    write: Write, tmp_path: Path, host: dict[str, Any], told: str
) -> None:
    (tmp_path / "cell.cif").write_text(lnmo().to(fmt="cif"), "utf-8")
    with pytest.raises(CampaignError, match=told) as caught:
        load_campaign(write(host=host))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scale", "rows", "atom", "told"),
    [
        ("0.0", "8 0 0\n0 8 0\n0 0 8", "0 0 0", "the lattice vectors span no volume"),
        ("1.0", "8 0 0\n8 0 0\n0 0 8", "0 0 0", "the lattice vectors span no volume"),
        ("1e-3", "8 0 0\n0 8 0\n0 0 8", "0 0 0", "the scale of a POSCAR"),
        (
            "1.0",
            "8 0 0\n0 8 0\n0 0 8",
            "nan 0 0",
            "0 positions for 1 atom; 'nan 0 0' is none",
        ),
        ("1.0", "inf 0 0\n0 8 0\n0 0 8", "0 0 0", r"P: |POSCAR"),
    ],
)
def test_a_cell_without_volume_or_an_atom_without_a_place_is_named(
    write: Write, tmp_path: Path, scale: str, rows: str, atom: str, told: str
) -> None:
    text = f"odd\n{scale}\n{rows}\nMn\n1\ndirect\n{atom}\n"
    (tmp_path / "POSCAR").write_text(text)
    with pytest.raises(CampaignError, match=told) as caught:
        load_campaign(write(host={"file": "POSCAR"}))
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_a_cell_of_thousands_of_atoms_is_refused_by_its_number(
    write: Write, tmp_path: Path
) -> None:
    large = lnmo().make_supercell(4, in_place=False)
    large.to(str(tmp_path / "POSCAR"), fmt="poscar")
    with pytest.raises(CampaignError, match=r"has \d+ sites, more than 2000: give"):
        load_campaign(write(host={"file": "POSCAR"}))


def test_variants_may_be_crystals(write: Write, tmp_path: Path) -> None:
    (tmp_path / "one.cif").write_text(lnmo().to(fmt="cif"), "utf-8")
    variants = {
        "ours": {},
        "theirs": {"host": {"file": "one.cif"}},
        "sodium": {"host": {"ion": "Na"}},
    }
    found = plan(load_campaign(write(variants=variants)))
    assert {c.variant: c.formula[:2] for c in found} == {
        **{"ours": "Li", "theirs": "Li", "sodium": "Na"}
    }


@pytest.mark.parametrize("ion", ["Li", "Na", "Mg"])
def test_the_ion_is_input(write: Write, ion: str) -> None:
    host = {"ion": ion}
    cells = plan(load_campaign(write(host=host, x=[0, 1], lithium_reference=True)))
    assert [c.label for c in cells] == ["x=0", "x=1", f"{ion} metal"]
    assert cells[1].formula == f"{ion}8Ni4Mn12O32"
    assert cells[1].settings["magmom"][ion] == 0.0
    assert cells[2].settings["hubbards"] == {}


def test_the_paper_asks_for_lithium_with_or_without_the_word(paper: Campaign) -> None:
    content = paper.model_dump(mode="json")
    content["host"]["ion"] = "Li"
    own = plan(Campaign.model_validate(content))
    assert [c.id for c in own] == [c.id for c in plan(paper)]


def test_the_command_refuses_a_layered_oxide_with_exit_code_2(
    write: Write, tmp_path: Path
) -> None:
    layered = Structure.from_spacegroup(
        "R-3m:H",
        Lattice.hexagonal(2.88, 14.2),
        ["Li", "Ni", "O"],
        [[0, 0, 0.5], [0, 0, 0], [0, 0, 0.2585]],
    )
    (tmp_path / "layered.cif").write_text(layered.to(fmt="cif"), "utf-8")
    path = write(host={"file": "layered.cif"})
    before = sorted(p.name for p in tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "workflows.cli", "plan", path.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "3 metals and 6 anions" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_a_relaxed_cell_starts_from_its_own_atoms(write: Write, tmp_path: Path) -> None:
    crystal = lnmo()
    (tmp_path / "POSCAR").write_text(crystal.to(fmt="poscar"), "utf-8")
    start = {"displacement": 0.0}
    (found,) = plan(load_campaign(write(host={"file": "POSCAR"}, start=start)))
    own, given = found.structure.distance_matrix, crystal.distance_matrix
    assert np.allclose(np.sort(own, axis=None), np.sort(given, axis=None), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "x", "sites", "times"),
    [
        ("LNMO_x0.5_chgnet.cif", 0.5, {"8a": 4}, (2, 2, 1)),
        ("LNMO_x2_chgnet.cif", 2.0, {"16c": 16}, (2, 1, 1)),
    ],
)
def test_relaxed_cells_of_other_contents_are_understood_and_their_supercells(
    name: str, x: float, sites: dict[str, int], times: tuple[int, int, int]
) -> None:
    crystal = read_crystal(DATA / "hosts" / name)
    small = own_host(crystal)
    assert (small.x, small.ions) == (x, sites)
    assert 0.1 < small.largest < 0.25
    large = own_host(crystal * times)
    number = times[0] * times[1] * times[2]
    assert large.ions == {role: number * n for role, n in sites.items()}
    assert large.largest == pytest.approx(small.largest, abs=1e-6)
    assert large.host.formula_units == 8 * number
