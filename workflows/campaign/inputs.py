"""VASP inputs of one step of a calculation: INCAR, KPOINTS, POSCAR, POTCAR.

Most tags are decided before, in ``campaign.presets.incar_layers``; here those are added
that depend on the structure or on the step before. Deciding is pure
(:func:`vasp_inputs`); writing touches the disk (:func:`write_vasp_inputs`). Every tag
that follows the species order is made from the structure that is written as POSCAR.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structures.values import is_finite, shown
from workflows.campaign.calculation import Calculation
from workflows.campaign.wavecar_tags import restart_tags
from workflows.errors import InputError, nearest
from workflows.vasp.incar_text import incar_as_text
from workflows.vasp.potcars import PotcarLibrary, cutoff_note
from workflows.vasp.species_tags import (
    block_sizes,
    hubbard_tags,
    refuse_repeated,
    species_blocks,
    starting_moments,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

DOS_BELOW, DOS_ABOVE = 12.0, 8.0
"""Window of the dos step around the static Fermi level, in eV."""
SPEC = "POTCAR.spec"
"""Names the data sets where there is no licence for POTCAR itself."""


@dataclass(frozen=True)
class VaspInputs:
    """What VASP reads, before it is written.

    Attributes
    ----------
    incar
        Tag -> value; LDAU* one number per species block, MAGMOM one per atom
        (muB), both in POSCAR order.
    kpoints
        Gamma-centred mesh.
    structure
        Contents of POSCAR.
    comment
        First line of POSCAR.
    potcar_symbols
        One POTCAR symbol per species block, in POSCAR order.
    potcar_functional
        POTCAR family, such as PBE_54.
    """

    incar: dict[str, Any]
    kpoints: tuple[int, int, int]
    structure: Structure
    comment: str
    potcar_symbols: tuple[str, ...]
    potcar_functional: str


def vasp_inputs(
    calculation: Calculation,
    step: str,
    *,
    structure: Structure | None = None,
    magnetization: Sequence[float] | None = None,
    efermi: float | None = None,
    wavecar: bool | None = None,
) -> VaspInputs:
    """Decide the inputs of one step.

    Parameters
    ----------
    calculation
        A calculation of the VASP engine.
    step
        ``relax``, ``static`` or ``dos``.
    structure
        Result of the step before; the calculation's start if None. Same site order.
    magnetization
        Final site moments of the step before, signed, muB, in site order; they are
        scaled up by valence. If None, or if the campaign does not carry them: the
        sites' own (a charge order), else the MAGMOM values by element.
    efermi
        Fermi level of the static step, eV; sets EMIN and EMAX of the dos step,
        which are left out if None.
    wavecar
        Whether a WAVECAR is there to start from: True for a restart of the relaxation,
        False where the planned one cannot be read. As planned if None.

    Raises
    ------
    InputError
        An unknown step, an element without a POTCAR, a site that two elements share, a
        species in two blocks, a wrong number of moments, or NaN.
    """
    written = structure if structure is not None else calculation.structure
    settings = calculation.settings
    _refuse_unknown(step, written, settings)
    refuse_repeated(species_blocks(written))
    if efermi is not None and not is_finite(efermi):
        raise InputError(f"efermi = {shown(efermi)}: give a Fermi level in eV, or None")
    if magnetization is not None and not _all_finite(magnetization):
        raise InputError("magnetization has a moment that is not a number: give muB")
    inputs = structure_inputs(
        written,
        settings,
        step,
        magnetization=magnetization if settings["carry_moments"] else None,
        comment=f"{calculation.formula} {calculation.label} {step} id {calculation.id}",
    )
    if wavecar is not None:
        inputs.incar.update(restart_tags(inputs.incar, step, wavecar=wavecar))
    if step == "dos" and efermi is not None:
        inputs.incar["EMIN"] = round(efermi - DOS_BELOW, 4)
        inputs.incar["EMAX"] = round(efermi + DOS_ABOVE, 4)
    return inputs


def _all_finite(values: Any) -> bool:
    return isinstance(values, Iterable) and all(map(is_finite, values))


def _refuse_unknown(
    step: str, structure: Structure, settings: Mapping[str, Any]
) -> None:
    steps, elements = tuple(settings["incar"]), settings["potcar"]
    if not isinstance(step, str) or step not in steps:
        raise InputError(
            f"step {step!r}{nearest(str(step), steps)}: the calculation has "
            f"{', '.join(steps)}"
        )
    if not structure.is_ordered:
        raise InputError("structure: a site is shared by several elements; order it")
    found = dict.fromkeys(site.specie.symbol for site in structure)
    missing = next((e for e in found if e not in elements), None)
    if missing is not None:
        raise InputError(
            f"structure: {missing} has no POTCAR in the campaign; say which: "
            f"vasp: {{potcar: {{{missing}: {missing}}}}}"
        )


def structure_inputs(
    structure: Structure,
    settings: Mapping[str, Any],
    step: str,
    *,
    magnetization: Sequence[float] | None = None,
    comment: str = "",
) -> VaspInputs:
    """Decide the inputs of any structure, its species in any order and any blocks.

    `settings` are those of a ``Calculation`` of the VASP engine, by element, never by
    position. `magnetization` holds moments to start from, signed, muB, in site order;
    see :func:`workflows.vasp.species_tags.starting_moments`.
    """
    blocks = species_blocks(structure)
    incar = dict(settings["incar"][step])
    if settings["hubbards"]:
        incar |= hubbard_tags(blocks, settings["hubbards"])
    if incar.get("ISPIN") != 1:
        incar["MAGMOM"] = starting_moments(structure, settings["magmom"], magnetization)
    return VaspInputs(
        incar=incar,
        kpoints=tuple(settings["kpoints"][step]),
        structure=structure,
        comment=comment,
        potcar_symbols=tuple(settings["potcar"][block] for block in blocks),
        potcar_functional=settings["potcar_functional"],
    )


def poscar_body(structure: Structure) -> str:
    """Return POSCAR behind its first line: lattice, blocks, fractional coordinates."""
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Poscar

    # Site properties are not in POSCAR, and pymatgen collects them for every line.
    bare = Structure(structure.lattice, structure.species, structure.frac_coords)
    poscar = Poscar(bare, sort_structure=False)
    return poscar.get_str(significant_figures=12).partition("\n")[2]


def write_vasp_inputs(
    inputs: VaspInputs,
    directory: Path,
    *,
    machine: Mapping[str, Any] | None = None,
    library: PotcarLibrary | None = None,
    poscar: str | None = None,
) -> dict[str, Any] | None:
    """Write INCAR, KPOINTS, POSCAR and POTCAR, or POTCAR.spec without a licence.

    Parameters
    ----------
    inputs, directory
        What to write, and where; the directory is made if missing.
    machine
        NCORE, KPAR and the like; never part of an id.
    library
        Where POTCARs are; the environment's if None.
    poscar
        From :func:`poscar_body`, for several steps from one structure.

    Returns
    -------
    dict or None
        ``nelect`` of the neutral cell, and of every block's data set symbol, titel,
        sha256, zval and enmax (eV); None without a licence.

    Raises
    ------
    InputError
        The POTCAR library lacks a data set, or holds another one under its name.
    """
    library = library or PotcarLibrary.from_environment()
    potcar = library.assemble(inputs.potcar_symbols, inputs.potcar_functional)
    directory.mkdir(parents=True, exist_ok=True)
    body = poscar_body(inputs.structure) if poscar is None else poscar
    (directory / "POSCAR").write_text(f"{inputs.comment}\n{body}", "utf-8")
    for name, text in small_inputs(inputs, machine or {}).items():
        if potcar is None or name != SPEC:
            (directory / name).write_text(text, "utf-8")
    if potcar is None:
        return None
    (directory / "POTCAR").write_text(potcar.text, "utf-8")
    return potcar.record(block_sizes(inputs.structure))


def small_inputs(inputs: VaspInputs, machine: Mapping[str, Any]) -> dict[str, str]:
    """Return the content of INCAR, KPOINTS and POTCAR.spec.

    ``machine`` as for :func:`write_vasp_inputs`.
    """
    from pymatgen.io.vasp import Kpoints

    return {
        "INCAR": incar_as_text({**inputs.incar, **machine}),
        "KPOINTS": str(Kpoints.gamma_automatic(inputs.kpoints)),
        SPEC: "\n".join(inputs.potcar_symbols) + "\n",
    }


def potcar_notes(
    calculations: Iterable[Calculation], library: PotcarLibrary | None = None
) -> tuple[str, ...]:
    """Look for every POTCAR before anything is written.

    Returns what is doubtful about ENCUT, each doubt once; nothing without a licence.
    The library is the environment's if None.

    Raises
    ------
    InputError
        The library lacks a data set, or holds another one under its name.
    """
    library = library or PotcarLibrary.from_environment()
    if library.directory is None:
        return ()
    notes: dict[str, None] = {}
    alike = {
        (step, species_blocks(c.structure), repr(c.settings)): c
        for c in calculations
        if c.engine == "vasp"
        for step in c.steps
    }
    for (step, *_), calculation in alike.items():
        inputs = vasp_inputs(calculation, step)
        potcar = library.assemble(inputs.potcar_symbols, inputs.potcar_functional)
        if potcar and (note := cutoff_note(inputs.incar, potcar.data_sets)):
            notes[note] = None
    return tuple(notes)
