"""Where relaxations start: strains along c, and charge orders as seeds.

A DFT+U energy is one of many minima. Above x = 1, where some Mn become Mn3+, one start
shows one of them: a DFT engine takes several by default, and the tables say how many
ended in which state. ``start: {single: true}`` makes one at each x.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.analysis.starting_moments import starting_moment
from workflows.campaign.calculation import digest, structure_as_dict
from workflows.campaign.sections import X_MAX, same_x
from workflows.errors import CampaignError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures.seeds import ChargeOrder
    from workflows.campaign.arrangements import HostArrangements
    from workflows.campaign.campaign import Campaign

SURROGATES = frozenset({"chgnet"})
"""Engines that take no moments: no charge order, and few starts."""
STRAIN = 0.02
"""Strain of the other starts where the campaign's own is 0."""


@dataclass(frozen=True, eq=False)
class Start:
    """One start of one arrangement.

    Attributes
    ----------
    number
        Among the strains, from 0; 0 of a charge order.
    c_strain
        Relative elongation of the cubic c axis.
    seed_number
        Among the charge orders, from 1 in the order of their Ewald energy; 0 of none.
    charge_order
        Which atoms of the mixed-valent metal are reduced.
    magnetic_order
        Instead of the campaign's; empty for that.
    """

    number: int
    c_strain: float
    seed_number: int = 0
    charge_order: ChargeOrder | None = None
    magnetic_order: str = ""


def starts_of(
    campaign: Campaign, arranged: HostArrangements, structure: Structure
) -> tuple[Start, ...]:
    """List the starts of one arrangement: strains first, charge orders last.

    Parameters
    ----------
    campaign
        Its ``start`` section decides; one without variants.
    arranged
        Composition and insertion model.
    structure
        The arrangement, on ideal sites.

    Raises
    ------
    CampaignError
        Formal charges of the composition are not known, and seeds are asked for.
    """
    x = arranged.found.x
    own = _strains(campaign, arranged)
    kinds = dict.fromkeys(
        (*((strain, "") for strain in own), *_asked_for(campaign, x, own[0]))
    )
    seeds = _seeds(campaign, x, structure)
    return (
        *(
            Start(number, strain, magnetic_order=order)
            for number, (strain, order) in enumerate(kinds)
        ),
        *(Start(0, 0.0, number, order) for number, order in enumerate(seeds, 1)),
    )


def _strains(campaign: Campaign, arranged: HostArrangements) -> tuple[float, ...]:
    x, own = arranged.found.x, campaign.start.c_strain
    if x <= 1:
        return (0.0,)
    if campaign.start.single:
        return (own,)
    size = abs(own) or STRAIN
    full = same_x(x, X_MAX)
    if campaign.engine in SURROGATES:
        another = full and "16c" in arranged.found.role.split("+")
        return (own, 0.0 if own else STRAIN) if another else (own,)
    return (own, 0.0, size, -size) if full else (own, 0.0, size)


def _asked_for(
    campaign: Campaign, x: float, strain: float
) -> Iterator[tuple[float, str]]:
    """Yield strain and magnetic order of the further starts at x."""
    for more in campaign.start.more:
        if same_x(more.x, x):
            own = strain if more.c_strain is None else more.c_strain
            order = more.magnetic_order or ""
            yield own, "" if order == campaign.start.magnetic_order else order


def _seeds(
    campaign: Campaign, x: float, structure: Structure
) -> tuple[ChargeOrder, ...]:
    from structures.errors import StructuresError
    from structures.seeds import charge_orders

    wanted = campaign.start.charge_orders
    if wanted is None:
        wanted = 1 if x > 1 and not campaign.start.single else 0
    if not wanted or campaign.engine in SURROGATES:
        return ()
    try:
        return charge_orders(structure, wanted, seed=campaign.start.seed)
    except StructuresError as error:
        raise CampaignError(
            f"campaign {campaign.name}: start.charge_orders: {error}"
        ) from None


def started(
    campaign: Campaign,
    ideal: Structure,
    start: Start,
    magmom: Mapping[str, float],
    supercell: Sequence[Sequence[float]],
) -> Structure:
    """Return the structure that a relaxation starts from.

    Parameters
    ----------
    campaign
        Its ``start`` section gives displacements and their seed.
    ideal
        The arrangement, on ideal sites.
    start
        Strain, or charge order: then the sites carry moments, and bonds are stretched.
    magmom
        The campaign's moments by element, signed, muB.
    supercell
        Cell vectors, rows, in those of the conventional cell.
    """
    from structures.seeds import seeded_start
    from structures.starts import symmetry_broken_start

    section = campaign.start
    # Seeded by what is displaced, not by its place in the list: adding an x to a
    # campaign changes no other id.
    content: list[Any] = [section.displacement, section.seed, start.c_strain]
    order = start.charge_order
    if order is not None:
        content.append(list(order.reduced))
    seed = int(digest([*content, structure_as_dict(ideal)])[:15], 16)
    if order is None:
        return symmetry_broken_start(
            ideal,
            displacement=section.displacement,
            c_strain=start.c_strain,
            seed=seed,
            supercell=supercell,
        )
    found = seeded_start(ideal, order, displacement=section.displacement, seed=seed)
    return with_charge_order(found, order, magmom)


def seeded_by(order: ChargeOrder) -> dict[str, Any]:
    """Return what the provenance of a calculation keeps of its charge order."""
    return {
        "metal": order.metal,
        "states": [order.lower, order.upper],
        "reduced": list(order.reduced),
        "degeneracy": order.degeneracy,
    }


def with_charge_order(
    structure: Structure, order: ChargeOrder, magmom: Mapping[str, float]
) -> Structure:
    """Give the sites moments by valence: the campaign's own sign, and size.

    The size that ``magmom`` names is that of the metal's valence at x = 1 (the higher
    one where two share it): 4 for Mn is Mn4+, and Mn3+ then gets 5.

    Parameters
    ----------
    structure
        Moments that its sites carry keep their sign.
    order
        Which atoms are in the lower state.
    magmom
        By element, signed, muB.
    """
    unit = _unit(structure, order.metal, magmom[order.metal])
    marked, reduced = structure.copy(), set(order.reduced)
    moments = []
    for i, site in enumerate(structure):
        own = float(site.properties.get("magmom", magmom[site.specie.symbol]))
        if site.specie.symbol == order.metal:
            state = order.lower if i in reduced else order.upper
            own = math.copysign(unit * starting_moment(order.metal, state), own)
        moments.append(round(own, 3))
    marked.add_site_property("magmom", moments)
    return marked


def _unit(structure: Structure, metal: str, own: float) -> float:
    """Return what a moment by valence is multiplied with to be the campaign's size."""
    from structures.charges import formal_charges
    from structures.formula import ANION_CHARGES, ION_CHARGES

    amounts = structure.composition.get_el_amt_dict()
    anions = sum(n for e, n in amounts.items() if e in ANION_CHARGES)
    ion = next((e for e in amounts if e in ION_CHARGES), "Li")
    at_one = {e: n for e, n in amounts.items() if e not in ION_CHARGES}
    charges = formal_charges(
        "".join(f"{e}{n:g}" for e, n in {**at_one, ion: anions / 4}.items())
    )
    reference = starting_moment(metal, math.ceil(charges[metal] - 1e-6))
    # A low-spin ion has no size to scale by.
    return abs(own) / reference if reference >= 1 else 1.0
