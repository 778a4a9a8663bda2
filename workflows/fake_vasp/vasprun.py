"""The sections of vasprun.xml, each as one string."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from workflows.fake_vasp.crystal import Cell, Vector, reciprocal, volume
from workflows.fake_vasp.layout import row
from workflows.fake_vasp.relaxation import Step
from workflows.fake_vasp.run import VERSION, Run
from workflows.fake_vasp.states import FERMI, ORBITALS, Densities
from workflows.fake_vasp.tags import DEFAULTS, KIND_OF, Value

_MASS = {
    **{"Li": 7.01, "O": 16.0, "Ti": 47.88, "V": 50.941, "Cr": 51.996},
    **{"Mn": 54.938, "Fe": 55.847, "Co": 58.933, "Ni": 58.69, "Cu": 63.546},
}


def header(run: Run) -> str:
    """Everything before the first ionic step; the file stays open XML."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<modeling>\n'
        + _generator()
        + _block("incar", [_tag(*item) for item in run.inputs.incar.items()])
        + _kpoints(run)
        + _block("parameters", [_tag(*item) for item in _parameters(run).items()])
        + _atoms(run)
        + _structure(run.inputs.cell, ' name="initialpos"')
    )


def _generator() -> str:
    items = {
        "program": "vasp ",
        "version": f"{VERSION}  ",
        "subversion": "not VASP: a stand-in",
        "platform": "fake",
        "date": "2000 01 01 ",
        "time": "00:00:00 ",
    }
    lines = [f'  <i name="{k}" type="string">{v}</i>\n' for k, v in items.items()]
    return _block("generator", lines)


def _block(name: str, lines: list[str]) -> str:
    return f" <{name}>\n{''.join(lines)} </{name}>\n"


def _parameters(run: Run) -> dict[str, Value]:
    """VASP's defaults, what INCAR says, and what VASP derives from both."""
    inputs = run.inputs
    derived = {
        "EDIFFG": 10 * inputs.get("EDIFF"),
        "ENMAX": inputs.get("ENCUT"),
        "NBANDS": run.bands.number,
        "NELECT": inputs.electrons,
        "NUPDOWN": -1.0,
        "EFERMI": 0.0,
        "AEXX": 0.0,
        "HFSCREEN": 0.0,
        "LHFCALC": False,
        "LMETAGGA": inputs.get("METAGGA") != "--",
        "LSORBIT": False,
        "LNONCOLLINEAR": False,
        "LUSE_VDW": False,
        "LCHIMAG": False,
    }
    moments = {"MAGMOM": inputs.moments_asked} if inputs.spins == 2 else {}
    return {**DEFAULTS, **derived, **inputs.incar, **moments}


def _tag(name: str, value: Value) -> str:
    """Write one tag; VASP marks every type but the real numbers."""
    many = isinstance(value, list)
    values = value if many else [value]
    kind = "float" if KIND_OF.get(name) in ("float", "floats") else _kind(values[0])
    text = "".join(_formatted(kind, item) for item in values)
    mark = "" if kind == "float" else f' type="{kind}"'
    letter = "v" if many else "i"
    return f'  <{letter}{mark} name="{name}">{text}</{letter}>\n'


def _kind(value: int | float | bool | str) -> str:
    names = {bool: "logical", int: "int", float: "float", str: "string"}
    return names[type(value)]


def _formatted(kind: str, value: int | float | bool | str) -> str:
    if kind == "logical":
        return " T  " if value else " F  "
    if kind == "string":
        return escape(str(value))
    return f"{value:6d}" if kind == "int" else f"{value:16.8f}"


def _vectors(name: str, rows: list[Vector], depth: int) -> str:
    pad = " " * depth
    lines = [f"{pad} <v>{row(values, '{:17.8f}')} </v>\n" for values in rows]
    return f'{pad}<varray name="{name}" >\n{"".join(lines)}{pad}</varray>\n'


def _kpoints(run: Run) -> str:
    mesh = run.inputs.mesh
    points = [k for k, _ in mesh.points]
    weights = [f"   <v> {weight:16.8f} </v>\n" for _, weight in mesh.points]
    return (
        f' <kpoints>\n  <generation param="{mesh.style}">\n'
        f'   <v type="int" name="divisions">{row(mesh.divisions, "{:9d}")} </v>\n'
        f'   <v name="usershift">{row(mesh.shift, "{:17.8f}")} </v>\n'
        "  </generation>\n"
        + _vectors("kpointlist", points, 2)
        + '  <varray name="weights" >\n'
        + "".join(weights)
        + "  </varray>\n </kpoints>\n"
    )


def _atoms(run: Run) -> str:
    cell = run.inputs.cell
    kinds = {symbol: i for i, symbol in enumerate(cell.symbols, start=1)}
    atoms = [
        f"    <rc><c>{atom:<2}</c><c>{kinds[atom]:4d}</c></rc>\n" for atom in cell.atoms
    ]
    types = [
        f"    <rc><c>{count:4d}</c><c>{p.element:<2}</c>"
        f"<c>{_MASS[p.element]:16.8f}</c><c>{p.zval:16.8f}</c>"
        f"<c>  {escape(p.titel)}  </c></rc>\n"
        for count, p in zip(cell.counts, run.inputs.potentials, strict=True)
    ]
    return (
        f" <atominfo>\n  <atoms>{len(atoms):8d} </atoms>\n"
        f"  <types>{len(types):8d} </types>\n"
        '  <array name="atoms" >\n   <dimension dim="1">ion</dimension>\n'
        '   <field type="string">element</field>\n'
        '   <field type="int">atomtype</field>\n   <set>\n'
        + "".join(atoms)
        + '   </set>\n  </array>\n  <array name="atomtypes" >\n'
        '   <dimension dim="1">type</dimension>\n'
        '   <field type="int">atomspertype</field>\n'
        '   <field type="string">element</field>\n'
        "   <field>mass</field>\n   <field>valence</field>\n"
        '   <field type="string">pseudopotential</field>\n   <set>\n'
        + "".join(types)
        + "   </set>\n  </array>\n </atominfo>\n"
    )


