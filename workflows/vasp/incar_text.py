"""INCAR: the one reader, every tag as it was written, in the way VASP reads it.

pymatgen turns values into Python and keeps the last of two equal tags. A linter has to
see what was written (a dict, a tag given twice, a line without ``=``), and VASP takes
the first of two. :meth:`IncarText.values` gives the values as pymatgen reads them.

VASP 6.5 reads groups of tags, ``NAME { TAG = value }`` or ``NAME/TAG = value``. They
are kept apart: a tag in a group never hides the tag of the same name outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from workflows.vasp.known_tags import known_tags

if TYPE_CHECKING:
    from pymatgen.io.vasp import Incar

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?")
WIDTH = 80
"""Characters of a line that is written; VASP 5 reads 255, people fewer."""
MAX_VALUES = 1_000_000
"""More numbers than that in one tag are a mistake, not a cell."""
LONG_TEXT = re.compile(r"WANNIER90_WIN|WIN")
"""Tags whose quoted text has several lines."""
DOUBLE_PRECISION = re.compile(
    r"(?<![\w.])([-+]?(?:\d+\.?\d*|\.\d+))[dD]([-+]?\d+)(?![\w.])"
)
_OPENS = re.compile(r"\s*(\w+)\s*\{")


@dataclass(frozen=True)
class IncarText:
    """Tags of one INCAR, or of one group in it.

    Attributes
    ----------
    tags
        Upper-case tag -> its text, comments removed; the first where VASP meets two.
    later
        Tag given again -> the texts that VASP does not read.
    stray
        Lines without ``=``, comments removed.
    groups
        Name -> the tags of ``NAME { ... }`` and ``NAME/TAG``.
    unclosed
        Lines with a quote or a brace that is never closed.
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stray: tuple[str, ...] = ()
    groups: Mapping[str, IncarText] = field(default_factory=dict)
    unclosed: tuple[str, ...] = ()

    def __contains__(self, tag: str) -> bool:
        """Tell whether a tag is set."""
        return tag in self.tags

    def numbers(self, tag: str) -> tuple[float, ...] | None:
        """Return the numbers of a tag, ``4*-2`` written out; None if it is not set.

        Reading stops at the first word that is no number, as VASP's does.
        """
        return leading_numbers(self.tags[tag]) if tag in self.tags else None

    def number(self, tag: str, default: float) -> float:
        """Return the first number of a tag, or VASP's default."""
        return (self.numbers(tag) or (default,))[0]

    def flag(self, tag: str, *, default: bool = False) -> bool:
        """Return a logical as Fortran reads it: ``.TRUE.``, ``T``, ``true``."""
        found = logical(self.tags.get(tag, ""))
        return default if found is None else found

    def word(self, tag: str, default: str = "") -> str:
        """Return the first word of a tag, upper case."""
        words = self.tags.get(tag, "").split()
        return words[0].upper() if words else default

    def values(self) -> Incar:
        """Return the tags outside of groups with their values, as pymatgen reads them.

        Raises
        ------
        Exception
            Whatever pymatgen makes of a text that is no value of the tag.
        """
        from pymatgen.io.vasp import Incar

        return Incar(
            {
                tag: Incar.proc_val(tag, DOUBLE_PRECISION.sub(r"\1E\2", text))
                for tag, text in self.tags.items()
                if re.fullmatch(r"\w+", tag) and text
            }
        )


def read_incar(text: str) -> IncarText:
    r"""Read an INCAR: comments (``#``, ``!``), ``;``, ``\`` at line ends, groups."""
    top = _Tags()
    groups: dict[str, _Tags] = {}
    unclosed: list[str] = []
    for group, statement in _statements(text, unclosed):
        tag, equals, value = statement.partition("=")
        names = [*group, *tag.strip().upper().split("/")]
        name, tag = "/".join(names[:-1]), names[-1]
        tags = groups.setdefault(name, _Tags()) if name else top
        if equals:
            tags.add(tag.strip(), value.strip())
        elif statement.strip():
            tags.stray.append(statement.strip())
    found = {name: tags.frozen() for name, tags in groups.items()}
    return top.frozen(found, tuple(unclosed))


