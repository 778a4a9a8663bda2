"""``Calculation``: one structure, one engine, one chain of steps, known by its content.

What a Firework carries, what a run directory keeps, and how an id is made of it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.errors import StoreError

if TYPE_CHECKING:
    from pymatgen.core import Structure

ID_LENGTH = 12
"""Hexadecimal digits of an id: 48 bits, no collision below a million calculations."""
CONVENTIONAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""The 56-atom cubic cell as a supercell of itself."""
REFERENCE_METALS = ("Li", "Na", "Mg")
"""Metals that voltages refer to."""
NO_INSERTION = "none"
"""Insertion model of a calculation at x <= 1, where nothing is inserted."""


class Settings(dict[str, Any]):
    """Settings that were read from a file; a missing one says what is damaged."""

    def __missing__(self, name: str) -> Any:
        """Raise StoreError, with the name."""
        raise StoreError(
            f"the recorded calculation has no setting {name!r}: its lnmo.json or its "
            "Firework is damaged, or another program changed it; take it from a copy, "
            "or plan and run the step again"
        )


@dataclass(frozen=True, eq=False)
class Calculation:
    """One structure, one engine, one chain of steps.

    Attributes
    ----------
    id
        Hash of what decides the numbers: starting structure, engine, settings,
        steps. Independent of the campaign's name, of x labels and of the machine.
    x
        Li (or Na, Mg: the working ion) per Ni0.5Mn1.5O4 (per half the host's
        transition metals); None of a reference.
    n_li
        Li atoms, or those of another working ion, in the cell.
    formula
        Contents of the cell, in POSCAR order, such as ``Li8Ni4Mn12O32``.
    formula_units
        Formula units LixM2O4 in the cell; None of a reference.
    insertion
        Insertion model, ``none`` at x <= 1.
    structure
        Start of the first step: species in contiguous blocks, each site with
        the site properties ``role`` (8a, 16d, ...) and ``label``.
    engine, steps
        Engine name, and its steps in order.
    settings
        All settings of the engine that decide a number, presets resolved.
    ordering
        Provenance of the start: host and host_weight, role, distinct, raw, sampled,
        kept, dropped and dropped_window (eV per cell), rank, degeneracy, occupied,
        ewald_energy (eV per cell), c_strain and its number among the starts,
        charge_order and, if that is not 0, seeded (metal, states, reduced sites),
        magnetic_order; variant where the campaign has some.
    supercell
        Cell vectors, rows, in those of the conventional cubic cell.
    campaign
        Name of the campaign that planned it; no part of the id.
    notes
        What a reader should know before spending the time.
    reference
        ``Li``, ``Na`` or ``Mg`` for the metal that voltages refer to, empty for a
        cathode cell.
    variant
        Name of the campaign's variant, several joined by ``+`` if they share it; empty
        if the campaign has none or all of them share it. No part of the id.
    reseeds
        How often another start is tried if the result is a wrong electronic state; no
        part of the id. A re-seed says in `ordering` whose it is: reseed_of, reseed.
    """

    id: str
    x: float | None
    n_li: int
    formula: str
    formula_units: int | None
    insertion: str
    structure: Structure
    engine: str
    steps: tuple[str, ...]
    settings: Mapping[str, Any]
    ordering: Mapping[str, Any]
    supercell: tuple[tuple[float, ...], ...] = CONVENTIONAL
    campaign: str = ""
    notes: tuple[str, ...] = field(default=())
    reference: str = ""
    variant: str = ""
    reseeds: int = 0

    @property
    def label(self) -> str:
        """Name for people: ``x=1.25 tet_8b``, and how it differs from its siblings."""
        own = self.ordering
        parts = [reference_label(self.reference) or f"x={self.x:g}"]
        if self.insertion != NO_INSERTION:
            parts.append(self.insertion)
        if own.get("host_weight", 1) > 1:
            parts.append(str(own["host"]).replace(" ", "-"))
        if own.get("rank"):
            parts.append(f"#{own['rank'] + 1}")
        if own.get("charge_order"):
            parts.append(f"q{own['charge_order']}")
        if own.get("another_order"):
            parts.append(str(own["magnetic_order"]))
        elif own.get("start"):
            parts.append(f"c{100 * own['c_strain']:+g}%")
        if own.get("reseed"):
            parts.append(f"reseed {own['reseed']}")
        if self.variant:
            parts.append(f"({self.variant})")
        return " ".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON: what a Firework carries and a run directory keeps."""
        plain = self.without_structure()
        plain["structure"] = structure_as_dict(self.structure)
        return {name: plain[name] for name in self.__dataclass_fields__}

    def without_structure(self) -> dict[str, Any]:
        """Return plain JSON of all but the structure, which may not be built yet."""
        names = (name for name in self.__dataclass_fields__ if name != "structure")
        return dict(_plain({name: getattr(self, name) for name in names}))

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calculation:
        """Rebuild a calculation from :meth:`as_dict`."""
        values = dict(plain)
        values["structure"] = structure_from_dict(values["structure"])
        values["settings"] = Settings(values["settings"])
        for name in ("steps", "notes"):
            values[name] = tuple(values[name])
        values["supercell"] = tuple(tuple(row) for row in values["supercell"])
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        """Compare the plain contents."""
        return isinstance(other, Calculation) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        """Hash by id."""
        return hash(self.id)


def reference_label(reference: str) -> str:
    """Return the name of a reference for people: ``Li metal``; empty for a cell."""
    return f"{reference} metal" if reference in REFERENCE_METALS else reference


def content_id(calculation: Calculation) -> str:
    """Hash what decides a calculation's numbers."""
    content = {
        "structure": structure_as_dict(calculation.structure, digits=6),
        "engine": calculation.engine,
        "steps": list(calculation.steps),
        "settings": calculation.settings,
    }
    return digest(content)[:ID_LENGTH]


