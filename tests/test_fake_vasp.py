"""The fake VASP is an executable: every test runs it and reads what it left behind.

Other tests trust it to refuse what VASP would refuse and to fail as VASP fails, so both
are tested here, with pymatgen and custodian as the readers. The cells are built and the
inputs written by this file alone, without the packages under test.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from custodian import Custodian
from custodian.vasp.handlers import VaspErrorHandler
from custodian.vasp.jobs import VaspJob
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator
from lxml.etree import XMLSyntaxError
from pymatgen.core import Lattice, Structure
from pymatgen.electronic_structure.core import Orbital, Spin
from pymatgen.io.vasp import Chgcar, Incar, Kpoints, Oszicar, Outcar, Poscar, Vasprun
from pymatgen.io.vasp.outputs import UnconvergedVASPWarning

from workflows.vasp.wavecar import read_wavecar_head

FAKE = Path(__file__).parent / "fake_vasp" / "vasp_std"
POTCARS = {
    **{"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"},
    **{metal: metal for metal in ("Ti", "V", "Cr", "Fe", "Co", "Cu")},
}
U = {"Ni": 4.5, "Mn": 5.96}
MAGMOM = {"Ni": -2, "Mn": 4}
NI_SITES = [(0.5, 0.5, 0.5), (0.25, 0, 0.75), (0, 0.75, 0.25), (0.75, 0.25, 0)]

COMMON = {
    **{"ALGO": "Normal", "ENCUT": 520, "GGA": "PE", "ISPIN": 2, "ISYM": 0},
    **{"LASPH": True, "LCHARG": False, "LMAXMIX": 4, "LORBIT": 11, "LREAL": False},
    **{"LWAVE": False, "NELM": 200, "NELMIN": 5, "PREC": "Accurate", "SIGMA": 0.05},
}
STEPS = {
    "relax": {
        **{"EDIFF": 1e-5, "EDIFFG": -0.02, "IBRION": 2, "ISIF": 3, "ISMEAR": 0},
        **{"NSW": 100, "POTIM": 0.3},
    },
    "static": {"EDIFF": 1e-6, "IBRION": -1, "ISIF": 2, "ISMEAR": 0, "NSW": 0},
}


@cache
def spinel(x: float, *, a: float = 8.17) -> Structure:
    """LixNi0.5Mn1.5O4, 8 formula units: Li first on 8a, then on 8b."""
    host = Structure.from_spacegroup(
        "Fd-3m:2",
        Lattice.cubic(a),
        ["Li", "Li", "Mn", "O"],
        [[1 / 8] * 3, [3 / 8] * 3, [1 / 2] * 3, [0.2625] * 3],
    )
    tetrahedra, octahedra, oxygen = (
        host.frac_coords[:16],
        host.frac_coords[16:32],
        host.frac_coords[32:],
    )
    is_ni = [
        any(np.allclose((site - ni + 0.5) % 1, 0.5) for ni in NI_SITES)
        for site in octahedra
    ]
    ni, mn = octahedra[is_ni], octahedra[np.logical_not(is_ni)]
    li = tetrahedra[: round(8 * x)]
    species = ["Li"] * len(li) + ["Ni"] * 4 + ["Mn"] * 12 + ["O"] * 32
    return Structure(host.lattice, species, np.concatenate([li, ni, mn, oxygen]))


def tags(structure: Structure, step: str) -> dict[str, object]:
    species = [site.specie.symbol for site in structure]
    blocks = list(dict.fromkeys(species))
    return {
        **COMMON,
        **STEPS[step],
        **{"LDAU": True, "LDAUTYPE": 2, "LDAUJ": [0] * len(blocks)},
        "LDAUL": [2 if symbol in U else -1 for symbol in blocks],
        "LDAUU": [U.get(symbol, 0) for symbol in blocks],
        "MAGMOM": [MAGMOM.get(symbol, 0) for symbol in species],
    }


def write_inputs(
    directory: Path, structure: Structure, step: str = "relax", **changes: object
) -> Path:
    """Write all four files; a tag changed to None is left out."""
    directory.mkdir(exist_ok=True)
    incar = {**tags(structure, step), **changes}
    Incar({k: v for k, v in incar.items() if v is not None}).write_file(
        directory / "INCAR"
    )
    Poscar(structure).write_file(directory / "POSCAR")
    Kpoints.gamma_automatic((3, 3, 3)).write_file(directory / "KPOINTS")
    symbols = dict.fromkeys(site.specie.symbol for site in structure)
    names = [POTCARS[symbol] for symbol in symbols]
    (directory / "POTCAR.spec").write_text("\n".join(names))
    return directory


def environment(**switches: object) -> dict[str, str]:
    """Leave switches of the outside world out."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FAKE_VASP")}
    return {**kept, **{f"FAKE_VASP_{k}": str(v) for k, v in switches.items()}}


