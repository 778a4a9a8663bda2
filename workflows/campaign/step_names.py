"""Which steps a calculation has: by its engine, and by whether a DOS is asked for."""

from __future__ import annotations

from workflows.campaign.campaign import Campaign

GEOMETRY = "geometry"
"""Step of a gpaw calculation in which CHGNet relaxes; its structure alone counts."""


def steps_of(campaign: Campaign, x: float | None = None) -> tuple[str, ...]:
    """Return the steps of the cells at x, or, without x, of bcc lithium."""
    if campaign.engine == "chgnet":
        return ("relax",)
    steps: tuple[str, ...] = campaign.vasp.steps
    dos_at = campaign.vasp.dos_at
    if campaign.engine == "gpaw":
        first = GEOMETRY if campaign.gpaw.geometry == "chgnet" else "relax"
        steps, dos_at = (first, "static"), campaign.gpaw.dos_at
    elif x is None:
        return ("relax", "static")
    dos = x is not None and any(abs(x - at) < 1e-9 for at in dos_at)
    return (*steps, "dos") if dos else steps
