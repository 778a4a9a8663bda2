"""Which steps a calculation has: by its engine, and by whether a DOS is asked for."""

from __future__ import annotations

from workflows.campaign.campaign import Campaign
from workflows.campaign.sections import same_x

GEOMETRY = "geometry"
"""Step of a gpaw calculation in which CHGNet relaxes; its structure alone counts."""


def steps_of(
    campaign: Campaign, x: float | None = None, *, dos: bool = True
) -> tuple[str, ...]:
    """Return the steps of the cells at x, or, without x, of bcc lithium.

    Parameters
    ----------
    campaign
        Names the engine and the x that have a density of states.
    x
        Composition.
    dos
        False for a start that is there for its energy alone.
    """
    if campaign.engine == "chgnet":
        return ("relax",)
    steps: tuple[str, ...] = campaign.vasp.steps
    dos_at = campaign.vasp.dos_at
    if campaign.engine == "gpaw":
        first = GEOMETRY if campaign.gpaw.geometry == "chgnet" else "relax"
        steps, dos_at = (first, "static"), campaign.gpaw.dos_at
    elif x is None:
        return ("relax", "static")
    dos = dos and x is not None and any(same_x(x, at) for at in dos_at)
    return (*steps, "dos") if dos else steps
