"""Tags, as applied, that results of one series share: the same from every reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MUST_AGREE = ("PREC", "LASPH", "ISPIN", "LMAXMIX")
"""INCAR tags, as applied, that results of one series share, besides the cutoff."""

WHOLE_WORDS = {"accura": "accurate"}
"""VASP cuts PREC after six letters."""


def shared_settings(applied: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cutoff, ``ENCUT`` in eV, and `MUST_AGREE`, each where it is known.

    Parameters
    ----------
    applied
        INCAR tags as VASP applied them, ENMAX for the cutoff.
    """
    found: dict[str, Any] = {}
    if "ENMAX" in applied:
        found["ENCUT"] = float(applied["ENMAX"])
    for tag in MUST_AGREE:
        if (value := applied.get(tag)) is not None:
            word = value.lower() if isinstance(value, str) else value
            found[tag] = WHOLE_WORDS.get(word, word)
    return found
