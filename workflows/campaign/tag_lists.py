"""INCAR tags with a list of values: from the words of a campaign to the values.

A campaign may write ``ROPT: '2*1d-3'`` or ``ROPT: [0.001, 0.001]``. Both become the
same list, so both have the same id, and no later reader has a text to take apart.
"""

from __future__ import annotations

import re
from typing import Any

from workflows.vasp.incar_text import NUMBER
from workflows.vasp.known_tags import known_tags

SWITCH = re.compile(r"\.?(T|F|TRUE|FALSE)\.?", re.IGNORECASE)
"""True or false as VASP reads it."""
SWITCHES = frozenset({"LATTICE_CONSTRAINTS"})
"""Tags with a list of true and false."""
LISTS_OF_WORDS = frozenset({"LOCPROJ"})
"""Tags that pymatgen calls a list, and whose text is not one of numbers."""
MOST_VALUES = 100_000
"""Values of one tag, repeat counts written out."""
REPEATED = re.compile(r"((?:[1-9]\d{0,5}\*)*)(.+)", re.DOTALL)


def takes_list(tag: str) -> bool:
    """Tell whether a tag has a list of numbers, or of true and false."""
    return known_tags().get(tag) == "list" and tag not in LISTS_OF_WORDS


def wrong_word(tag: str, text: str) -> str:
    """Say which word of a list tag is no value that VASP reads, or nothing.

    Parameters
    ----------
    tag
        One for which :func:`takes_list` is true.
    text
        Its value, or one element of it, as the campaign has it.
    """
    wanted = "neither true nor false" if tag in SWITCHES else "not a number"
    count = 0
    for word in _words(text):
        values = _values(tag, word)
        if values is None:
            whole = f" in {text!r}" if word != text else ""
            return (
                f"{word!r}{whole} is {wanted} that VASP reads, such as "
                f"{'T, .FALSE. or 2*T' if tag in SWITCHES else '0.5, 1d-3 or 2*0.5'}"
            )
        count += values[0]
    return f"has {count} values, at most {MOST_VALUES}" if count > MOST_VALUES else ""


def as_values(tag: str, value: Any) -> Any:
    """Return the value of a tag with every text of a list tag as its values.

    Parameters
    ----------
    tag
        In capitals.
    value
        One in which :func:`wrong_word` finds nothing.

    Examples
    --------
    >>> as_values("ROPT", "1d-3 2*0.5"), as_values("FERWE", ["2*1", 0])
    ([0.001, 0.5, 0.5], [1, 1, 0])
    >>> as_values("LATTICE_CONSTRAINTS", ".FALSE. 2*T"), as_values("ALGO", "All")
    ([False, True, True], 'All')
    """
    parts = value if isinstance(value, list | tuple) else [value]
    if not takes_list(tag) or not any(isinstance(part, str) for part in parts):
        return value
    found: list[Any] = []
    for part in parts:
        for word in _words(part) if isinstance(part, str) else ():
            count, one = _values(tag, word) or (0, None)
            found += [one] * count
        if not isinstance(part, str):
            found.append(part)
    return found


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _values(tag: str, word: str) -> tuple[int, bool | int | float] | None:
    """Return how often a word says its value, and the value; None for no value."""
    parted = REPEATED.fullmatch(word)
    if parted is None:
        return None
    count, value = 1, parted[2]
    for repeat in parted[1].split("*")[:-1]:
        count *= int(repeat)
    if tag in SWITCHES:
        if SWITCH.fullmatch(value) is None:
            return None
        return count, value.strip(".").upper().startswith("T")
    if NUMBER.fullmatch(value) is None:
        return None
    if re.fullmatch(r"[-+]?\d+", value):
        return count, int(value)
    return count, float(value.upper().replace("D", "E"))
