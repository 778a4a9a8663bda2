"""Which steps a calculation has: by its engine, and by whether a DOS is asked for."""

from __future__ import annotations

from typing import assert_never

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
    match campaign.engine:
        case "chgnet":
            return ("relax",)
        case "gpaw":
            first = GEOMETRY if campaign.gpaw.geometry == "chgnet" else "relax"
            steps: tuple[str, ...] = (first, "static")
            dos_at = campaign.gpaw.dos_at
        case "vasp":
            steps = ("relax", "static") if x is None else campaign.vasp.steps
            dos_at = campaign.vasp.dos_at
        case unknown:
            assert_never(unknown)
    dos = dos and x is not None and any(same_x(x, at) for at in dos_at)
    return (*steps, "dos") if dos else steps