KEPT_PROPERTIES = ("role", "label", "magmom")
"""Site properties that travel with a structure: site, name, first moment (muB)."""


def cell_formula(structure: Structure) -> str:
    """Return the cell's contents in site order, such as ``Li8Ni4Mn12O32``."""
    counts = Counter(site.specie.symbol for site in structure)
    return "".join(f"{element}{count}" for element, count in counts.items())


def structure_as_dict(structure: Structure, *, digits: int = 10) -> dict[str, Any]:
    """Return a structure as plain JSON: lattice rows in A, fractional coordinates."""
    return {
        # + 0.0: no -0.0, so that equal content hashes alike
        "lattice": (structure.lattice.matrix.round(digits) + 0.0).tolist(),
        "species": [site.specie.symbol for site in structure],
        "frac_coords": (structure.frac_coords.round(digits) + 0.0).tolist(),
        "site_properties": {
            name: _plain(list(values))
            for name, values in sorted(structure.site_properties.items())
            if name in KEPT_PROPERTIES
        },
    }


def structure_from_dict(plain: Mapping[str, Any]) -> Structure:
    """Rebuild a structure from :func:`structure_as_dict`.

    Raises
    ------
    ValueError
        It is not one: a part is missing or of another form, there is no atom, a site
        is empty, shared or of no element, or the cell has no volume.
    """
    from pymatgen.core import Element, Structure

    try:
        if not all(Element.is_valid_symbol(name) for name in plain["species"]):
            raise ValueError
        structure = Structure(
            plain["lattice"],
            plain["species"],
            plain["frac_coords"],
            site_properties=dict(plain["site_properties"]),
        )
        is_one = len(structure) > 0 and 0 < structure.volume < math.inf
    except Exception as error:  # pymatgen raises whatever a damaged file leads it to
        raise ValueError(f"not a structure ({type(error).__name__})") from None
    if not is_one or not all(map(math.isfinite, structure.frac_coords.flat)):
        raise ValueError("not a structure: no atoms, no volume or no coordinates")
    return structure


def digest(content: Any) -> str:
    """Hash plain content: equal content, equal hash, on any machine."""
    text = json.dumps(_plain(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return JSON types only; -0.0 becomes 0.0, so that equal content hashes alike."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if all(type(item) is float for item in value):
            return [item + 0.0 for item in value]  # coordinates, most of all content
        return [_plain(item) for item in value]
    return value + 0.0 if isinstance(value, float) else value
