"""``lnmo write --explain``: where every tag of every step comes from; writes nothing.

One line for each tag and step, not for each directory: what differs between
calculations follows the species, and is shown by element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.campaign.calculation import REFERENCE_METALS, reference_label
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import DOS_ABOVE, DOS_BELOW
from workflows.campaign.presets import (
    has_hubbard,
    hubbard_source,
    ion_source,
    ion_values,
)
from workflows.campaign.settings import merged_tags
from workflows.errors import CampaignError

CELLS = "cathode"

DELETED = "(deleted)"
"""Value of a tag that ``null`` in a later layer took away."""


@dataclass(frozen=True)
class Explained:
    """One tag of one step.

    Attributes
    ----------
    variant
        Of the campaign; empty without.
    of
        ``cathode``, or ``Li metal``, ``Na metal``, ``Mg metal``.
    step, tag, value
        What is written; by element where it follows the species; ``(deleted)`` if a
        later layer took the tag away.
    origin
        The layer that set it last: a preset file and section, a key of the campaign,
        the machine, or the run itself.
    source
        P (paper), S (standard practice) or C (choice), with the reason.
    """

    variant: str
    of: str
    step: str
    tag: str
    value: str
    origin: str
    source: str


def explained(
    campaign: Campaign, machine_tags: Mapping[str, Any]
) -> tuple[Explained, ...]:
    """Return every tag of every step of a campaign with its origin.

    `machine_tags` are those that this machine adds when a step runs: NCORE, KPAR.

    Raises
    ------
    CampaignError
        The engine takes no VASP inputs.
    """
    if campaign.engine != "vasp":
        raise CampaignError(
            f"campaign {campaign.name}: engine {campaign.engine} has no VASP inputs to "
            "explain; use --engine vasp"
        )
    return tuple(
        Explained(name, of, step, *row)
        for name, member in campaign.members().items()
        for of, step in _steps(member)
        for row in sorted(_rows(member, of, step, machine_tags))
    )


def _steps(campaign: Campaign) -> Iterator[tuple[str, str]]:
    for step in (*campaign.vasp.steps, *(["dos"] if campaign.vasp.dos_at else [])):
        yield CELLS, step
    ion = _elements(campaign)[0]
    if campaign.lithium_reference and ion in REFERENCE_METALS:
        yield from ((reference_label(ion), step) for step in ("relax", "static"))


def _elements(campaign: Campaign) -> tuple[str, ...]:
    from structures.formula import parse_formula

    return parse_formula(campaign.host.formula).species


def _rows(
    campaign: Campaign, of: str, step: str, machine_tags: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, str]]:
    metal = of != CELLS
    tags = merged_tags(campaign, step, lithium=metal, deleted=True)
    for name, tag in tags.items():
        value = DELETED if tag.value is None else _shown(tag.value)
        yield name, value, tag.origin, tag.source
    for name, value in machine_tags.items():
        yield name, _shown(value), "machine: LNMO_VASP_INCAR", "never part of an id"
    vasp = campaign.vasp
    mesh = {"relax": "kpoints", "static": "kpoints", "dos": "kpoints_dos"}[step]
    key = "kpoints_lithium" if metal else mesh
    cell = "bcc lithium" if metal else "the conventional cell"
    scaled = f"of {cell}; other cells keep the spacing"
    yield "KPOINTS", _shown(getattr(vasp, key)), f"campaign: vasp.{key}", scaled
    elements = _elements(campaign)[:1] if metal else _elements(campaign)
    family = f"{vasp.potcar_functional}; one data set a block of POSCAR"
    potcars, origin = _with_ions(vasp.potcar, elements, "potcar")
    yield "POTCAR", potcars, origin, family
    if not metal:
        yield from _of_the_species(campaign, elements, step)


def _of_the_species(
    campaign: Campaign, elements: tuple[str, ...], step: str
) -> Iterator[tuple[str, str, str, str]]:
    vasp = campaign.vasp
    first = f"start.magnetic_order {campaign.start.magnetic_order}"
    carried = vasp.carry_moments and step != "relax"
    why = (
        "then the final moments of the step before, scaled up by valence"
        if carried
        else first
    )
    yield "MAGMOM", *_with_ions(vasp.magmom, elements, "magmom"), why
    if has_hubbard(vasp.functional):
        origin, source = "campaign: vasp.hubbard_u", "by element"
        if isinstance(vasp.hubbard_u, str):
            origin = f"hubbard_u.yaml: {vasp.hubbard_u}"
            source = hubbard_source(vasp.hubbard_u)
        values = dict.fromkeys(elements, 0.0) | vasp.hubbards()
        yield "LDAUU", _by(values, elements), origin, source
        shells = {e: 2 if values[e] else -1 for e in elements}
        yield "LDAUL", _by(shells, elements), origin, "d shell where there is a U"
        zero = "Dudarev: only U - J counts"
        yield "LDAUJ", _by(dict.fromkeys(elements, 0), elements), origin, zero
    if step == "dos":
        why = "not known before; no part of an id"
        yield "EMIN", f"E_F(static) - {DOS_BELOW:g} eV", "run time", why
        yield "EMAX", f"E_F(static) + {DOS_ABOVE:g} eV", "run time", why


def _with_ions(
    given: Mapping[str, Any], elements: tuple[str, ...], key: str
) -> tuple[str, str]:
    """Show values by element and their origin, the ion's from its preset if need be."""
    origin = f"campaign: vasp.{key}"
    preset = [e for e in elements if e not in given and e in REFERENCE_METALS]
    origin += "".join(f"; ions.yaml: {e} ({ion_source(e, key)})" for e in preset)
    return _by({**ion_values(key), **given}, elements), origin


def _by(values: Mapping[str, Any], elements: tuple[str, ...]) -> str:
    return ", ".join(f"{e} {_shown(values[e])}" for e in elements if e in values)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