def _structure(cell: Cell, name: str) -> str:
    return (
        f" <structure{name} >\n  <crystal>\n"
        + _vectors("basis", cell.lattice, 3)
        + f'   <i name="volume">{volume(cell.lattice):16.8f} </i>\n'
        + _vectors("rec_basis", reciprocal(cell.lattice), 3)
        + "  </crystal>\n"
        + _vectors("positions", cell.fractions, 2)
        + " </structure>\n"
    )


def ionic_step(run: Run, step: Step) -> str:
    """One `<calculation>`, not yet closed: the last one also gets the states."""
    scf = [
        '  <scstep>\n   <time name="total">    0.00    0.00</time>\n'
        f"{_energies(run, energy, 3)}  </scstep>\n"
        for energy in [*step.scf[:-1], step.energy]
    ]
    x, y, z = step.stress
    tensor = [(x, 0.0, 0.0), (0.0, y, 0.0), (0.0, 0.0, z)]
    return (
        " <calculation>\n"
        + "".join(scf)
        + _structure(step.cell, "")
        + _vectors("forces", run.forces(step), 2)
        + _vectors("stress", tensor, 2)
        + _energies(run, step.energy, 2)
        + '  <time name="totalsc">    0.00    0.00</time>\n'
    )


def _energies(run: Run, energy: float, depth: int) -> str:
    pad = " " * depth
    names = ("e_fr_energy", "e_wo_entrp", "e_0_energy")
    pairs = zip(names, run.energies(energy), strict=True)
    lines = [f'{pad} <i name="{name}">{value:16.8f} </i>\n' for name, value in pairs]
    return f"{pad}<energy>\n{''.join(lines)}{pad}</energy>\n"


CLOSE_STEP = " </calculation>\n"


def ending(cell: Cell) -> str:
    """Close the file."""
    return _structure(cell, ' name="finalpos"') + "</modeling>\n"


def eigenvalues(run: Run) -> str:
    """Bands of the last ionic step."""
    head = (
        "  <eigenvalues>\n   <array>\n"
        '    <dimension dim="1">band</dimension>\n'
        '    <dimension dim="2">kpoint</dimension>\n'
        '    <dimension dim="3">spin</dimension>\n'
        "    <field>eigene</field>\n    <field>occ</field>\n    <set>\n"
    )
    return (
        head + "".join(_spin_bands(run)) + "    </set>\n   </array>\n  </eigenvalues>\n"
    )


def _spin_bands(run: Run) -> Iterator[str]:
    for spin, at_points in enumerate(run.bands.energies):
        yield f'     <set comment="spin {spin + 1}">\n'
        for point, energies in enumerate(at_points):
            filled = run.bands.occupied[spin][point]
            rows = [
                f"       <r>{energy:11.4f}{float(band < filled):10.4f} </r>\n"
                for band, energy in enumerate(energies)
            ]
            yield f'      <set comment="kpoint {point + 1}">\n'
            yield "".join(rows) + "      </set>\n"
        yield "     </set>\n"


def dos(run: Run, states: Densities) -> Iterator[str]:
    """Yield total and, with LORBIT, partial densities of states."""
    yield f'  <dos>\n   <i name="efermi">{FERMI:16.8f} </i>\n   <total>\n    <array>\n'
    yield _dimensions("gridpoints", "spin") + _fields("energy", "total", "integrated")
    yield "     <set>\n"
    for spin, (total, integrated) in enumerate(
        zip(states.total, states.integrated, strict=True)
    ):
        columns = [states.energies, total, integrated]
        yield _grid_rows(f"spin {spin + 1}", columns, "      ")
    yield "     </set>\n    </array>\n   </total>\n"
    if run.inputs.get("LORBIT"):
        yield from _partial_dos(run, states)
    yield "  </dos>\n"


def _dimensions(*names: str) -> str:
    pairs = enumerate(names, start=1)
    return "".join(f'     <dimension dim="{i}">{n}</dimension>\n' for i, n in pairs)


def _fields(*names: str) -> str:
    return "".join(f"     <field>{name}</field>\n" for name in names)


def _grid_rows(comment: str, columns: list[list[float]], pad: str) -> str:
    form = f"{pad} <r>" + "%11.4f" * len(columns) + " </r>\n"
    rows = [form % values for values in zip(*columns, strict=True)]
    return f'{pad}<set comment="{comment}">\n{"".join(rows)}{pad}</set>\n'


def _partial_dos(run: Run, states: Densities) -> Iterator[str]:
    """Ions of one kind share their text, which is made once."""
    texts = {
        kind: "".join(
            _grid_rows(f"spin {i + 1}", [states.energies, *orbitals], "       ")
            for i, orbitals in enumerate(spins)
        )
        for kind, spins in states.partial.items()
    }
    yield "   <partial>\n    <array>\n" + _dimensions("gridpoints", "spin", "ion")
    yield _fields("energy", *(f"{name:>5}" for name in ORBITALS)) + "     <set>\n"
    for ion, kind in enumerate(run.kinds, start=1):
        yield f'      <set comment="ion {ion}">\n{texts[kind]}      </set>\n'
    yield "     </set>\n    </array>\n   </partial>\n"
