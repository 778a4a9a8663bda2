"""What a campaign may set an INCAR tag to: a value VASP reads as one, within reason.

A campaign is written to INCAR as it stands. A text with a line end, a ``;`` or a
comment sign would set other tags, or none; NaN, infinity and absurd numbers run to
their end and mean nothing.
"""

from __future__ import annotations

import math
import re
from typing import Any

from workflows.campaign.tag_lists import (
    SWITCH,
    SWITCHES,
    as_values,
    takes_list,
    wrong_word,
)
from workflows.vasp.closed_tags import values_of_vasp
from workflows.vasp.incar_text import NUMBER
from workflows.vasp.known_tags import MACHINE_TAGS, is_known, known_tags, nearest_tag

WRITTEN = re.compile(r"[\w .,:+*/()'-]*", re.ASCII)
"""What a text may hold: no line end, ``;``, ``#``, ``!``, ``=``, quote, brace."""
LONGEST = 200
"""Characters of a text: VASP cuts a line of INCAR without a word."""
NAME = re.compile(r"[A-Z][A-Z0-9_]*")
SINGLE = frozenset({"int", "float", "bool", "str", "bool | str"})
"""Types of tags with one value."""
LARGEST = 1e9
"""Largest magnitude of a number in INCAR."""
LIMITS: dict[str, tuple[float, float]] = {
    "ENCUT": (50, 5000),
    "ENMAX": (50, 5000),
    "ENAUG": (50, 20_000),
    "EDIFF": (1e-12, 1),
    "EDIFFG": (-10, 10),
    "SIGMA": (1e-6, 5),
    "ISPIN": (1, 2),
    "ISIF": (0, 8),
    "IBRION": (-1, 99),
    "ISYM": (-1, 3),
    "ISMEAR": (-15, 10),
    "NELM": (1, 10_000),
    "NELMIN": (0, 1000),
    "NSW": (0, 1_000_000),
    "NBANDS": (1, 100_000),
    "NEDOS": (2, 1_000_000),
    "POTIM": (0, 100),
    "LMAXMIX": (0, 8),
    "KSPACING": (0.01, 10),
    "NUPDOWN": (-1, 100_000),
    "NELECT": (0, 1_000_000),
    "AEXX": (0, 1),
    "HFSCREEN": (0, 10),
    "LORBIT": (0, 14),
}
"""Tag -> least and largest value: eV, or 1/A for KSPACING and HFSCREEN."""


def wrong_tag(tag: str, value: Any) -> str:
    """Say what is wrong with an INCAR tag of a campaign, or nothing.

    Parameters
    ----------
    tag
        As the file has it.
    value
        A number, a word, true or false, or a list of them; None deletes the tag.
    """
    if NAME.fullmatch(tag.upper()) is None:
        return "is not the name of a tag: capitals, digits and _"
    if tag != tag.upper():
        return f"INCAR tags are written in capitals; write {tag.upper()}"
    if tag in MACHINE_TAGS:
        return (
            "belongs to the machine and would enter the id of every calculation; write "
            f"LNMO_VASP_INCAR={tag}=..., or env: {{incar: {{{tag}: ...}}}} in "
            "my_fworker.yaml"
        )
    if not is_known(tag) and (near := nearest_tag(tag)):
        return f"VASP has no such tag, and would ignore it; did you mean {near}?"
    if isinstance(value, list | tuple) and known_tags().get(tag) in SINGLE:
        return "takes one value, not a list"
    if isinstance(value, list | tuple) and not value:
        return "is an empty list; null deletes a tag"
    for one in value if isinstance(value, list | tuple) else [value]:
        if problem := _wrong_value(tag, one) or _no_value_of_vasp(tag, one):
            return problem
    return ""


def _wrong_numbers(tag: str, text: str) -> str:
    """Look at the words of a text, each as VASP reads it, not as Python does."""
    if not takes_list(tag):
        alone = [] if known_tags().get(tag) == "str" else text.split()
        odd = next((w for w in alone if _only_of_python(w)), "")
        return f"{odd!r} is not a number that VASP reads" if odd else ""
    if problem := wrong_word(tag, text):
        return problem
    for one in as_values(tag, text):
        if problem := _wrong_value(tag, one):
            return problem
    return ""


def _only_of_python(word: str) -> bool:
    """Tell a word that Python takes for a number, and VASP does not: nan, 1_000."""
    try:
        float(word)
    except ValueError:
        return False
    return NUMBER.fullmatch(word) is None


def _no_value_of_vasp(tag: str, value: Any) -> str:
    known = "" if value is None else values_of_vasp(tag, str(value))
    return f"{value!r} is no value that VASP has; there is {known}" if known else ""


def _wrong_value(tag: str, value: Any) -> str:
    kind = known_tags().get(tag)
    shown = repr(value) if len(repr(value)) < 50 else f"{repr(value)[:47]}..."
    if value is None:
        return ""
    if isinstance(value, str):
        if not value.strip():
            return f"{shown} is empty; null deletes a tag"
        if len(value) > LONGEST:
            return f"{shown} has {len(value)} characters, at most {LONGEST}"
        if WRITTEN.fullmatch(value) is None:
            return (
                f"{shown}: no line ends, quotes, accents, ; # ! = \\ {{ }} in a value"
            )
        if kind == "bool" and SWITCH.fullmatch(value) is None:
            return f"{shown} is neither true nor false"
        wants_number = kind in {"int", "float"} or tag in LIMITS
        return (
            f"{shown} is not a number" if wants_number else _wrong_numbers(tag, value)
        )
    if isinstance(value, bool):
        wants_number = kind in {"int", "float", "list"} or tag in LIMITS
        if wants_number and tag not in SWITCHES:
            return f"{shown} is not a number"
        return f"{shown} is not a word" if kind == "str" else ""
    if not isinstance(value, int | float):
        return f"{shown} is neither a number nor a word"
    if kind == "bool" or tag in SWITCHES:
        return f"{shown} is neither true nor false"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{shown} is not a finite number"
    low, high = LIMITS.get(tag, (-LARGEST, LARGEST))
    if not low <= value <= high:
        return f"{shown} is outside {low:g}..{high:g}"
    if kind == "int" and value != int(value):
        return f"{shown} is not a whole number"
    return ""
