"""VASP inputs as whole files: a tag too many is as wrong as a tag too few.

The tables are those of the paper and of the choices written in the presets; they
are written out here by hand and compared with what is decided and what is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import SETTINGS, Structure
from pymatgen.io.vasp import Incar, Kpoints, Poscar, Potcar
from pymatgen.io.vasp.inputs import UnknownPotcarWarning

from workflows import load_campaign, plan
from workflows.calculation import Calculation
from workflows.errors import InputError
from workflows.inputs import species_blocks, vasp_inputs, write_vasp_inputs

WriteCampaign = Callable[..., Path]

COMMON = {
    "ALGO": "Normal", "ENCUT": 520, "GGA": "PE", "ISPIN": 2, "ISTART": 0, "ISYM": 0,
    "LASPH": True, "LDAU": True, "LDAUTYPE": 2, "LMAXMIX": 4, "LORBIT": 11,
    "LREAL": False, "LWAVE": False, "NELM": 200, "PREC": "Accurate", "SYMPREC": 1e-5,
}  # fmt: skip
STEPS = {
    "relax": {
        "EDIFF": 1e-5, "EDIFFG": -0.02, "IBRION": 2, "ICHARG": 2, "ISIF": 3,
        "ISMEAR": 0, "LCHARG": False, "LDAUPRINT": 1, "NELMIN": 5, "NSW": 100,
        "POTIM": 0.3, "SIGMA": 0.05,
    },
    "static": {
        "EDIFF": 1e-6, "IBRION": -1, "ICHARG": 2, "ISIF": 2, "ISMEAR": 0,
        "LCHARG": True, "LDAUPRINT": 1, "NEDOS": 301, "NELMIN": 5, "NSW": 0,
        "SIGMA": 0.05,
    },
    "dos": {
        "EDIFF": 1e-6, "IBRION": -1, "ICHARG": 11, "ISIF": 2, "ISMEAR": -5,
        "LCHARG": False, "LDAUPRINT": 0, "NEDOS": 3001, "NSW": 0,
    },
}  # fmt: skip
SPECIES = {
    0: {"LDAUL": [2, 2, -1], "LDAUU": [4.5, 5.96, 0], "LDAUJ": [0, 0, 0]},
    1: {"LDAUL": [-1, 2, 2, -1], "LDAUU": [0, 4.5, 5.96, 0], "LDAUJ": [0] * 4},
}
SPECIES |= {1.5: SPECIES[1], 2: SPECIES[1]}
BLOCKS = {
    0: ("Ni Mn O", "4 12 32"),
    1: ("Li Ni Mn O", "8 4 12 32"),
    1.5: ("Li Ni Mn O", "12 4 12 32"),
    2: ("Li Ni Mn O", "16 4 12 32"),
}
MAGMOM = {
    0: "4*-2.0 12*4.0 32*0.0",
    1: "8*0.0 4*-2.0 12*4.0 32*0.0",
    1.5: "12*0.0 4*-2.0 12*4.0 32*0.0",
    2: "16*0.0 4*-2.0 12*4.0 32*0.0",
}
U = {"Ni": 4.5, "Mn": 5.96}
MOMENT = {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}
VALENCE = {"Li_sv": 3, "Ni_pv": 16, "Mn_pv": 13, "O": 6}


@pytest.fixture(autouse=True)
def no_licence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", None)  # put back afterwards


@pytest.fixture
def at_x(write_campaign: WriteCampaign) -> Callable[[float], Calculation]:
    """The paper's calculation at x, with a dos step everywhere."""

    def find(x: float) -> Calculation:
        changes = {"x": [x], "vasp.dos_at": [x]}
        return plan(load_campaign(write_campaign(changes)))[0]

    return find


def incar_line(directory: Path, tag: str) -> str:
    lines = (directory / "INCAR").read_text("utf-8").splitlines()
    (line,) = (found for found in lines if found.split(" = ")[0] == tag)
    return line.split(" = ")[1]


@pytest.mark.parametrize("step", ["relax", "static", "dos"])
@pytest.mark.parametrize("x", [0, 1, 1.5, 2])
def test_the_incar_is_the_table(
    at_x: Callable[[float], Calculation], x: float, step: str
) -> None:
    calculation = at_x(x)
    moments = [MOMENT[site.specie.symbol] for site in calculation.structure]
    assert vasp_inputs(calculation, step).incar == {
        **COMMON,
        **STEPS[step],
        **SPECIES[x],
        "MAGMOM": moments,
    }


