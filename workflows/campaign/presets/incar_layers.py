"""The one visible order in which the presets of INCAR tags merge.

The layers in order: step, functional, Hubbard U, restart tags (ISTART, ICHARG, LWAVE),
campaign. A later layer overrides an earlier one, and ``null`` deletes a tag. Each
merged tag keeps the name of the layer that set it. The metal of the ion (bcc lithium)
has two layers more: its preset, and the campaign's own tags for it. At run time the
machine adds NCORE and KPAR (`engines/machine.py`), `engines/vasp/wavecars.py` sets
ISTART and ICHARG by the WAVECAR that is there, and custodian may correct what fails.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

STEPS = ("relax", "static", "dos")

SPECIES_TAGS = ("LDAUL", "LDAUU", "LDAUJ", "MAGMOM")
"""Tags generated from the written POSCAR; a campaign may not set them by hand."""

CHAIN = "campaign: vasp.restart"
"""Origin of what follows from the links of a chain, ``campaign.wavecar_tags``."""

CAMPAIGN = "campaign"
"""Origin of what the campaign's own ``vasp.incar`` sets."""

INDENT = 2
"""Spaces a level in the preset files."""


@dataclass(frozen=True)
class Tag:
    """One INCAR tag with its origin.

    Attributes
    ----------
    value
        As VASP gets it.
    origin
        The file and section, or the part of the campaign, that set it last.
    source
        Who fixed it and why, the comment of the preset file; empty for a campaign's.
    """

    value: Any
    origin: str
    source: str = field(default="", compare=False)


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
    return tuple(_load("hubbard_u")["values"])


def has_hubbard(functional: str) -> bool:
    """Return whether U values belong to this functional."""
    return bool(_load("functionals")[functional]["hubbard"])


def hubbard_values(preset: str) -> dict[str, float]:
    """Return U_eff in eV by element."""
    return dict(_load("hubbard_u")["values"][preset])


def hubbard_source(preset: str) -> str:
    """Return who fixed a U preset and why."""
    return _comments("hubbard_u").get(("values", preset), "")


def gpaw_preset(part: str) -> Any:
    """Return a part of the preset of the gpaw engine: basis_energy, ladder, relax."""
    return copy.deepcopy(_load("gpaw")[part])


def ion_preset(ion: str) -> dict[str, Any]:
    """Return POTCAR, moment (muB), and the start of the metal (A) of a working ion."""
    return dict(_load("ions")[ion])


def ion_values(key: str) -> dict[str, Any]:
    """Return ``potcar`` or ``magmom`` of every working ion."""
    return {ion: values[key] for ion, values in _load("ions").items()}


def ion_source(ion: str, key: str) -> str:
    """Return who fixed a value of a working ion and why."""
    return _comments("ions").get((ion, key), "")


def merge(
    step: str,
    *,
    functional: str,
    campaign: Mapping[str, Mapping[str, Any]] | None = None,
    chain: Mapping[str, tuple[Any, str]] | None = None,
    lithium: bool = False,
    deleted: bool = False,
) -> dict[str, Tag]:
    """Merge the tags of a step that do not depend on the structure, sorted by name.

    Parameters
    ----------
    step
        ``relax``, ``static`` or ``dos``.
    functional
        A name out of :func:`functionals`.
    campaign
        The campaign's own tags under ``common``, a step's name and ``lithium``; None
        deletes a tag.
    chain
        Tag -> value and reason, as ``campaign.wavecar_tags.chain_tags`` gives.
    lithium
        For the metal of the ion, not for an oxide.
    deleted
        Keep the tags that ``null`` deleted, with the value None and the layer that did.
    """
    places = [
        *(("steps", part) for part in ("common", step)),
        *(("functionals", functional, part) for part in ("common", step)),
    ]
    if has_hubbard(functional):
        places += [("hubbard_u", "tags", part) for part in ("common", step)]
    places += [(CHAIN,)] + [(CAMPAIGN, part) for part in ("common", step)]
    if lithium:
        places += [("lithium", "common"), (CAMPAIGN, "lithium")]
    merged: dict[str, Tag] = {}
    for file, *path in places:
        if file == CHAIN:
            chained = (chain or {}).items()
            merged |= {tag: Tag(value, CHAIN, why) for tag, (value, why) in chained}
            continue
        tags: Any = (campaign or {}) if file == CAMPAIGN else _load(file)
        for key in path:
            tags = tags.get(key, {})
        for tag, value in tags.items():
            if value is None and tag not in merged:
                continue  # nothing to delete
            merged[tag] = Tag(value, _origin(file, path), _source(file, (*path, tag)))
    kept = (t for t in sorted(merged) if deleted or merged[t].value is not None)
    return {tag: merged[tag] for tag in kept}


def _origin(file: str, path: list[str]) -> str:
    where = ", ".join(part for part in path if part not in {"common", "tags"})
    name = file if file == CAMPAIGN else f"{file}.yaml"
    return f"{name}: {where or 'common'}"


def _source(file: str, path: tuple[str, ...]) -> str:
    return "" if file == CAMPAIGN else _comments(file).get(path, "")


@cache
def _comments(name: str) -> dict[tuple[str, ...], str]:
    """Read the comment behind every key of a preset file, by the path of the key."""
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text("utf-8")
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    for line in text.splitlines():
        match = re.match(r"( *)([A-Za-z_]\w*):[^#]*(?:# (.*))?$", line)
        if match:
            depth = len(match[1]) // INDENT
            path = [*path[:depth], match[2]]
            found[tuple(path)] = match[3] or ""
    return found
