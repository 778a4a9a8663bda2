"""Which hosts and which arrangements of Li a campaign asks for, ranked."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workflows.campaign.calculation import NO_INSERTION
from workflows.campaign.campaign import Campaign
from workflows.campaign.sections import HostSection, InsertionSection
from workflows.errors import CampaignError

if TYPE_CHECKING:
    from structures import SpinelHost
    from structures.series import Arrangements

    Host = tuple[str, int, SpinelHost, tuple[str, ...]]

ENSEMBLE = "ensemble"
"""Cation ordering of a campaign that calculates every distinct one, weighted."""


@dataclass(frozen=True, eq=False)
class HostArrangements:
    """The Li arrangements of one host at one x, ranked, and what was dropped.

    Attributes
    ----------
    host
        The framework.
    host_name, host_weight
        Its cation ordering, and how many equivalent placements it stands for.
    found
        Counts, kept arrangements, and a record of the others.
    notes
        What a reader should know of a crystal read from a file, and of the insertion
        model.
    """

    host: SpinelHost
    host_name: str
    host_weight: int
    found: Arrangements
    notes: tuple[str, ...]


def all_arrangements(campaign: Campaign) -> Iterator[HostArrangements]:
    """Rank the Li arrangements of every host, x and insertion model of a campaign.

    Raises
    ------
    CampaignError
        A composition the cell cannot hold, an unknown insertion model, an x > 1
        without one.
    """
    seen = []
    for member in campaign.members().values():
        decisive = (member.host, member.x, member.insertion, member.orderings)
        if decisive not in seen:
            seen.append(decisive)
            yield from arrangements_of(member)


def arrangements_of(campaign: Campaign) -> Iterator[HostArrangements]:
    """Rank the arrangements of one variant, or of a campaign without variants."""
    hosts = _hosts(campaign)
    for x in campaign.x:
        for insertion in _insertions(campaign, x):
            for name, weight, host, notes in hosts:
                found, doubts = _ranked(campaign, host, x, insertion)
                yield HostArrangements(host, name, weight, found, (*notes, *doubts))


def _member(number: int, of: Sized) -> str:
    return f"{ENSEMBLE} {number} of {len(of)}"


def _own_hosts(section: HostSection) -> tuple[Host, ...]:
    """Return the hosts of a crystal of the user's own, and what was found in it."""
    from structures.crystal_host import ordered_own_host
    from structures.spinel import disordered_like
    from workflows.campaign.host_crystal import mapped

    crystal = section.crystal
    assert crystal is not None
    own = mapped(crystal, section.supercell, section.ion)
    notes = (f"host {crystal.source or 'crystal'}: {own.summary()}",)
    if section.ordering == ENSEMBLE and own.partial:
        members = disordered_like(own.host)
        return tuple(
            (_member(n, members), each.multiplicity, each.host, notes)
            for n, each in enumerate(members, start=1)
        )
    return ((section.ordering, 1, ordered_own_host(own, section.ordering), notes),)


def _hosts(campaign: Campaign) -> tuple[Host, ...]:
    from structures import disordered_hosts, spinel_host
    from structures.errors import StructuresError

    section = campaign.host
    try:
        if section.crystal is not None:
            return _own_hosts(section)
        if section.ordering == ENSEMBLE:
            if section.supercell is not None or section.primitive:
                raise CampaignError(
                    f"campaign {campaign.name}: host: ordering ensemble needs the "
                    "56-atom cell; remove supercell and primitive, or take ordering: "
                    "disordered"
                )
            members = disordered_hosts(section.formula, section.a, section.u)
            return tuple(
                (_member(n, members), member.multiplicity, member.host, ())
                for n, member in enumerate(members, start=1)
            )
        host = spinel_host(
            section.formula,
            section.ordering,
            a=section.a,
            u=section.u,
            supercell=section.supercell,
            primitive=section.primitive,
        )
    except StructuresError as error:
        raise CampaignError(f"campaign {campaign.name}: host: {error}") from None
    return ((section.ordering, 1, host, ()),)


def _insertions(campaign: Campaign, x: float) -> tuple[str, ...]:
    if x <= 1:
        return (NO_INSERTION,)
    covering = tuple(s.model for s in campaign.insertion if s.covers(x))
    if not covering:
        raise CampaignError(
            f"campaign {campaign.name}: x = {x:g} is above 1 and no insertion model "
            f"covers it; {_covered(campaign.insertion)}; add x to one of them"
        )
    return covering


def _covered(sections: tuple[InsertionSection, ...]) -> str:
    shown = (
        f"{s.model}: {s.x if s.x == 'all' else ', '.join(f'{x:g}' for x in s.x)}"
        for s in sections
    )
    return "the campaign has " + ("; ".join(shown) or "none")


def _ranked(
    campaign: Campaign, host: SpinelHost, x: float, insertion: str
) -> tuple[Arrangements, tuple[str, ...]]:
    from structures.errors import CompositionError, StructuresError

    chosen = campaign.orderings
    try:
        return _found(
            host, x, insertion, chosen.keep, chosen.max_enumerate, chosen.seed
        )
    except CompositionError as error:
        cure = _cure(campaign, host)
        raise CampaignError(f"campaign {campaign.name}: {error}; {cure}") from None
    except StructuresError as error:
        raise CampaignError(f"campaign {campaign.name}: {error}") from None


def _cure(campaign: Campaign, host: SpinelHost) -> str:
    """Return what to write in the file instead; a supercell is tried first."""
    from workflows.campaign.cell_cure import suggest_cell

    def builds(section: HostSection) -> bool:
        try:
            return bool(_hosts(campaign.model_copy(update={"host": section})))
        except CampaignError:
            return False

    return suggest_cell(campaign.host, campaign.x, host.formula_units, builds)


@lru_cache(maxsize=256)
def _found(
    host: SpinelHost, x: float, insertion: str, keep: int, most: int, seed: int
) -> tuple[Arrangements, tuple[str, ...]]:
    """Rank once what the variants of a campaign share; doubts of the model in words."""
    from structures.errors import InsertionWarning
    from structures.series import arrangements

    model = {} if insertion == NO_INSERTION else {"insertion": insertion}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InsertionWarning)
        found = arrangements(host, x, keep=keep, max_enumerate=most, seed=seed, **model)
    doubts = (w for w in caught if issubclass(w.category, InsertionWarning))
    return found, tuple(str(doubt.message) for doubt in doubts)