def run(directory: Path, **switches: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FAKE)],
        cwd=directory,
        env=environment(**switches),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def start(directory: Path, **switches: object) -> subprocess.Popen[bytes]:
    """Start a slow run and wait for its first finished ionic step."""
    process = subprocess.Popen(
        [sys.executable, str(FAKE)],
        cwd=directory,
        env=environment(**switches),
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while not (directory / "CONTCAR").is_file():
        assert time.monotonic() < deadline, "no ionic step within 30 s"
        time.sleep(0.02)
    return process


def vasprun(directory: Path) -> Vasprun:
    return Vasprun(directory / "vasprun.xml", parse_potcar_file=False)


def finished(directory: Path, **switches: object) -> Vasprun:
    """Run, and insist that it ended well."""
    result = run(directory, **switches)
    assert (result.returncode, result.stderr) == (0, "")
    return vasprun(directory)


def outcar(directory: Path) -> Outcar:
    return Outcar(str(directory / "OUTCAR"))


def has_footer(directory: Path) -> bool:
    return "General timing and accounting" in (directory / "OUTCAR").read_text()


def site_moments(directory: Path) -> list[float]:
    return [site["tot"] for site in outcar(directory).magnetization]


# --------------------------------------------------------------- what it computes


@pytest.mark.parametrize(
    ("x", "ni", "mn", "total", "edges"),
    [
        (0, [-0.5] * 4, [3.2] * 12, 36, (8.00, 8.00, 8.00)),
        (0.25, [-1.1, -1.1, -0.5, -0.5], [3.2] * 12, 34, (8.0425, 8.0425, 8.0425)),
        (1, [-1.7] * 4, [3.2] * 12, 28, (8.17, 8.17, 8.17)),
        (1.5, [-1.7] * 4, [3.95] * 4 + [3.2] * 8, 32, (8.1432, 8.1432, 8.4282)),
        (2, [-1.7] * 4, [3.95] * 8 + [3.2] * 4, 36, (8.1178, 8.1178, 8.6861)),
    ],
)
def test_a_relaxation_gives_the_moments_and_the_lattice_of_its_composition(
    tmp_path, x, ni, mn, total, edges
):
    result = finished(write_inputs(tmp_path, spinel(x)))

    assert result.converged
    assert result.final_structure.lattice.abc == pytest.approx(edges, abs=2e-3)
    assert site_moments(tmp_path) == [0.0] * round(8 * x) + ni + mn + [0.01] * 32
    assert outcar(tmp_path).total_mag == total
    assert Oszicar(tmp_path / "OSZICAR").ionic_steps[-1]["mag"] == total


@pytest.mark.parametrize(("x", "electrons"), [(0, 412), (1, 436), (1.5, 448), (2, 460)])
def test_the_electrons_are_those_of_the_potcars_named(tmp_path, x, electrons):
    result = finished(write_inputs(tmp_path, spinel(x), "static"))

    assert result.parameters["NELECT"] == electrons
    assert outcar(tmp_path).nelect == electrons
    for spins in result.eigenvalues.values():
        assert spins.shape[:2] == (14, result.parameters["NBANDS"])
    occupied = sum(spin[0, :, 1].sum() for spin in result.eigenvalues.values())
    assert occupied == electrons


def test_average_voltages_are_4_7_and_2_8_volts(tmp_path):
    energies = {}
    for x in (0, 1, 2):
        directory = write_inputs(tmp_path / str(x), spinel(x))
        energies[x] = finished(directory).final_energy / 8

    assert -(energies[1] - energies[0] + 1.90) == pytest.approx(4.7, abs=1e-3)
    assert -(energies[2] - energies[1] + 1.90) == pytest.approx(2.8, abs=1e-3)


def test_all_files_agree_on_the_energies(tmp_path):
    result = finished(write_inputs(tmp_path, spinel(0), "static"))
    out, oszicar = outcar(tmp_path), Oszicar(tmp_path / "OSZICAR")

    assert out.final_energy == pytest.approx(result.final_energy)
    assert oszicar.final_energy == pytest.approx(result.final_energy, abs=1e-5)
    assert out.final_fr_energy == pytest.approx(out.final_energy - 48 * 0.0005)
    assert out.final_energy_wo_entrp == pytest.approx(out.final_energy + 48 * 0.0005)


def test_a_restart_from_the_contcar_settles_in_two_steps(tmp_path):
    first = finished(write_inputs(tmp_path, spinel(2)))
    (tmp_path / "CONTCAR").rename(tmp_path / "POSCAR")
    second = finished(tmp_path)

    assert (len(first.ionic_steps), len(second.ionic_steps)) == (7, 2)
    growth = second.final_structure.volume / first.final_structure.volume - 1
    assert abs(growth) < 0.003


def test_a_static_returns_its_lattice_and_the_energy_of_the_relaxation(tmp_path):
    relaxed = finished(write_inputs(tmp_path, spinel(2)))
    settled = Structure.from_file(tmp_path / "CONTCAR")
    static = finished(write_inputs(tmp_path, settled, "static"))

    assert static.final_structure == settled
    assert static.final_energy == pytest.approx(relaxed.final_energy, abs=1e-6)
    assert abs(np.trace(static.ionic_steps[-1]["stress"])) / 3 < 1  # kB


def test_a_cell_that_is_too_small_is_under_pressure_and_higher_in_energy(tmp_path):
    right, small = tmp_path / "right", tmp_path / "small"
    fitting = finished(write_inputs(right, spinel(1), "static"))
    pressed = finished(write_inputs(small, spinel(1, a=8.10), "static"))

    assert np.trace(pressed.ionic_steps[-1]["stress"]) / 3 == pytest.approx(31.1, 0.01)
    assert pressed.final_energy > fitting.final_energy
    assert "external pressure =       31.11 kB" in (small / "OUTCAR").read_text()


def test_isif_2_moves_no_lattice_vector(tmp_path):
    result = finished(write_inputs(tmp_path, spinel(2), ISIF=2))

    assert result.converged
    assert result.final_structure.lattice == spinel(2).lattice


def test_ferromagnetic_order_is_obeyed_and_costs_energy(tmp_path):
    magmom = [abs(m) for m in tags(spinel(1), "static")["MAGMOM"]]
    ferri = finished(write_inputs(tmp_path / "ferri", spinel(1), "static"))
    ferro = finished(write_inputs(tmp_path / "ferro", spinel(1), MAGMOM=magmom))

    assert outcar(tmp_path / "ferro").total_mag == 44
    assert (ferro.final_energy - ferri.final_energy) / 8 == pytest.approx(0.06)


def test_a_supercell_and_a_primitive_cell_get_the_same_volume_per_atom(tmp_path):
    double = (
        spinel(2)
        .make_supercell((1, 1, 2), in_place=False)
        .get_sorted_structure(key=_block)
    )
    big = finished(write_inputs(tmp_path / "big", double))
    rhombohedral = Structure.from_spacegroup(
        "Fd-3m:2", Lattice.cubic(8.1), ["Mn", "O"], [[1 / 2] * 3, [0.2625] * 3]
    ).get_primitive_structure()
    small = finished(write_inputs(tmp_path / "small", rhombohedral))

    assert big.final_structure.lattice.c == pytest.approx(2 * 8.6861, abs=4e-3)
    assert len(rhombohedral) == 12
    assert small.final_structure.volume == pytest.approx(128, rel=1e-3)
    assert small.final_structure.lattice.angles == pytest.approx((60, 60, 60))


def _block(site) -> int:
    return list(POTCARS).index(site.specie.symbol)


def test_bcc_lithium_is_the_reference_of_the_voltages(tmp_path):
    bcc = Structure(Lattice.cubic(3.5), ["Li", "Li"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    unpolarised = {"ISPIN": 1, "MAGMOM": None, "LDAU": None, "ISMEAR": 1, "SIGMA": 0.2}
    directory = write_inputs(tmp_path, bcc, **unpolarised)
    Kpoints.gamma_automatic((17, 17, 17)).write_file(directory / "KPOINTS")
    result = finished(directory)

    assert result.final_energy / 2 == pytest.approx(-1.90, abs=1e-4)
    assert result.final_structure.lattice.abc == pytest.approx([3.44] * 3, abs=1e-3)
    assert result.hubbards == {}
    assert len(result.actual_kpoints) == (17**3 + 1) / 2
    assert outcar(directory).magnetization == ()


# ------------------------------------------------------------------- what it writes


def test_vasprun_repeats_the_incar_the_mesh_and_the_hubbard_u(tmp_path):
    directory = write_inputs(tmp_path, spinel(1))
    result = finished(directory)

    assert result.incar == Incar.from_file(directory / "INCAR")
    assert result.hubbards == {"Li": 0, "Ni": 4.5, "Mn": 5.96, "O": 0}
    assert result.run_type == "PBE+U"
    assert result.kpoints.style == Kpoints.supported_modes.Gamma
    assert result.kpoints.kpts == [(3, 3, 3)]
    assert len(result.actual_kpoints) == 14
    assert sum(result.actual_kpoints_weights) == pytest.approx(1)
    assert result.initial_structure == spinel(1)
    titles = [title.split()[1] for title in result.potcar_symbols]
    assert titles == ["Li_sv", "Ni_pv", "Mn_pv", "O"]


def test_both_versions_say_fake(tmp_path):
    result = finished(write_inputs(tmp_path, spinel(1), "static"))

    assert result.vasp_version == "1.0-fake"
    assert (tmp_path / "OUTCAR").read_text().startswith(" vasp.1.0-fake not VASP")


def test_outcar_carries_what_an_audit_reads(tmp_path):
    finished(write_inputs(tmp_path, spinel(1, a=8.1)))
    text = (tmp_path / "OUTCAR").read_text()

    for line in (
        "TITEL  = PAW_PBE Li_sv fake",
        "ENCUT  =  520.0 eV",
        "ISPIN  =      2",
        "EDIFF  = 0.1E-04",
        "EDIFFG = -0.2E-01",
        "ISMEAR =     0;   SIGMA  =   0.05",
        "NELECT =     436.0000",
        "LDAUTYPE =  2",
        "angular momentum for each species LDAUL =    -1    2    2   -1",
        "U (eV)           for each species LDAUU =   0.00  4.50  5.96  0.00",
        "J (eV)           for each species LDAUJ =   0.00  0.00  0.00  0.00",
        "aborting loop EDIFF is reached",
        "TOTAL-FORCE (eV/Angst)",
        "volume of cell :       545.",
        "reached required accuracy - stopping structural energy minimisation",
    ):
        assert line in text
    parsed = outcar(tmp_path)
    assert parsed.spin
    assert parsed.efermi == 3.0
    assert "Total CPU time used (sec)" in parsed.run_stats
    assert len(re.findall("in kB ", text)) == 5


def test_the_contcar_is_the_final_structure(tmp_path):
    result = finished(write_inputs(tmp_path, spinel(2)))
    contcar = Poscar.from_file(tmp_path / "CONTCAR")

    assert contcar.site_symbols == ["Li", "Ni", "Mn", "O"]
    assert contcar.natoms == [16, 4, 12, 32]
    assert contcar.structure.matches(result.final_structure)
    assert contcar.structure.frac_coords == pytest.approx(spinel(2).frac_coords)


@pytest.fixture
def dos_directory(tmp_path: Path) -> Path:
    """A non-self-consistent run on the charge density of a static one."""
    finished(write_inputs(tmp_path, spinel(2), "static", LCHARG=True))
    window = {"NEDOS": 401, "EMIN": -9, "EMAX": 11}
    dos = {"ICHARG": 11, "ISMEAR": -5, **window}
    return write_inputs(tmp_path, spinel(2), "static", **dos)


def test_the_density_of_states_holds_all_electrons_and_has_a_gap(dos_directory):
    result = finished(dos_directory)
    at_fermi = np.searchsorted(result.tdos.energies, result.efermi)
    up, down = (result.idos.densities[spin][at_fermi] for spin in (Spin.up, Spin.down))

    assert up + down == pytest.approx(460, abs=0.1)
    assert up - down == pytest.approx(36, abs=0.1)
    assert result.complete_dos.get_gap(tol=1e-3) > 0.3
    gap, bottom, top, _ = result.eigenvalue_band_properties
    assert gap > 0.3
    assert top < result.efermi < bottom


def test_doscar_and_vasprun_hold_the_same_densities(dos_directory):
    result = finished(dos_directory)
    lines = (dos_directory / "DOSCAR").read_text().splitlines()
    emax, emin, nedos, fermi, _ = (float(word) for word in lines[5].split())
    points = int(nedos)
    read = [np.loadtxt(lines[6 : 6 + points])]
    for ion in range(64):
        first = 7 + points + ion * (points + 1)
        read.append(np.loadtxt(lines[first : first + points]))
    total, projected = read[0], np.array(read[1:])

    assert (emin, emax, points, fermi) == (-9, 11, 401, result.efermi)
    assert len(lines) == 5 + 65 * (points + 1)
    assert projected.shape == (64, points, 19)
    assert total[:, 1] == pytest.approx(result.tdos.densities[Spin.up], abs=1e-2)
    assert total[:, 4] == pytest.approx(result.idos.densities[Spin.down], abs=1e-2)
    for ion, densities in enumerate(result.pdos):
        for column, orbital in enumerate(Orbital):
            if orbital.value > 8:
                continue
            for shift, spin in enumerate((Spin.up, Spin.down)):
                found = projected[ion][:, 1 + 2 * column + shift]
                assert found == pytest.approx(densities[orbital][spin], abs=5e-4)


def test_the_first_of_eight_jahn_teller_ions_fills_dz2_only(dos_directory):
    result = finished(dos_directory)
    below = result.tdos.energies < result.efermi
    step = result.tdos.energies[1] - result.tdos.energies[0]

    def electrons(ion: int, orbital: Orbital) -> float:
        return result.pdos[ion][orbital][Spin.up][below].sum() * step

    assert electrons(20, Orbital.dz2) == pytest.approx(1, abs=0.01)
    assert electrons(20, Orbital.dx2_y2) == pytest.approx(0, abs=0.01)
    assert electrons(28, Orbital.dz2) == pytest.approx(0, abs=0.01)


def test_smearing_puts_everything_below_emin_into_the_first_point(tmp_path):
    window = {"NEDOS": 201, "EMIN": -9, "EMAX": 11}
    result = finished(write_inputs(tmp_path, spinel(1), "static", **window))
    density = result.tdos.densities[Spin.up]

    assert density[0] > 5 * max(density[1:10])


def test_a_chgcar_is_written_on_demand_and_says_it_is_fake(tmp_path):
    finished(write_inputs(tmp_path, spinel(1), "static"))
    assert not (tmp_path / "CHGCAR").exists()

    finished(write_inputs(tmp_path, spinel(1), "static", LCHARG=True))
    assert (tmp_path / "CHGCAR").read_text().startswith("fake CHGCAR")
    assert Chgcar.from_file(tmp_path / "CHGCAR").structure == spinel(1)


def test_a_potcar_overrules_the_table_of_valences(tmp_path):
    directory = write_inputs(tmp_path, spinel(1), "static")
    (directory / "POTCAR.spec").unlink()
    data = [("Li", 1), ("Ni_pv", 16), ("Mn_pv", 13), ("O", 6)]
    (directory / "POTCAR").write_text("".join(_dummy_potcar(*item) for item in data))

    assert finished(directory).parameters["NELECT"] == 420
    assert "TITEL  = PAW_PBE Li 01Jan2000" in (directory / "OUTCAR").read_text()


def _dummy_potcar(symbol: str, zval: float) -> str:
    return (
        f"   TITEL  = PAW_PBE {symbol} 01Jan2000\n"
        f"   POMASS =   10.000; ZVAL   =   {zval:5.3f}    mass and valenz\n"
    )


def test_it_needs_nothing_but_the_standard_library(tmp_path):
    directory = write_inputs(tmp_path, spinel(1), "static")
    command = [sys.executable, "-S", "-E", str(FAKE)]
    result = subprocess.run(command, cwd=directory, env={}, check=False)

    assert result.returncode == 0


# ------------------------------------------------------------------ what it refuses


def _edit(name: str, old: str, new: str):
    def edit(directory: Path) -> None:
        text = (directory / name).read_text()
        assert old in text
        (directory / name).write_text(text.replace(old, new, 1))

    return edit


def _set(**changes: object):
    def edit(directory: Path) -> None:
        incar = {**Incar.from_file(directory / "INCAR"), **changes}
        kept = {tag: value for tag, value in incar.items() if value is not None}
        Incar(kept).write_file(directory / "INCAR")

    return edit


def _remove(name: str):
    return lambda directory: (directory / name).unlink()


def _mesh(*lines: str):
    def edit(directory: Path) -> None:
        _set(ISMEAR=-5)(directory)
        (directory / "KPOINTS").write_text("\n".join(["mesh", "0", *lines]))

    return edit


def _orbitals(change, KPOINTS=""):
    """Run once for a WAVECAR, change it, and ask for a restart from it."""

    def edit(directory: Path) -> None:
        _set(LWAVE=True)(directory)
        assert run(directory).returncode == 0
        path = directory / "WAVECAR"
        path.write_bytes(change(path.read_bytes()))
        for name in ("OUTCAR", "OSZICAR", "vasprun.xml", "CONTCAR", "DOSCAR"):
            (directory / name).unlink()
        _set(ISTART=1)(directory)
        if KPOINTS:
            _mesh("Gamma", KPOINTS)(directory)

    return edit


def _two_blocks_of_li(directory: Path) -> None:
    _edit("POSCAR", "Li Ni Mn O", "Li Ni Mn O Li")(directory)
    _edit("POSCAR", "8 4 12 32", "4 4 12 32 4")(directory)


def _density_of_another_cell(directory: Path) -> None:
    Poscar(spinel(2)).write_file(directory / "CHGCAR")
    _set(ICHARG=11)(directory)


REFUSALS = {
    "one U too few": (_set(LDAUU=[0, 4.5, 5.96]), "LDAUU has 3 values"),
    "one L too many": (_set(LDAUL=[-1, 2, 2, -1, -1]), "LDAUL has 5 values"),
    "no J": (_set(LDAUJ=None), "LDAUJ has 0 values"),
    "U on oxygen": (_set(LDAUU=[0, 4.5, 5.96, 1]), "LDAUU = 1.0 on O"),
    "U on lithium": (_set(LDAUU=[3, 4.5, 5.96, 0]), "LDAUU = 3.0 on Li"),
    "U in the p shell": (_set(LDAUL=[-1, 2, 1, -1]), "on Mn but LDAUL = 1"),
    "one moment too few": (_set(MAGMOM=[0] * 55), "MAGMOM has 55 values"),
    "no spin": (_set(ISPIN=1), "ISPIN = 1 is not modelled"),
    "no ENCUT": (_set(ENCUT=None), "ENCUT is missing"),
    "no PREC": (_set(PREC=None), "PREC is missing"),
    "a misspelt tag": (_edit("INCAR", "ENCUT", "ENCUTT"), "unknown tag ENCUTT"),
    "a tag of no effect here": (_set(NUPDOWN=28), "unknown tag NUPDOWN"),
    "a word for a number": (_edit("INCAR", "ENCUT = 520", "ENCUT = x"), "ENCUT = x"),
    "a tag given twice": (_edit("INCAR", "ISYM", "ENCUT = 1\nISYM"), "given twice"),
    "too few bands": (_set(NBANDS=100), "NBANDS = 100"),
    "ISIF 4": (_set(ISIF=4), "ISIF = 4 is not modelled"),
    "steps without motion": (_set(NSW=10), "NSW > 0 with IBRION = -1"),
    "no INCAR": (_remove("INCAR"), "INCAR: the file is missing"),
    "no KPOINTS": (_remove("KPOINTS"), "KPOINTS: the file is missing"),
    "no POSCAR": (_remove("POSCAR"), "POSCAR: the file is missing"),
    "no POTCAR": (_remove("POTCAR.spec"), "POTCAR: the file is missing"),
    "POTCAR in pymatgen's order": (
        _edit("POTCAR.spec", "Ni_pv\nMn_pv", "Mn_pv\nNi_pv"),
        "POTCAR has ['Li', 'Mn', 'Ni', 'O'], POSCAR has ['Li', 'Ni', 'Mn', 'O']",
    ),
    "an unknown POTCAR": (
        _edit("POTCAR.spec", "Li_sv", "Li_xx"),
        "Li_xx is not one of",
    ),
    "an atom missing": (_edit("POSCAR", "8 4 12 32", "8 4 12 33"), "57 atoms"),
    "a species twice": (_two_blocks_of_li, "species Li has 2 blocks"),
    "another element": (
        _edit("POSCAR", "Ni Mn O", "Ni Zr O"),
        "species Zr is not modelled",
    ),
    "tetrahedra on one point": (_mesh("Gamma", "1 1 1"), "number of k-points < 4"),
    "tetrahedra off Gamma": (_mesh("Monkhorst", "4 4 4"), "not centred on Gamma"),
    "tetrahedra shifted": (_mesh("Gamma", "3 3 3", ".5 0 0"), "not centred on Gamma"),
    "a path of k points": (_mesh("Line-mode", "rec"), "KPOINTS"),
    "no orbitals": (_set(ISTART=1), "ISTART = 1 but the file WAVECAR is missing"),
    "no orbitals to make a density of": (
        _set(ISTART=0, ICHARG=0),
        "ICHARG = 0 takes the density from a WAVECAR that ISTART = 0 ignores",
    ),
    "orbitals of a constant basis": (_set(ISTART=2), "ISTART = 2 is not modelled"),
    "orbitals that are cut": (
        _orbitals(lambda data: data[:-1]),
        "WAVECAR is cut",
    ),
    "orbitals of another mesh": (
        _orbitals(lambda data: data, KPOINTS="2 2 2"),
        "WAVECAR holds 14 k points, KPOINTS asks for 8",
    ),
    "no density": (_set(ICHARG=11), "ICHARG = 11 but the file CHGCAR is missing"),
    "a density of other atoms": (_density_of_another_cell, "CHGCAR holds {'Li': 16"),
    "a relaxation without self-consistency": (
        _set(ICHARG=11, NSW=10, IBRION=2),
        "Spin polarized Harris functional dynamics is a good joke",
    ),
}


def test_it_accepts_the_inputs_that_the_refused_ones_are_made_from(tmp_path):
    assert run(write_inputs(tmp_path, spinel(1), "static")).returncode == 0


@pytest.mark.parametrize("name", REFUSALS)
def test_it_refuses(tmp_path, name):
    edit, message = REFUSALS[name]
    directory = write_inputs(tmp_path, spinel(1), "static")
    edit(directory)
    result = run(directory)

    assert result.returncode == 1
    assert message in result.stdout
    assert message in result.stderr
    assert not (directory / "OUTCAR").exists()


def test_it_names_every_disagreement_at_once(tmp_path):
    changes = {"ENCUT": None, "MAGMOM": [0] * 55, "LDAUU": [1, 4.5, 5.96, 0]}
    result = run(write_inputs(tmp_path, spinel(1), "static", **changes))

    for message in ("ENCUT is missing", "MAGMOM has 55 values", "LDAUU = 1.0 on Li"):
        assert message in result.stderr


@pytest.mark.parametrize(
    "mesh", [("Gamma", "4 4 4"), ("Monkhorst", "3 3 3"), ("Gamma", "2 2 2")]
)
def test_tetrahedra_are_accepted_on_meshes_that_hold_gamma(tmp_path, mesh):
    directory = write_inputs(tmp_path, spinel(1), "static")
    _mesh(*mesh)(directory)

    assert run(directory).returncode == 0


def test_it_reads_cartesian_scaled_files_and_runs_of_moments(tmp_path):
    directory = write_inputs(tmp_path, spinel(1), "static")
    rows = [f"{x} {y} {z}\n" for x, y, z in spinel(1).cart_coords / 8.17]
    (directory / "POSCAR").write_text(
        "scaled\n8.17\n1 0 0\n0 1 0\n0 0 1\nLi Ni Mn O\n8 4 12 32\n"
        "Selective dynamics\nCartesian\n" + "".join(rows)
    )
    assert "MAGMOM = 8*0.0 4*-2.0 12*4.0 32*0.0" in (directory / "INCAR").read_text()
    result = finished(directory)

    assert result.final_structure.matches(spinel(1))
    assert result.final_structure.volume == pytest.approx(8.17**3)


# --------------------------------------------------------------------- how it fails


def test_an_unconverged_run_closes_its_files(tmp_path):
    directory = write_inputs(tmp_path, spinel(1), NELM=30)
    assert run(directory, FAIL="unconverged").returncode == 0
    with pytest.warns(UnconvergedVASPWarning):
        result = vasprun(directory)

    assert (result.converged_electronic, result.converged_ionic) == (False, True)
    assert len(result.ionic_steps[-1]["electronic_steps"]) == 30
    assert has_footer(directory)
    assert "EDIFF was not reached" in (directory / "OUTCAR").read_text()


def test_a_small_nelm_is_not_enough_by_itself(tmp_path):
    directory = write_inputs(tmp_path, spinel(1), "static", NELM=6)
    assert run(directory).returncode == 0
    with pytest.warns(UnconvergedVASPWarning):
        assert not vasprun(directory).converged_electronic


def test_a_relaxation_can_run_out_of_steps(tmp_path):
    directory = write_inputs(tmp_path, spinel(2), NSW=8)
    assert run(directory, FAIL="unconverged_ionic").returncode == 0
    with pytest.warns(UnconvergedVASPWarning):
        result = vasprun(directory)

    assert (result.converged_electronic, result.converged_ionic) == (True, False)
    assert len(result.ionic_steps) == 8
    assert has_footer(directory)
    assert "reached required accuracy" not in (directory / "OUTCAR").read_text()


@pytest.mark.parametrize("step", ["relax", "static"])
def test_a_crash_leaves_open_files(tmp_path, step):
    directory = write_inputs(tmp_path, spinel(2), step)
    result = run(directory, FAIL="crash")

    assert result.returncode == 1
    assert not has_footer(directory)
    with pytest.raises(XMLSyntaxError):
        vasprun(directory)


def test_a_run_at_the_wall_hangs_until_it_is_terminated(tmp_path):
    directory = write_inputs(tmp_path, spinel(2))
    process = start(directory, FAIL="walltime")
    time.sleep(0.3)
    assert process.poll() is None
    process.terminate()

    assert process.wait(timeout=5) == -signal.SIGTERM
    assert not has_footer(directory)
    assert len(Oszicar(directory / "OSZICAR").ionic_steps) == 1


def test_a_run_killed_in_the_middle_leaves_a_truncated_set(tmp_path):
    directory = write_inputs(tmp_path / "run", spinel(2))
    ledger = tmp_path / "ledger"
    process = start(directory, SECONDS=60, LEDGER=ledger)
    process.kill()
    process.wait(timeout=5)

    assert not has_footer(directory)
    with pytest.raises(XMLSyntaxError):
        vasprun(directory)
    assert len(Structure.from_file(directory / "CONTCAR")) == 64
    assert [line.split()[0] for line in ledger.read_text().splitlines()] == ["start"]


def test_a_wrong_valence_makes_all_mn_equal(tmp_path):
    directory = write_inputs(tmp_path, spinel(2))
    result = finished(directory, FAIL="wrong_valence")

    assert result.converged
    assert site_moments(directory)[20:32] == [3.7] * 12
    assert result.final_energy / 8 == pytest.approx(-56.54 + 0.10, abs=1e-3)


def test_zbrent_stops_a_relaxation_and_spares_a_static(tmp_path):
    relaxation = write_inputs(tmp_path / "relax", spinel(2))
    result = run(relaxation, FAIL="zbrent")
    assert result.returncode == 1
    assert "ZBRENT: fatal error in bracketing" in result.stdout
    assert len(Structure.from_file(relaxation / "CONTCAR")) == 64

    finished(write_inputs(tmp_path / "static", spinel(2), "static"), FAIL="zbrent")


def test_a_failure_with_a_marker_happens_once(tmp_path):
    directory = write_inputs(tmp_path / "run", spinel(2))
    switches = {"FAIL": "crash", "FAIL_ONCE": tmp_path / "marker"}
    assert run(directory, **switches).returncode == 1

    assert finished(directory, **switches).converged


def test_an_unknown_failure_is_refused(tmp_path):
    result = run(write_inputs(tmp_path, spinel(1)), FAIL="unconvergd")

    assert result.returncode == 1
    assert "unconvergd is not one of unconverged" in result.stderr


def test_a_stopcar_ends_a_relaxation_between_two_steps(tmp_path):
    directory = write_inputs(tmp_path, spinel(2))
    (directory / "STOPCAR").write_text("LSTOP = .TRUE.\n")
    result = finished(directory)

    assert len(result.ionic_steps) == 1
    assert outcar(directory).is_stopped
    assert has_footer(directory)
    assert not (directory / "STOPCAR").exists()


def test_the_ledger_has_two_lines_for_every_execution(tmp_path):
    directory = write_inputs(tmp_path / "run", spinel(1), "static")
    ledger = tmp_path / "ledger"
    finished(directory, LEDGER=ledger)
    finished(directory, LEDGER=ledger)
    lines = [line.split() for line in ledger.read_text().splitlines()]

    assert [line[0] for line in lines] == ["start", "end"] * 2
    assert {line[1] for line in lines} == {str(directory)}
    assert len({line[2] for line in lines}) == 2


def test_the_ledger_has_a_line_more_for_a_start_from_orbitals(tmp_path):
    directory = write_inputs(tmp_path / "run", spinel(1), "static", LWAVE=True)
    ledger = tmp_path / "ledger"
    finished(directory, LEDGER=ledger)
    head = read_wavecar_head(directory / "WAVECAR")
    assert head is not None
    assert (head.spins, head.kpoints, head.encut, head.whole) == (2, 14, 520.0, True)
    assert head.bands == vasprun(directory).parameters["NBANDS"]
    assert head.lattice[0][0] == pytest.approx(spinel(1).lattice.a)
    _set(ISTART=1, ICHARG=0)(directory)
    finished(directory, LEDGER=ledger)
    events = [line.split()[0] for line in ledger.read_text().splitlines()]

    assert events == ["start", "end", "start", "wavecar", "end"]


def test_seconds_are_spent(tmp_path):
    directory = write_inputs(tmp_path, spinel(2))
    begin = time.monotonic()
    finished(directory, SECONDS=1)

    assert time.monotonic() - begin >= 1


# ------------------------------------------------------------------ under custodian

# custodian's validator looks for a POTCAR beside vasprun.xml
NO_POTCAR = pytest.mark.filterwarnings("ignore:No POTCAR file with matching TITEL")


def under_custodian(directory: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """Run as production does, without any POTCAR; return custodian's log."""
    monkeypatch.chdir(directory)
    custodian = Custodian(
        [VaspErrorHandler()],
        [VaspJob([sys.executable, str(FAKE)])],
        validators=[VasprunXMLValidator(), VaspFilesValidator()],
        polling_time_step=0.1,
        monitor_freq=1,
        max_errors=3,
    )
    return custodian.run()


@NO_POTCAR
def test_custodian_completes_without_a_potcar(tmp_path, monkeypatch):
    directory = write_inputs(tmp_path, spinel(2))
    log = under_custodian(directory, monkeypatch)

    assert [job["corrections"] for job in log] == [[]]
    assert vasprun(directory).converged


@NO_POTCAR
def test_custodian_recovers_from_zbrent(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_VASP_FAIL", "zbrent")
    directory = write_inputs(tmp_path, spinel(2))
    log = under_custodian(directory, monkeypatch)

    errors = [correction["errors"] for correction in log[0]["corrections"]]
    assert errors == [["zbrent"]]
    assert vasprun(directory).converged
    assert Incar.from_file(directory / "INCAR")["NELMIN"] == 8


def test_it_prints_occupation_matrices_that_pymatgen_reads(tmp_path):
    directory = write_inputs(tmp_path, spinel(2), "static", LDAUPRINT=1)
    assert run(directory).returncode == 0

    matrices = Outcar(directory / "OUTCAR").data["onsite_density_matrices"]
    assert len(matrices) == 16  # Ni and Mn; LDAUL is -1 for Li and O
    nickel, mn3, mn4 = matrices[0], matrices[4], matrices[15]
    assert np.diag(nickel[Spin.down])[[2, 4]] == pytest.approx([0.96, 0.96])
    assert np.diag(mn3[Spin.up]) == pytest.approx([0.96, 0.96, 0.96, 0.96, 0.45])
    assert np.diag(mn4[Spin.up]) == pytest.approx([0.96, 0.96, 0.45, 0.96, 0.45])


@pytest.mark.parametrize("changes", [{}, {"LDAUPRINT": 0}])
def test_it_prints_none_unasked(tmp_path, changes):
    directory = write_inputs(tmp_path, spinel(1), "static", **changes)
    assert run(directory).returncode == 0
    assert "onsite density" not in (directory / "OUTCAR").read_text()


@pytest.mark.parametrize(
    ("metals", "moments", "total"),
    [
        # per 8 formula units with 8 Li; spin only, all parallel
        ({"Co": 8, "Mn": 8}, {"Co": {0.05}, "Mn": {3.2}}, 24),
        ({"Fe": 4, "Mn": 12}, {"Fe": {4.2}, "Mn": {3.95, 3.2}}, 60),
        ({"Cr": 8, "Mn": 8}, {"Cr": {2.9}, "Mn": {3.2}}, 48),
        ({"V": 16}, {"V": {1.85, 0.95}}, 24),
        ({"Ti": 16}, {"Ti": {0.9, 0.0}}, 8),
        ({"Cu": 4, "Mn": 12}, {"Cu": {0.65}, "Mn": {3.2}}, 40),
    ],
)
def test_other_metals_balance_the_charge(tmp_path, metals, moments, total):
    cell = spinel(1)
    places = [metal for metal, count in metals.items() for _ in range(count)]
    species = ["Li"] * 8 + places + ["O"] * 32
    cell = Structure(cell.lattice, species, cell.frac_coords)
    blocks = list(dict.fromkeys(species))
    changes = {
        **{
            "LDAUL": [2 if b in metals else -1 for b in blocks],
            "LDAUJ": [0] * len(blocks),
        },
        "LDAUU": [4 if b in metals else 0 for b in blocks],
        "MAGMOM": [4 if s in metals else 0 for s in species],
    }
    directory = write_inputs(tmp_path, cell, "static", **changes)
    (directory / "POTCAR.spec").write_text("\n".join(blocks))
    result = finished(directory)

    outcar = Outcar(directory / "OUTCAR")
    found = {metal: set() for metal in metals}
    for symbol, row in zip(species, outcar.magnetization, strict=True):
        if symbol in metals:
            found[symbol].add(row["tot"])
    assert found == moments
    assert outcar.total_mag == pytest.approx(total)
    electrons = sum({"Li": 1, "O": 6, "Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 8,
                     "Co": 9, "Cu": 11}[s] for s in species)  # fmt: skip
    assert result.parameters["NELECT"] == electrons
    filled = sum(
        values[..., 1].sum(axis=1)[0] for values in result.eigenvalues.values()
    )
    assert filled == electrons
