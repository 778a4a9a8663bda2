"""``plan``: campaign in, calculations out; the hinge of the package.

Pure: no disk, no clock, no database, no environment. A dry run, a submission, a
run, a results table and the tests all call it, and all see the same ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.analysis.lnmo import is_the_papers
from workflows.campaign.arrangements import HostArrangements, arrangements_of
from workflows.campaign.calculation import (
    Calculation,
    cell_formula,
    content_id,
)
from workflows.campaign.campaign import Campaign
from workflows.campaign.magnetic_order import (
    AFM_MN,
    FIM,
    mn_up_and_down,
    with_magnetic_order,
)
from workflows.campaign.nickel_oxide import nickel_oxide
from workflows.campaign.presets import has_hubbard
from workflows.campaign.reference_metal import metal_reference
from workflows.campaign.settings import engine_settings, magmom_of
from workflows.campaign.starts import SURROGATES, Start, seeded_by, started, starts_of
from workflows.campaign.step_names import steps_of

if TYPE_CHECKING:
    from pymatgen.core import Structure


def plan(campaign: Campaign) -> tuple[Calculation, ...]:
    """Turn a campaign into its calculations, the metal of the ion last.

    Lowest x first, variant by variant.

    Raises
    ------
    CampaignError
        A composition the cell cannot hold, an unknown insertion model, an x > 1
        without one.
    InputError
        A species without U, moment or POTCAR symbol.
    """
    members = campaign.members()
    unique: dict[str, Calculation] = {}
    sharing: dict[str, list[str]] = {}
    for name, member in members.items():
        for calculation in _planned(member):
            unique.setdefault(calculation.id, calculation)
            sharing.setdefault(calculation.id, []).append(name)
    ordered = sorted(unique.values(), key=lambda c: bool(c.reference))
    return tuple(_named(c, sharing[c.id], len(members)) for c in ordered)


def _named(calculation: Calculation, variants: list[str], of: int) -> Calculation:
    variant = "" if 1 < of == len(variants) else "+".join(variants)
    if not variant:
        return calculation
    ordering = {**calculation.ordering, "variant": variant}
    return replace(calculation, variant=variant, ordering=ordering)


def _planned(campaign: Campaign) -> tuple[Calculation, ...]:
    planned = (
        _calculation(campaign, arranged, rank, ideal, start)
        for arranged in arrangements_of(campaign)
        for rank, ordering in enumerate(arranged.found.ranked)
        for ideal in (ordering.structure,)
        for start in starts_of(campaign, arranged, ideal)
    )
    cells = {calculation.id: calculation for calculation in planned}
    return (*cells.values(), *_references(campaign))


def _references(campaign: Campaign) -> tuple[Calculation, ...]:
    from structures.formula import WORKING_IONS, parse_formula

    ion = parse_formula(campaign.host.formula).ion
    wanted = campaign.lithium_reference and ion in WORKING_IONS
    found = (metal_reference(campaign, ion),) if wanted else ()
    checked = campaign.engine == "gpaw" and campaign.gpaw.check is not None
    return (*found, nickel_oxide(campaign)) if checked else found


def _calculation(
    campaign: Campaign,
    arranged: HostArrangements,
    rank: int,
    ideal: Structure,
    start: Start,
) -> Calculation:
    host, found = arranged.host, arranged.found
    supercell = tuple(tuple(map(float, row)) for row in host.supercell)
    structure = started(campaign, ideal, start, magmom_of(campaign), supercell)
    steps = steps_of(campaign, found.x, dos=not start.magnetic_order)
    settings = engine_settings(campaign, host, structure, steps)
    order: str = start.magnetic_order or campaign.start.magnetic_order
    if campaign.engine in SURROGATES:
        order = FIM  # CHGNet takes no moments
    structure = with_magnetic_order(
        structure, order, magmom=magmom_of(campaign), supercell=supercell
    )
    calculation = Calculation(
        id="",
        x=found.x,
        n_li=found.n_li,
        formula=cell_formula(structure),
        formula_units=host.formula_units,
        insertion=found.insertion,
        structure=structure,
        engine=campaign.engine,
        steps=steps,
        settings=settings,
        ordering=_provenance(arranged, rank)
        | _start_provenance(start)
        | {"magnetic_order": order}
        | ({"another_order": True} if start.magnetic_order else {}),
        supercell=supercell,
        campaign=campaign.name,
        notes=(
            *arranged.notes,
            *_notes(campaign, order, structure),
            *_borrowed_u(campaign, structure, settings.get("hubbards", {})),
        ),
        reseeds=campaign.vasp.reseed if campaign.engine == "vasp" else 0,
    )
    return replace(calculation, id=content_id(calculation))


def _notes(campaign: Campaign, order: str, structure: Structure) -> tuple[str, ...]:
    vasp, notes = campaign.vasp, []
    if campaign.engine == "chgnet":
        if campaign.start.magnetic_order != order:
            notes.append("CHGNet takes no moments: start.magnetic_order is not used")
        if isinstance(vasp.hubbard_u, dict):
            notes.append(
                "CHGNet has the U of its training data (Mn 3.9, Ni 6.2 eV): "
                f"vasp.hubbard_u = {vasp.hubbard_u} is not used"
            )
        return tuple(notes)
    if campaign.engine == "gpaw" and isinstance(vasp.hubbard_u, dict):
        notes.append(
            f"engine gpaw reads gpaw.hubbard_u: vasp.hubbard_u = {vasp.hubbard_u} is "
            "not used"
        )
    if campaign.engine == "vasp" and (
        not has_hubbard(vasp.functional) and vasp.hubbard_u != "none"
    ):
        notes.append(
            f"the functional {vasp.functional} has no U: vasp.hubbard_u = "
            f"{vasp.hubbard_u} is not used"
        )
    if order == AFM_MN:
        up, down = mn_up_and_down(structure)
        if up != down:
            notes.append(
                f"magnetic_order afm_mn: {up} Mn up, {down} down, as the (001) layers "
                "of this cation order hold them; the total is not zero"
            )
    return tuple(notes)


def _borrowed_u(
    campaign: Campaign, structure: Structure, hubbards: Mapping[str, float]
) -> tuple[str, ...]:
    """Say that another spinel is given the U of the paper, eV, for LiNi0.5Mn1.5O4."""
    section = campaign.gpaw if campaign.engine == "gpaw" else campaign.vasp
    borrowed = isinstance(section.hubbard_u, str) and "paper" in section.hubbard_u
    given = ", ".join(f"{e} {u:g}" for e, u in sorted(hubbards.items()) if u)
    if not borrowed or not given or is_the_papers(cell_formula(structure)):
        return ()
    return (
        f"U {given} eV is the paper's, for LiNi0.5Mn1.5O4 (hubbard_u: "
        f"{section.hubbard_u}); another spinel needs its own: set "
        f"{campaign.engine}.hubbard_u, such as {{Mn: 3.9}}",
    )


def _provenance(arranged: HostArrangements, rank: int) -> dict[str, Any]:
    found, ordering = arranged.found, arranged.found.ranked[rank]
    return {
        "host": arranged.host_name,
        "host_weight": arranged.host_weight,
        "role": found.role,
        "distinct": found.distinct,
        "raw": found.raw,
        "sampled": found.sampled,
        "kept": len(found.ranked),
        "dropped": found.dropped.count,
        "dropped_window": round(found.dropped.window, 6),
        "rank": rank,
        "degeneracy": ordering.degeneracy,
        "occupied": list(ordering.occupied),
        "ewald_energy": round(float(ordering.ewald_energy), 6),
    }


def _start_provenance(start: Start) -> dict[str, Any]:
    found: dict[str, Any] = {
        "charge_order": start.seed_number,
        "start": start.number,
        "c_strain": start.c_strain,
    }
    if (order := start.charge_order) is not None:
        found["seeded"] = seeded_by(order)
    return found
