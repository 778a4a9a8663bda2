"""The packaged INCAR presets, and the one visible order in which they merge.

step <- functional <- Hubbard U <- campaign; the machine's NCORE and KPAR come
last, at run time. A later layer replaces a tag of an earlier one, and ``null``
deletes it. Each merged tag keeps the name of the layer that set it. Bcc lithium has
two layers more: its preset, and the campaign's own tags for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

STEPS = ("relax", "static", "dos")
SPECIES_TAGS = ("LDAUL", "LDAUU", "LDAUJ", "MAGMOM")
"""Tags generated from the written POSCAR; a campaign may not set them by hand."""


@dataclass(frozen=True)
class Tag:
    """One INCAR tag with its origin."""

    value: Any
    origin: str


@cache
def _load(name: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def functionals() -> tuple[str, ...]:
    """Return the names of the functionals."""
    return tuple(_load("functionals"))


def hubbard_presets() -> tuple[str, ...]:
    """Return the names of the U presets."""
    return tuple(_load("hubbard_u"))


def has_hubbard(functional: str) -> bool:
    """Tell whether U values belong to this functional."""
    return bool(_load("functionals")[functional]["hubbard"])


def hubbard_values(preset: str) -> dict[str, float]:
    """Return U_eff in eV by element."""
    return dict(_load("hubbard_u")[preset])


def merge(
    step: str,
    *,
    functional: str,
    campaign: Mapping[str, Mapping[str, Any]] | None = None,
    lithium: bool = False,
) -> dict[str, Tag]:
    """Merge the tags of a step that do not depend on the structure.

    Parameters
    ----------
    step
        ``relax``, ``static`` or ``dos``.
    functional
        A name out of :func:`functionals`.
    campaign
        The campaign's own tags under ``common``, a step's name and ``lithium``; None
        deletes a tag.
    lithium
        For bcc lithium, not for an oxide.

    Returns
    -------
    dict
        Tag name -> value and origin, sorted by name.
    """
    steps, xc = _load("steps"), _load("functionals")[functional]
    own = campaign or {}
    layers = [
        ("steps.yaml: common", steps["common"]),
        (f"steps.yaml: {step}", steps[step]),
        (f"functionals.yaml: {functional}", xc.get("common", {})),
        (f"functionals.yaml: {functional}, {step}", xc.get(step, {})),
        ("campaign: common", own.get("common", {})),
        (f"campaign: {step}", own.get(step, {})),
    ]
    if lithium:
        layers.append(("lithium.yaml: common", _load("lithium")["common"]))
        layers.append(("campaign: lithium", own.get("lithium", {})))
    merged: dict[str, Tag] = {}
    for origin, tags in layers:
        for tag, value in tags.items():
            merged[tag] = Tag(value, origin)
    return {tag: merged[tag] for tag in sorted(merged) if merged[tag].value is not None}
