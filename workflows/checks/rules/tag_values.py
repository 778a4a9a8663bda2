"""What VASP reads of a tag, in words that can be compared, its default included."""

from __future__ import annotations

from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_text import leading_numbers, logical
from workflows.vasp.known_tags import ON_BY_DEFAULT, known_tags

OFF = "off"
"""How a tag is shown that is not set, or set to nothing."""
DEFAULTS = {
    **{"IBRION": -1, "ISMEAR": 1, "SIGMA": 0.2, "LMAXMIX": 2, "NUPDOWN": -1},
    **{"NKRED": 1, "NKREDX": 1, "NKREDY": 1, "NKREDZ": 1, "LMAXPAW": -100},
    **{"ALDAX": 1, "ALDAC": 1, "AGGAX": 1, "AGGAC": 1, "AMGGAX": 1, "AMGGAC": 1},
}
"""Numbers that VASP takes where a tag is left out, of tags whose 0 means something.
Those of exchange and correlation by parts are of a run without exact exchange."""
NO_SYMMETRY = frozenset({-1, 0})
"""ISYM without the symmetry of the crystal; other values differ in speed only."""
WITHOUT_WIDTH = frozenset({-2, -4, -5})
"""ISMEAR of occupations that have no width: given, or by tetrahedra."""


def value_of(tag: str, run: VaspDirectory) -> str:
    """Return what VASP reads of a tag: numbers, a logical or a word; its default."""
    text = run.incar.tags.get(tag, ".TRUE." if tag in ON_BY_DEFAULT else "")
    numbers, truth = leading_numbers(text), logical(text)
    if tag in DEFAULTS:
        return " ".join(f"{n:g}" for n in numbers or (DEFAULTS[tag],))
    if numbers:
        return " ".join(f"{n:g}" for n in numbers) if any(numbers) else OFF
    if known_tags().get(tag) == "bool" and truth is not None:
        return ".TRUE." if truth else OFF
    word = run.incar.word(tag)
    return OFF if word.strip(".") in {"", "F", "FALSE", "NONE", "--"} else word


def width(run: VaspDirectory) -> str | None:
    """Return SIGMA, eV; None where the occupations have no width."""
    if run.incar.number("ISMEAR", DEFAULTS["ISMEAR"]) in WITHOUT_WIDTH:
        return None
    return value_of("SIGMA", run)


def symmetry(run: VaspDirectory) -> str:
    """Return whether the symmetry of the crystal is kept, by ISYM."""
    return OFF if run.incar.number("ISYM", 2) in NO_SYMMETRY else "on"


def density_mixed(run: VaspDirectory) -> str | None:
    """Return LMAXMIX; None without an open d or f shell, where it decides nothing."""
    return value_of("LMAXMIX", run) if run.metals else None


def projection(run: VaspDirectory) -> str:
    """Return LREAL by the letter that VASP reads: ``A``, ``O``, ``.TRUE.`` or off."""
    letter = run.incar.word("LREAL", "F").strip(".")[:1]
    return {"F": OFF, "T": ".TRUE.", "": OFF}.get(letter, letter)
