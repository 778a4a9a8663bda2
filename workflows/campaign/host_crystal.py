"""``host: {crystal: ...}``: a crystal of the user's own, as a campaign keeps it.

A campaign holds the crystal itself, not the name of a file: what is planned does not
depend on a disk, and a campaign written elsewhere plans the same calculations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from structures.values import FULL
from workflows.analysis.cell_volume import LEAST_VOLUME, MOST_VOLUME, determinant
from workflows.analysis.elements import SYMBOLS
from workflows.counts import count_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures.crystal_host import OwnHost

MOST_SITES = 2000
MOST_REPEATED = 8000
"""Sites of a supercell; to map them takes 2 GB, and memory grows with the square."""
FAR = 1000.0
"""Cells; a fractional coordinate above it has lost the digits that matter."""
_DIGITS = 8
_SITE = re.compile(r"(\S+) (\S+) (\S+) (\S+)")
_SHARE = r":(?:[01]?\.\d+|[01]\.?)"
_SPECIES = re.compile(rf"[A-Z][a-z]?(?:{_SHARE})?(?:,[A-Z][a-z]?{_SHARE})*", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)

Row = tuple[float, float, float]


class Crystal(BaseModel):
    """A crystal: lattice, and one line a site, ``Ni:0.25,Mn:0.75 0.5 0.5 0.5``.

    Attributes
    ----------
    source
        The file it was read from, without its directories.
    sha256
        Of that file.
    lattice
        Cell vectors as rows, Angstrom.
    sites
        Element, or elements with their occupancies, and fractional coordinates.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    source: Annotated[str, Field(max_length=200)] = ""
    sha256: Annotated[str, Field(max_length=64)] = ""
    lattice: tuple[Row, Row, Row]
    sites: tuple[str, ...] = Field(min_length=1, max_length=MOST_SITES)

    @field_validator("sites")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            parts = _SITE.fullmatch(line)
            if parts is None or _SPECIES.fullmatch(parts[1]) is None:
                raise ValueError(
                    f"{line[:60]!r}: expected an element (or Ni:0.25,Mn:0.75) and "
                    "three fractional coordinates"
                )
            if not all(map(_NUMBER.fullmatch, parts.groups()[1:])):
                raise ValueError(f"{line[:60]!r}: expected three numbers")
            if max(abs(float(number)) for number in parts.groups()[1:]) > FAR:
                raise ValueError(f"{line[:60]!r}: a coordinate is above {FAR:g}")
            if problem := _wrong_shares(parts[1]):
                raise ValueError(f"{line[:60]!r}: {problem}")
        return value

    @model_validator(mode="after")
    def _has_volume(self) -> Crystal:
        if problem := impossible_volume(self.lattice, len(self.sites)):
            raise ValueError(problem)
        return self

    def structure(self) -> Structure:
        """Build pymatgen's structure."""
        from pymatgen.core import Structure

        species: list[Any] = []
        coords = []
        for line in self.sites:
            names, *numbers = line.split(" ")
            species.append(dict(_shares(names)))
            coords.append([float(number) for number in numbers])
        return Structure(self.lattice, species, coords)


def _shares(names: str) -> list[tuple[str, float]]:
    """Read ``Ni:0.25,Mn:0.75``."""
    parts = [part.partition(":") for part in names.split(",")]
    return [(name, float(n or 1)) for name, _, n in parts]


def _wrong_shares(names: str) -> str:
    """Say what is wrong with the elements of a site; empty for nothing."""
    shares = _shares(names)
    if wrong := [name for name, _ in shares if name not in SYMBOLS]:
        return f"{wrong[0]} is not an element"
    if len(dict(shares)) < len(shares):
        return "an element is named twice"
    if any(n <= FULL for _, n in shares) or sum(n for _, n in shares) > 1 + FULL:
        return f"give occupancies above {FULL:g} whose sum is at most 1"
    return ""


def too_many(sites: int) -> str:
    """Say that a crystal has more sites than are read; empty if it has not."""
    if sites <= MOST_SITES:
        return ""
    return (
        f"has {sites} sites, more than {MOST_SITES}: give the cell that is repeated, "
        "and host: {supercell: ...} to repeat it"
    )


def impossible_volume(lattice: Sequence[Sequence[float]], sites: int) -> str:
    """Say that no crystal has a cell, rows in A, with so many sites; else empty."""
    volume = abs(determinant(lattice))
    if LEAST_VOLUME * sites <= volume <= MOST_VOLUME * sites:
        return ""
    limit = (
        f"more than {MOST_VOLUME:g}"
        if volume > MOST_VOLUME * sites
        else f"less than {LEAST_VOLUME:g}"
    )
    return (
        f"the cell has {volume:.3g} A^3 for {count_of(sites, 'atom')}, and no crystal "
        f"{limit} A^3 an atom: correct the cell vectors, or the scale of a POSCAR"
    )


def crystal_of(structure: Structure, *, source: str = "", sha256: str = "") -> Crystal:
    """Keep a structure's elements, occupancies and places, and nothing else of it."""
    sites = []
    for site in structure:
        shares: dict[str, float] = {}
        for species, amount in site.species.items():
            name = str(getattr(species, "symbol", species))
            shares[name] = shares.get(name, 0.0) + float(amount)
        whole = len(shares) == 1 and abs(sum(shares.values()) - 1) < 1e-6
        names = ",".join(e if whole else f"{e}:{n:.6g}" for e, n in shares.items())
        x, y, z = (round(float(number), _DIGITS) + 0.0 for number in site.frac_coords)
        sites.append(f"{names} {x:.{_DIGITS}f} {y:.{_DIGITS}f} {z:.{_DIGITS}f}")
    rows = structure.lattice.matrix.round(_DIGITS).tolist()
    return Crystal(
        source=source,
        sha256=sha256,
        lattice=tuple(tuple(row) for row in rows),
        sites=tuple(sites),
    )


@lru_cache(maxsize=32)
def mapped(
    crystal: Crystal, supercell: tuple[int, int, int] | None, ion: str | None
) -> OwnHost:
    """Map a crystal, or a supercell of it, onto the ideal spinel.

    A crystal with partial occupancies in less than the cubic cell is brought to that
    cell, where the named orders of the metals fit.

    Raises
    ------
    StructuresError
        As :func:`structures.crystal_host.own_host`.
    ValueError
        The supercell has more than `MOST_REPEATED` sites.
    """
    import numpy as np

    from structures.crystal_host import own_host

    structure = crystal.structure()
    if supercell is not None:
        sites = len(structure) * supercell[0] * supercell[1] * supercell[2]
        if sites > MOST_REPEATED:
            raise ValueError(
                f"supercell {list(supercell)} of {count_of(len(structure), 'site')} "
                f"has {sites}, more than {MOST_REPEATED}: take a smaller one"
            )
        structure.make_supercell(supercell)
    found = own_host(structure, ion=ion)
    rows = found.host.cell.conventional_matrix
    smaller = found.host.formula_units < 8 and np.allclose(rows, np.rint(rows))
    if found.partial and supercell is None and smaller:
        structure.make_supercell(np.rint(rows).astype(int))
        found = own_host(structure, ion=ion)
    return found
