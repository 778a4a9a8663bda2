"""Variants of a campaign: its content with some keys replaced, under a name of its own.

A study (of a cutoff, of U, of a magnetic order) is one campaign file whose variants
differ in what is studied and in nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WHOLE = ("hubbard_u",)
"""Mappings a variant replaces whole: a U it does not name is filled in by none."""


def overridden(
    content: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return content with changes laid over it, section by section.

    Parameters
    ----------
    content
        Sections, keys and values of a campaign.
    changes
        The same shape, only what differs. Mappings merge, except those of
        :data:`WHOLE`; everything else, lists too, is replaced.
    """
    merged = dict(content)
    for key, value in changes.items():
        old = merged.get(key)
        nested = isinstance(value, Mapping) and isinstance(old, Mapping)
        merged[key] = (
            overridden(old, value)  # type: ignore[arg-type]
            if nested and key not in WHOLE
            else value
        )
    return merged
