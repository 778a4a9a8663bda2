"""``plan``: campaign in, calculations out; the hinge of the package.

Pure: no disk, no clock, no database, no environment. A dry run, a submission, a
run, a results table and the tests all call it, and all see the same ids.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from workflows.campaign.arrangements import Choice, choices_of
from workflows.campaign.calculation import (
    Calculation,
    cell_formula,
    content_id,
    digest,
    structure_as_dict,
)
from workflows.campaign.campaign import Campaign
from workflows.campaign.lithium_metal import LITHIUM, lithium_reference
from workflows.campaign.magnetic_order import (
    AFM_MN,
    FIM,
    mn_up_and_down,
    with_magnetic_order,
)
from workflows.campaign.presets import has_hubbard
from workflows.campaign.settings import engine_settings
from workflows.errors import CampaignError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures import RankedOrdering


def plan(campaign: Campaign) -> tuple[Calculation, ...]:
    """Turn a campaign into its calculations, bcc lithium last.

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
        _calculation(campaign, choice, rank, charge_order, start)
        for choice in choices_of(campaign)
        for rank in range(len(choice.found.ranked))
        for charge_order in (None, *_charge_orders(campaign, choice))
        for start in enumerate(_c_strains(campaign, choice.found.x))
    )
    cells = {calculation.id: calculation for calculation in planned}
    return (*cells.values(), *_references(campaign))


def _references(campaign: Campaign) -> tuple[Calculation, ...]:
    from structures.formula import parse_formula

    ion = parse_formula(campaign.host.formula).ion
    wanted = campaign.lithium_reference and ion == LITHIUM
    return (lithium_reference(campaign),) if wanted else ()


def _c_strains(campaign: Campaign, x: float) -> tuple[float, ...]:
    start = campaign.start
    own = start.c_strain if x > 1 else 0.0
    more = (s.c_strain for s in start.more if abs(s.x - x) < 1e-9)
    return tuple(dict.fromkeys((own, *more)))


def _charge_orders(
    campaign: Campaign, choice: Choice
) -> tuple[tuple[int, RankedOrdering], ...]:
    """Rank the orders of a mixed-valent metal, where every Li site is filled."""
    from structures import distinct_orderings, formal_charges, rank_orderings
    from structures.errors import StructuresError

    wanted, found = campaign.start.charge_orders, choice.found
    if not wanted or campaign.engine == "chgnet" or "+" in found.role:
        return ()  # CHGNet takes no moments; joined roles are never all filled
    if found.n_occupied < len(choice.host.sites(found.role)):
        return ()
    inserted = () if found.role == "8a" else (found.role,)
    keeps_8a = not inserted or found.n_li > found.n_occupied
    host = choice.host.filled(*(("8a",) if keeps_8a else ()), *inserted)
    charges = formal_charges(host.structure.composition)
    for metal, number in host.chemistry.metals_in(host.formula_units).items():
        lower = round(number * (ceil(charges[metal]) - charges[metal]))
        if 0 < lower < number:
            try:
                orders = distinct_orderings(host, metal, lower)
            except StructuresError as error:
                raise CampaignError(
                    f"campaign {campaign.name}: start.charge_orders: {error}"
                ) from None
            return tuple(enumerate(rank_orderings(orders, keep=wanted).kept, start=1))
    return ()


def _calculation(
    campaign: Campaign,
    choice: Choice,
    rank: int,
    charge_order: tuple[int, RankedOrdering] | None,
    start: tuple[int, float],
) -> Calculation:
    host, found = choice.host, choice.found
    number, ordering = charge_order or (0, found.ranked[rank])
    start_number, c_strain = start
    structure = _start(campaign, ordering.structure, c_strain)
    supercell = tuple(tuple(map(float, row)) for row in host.supercell)
    steps = _steps(campaign, found.x)
    settings = engine_settings(campaign, host, structure, steps)
    order: str = campaign.start.magnetic_order
    if campaign.engine == "chgnet":
        order = FIM  # CHGNet takes no moments
    structure = with_magnetic_order(
        structure, order, magmom=campaign.vasp.magmom, supercell=supercell
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
        ordering=_provenance(choice, rank)
        | {"charge_order": number, "start": start_number, "c_strain": c_strain}
        | {"magnetic_order": order},
        supercell=supercell,
        campaign=campaign.name,
        notes=(*choice.notes, *_notes(campaign, order, structure)),
        reseeds=campaign.vasp.reseed if campaign.engine == "vasp" else 0,
    )
    return replace(calculation, id=content_id(calculation))


def _notes(campaign: Campaign, order: str, structure: Structure) -> tuple[str, ...]:
    vasp, notes = campaign.vasp, []
    if campaign.engine == "chgnet":
        if campaign.start.magnetic_order != order:
            notes.append("CHGNet takes no moments: start.magnetic_order is not used")
        return tuple(notes)
    if not has_hubbard(vasp.functional) and vasp.hubbard_u != "none":
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


def _start(campaign: Campaign, ideal: Structure, c_strain: float) -> Structure:
    from structures.starts import symmetry_broken_start

    start = campaign.start
    # Seeded by what is displaced, not by its place in the list: adding an x to a
    # campaign changes no other id.
    content = [start.displacement, start.seed, c_strain, structure_as_dict(ideal)]
    return symmetry_broken_start(
        ideal,
        displacement=start.displacement,
        c_strain=c_strain,
        seed=int(digest(content)[:15], 16),
    )


def _steps(campaign: Campaign, x: float) -> tuple[str, ...]:
    if campaign.engine == "chgnet":
        return ("relax",)
    dos = any(abs(x - at) < 1e-9 for at in campaign.vasp.dos_at)
    return (*campaign.vasp.steps, "dos") if dos else campaign.vasp.steps


def _provenance(choice: Choice, rank: int) -> dict[str, Any]:
    found, ordering = choice.found, choice.found.ranked[rank]
    return {
        "host": choice.host_name,
        "host_weight": choice.host_weight,
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
