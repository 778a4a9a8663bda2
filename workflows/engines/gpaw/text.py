"""GPAW's text output: which file is the last, and the numbers that it ends with.

The text is the evidence: ``result.json`` counts only if the text beside it is the very
one it was made with, and says the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_NUMBER = r"([-+]?\d+\.\d+)"
_ENERGY = re.compile(rf"^  Extrapolated:\s+{_NUMBER}$", re.M)
_FERMI = re.compile(rf"^Fermi level: {_NUMBER}$", re.M)
_TOTAL = re.compile(
    rf"^Total magnetic moment: \({_NUMBER}, {_NUMBER}, {_NUMBER}\)", re.M
)
_LOCAL = re.compile(
    rf"^\| +{_NUMBER} \| +{_NUMBER} \| +{_NUMBER} \|  # [A-Z][a-z]? +\d+$", re.M
)
_CONVERGED = re.compile(r"^Converged in (\d+) steps$", re.M)
_SPECIES = re.compile(
    r"^  ([A-Z][a-z]?):\n    name: .*\n    id: +([0-9a-f]{32})$", re.M
)
_HUBBARD = re.compile(rf"Hubbard: {{U: {_NUMBER},")


@dataclass(frozen=True)
class TextNumbers:
    """What a text says last; None where it does not.

    Attributes
    ----------
    energy
        Extrapolated to no broadening, eV per cell.
    fermi
        eV.
    total_moment, moments
        muB.
    converged
        Densities that came to self-consistency.
    setups
        Element -> md5 of its PAW data set; empty in the text of a warm start.
    hubbards
        Element -> U, eV, of those that have one.
    """

    energy: float | None = None
    fermi: float | None = None
    total_moment: float | None = None
    moments: tuple[float, ...] = ()
    converged: int = 0
    setups: dict[str, str] = field(default_factory=dict)
    hubbards: dict[str, float] = field(default_factory=dict)


def last_text(directory: Path) -> Path | None:
    """Return the text of the last start of GPAW in a directory."""
    numbered = [
        (int(path.stem[5:]), path)
        for path in directory.glob("gpaw-*.txt")
        if path.stem[5:].isdigit()
    ]
    return max(numbered)[1] if numbered else None


def read_text_numbers(text: str) -> TextNumbers:
    """Read the last energy, levels and moments, and what the atoms were made of."""
    parts = text.split("\nLocal magnetic moments\n")
    local = parts[-1].partition("\n\n")[0] if len(parts) > 1 else ""
    setups, hubbards = _species(text)
    total = _TOTAL.findall(text)
    return TextNumbers(
        energy=_last(_ENERGY, text),
        fermi=_last(_FERMI, text),
        total_moment=float(total[-1][2]) if total else None,
        moments=tuple(float(row[2]) for row in _LOCAL.findall(local)),
        converged=len(_CONVERGED.findall(text)),
        setups=setups,
        hubbards=hubbards,
    )


def _last(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.findall(text)
    return float(found[-1]) if found else None


def _species(text: str) -> tuple[dict[str, str], dict[str, float]]:
    found = list(_SPECIES.finditer(text))
    setups, hubbards = {}, {}
    for match in found:
        setups[match[1]] = match[2]
        own = text[match.end() :].partition("projectors")[0]
        if has_u := _HUBBARD.search(own):
            hubbards[match[1]] = float(has_u[1])
    return setups, hubbards