@pytest.mark.parametrize("step", ["relax", "static", "dos"])
@pytest.mark.parametrize("x", [0, 1, 1.5, 2])
def test_the_written_files_say_the_same_in_the_order_of_the_poscar(
    at_x: Callable[[float], Calculation], tmp_path: Path, x: float, step: str
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
    assert inputs.incar["MAGMOM"] == [*moments[:23], -3.2, *moments[24:]]
    write_vasp_inputs(inputs, tmp_path)
    written = "8*0.01 4*-1.7 11*3.2 1*-3.2 32*0.0"
    assert incar_line(tmp_path, "MAGMOM") == written


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


def test_without_u_no_ldau_tag_is_written(write_campaign: WriteCampaign) -> None:
    (c,) = plan(load_campaign(write_campaign({"x": [1], "vasp.functional": "pbe"})))
    tags = vasp_inputs(c, "relax").incar
    assert [tag for tag in tags if tag.startswith("LDAU")] == []
    assert len(tags["MAGMOM"]) == 56


def test_a_species_in_two_blocks_is_refused(
    calculations: tuple[Calculation, ...],
) -> None:
    c = calculations[5]
    order = [*range(1, len(c.structure)), 0]  # one Li after all the oxygen
    split = Structure.from_sites([c.structure[i] for i in order])
    expected = "POSCAR would have the blocks Li Ni Mn O Li: Li twice"
    with pytest.raises(InputError, match=expected):
        species_blocks(split)
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


def write_potcars(library: Path, valences: Mapping[str, int]) -> None:
    """Dummies of our own with the header lines that pymatgen reads; no PAW data."""
    for symbol, valence in valences.items():
        folder = library / "POT_GGA_PAW_PBE_54" / symbol
        folder.mkdir(parents=True)
        element = symbol.split("_")[0]
        (folder / "POTCAR").write_text(
            f"  PAW_PBE {symbol} 01Jan2000\n"
            f"   {valence}.00000000000000\n"
            " parameters from PSCTR are:\n"
            f"   VRHFIN ={element}: dummy\n"
            "   LEXCH  = PE\n"
            f"   TITEL  = PAW_PBE {symbol} 01Jan2000\n"
            f"   POMASS =   1.000; ZVAL   =  {valence}.000    mass and valenz\n"
            "   ENMAX  =  400.000; ENMIN  =  300.000 eV\n"
            "END of PSCTR-controll parameters\n"
            " local part\n  1.0 2.0 3.0\n"
            " End of Dataset\n",
            "utf-8",
        )


def test_with_a_licence_the_potcar_follows_the_blocks_of_the_poscar(
    calculations: tuple[Calculation, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_potcars(tmp_path / "library", VALENCE)
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(tmp_path / "library"))
    for c in (calculations[0], calculations[4], calculations[8]):
        directory = tmp_path / c.id
        with pytest.warns(UnknownPotcarWarning):
            write_vasp_inputs(vasp_inputs(c, "relax"), directory)
        assert not (directory / "POTCAR.spec").exists()
        with pytest.warns(UnknownPotcarWarning):
            potcar = Potcar.from_file(directory / "POTCAR")
        poscar = Poscar.from_file(directory / "POSCAR")
        assert [single.element for single in potcar] == poscar.site_symbols
        counts = zip(potcar, poscar.natoms, strict=True)
        electrons = sum(single.zval * n for single, n in counts)
        assert electrons == 412 + 24 * c.x


def test_a_library_without_the_potcar_is_refused_and_nothing_is_written(
    calculations: tuple[Calculation, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(tmp_path / "empty"))
    with pytest.raises(InputError) as caught:
        write_vasp_inputs(vasp_inputs(calculations[4], "relax"), tmp_path / "run")
    message = str(caught.value)
    assert message.startswith(
        f"PMG_VASP_PSP_DIR={tmp_path / 'empty'}: no PBE_54 POTCAR"
    )
    assert message.endswith("unset the variable to write POTCAR.spec instead")
    assert "\n" not in message
    assert not (tmp_path / "run").exists()


def test_a_library_that_does_not_exist_is_refused(
    calculations: tuple[Calculation, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match=r"PMG_VASP_PSP_DIR=.*nowhere"):
        write_vasp_inputs(vasp_inputs(calculations[4], "relax"), tmp_path / "run")


def test_inputs_are_decided_without_touching_the_calculation(
    calculations: tuple[Calculation, ...],
) -> None:
    before: dict[str, Any] = calculations[4].as_dict()
    for step in calculations[4].steps:
        vasp_inputs(calculations[4], step).incar.clear()
    assert calculations[4].as_dict() == before
