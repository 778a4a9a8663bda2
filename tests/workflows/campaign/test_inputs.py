"""VASP inputs as whole files: a tag too many is as wrong as a tag too few.

The tables are those of the paper and of the choices written in the presets; they
are written out here by hand and compared with what is decided and what is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import SETTINGS, Lattice, Structure
from pymatgen.io.vasp import Incar, Kpoints, Poscar

from workflows import load_campaign, plan
from workflows.analysis.starting_moments import scaled_up
from workflows.campaign.calculation import Calculation, content_id
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import structure_inputs, vasp_inputs, write_vasp_inputs
from workflows.errors import InputError
from workflows.vasp.incar_text import read_incar
from workflows.vasp.species_tags import species_blocks

WriteCampaign = Callable[..., Path]

COMMON = {
    "ALGO": "Normal", "ENCUT": 520, "ISPIN": 2, "ISYM": 0, "LASPH": True,
    "LMAXMIX": 4, "LORBIT": 11, "LREAL": False, "NELM": 200,
    "PREC": "Accurate", "SYMPREC": 1e-5,
}  # fmt: skip
STEPS = {
    "relax": {
        "EDIFF": 1e-5, "EDIFFG": -0.02, "IBRION": 2, "ICHARG": 2, "ISIF": 3,
        "ISMEAR": 0, "LCHARG": False, "NELMIN": 5, "NSW": 100, "POTIM": 0.3,
        "SIGMA": 0.05,
        # The first link has nothing to start from; the next one reads its WAVECAR.
        "ISTART": 0, "LWAVE": True,
    },
    "static": {
        "EDIFF": 1e-6, "IBRION": -1, "ISIF": 2, "ISMEAR": 0,
        "LCHARG": True, "NEDOS": 301, "NELMIN": 5, "NSW": 0, "SIGMA": 0.05,
        # The state of the geometry, in a basis of its cell; dos reads the density.
        "ISTART": 1, "ICHARG": 0, "LWAVE": False,
    },
    "dos": {
        "EDIFF": 1e-6, "IBRION": -1, "ICHARG": 11, "ISIF": 2, "ISMEAR": -5,
        "LCHARG": False, "NEDOS": 3001, "NSW": 0,
        # Another mesh than that of static: its WAVECAR cannot be read.
        "ISTART": 0, "LWAVE": False,
    },
}  # fmt: skip
PLUS_U = {"LDAU": True, "LDAUTYPE": 2}
LDAUPRINT = {"relax": 1, "static": 1, "dos": 0}
R2SCAN = {"METAGGA": "R2SCAN", "LMIXTAU": True}
HSE06 = {
    "GGA": "PE", "LHFCALC": True, "HFSCREEN": 0.2, "AEXX": 0.25, "ALGO": "Damped",
    "TIME": 0.5,
}  # fmt: skip
FUNCTIONALS = {
    "pbe_u": {"GGA": "PE", **PLUS_U},
    "pbe": {"GGA": "PE"},
    "pbesol_u": {"GGA": "PS", **PLUS_U},
    "r2scan": R2SCAN,
    "r2scan_u": {**R2SCAN, **PLUS_U},
    "hse06": HSE06,
}
# Where a fixed density does not define the Hamiltonian it is still the start.
SELF_CONSISTENT_DOS = {
    "r2scan": {"ICHARG": 1},
    "r2scan_u": {"ICHARG": 1},
    "hse06": {"ICHARG": 1, "ISMEAR": 0, "SIGMA": 0.05},
}
SPECIES = {
    0: {"LDAUL": [2, 2, -1], "LDAUU": [4.5, 5.96, 0], "LDAUJ": [0, 0, 0]},
    1: {"LDAUL": [-1, 2, 2, -1], "LDAUU": [0, 4.5, 5.96, 0], "LDAUJ": [0] * 4},
}
SPECIES |= {x: SPECIES[1] for x in (0.5, 1.5, 2)}
BLOCKS = {
    0: ("Ni Mn O", "4 12 32"),
    0.5: ("Li Ni Mn O", "4 4 12 32"),
    1: ("Li Ni Mn O", "8 4 12 32"),
    1.5: ("Li Ni Mn O", "12 4 12 32"),
    2: ("Li Ni Mn O", "16 4 12 32"),
}
MAGMOM = {
    0: "4*-2.0 12*4.0 32*0.0",
    0.5: "4*0.0 4*-2.0 12*4.0 32*0.0",
    1: "8*0.0 4*-2.0 12*4.0 32*0.0",
    1.5: "12*0.0 4*-2.0 12*4.0 32*0.0",
    2: "16*0.0 4*-2.0 12*4.0 32*0.0",
}
U = {"Ni": 4.5, "Mn": 5.96}
MOMENT = {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}


@pytest.fixture(autouse=True)
def no_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", None)  # put back afterwards


@pytest.fixture(scope="module")
def at_x(paper: Campaign) -> Callable[..., Calculation]:
    """The paper's calculation at x, with a dos step everywhere."""

    @cache
    def find(x: float, functional: str = "pbe_u") -> Calculation:
        content = paper.model_dump(mode="json")
        content |= {"x": [x]}
        content["vasp"] |= {"dos_at": [x], "functional": functional}
        return plan(Campaign.model_validate(content))[0]

    return find