class _Tags:
    """The tags of one group while it is read."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.later: dict[str, list[str]] = {}
        self.stray: list[str] = []

    def add(self, tag: str, value: str) -> None:
        if tag in self.tags:
            self.later.setdefault(tag, []).append(value)
        else:
            self.tags[tag] = value

    def frozen(
        self,
        groups: Mapping[str, IncarText] | None = None,
        unclosed: tuple[str, ...] = (),
    ) -> IncarText:
        again = {tag: tuple(values) for tag, values in self.later.items()}
        return IncarText(self.tags, again, tuple(self.stray), groups or {}, unclosed)


def _statements(text: str, unclosed: list[str]) -> Iterator[tuple[list[str], str]]:
    """Yield the group that is open, and one ``TAG = value`` or a line without ``=``."""
    group: list[str] = []
    opened: list[str] = []
    for statement in _split(text, unclosed):
        rest = statement
        while (found := _OPENS.match(rest)) and "=" not in found[0]:
            group.append(found[1].upper())
            opened.append(statement.strip())
            rest = rest[found.end() :]
        closes = 0
        while group and closes < len(group) and _closes(rest):
            rest = rest.rstrip()[:-1]
            closes += 1
        if rest.strip():
            yield list(group), rest
        del group[len(group) - closes :], opened[len(opened) - closes :]
    unclosed += opened


def _closes(rest: str) -> bool:
    return rest.rstrip().endswith("}") and rest.count("}") > rest.count("{")


def _split(text: str, unclosed: list[str]) -> list[str]:
    """Part an INCAR at line ends and ``;``, not within quotes.

    A quoted text may have several lines only in a few tags. Any other quote that is
    open at the end of its line ends there, so that it does not swallow the rest.
    """
    lines = [re.split("[#!]", line, maxsplit=1)[0] for line in text.splitlines()]
    joined = re.sub(r"\\[ \t]*(\n|$)", " ", "\n".join(lines))
    joined = re.sub(r"(?m)^([ \t]*\w+)[ \t]*\n\s*\{", r"\1 {", joined)
    parts, here, start = [], 0, 0
    while here < len(joined):
        letter = joined[here]
        if letter == '"':
            here = _quoted_end(joined, start, here, unclosed)
        elif letter in "\n;" or (
            letter == "}" and _in_a_group_line(joined, start, here)
        ):
            end = here + 1 if letter == "}" else here
            parts.append(joined[start:end].replace("\n", " "))
            start = here + 1
        here += 1
    parts.append(joined[start:].replace("\n", " "))
    return [part for part in parts if part.strip()]


def _in_a_group_line(text: str, start: int, here: int) -> bool:
    """Tell a brace that closes a group from one of a dict, which opens it as well."""
    statement = text[start:here]
    value = statement.partition("=")[2] if "=" in statement else ""
    return "{" not in value


def _quoted_end(text: str, start: int, quote: int, unclosed: list[str]) -> int:
    """Return where a quoted text ends: at its quote, or with its line."""
    line_end = text.find("\n", quote)
    line_end = len(text) if line_end < 0 else line_end
    end = text.find('"', quote + 1)
    tag = text[start:quote].partition("=")[0].strip().upper()
    if end >= 0 and (end < line_end or LONG_TEXT.fullmatch(tag)):
        return end
    unclosed.append(text[start:line_end].strip())
    return quote


def logical(text: str) -> bool | None:
    """Return a logical as Fortran reads it; None for a text that is none."""
    return {"T": True, "F": False}.get(text.lstrip(". \t")[:1].upper())


def leading_numbers(text: str) -> tuple[float, ...]:
    """Return the numbers that a text starts with, ``4*-2`` written out."""
    found: list[float] = []
    for word in text.replace(",", " ").split():
        values = _expanded(word)
        if values is None or len(found) + len(values) > MAX_VALUES:
            break
        found += values
    return tuple(found)


def read_alike(first: str, other: str, kind: str | None) -> bool:
    """Tell whether VASP reads the same value of two texts.

    Parameters
    ----------
    first, other
        Values of one tag as written, such as ``.T.`` and ``.TRUE.``.
    kind
        Type of the tag: ``bool``, ``int``, ``float``, ``list`` or another.
    """
    if first.split() == other.split():
        return True
    if kind == "bool":
        return logical(first) is not None and logical(first) == logical(other)
    numbers = leading_numbers(first), leading_numbers(other)
    if numbers[0] or numbers[1]:
        return numbers[0] == numbers[1]
    truth = logical(first), logical(other)
    if kind not in {"str", "any", None} and truth[0] is not None:
        return truth[0] == truth[1]
    words = [(text.split() or [""])[0].strip(".").upper() for text in (first, other)]
    logicals = [{"TRUE": "T", "FALSE": "F"}.get(word, word) for word in words]
    return logicals[0] == logicals[1]


def _expanded(word: str) -> list[float] | None:
    """Return the numbers of ``0.6`` or ``4*0.6`` or ``2*4*0.6``; None for a word."""
    *repeats, value = word.split("*")
    if not NUMBER.fullmatch(value) or not all(r.isdigit() for r in repeats):
        return None
    count = 1
    for repeat in repeats:
        count *= int(repeat[:9])
    if count > MAX_VALUES:
        return None
    return [float(value.upper().replace("D", "E"))] * count


def incar_as_text(tags: Mapping[str, Any]) -> str:
    r"""Write an INCAR: runs of equal moments as ``4*-2.0``, long lines ended by ``\``.

    A text is written as it stands; nothing takes it apart. A number gets the type that
    pymatgen knows of the tag, so that ``ENCUT: 520`` is written as ``520.0``.

    Parameters
    ----------
    tags
        Tag -> a number, a text, true or false, or a list of them.
    """
    lines: list[str] = []
    for name, value in tags.items():
        tag = name.strip().upper()
        kind = known_tags().get(tag, "any")
        if isinstance(value, str):
            written = " ".join(value.splitlines()).strip()
        elif not isinstance(value, list | tuple):
            written = _number_as_text(value, kind)
        elif tag == "MAGMOM":
            written = " ".join(_runs(value))
        else:
            written = " ".join(map(str, value))
        lines += _wrapped(tag, written)
    return "\n".join(lines) + "\n"


def incar_with(text: str, tags: Mapping[str, Any]) -> str:
    """Return the text of an INCAR that lnmo wrote, with some tags set or replaced.

    All others keep the text they have. Numbers read and written again would not.
    """
    kept = read_incar(text).tags
    return incar_as_text({**{t: " ".join(kept[t].split()) for t in kept}, **tags})


def _number_as_text(value: Any, kind: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if kind == "float":
        return str(float(value))
    return str(int(value)) if kind == "int" and value == int(value) else str(value)


def _runs(moments: Sequence[Any]) -> Iterator[str]:
    """Shorten equal neighbours; one alone stays as it is."""
    for moment, alike in groupby(moments):
        number = len(list(alike))
        yield f"{number}*{moment}" if number > 1 else str(moment)


def _wrapped(tag: str, value: str) -> list[str]:
    lines = [f"{tag} ="]
    for word in value.split(" "):
        if len(lines[-1]) + len(word) + len(" ") > WIDTH - len(" \\"):
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}"
    return lines
