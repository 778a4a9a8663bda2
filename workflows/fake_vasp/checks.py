"""What must agree between the input files before anything is computed.

VASP stops on most of these. On the others (U on the wrong species, a POTCAR in another
order) it silently computes nonsense; here they are refused as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workflows.fake_vasp.crystal import volume
from workflows.fake_vasp.inputs import Inputs, read_cell
from workflows.fake_vasp.metals import VALENCE
from workflows.fake_vasp.refusal import Refusal
from workflows.fake_vasp.wavecar import refuse_wavecar

_KNOWN_ELEMENTS = {"Li", "O", *VALENCE}
_SUPPORTED = {
    "IBRION": (-1, 1, 2, 3),
    "ICHARG": (0, 1, 2, 11),
    "ISIF": (0, 1, 2, 3),
    "ISPIN": (1, 2),
    "ISTART": (0, 1),
    "LDAUTYPE": (2,),
    "LORBIT": (0, 11),
}


def refuse_inconsistent(inputs: Inputs, directory: Path) -> None:
    """Raise one Refusal that lists everything that does not fit."""
    problems = [
        *_missing_or_unsupported(inputs),
        *_species(inputs),
        *_potentials(inputs),
        *_hubbard(inputs),
        *_moments(inputs),
        *_tetrahedra(inputs),
        *_ionic_motion(inputs),
        *_charge_density(inputs, directory),
        *refuse_wavecar(inputs, directory),
    ]
    if problems:
        raise Refusal("\n".join(problems))


def _missing_or_unsupported(inputs: Inputs) -> Iterator[str]:
    for tag in ("ENCUT", "PREC"):
        if tag not in inputs.incar:
            yield f"INCAR: {tag} is missing"
    for tag, choices in _SUPPORTED.items():
        value = inputs.incar.get(tag)
        if value is not None and value not in choices:
            yield f"INCAR: {tag} = {value} is not modelled, only {choices}"


def _species(inputs: Inputs) -> Iterator[str]:
    symbols = inputs.cell.symbols
    for symbol in sorted(set(symbols)):
        if symbols.count(symbol) > 1:
            yield f"POSCAR: species {symbol} has {symbols.count(symbol)} blocks, not 1"
        if symbol not in _KNOWN_ELEMENTS:
            known = ", ".join(VALENCE)
            yield f"POSCAR: species {symbol} is not modelled, only Li, O, {known}"


def _potentials(inputs: Inputs) -> Iterator[str]:
    elements = [potential.element for potential in inputs.potentials]
    if elements != inputs.cell.symbols:
        yield f"POTCAR has {elements}, POSCAR has {inputs.cell.symbols}"


def _hubbard(inputs: Inputs) -> Iterator[str]:
    if not inputs.get("LDAU"):
        return
    symbols = inputs.cell.symbols
    blocks = {}
    for tag in ("LDAUL", "LDAUU", "LDAUJ"):
        blocks[tag] = inputs.incar.get(tag, [])
        if len(blocks[tag]) != len(symbols):
            yield f"INCAR: {tag} has {len(blocks[tag])} values for {symbols}"
    for symbol, momentum, u in zip(
        symbols, blocks["LDAUL"], blocks["LDAUU"], strict=False
    ):
        if u and symbol in ("Li", "O"):
            yield f"INCAR: LDAUU = {u} on {symbol}"
        if u and symbol in VALENCE and momentum != 2:
            yield f"INCAR: LDAUU = {u} on {symbol} but LDAUL = {momentum}, not 2"


def _moments(inputs: Inputs) -> Iterator[str]:
    atoms = inputs.cell.atoms
    moments = inputs.incar.get("MAGMOM")
    if inputs.spins == 2 and moments is not None and len(moments) != len(atoms):
        yield f"INCAR: MAGMOM has {len(moments)} values, POSCAR has {len(atoms)} atoms"
    if inputs.spins == 1 and set(VALENCE) & set(atoms):
        yield "INCAR: ISPIN = 1 is not modelled for transition metals"


def _tetrahedra(inputs: Inputs) -> Iterator[str]:
    if inputs.get("ISMEAR") != -5:
        return
    mesh = inputs.mesh
    if len(mesh.points) < 4:
        yield (
            "Tetrahedron method fails (number of k-points < 4): "
            f"ISMEAR = -5 with {len(mesh.points)} points in KPOINTS"
        )
    if not mesh.holds_gamma:
        yield (
            f"ISMEAR = -5 with a {mesh.style} mesh {mesh.divisions} shifted by "
            f"{mesh.shift}: KPOINTS is not centred on Gamma"
        )


def _ionic_motion(inputs: Inputs) -> Iterator[str]:
    if inputs.get("NSW") > 0 and not inputs.relaxes:
        yield "INCAR: NSW > 0 with IBRION = -1 moves no ion"


def _charge_density(inputs: Inputs, directory: Path) -> Iterator[str]:
    icharg = inputs.get("ICHARG")
    if icharg not in (1, 11):
        return
    if icharg == 11 and inputs.get("NSW") > 0 and inputs.spins == 2:
        yield "Spin polarized Harris functional dynamics is a good joke: ICHARG = 11"
    if not (directory / "CHGCAR").is_file():
        yield f"ICHARG = {icharg} but the file CHGCAR is missing"
        return
    density, cell = read_cell(directory / "CHGCAR"), inputs.cell
    if (density.symbols, density.counts) != (cell.symbols, cell.counts):
        found = dict(zip(density.symbols, density.counts, strict=True))
        asked = dict(zip(cell.symbols, cell.counts, strict=True))
        yield f"CHGCAR holds {found}, POSCAR {asked}"
    elif abs(volume(density.lattice) / volume(cell.lattice) - 1) > 1e-4:
        yield (
            f"CHGCAR was made in {volume(density.lattice):.3f} Å³, "
            f"POSCAR has {volume(cell.lattice):.3f} Å³"
        )