def incar_line(directory: Path, tag: str) -> str:
    text = (directory / "INCAR").read_text("utf-8")
    lines = " ".join(text.split("\\\n")).splitlines()
    (line,) = (found for found in lines if found.split(" = ")[0] == tag)
    return line.split(" = ")[1]


@pytest.mark.parametrize("x", [0, 0.5, 1, 1.5, 2])
@pytest.mark.parametrize("functional", list(FUNCTIONALS))
@pytest.mark.parametrize("step", ["relax", "static", "dos"])
def test_the_incar_is_the_table(
    at_x: Callable[..., Calculation], step: str, functional: str, x: float
) -> None:
    calculation = at_x(x, functional)
    moments = [MOMENT[site.specie.symbol] for site in calculation.structure]
    expected = {**COMMON, **STEPS[step], **FUNCTIONALS[functional], "MAGMOM": moments}
    if step == "dos":
        expected |= SELF_CONSISTENT_DOS.get(functional, {})
    if functional.endswith("_u"):
        expected |= {"LDAUPRINT": LDAUPRINT[step], **SPECIES[x]}
    assert vasp_inputs(calculation, step).incar == expected


@pytest.mark.parametrize("step", ["relax", "static", "dos"])
@pytest.mark.parametrize("x", [0, 0.5, 1, 1.5, 2])
def test_the_written_files_say_the_same_in_the_order_of_the_poscar(
    at_x: Callable[..., Calculation], tmp_path: Path, x: float, step: str
) -> None:
    calculation = at_x(x)
    inputs = vasp_inputs(calculation, step)
    write_vasp_inputs(inputs, tmp_path / "run")
    poscar = (tmp_path / "run" / "POSCAR").read_text("utf-8").splitlines()
    assert poscar[0].split()[0] == calculation.formula
    assert calculation.id in poscar[0]
    assert tuple(" ".join(line.split()) for line in poscar[5:7]) == BLOCKS[x]
    assert incar_line(tmp_path / "run", "MAGMOM") == MAGMOM[x]
    numbers = [float(u) for u in incar_line(tmp_path / "run", "LDAUU").split()]
    assert numbers == SPECIES[x]["LDAUU"]
    written = Incar.from_file(tmp_path / "run" / "INCAR")
    assert {**written} == {**Incar(inputs.incar)}


@pytest.mark.parametrize(
    ("step", "mesh"), [("relax", "3 3 3"), ("static", "3 3 3"), ("dos", "5 5 5")]
)
def test_the_k_mesh_is_gamma_centred(
    calculations: tuple[Calculation, ...], tmp_path: Path, step: str, mesh: str
) -> None:
    write_vasp_inputs(vasp_inputs(calculations[4], step), tmp_path)
    lines = (tmp_path / "KPOINTS").read_text("utf-8").splitlines()
    assert (lines[1].strip(), lines[2].strip()) == ("0", "Gamma")
    assert [line.split() for line in lines[3:]] == [mesh.split()]
    assert Kpoints.from_file(tmp_path / "KPOINTS").kpts[0] == tuple(
        int(n) for n in mesh.split()
    )


def test_u_moments_and_potcars_read_back_by_element_are_those_of_the_campaign(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    for c in calculations:
        directory = tmp_path / c.id
        write_vasp_inputs(vasp_inputs(c, "relax"), directory)
        structure = Poscar.from_file(directory / "POSCAR").structure
        incar = Incar.from_file(directory / "INCAR")
        blocks = Poscar.from_file(directory / "POSCAR").site_symbols
        found_u = dict(zip(blocks, incar["LDAUU"], strict=True))
        assert {e: u for e, u in found_u.items() if u} == U
        assert dict(zip(blocks, incar["LDAUL"], strict=True)) == {
            element: 2 if element in U else -1 for element in blocks
        }
        pairs = zip(structure, incar["MAGMOM"], strict=True)
        moments = {(site.specie.symbol, m) for site, m in pairs}
        assert moments == {(e, m) for e, m in MOMENT.items() if e in blocks}
        spec = (directory / "POTCAR.spec").read_text("utf-8").split()
        assert [symbol.split("_")[0] for symbol in spec] == blocks


def test_the_written_poscar_is_the_planned_structure(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    for c in calculations:
        write_vasp_inputs(vasp_inputs(c, "relax"), tmp_path / c.id)
        written = Poscar.from_file(tmp_path / c.id / "POSCAR").structure
        assert written.species == c.structure.species
        assert written.lattice.matrix == pytest.approx(
            c.structure.lattice.matrix, abs=1e-10
        )
        assert written.frac_coords == pytest.approx(c.structure.frac_coords, abs=1e-10)


def test_the_first_vector_is_along_x_and_the_third_along_z(
    calculations: tuple[Calculation, ...],
) -> None:
    # t2g and eg are told apart in VASP's Cartesian axes.
    for c in calculations:
        matrix = vasp_inputs(c, "dos" if "dos" in c.steps else "static").structure
        assert matrix.lattice.matrix == pytest.approx(
            np.diag(matrix.lattice.abc), abs=1e-10
        )


def test_a_step_starts_from_the_structure_and_moments_of_the_one_before(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    c = calculations[4]
    before = c.structure.copy()
    before.scale_lattice(560.0)
    moments = [0.01] * 8 + [-1.7] * 4 + [3.2] * 11 + [-3.1996] + [0.0] * 32
    inputs = vasp_inputs(c, "static", structure=before, magnetization=moments)
    assert inputs.structure == before
    # Scaled up by valence: a PAW sphere holds less than what a run should start from.
    scaled = [0.013] * 8 + [-2.5] * 4 + [4.0] * 11 + [-4.0] + [0.0] * 32
    assert inputs.incar["MAGMOM"] == scaled
    write_vasp_inputs(inputs, tmp_path)
    written = "8*0.013 4*-2.5 11*4.0 -4.0 32*0.0"
    assert incar_line(tmp_path, "MAGMOM") == written


def test_a_long_magmom_is_wrapped_and_reads_back(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    c = calculations[-1]
    moments = [0.001 * n + (3.2 if n % 2 else -1.7) for n in range(len(c.structure))]
    inputs = vasp_inputs(c, "static", magnetization=moments)
    write_vasp_inputs(inputs, tmp_path)
    lines = (tmp_path / "INCAR").read_text("utf-8").splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.endswith(" \\") for line in lines) > 3
    assert "1*" not in (tmp_path / "INCAR").read_text("utf-8").replace("11*", "")
    read = Incar.from_file(tmp_path / "INCAR")
    assert read["MAGMOM"] == inputs.incar["MAGMOM"]
    ours = read_incar((tmp_path / "INCAR").read_text("utf-8"))
    assert list(ours.numbers("MAGMOM") or ()) == inputs.incar["MAGMOM"]


def test_moments_are_not_carried_when_the_campaign_says_so(
    write_campaign: WriteCampaign,
) -> None:
    changes = {"x": [1], "vasp.carry_moments": False}
    (c,) = plan(load_campaign(write_campaign(changes)))
    inputs = vasp_inputs(c, "static", magnetization=[1.0] * 56)
    assert inputs.incar["MAGMOM"] == [0.0] * 8 + [-2.0] * 4 + [4.0] * 12 + [0.0] * 32


def test_moments_of_another_structure_are_refused(
    calculations: tuple[Calculation, ...],
) -> None:
    with pytest.raises(InputError, match="48 moments for 56 atoms"):
        vasp_inputs(calculations[4], "static", magnetization=[0.0] * 48)


def test_the_dos_window_lies_around_the_fermi_level_of_the_static_step(
    calculations: tuple[Calculation, ...],
) -> None:
    c = calculations[4]
    known = vasp_inputs(c, "dos", efermi=2.5).incar
    unknown = vasp_inputs(c, "dos").incar
    assert (known.pop("EMIN"), known.pop("EMAX")) == (-9.5, 10.5)
    assert known == unknown
    assert vasp_inputs(c, "static", efermi=2.5).incar == vasp_inputs(c, "static").incar


def test_the_campaign_s_own_tags_come_last_and_null_deletes(
    write_campaign: WriteCampaign,
) -> None:
    own = {"common": {"ENCUT": 680, "NELM": 300}, "relax": {"NELM": 60, "POTIM": None}}
    (c,) = plan(load_campaign(write_campaign({"x": [1], "vasp.incar": own})))
    relax, static = (vasp_inputs(c, step).incar for step in ("relax", "static"))
    assert (relax["ENCUT"], relax["NELM"], "POTIM" in relax) == (680, 60, False)
    assert (static["ENCUT"], static["NELM"]) == (680, 300)


def test_a_u_that_the_functional_does_not_take_is_told(
    write_campaign: WriteCampaign,
) -> None:
    def notes(**changes: Any) -> tuple[str, ...]:
        keys = {f"vasp.{key}": value for key, value in changes.items()}
        return plan(load_campaign(write_campaign({"x": [1], **keys})))[0].notes

    told = "the functional hse06 has no U: vasp.hubbard_u = paper is not used"
    assert notes(functional="hse06") == (told,)
    assert notes(functional="hse06", hubbard_u="none") == ()
    assert notes(functional="r2scan_u") == ()


def test_what_an_earlier_step_decides_is_no_part_of_an_id(
    calculations: tuple[Calculation, ...],
) -> None:
    c = calculations[4]
    relaxed = c.structure.copy()
    relaxed.scale_lattice(560.0)
    filled = vasp_inputs(
        c, "dos", structure=relaxed, magnetization=[1.0] * 56, efermi=3.0
    )
    beforehand = vasp_inputs(c, "dos")
    assert {"EMIN", "EMAX"} == set(filled.incar) - set(beforehand.incar)
    assert content_id(c) == c.id
    assert "EMIN" not in c.settings["incar"]["dos"]


@st.composite
def split_structures(draw: st.DrawFn) -> Structure:
    """Li, Ni, Mn and O in any order, each in any number of runs."""
    runs = draw(
        st.lists(
            st.tuples(st.sampled_from(list(MOMENT)), st.integers(1, 3)),
            min_size=1,
            max_size=8,
        )
    )
    species = [element for element, count in runs for _ in range(count)]
    coords = [[0.0, 0.0, n / len(species)] for n in range(len(species))]
    return Structure(Lattice.cubic(8.0), species, coords)


def per_atom(directory: Path) -> list[tuple[str, float, int, float, str]]:
    """Element, U, LDAUL, moment and POTCAR of every atom, as VASP reads them."""
    poscar = (directory / "POSCAR").read_text("utf-8").splitlines()
    blocks, counts = poscar[5].split(), [int(n) for n in poscar[6].split()]
    u = [float(v) for v in incar_line(directory, "LDAUU").split()]
    shell = [int(v) for v in incar_line(directory, "LDAUL").split()]
    j = [float(v) for v in incar_line(directory, "LDAUJ").split()]
    spec = (directory / "POTCAR.spec").read_text("utf-8").split()
    rows = list(zip(blocks, u, shell, spec, counts, j, strict=True))
    assert set(j) == {0.0}
    moments = []
    for run in incar_line(directory, "MAGMOM").split():
        count, _, value = run.rpartition("*")
        moments += [float(value)] * int(count or 1)
    atoms = [row[:4] for row in rows for _ in range(row[4])]
    pairs = zip(atoms, moments, strict=True)
    return [(e, u, shell, m, spec) for (e, u, shell, spec), m in pairs]


@given(structure=split_structures())
@settings(max_examples=60)
def test_u_moments_and_potcars_survive_any_order_and_any_blocks(
    calculations: tuple[Calculation, ...],
    structure: Structure,
) -> None:
    c = calculations[4]
    with TemporaryDirectory() as name:
        directory = Path(name)
        write_vasp_inputs(structure_inputs(structure, c.settings, "relax"), directory)
        expected = [
            (e, U.get(e, 0.0), 2 if e in U else -1, MOMENT[e], c.settings["potcar"][e])
            for e in (site.specie.symbol for site in structure)
        ]
        assert per_atom(directory) == expected
        carried = [round(-2 + 0.125 * n, 3) for n in range(len(structure))]
        inputs = structure_inputs(
            structure, c.settings, "static", magnetization=carried
        )
        write_vasp_inputs(inputs, directory)
        started = [row[3] for row in per_atom(directory)]
        assert started == scaled_up([s.specie.symbol for s in structure], carried)


def test_a_planned_species_in_two_blocks_is_refused(
    calculations: tuple[Calculation, ...],
) -> None:
    c = calculations[5]
    order = [*range(1, len(c.structure)), 0]  # one Li after all the oxygen
    split = Structure.from_sites([c.structure[i] for i in order])
    expected = "POSCAR would have the blocks Li Ni Mn O Li: Li twice"
    assert species_blocks(split) == ("Li", "Ni", "Mn", "O", "Li")
    with pytest.raises(InputError, match=expected):
        vasp_inputs(replace(c, structure=split), "relax")


def test_machine_tags_are_written_and_belong_to_no_calculation(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    inputs = vasp_inputs(calculations[0], "relax")
    write_vasp_inputs(inputs, tmp_path, machine={"NCORE": 4})
    assert incar_line(tmp_path, "NCORE") == "4"
    assert "NCORE" not in inputs.incar


def test_without_a_licence_only_the_potcar_symbols_are_written(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    write_vasp_inputs(vasp_inputs(calculations[0], "relax"), tmp_path / "0")
    write_vasp_inputs(vasp_inputs(calculations[4], "relax"), tmp_path / "1")
    names = {"INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"}
    assert {path.name for path in (tmp_path / "0").iterdir()} == names
    spec = [(tmp_path / n / "POTCAR.spec").read_text("utf-8") for n in ("0", "1")]
    assert spec == ["Ni_pv\nMn_pv\nO\n", "Li_sv\nNi_pv\nMn_pv\nO\n"]


def test_inputs_are_decided_without_touching_the_calculation(
    calculations: tuple[Calculation, ...],
) -> None:
    before: dict[str, Any] = calculations[4].as_dict()
    for step in calculations[4].steps:
        vasp_inputs(calculations[4], step).incar.clear()
    assert calculations[4].as_dict() == before
