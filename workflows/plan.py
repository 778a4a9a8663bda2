"""``plan``: campaign in, calculations out; the hinge of the package.

Pure: no disk, no clock, no database, no environment. A dry run, a submission, a
run, a results table and the tests all call it, and all see the same ids.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workflows import presets
from workflows.campaign import Campaign, InsertionSection
from workflows.errors import CampaignError, InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures import RankedOrdering, SpinelHost
    from structures.series import Arrangements

ID_LENGTH = 12
"""Hexadecimal digits of an id: 48 bits, no collision below a million calculations."""
CONVENTIONAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
"""The 56-atom cubic cell as a supercell of itself."""
NO_INSERTION = "none"
"""Insertion model of a calculation at x <= 1, where nothing is inserted."""


@dataclass(frozen=True, eq=False)
class Calculation:
    """One structure, one engine, one chain of steps.

    Attributes
    ----------
    id
        Hash of what decides the numbers: starting structure, engine, settings,
        steps. Independent of the campaign's name, of x labels and of the machine.
    x
        Li per Ni0.5Mn1.5O4 (per half the host's transition metals).
    n_li
        Li atoms in the cell.
    formula
        Contents of the cell, in POSCAR order, such as ``Li8Ni4Mn12O32``.
    formula_units
        Formula units LixM2O4 in the cell.
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
        Provenance of the Li arrangement: distinct, raw, sampled, rank,
        degeneracy, occupied, ewald_energy (eV per cell), dropped.
    supercell
        Cell vectors, rows, in those of the conventional cubic cell.
    campaign
        Name of the campaign that planned it; no part of the id.
    notes
        What a reader should know before spending the time.
    """

    id: str
    x: float
    n_li: int
    formula: str
    formula_units: int
    insertion: str
    structure: Structure
    engine: str
    steps: tuple[str, ...]
    settings: Mapping[str, Any]
    ordering: Mapping[str, Any]
    supercell: tuple[tuple[float, ...], ...] = CONVENTIONAL
    campaign: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def label(self) -> str:
        """Name for people: ``x=1.25 tet_8b``, and the rank unless it is the first."""
        model = "" if self.insertion == NO_INSERTION else f" {self.insertion}"
        rank = self.ordering.get("rank", 0)
        return f"x={self.x:g}{model}" + (f" #{rank + 1}" if rank else "")

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON: what a Firework carries and a run directory keeps."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain["structure"] = structure_as_dict(self.structure)
        return dict(_plain(plain))

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Calculation:
        """Rebuild a calculation from :meth:`as_dict`."""
        values = dict(plain)
        values["structure"] = structure_from_dict(values["structure"])
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


def plan(campaign: Campaign) -> tuple[Calculation, ...]:
    """Turn a campaign into its calculations, lowest x first.

    Raises
    ------
    CampaignError
        A composition the cell cannot hold, an unknown insertion model, an x > 1
        without one.
    InputError
        A species without U, moment or POTCAR symbol.
    """
    host = _host(campaign)
    planned = (
        calculation
        for x in campaign.x
        for insertion in _insertions(campaign, x)
        for calculation in _at(campaign, host, x, insertion)
    )
    return tuple({calculation.id: calculation for calculation in planned}.values())


def _host(campaign: Campaign) -> SpinelHost:
    from structures import spinel_host
    from structures.errors import StructuresError

    section = campaign.host
    try:
        return spinel_host(
            section.formula,
            section.ordering,
            a=section.a,
            u=section.u,
            supercell=section.supercell,
        )
    except StructuresError as error:
        raise CampaignError(f"campaign {campaign.name}: host: {error}") from None


def _insertions(campaign: Campaign, x: float) -> tuple[str, ...]:
    if x <= 1:
        return (NO_INSERTION,)
    covering = tuple(s.model for s in campaign.insertion if s.covers(x))
    if not covering:
        raise CampaignError(
            f"campaign {campaign.name}: x = {x:g} is above 1 and no insertion model "
            f"covers it; {_covered(campaign.insertion)}; add x to one of them"
        )
    return covering


def _covered(sections: tuple[InsertionSection, ...]) -> str:
    shown = (
        f"{s.model}: {s.x if s.x == 'all' else ', '.join(f'{x:g}' for x in s.x)}"
        for s in sections
    )
    return "the campaign has " + ("; ".join(shown) or "none")


def _at(
    campaign: Campaign, host: SpinelHost, x: float, insertion: str
) -> Iterator[Calculation]:
    from structures.errors import InsertionWarning, StructuresError
    from structures.series import arrangements

    chosen = campaign.orderings
    model = {} if insertion == NO_INSERTION else {"insertion": insertion}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", InsertionWarning)
        try:
            found = arrangements(
                host,
                x,
                keep=chosen.keep,
                max_enumerate=chosen.max_enumerate,
                seed=chosen.seed,
                **model,
            )
        except StructuresError as error:
            raise CampaignError(f"campaign {campaign.name}: {error}") from None
    notes = tuple(
        str(w.message) for w in caught if issubclass(w.category, InsertionWarning)
    )
    for rank, ordering in enumerate(found.ranked):
        yield _calculation(campaign, host, found, ordering, rank, notes)


def _calculation(
    campaign: Campaign,
    host: SpinelHost,
    found: Arrangements,
    ordering: RankedOrdering,
    rank: int,
    notes: tuple[str, ...],
) -> Calculation:
    structure = _start(campaign, found.x, ordering.structure)
    steps = _steps(campaign, found.x)
    calculation = Calculation(
        id="",
        x=found.x,
        n_li=found.n_li,
        formula=cell_formula(structure),
        formula_units=host.formula_units,
        insertion=found.insertion,
        structure=structure,
        engine=campaign.engine,
        steps=steps,
        settings=_settings(campaign, host, structure, steps),
        ordering=_provenance(found, ordering, rank),
        supercell=tuple(tuple(map(float, row)) for row in host.supercell),
        campaign=campaign.name,
        notes=notes,
    )
    return replace(calculation, id=content_id(calculation))


def _start(campaign: Campaign, x: float, ideal: Structure) -> Structure:
    from structures.series import symmetry_broken_start

    start = campaign.start
    c_strain = start.c_strain if x > 1 else 0.0
    # Seeded by what is displaced, not by its place in the list: adding an x to a
    # campaign changes no other id.
    content = [start.model_dump(), c_strain, structure_as_dict(ideal)]
    return symmetry_broken_start(
        ideal,
        displacement=start.displacement,
        c_strain=c_strain,
        seed=int(_digest(content)[:15], 16),
    )


def _steps(campaign: Campaign, x: float) -> tuple[str, ...]:
    if campaign.engine == "chgnet":
        return ("relax",)
    dos = any(abs(x - at) < 1e-9 for at in campaign.vasp.dos_at)
    return (*campaign.vasp.steps, "dos") if dos else campaign.vasp.steps


def _settings(
    campaign: Campaign, host: SpinelHost, structure: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    if campaign.engine == "chgnet":
        return campaign.chgnet.model_dump(mode="json")
    vasp = campaign.vasp
    elements = tuple(dict.fromkeys(site.specie.symbol for site in structure))
    meshes = {s: vasp.kpoints_dos if s == "dos" else vasp.kpoints for s in steps}
    return {
        "functional": vasp.functional,
        "hubbards": _hubbards(campaign, host, elements),
        "magmom": _by_element("magmom", vasp.magmom, elements),
        "potcar": _by_element("potcar", vasp.potcar, elements),
        "potcar_functional": vasp.potcar_functional,
        "kpoints": {s: _scaled_mesh(meshes[s], host, structure) for s in steps},
        "incar": {s: _incar(campaign, s) for s in steps},
        "max_restarts": vasp.max_restarts,
        "settled_volume": vasp.settled_volume,
        "settled_steps": vasp.settled_steps,
        "carry_moments": vasp.carry_moments,
    }


def _incar(campaign: Campaign, step: str) -> dict[str, Any]:
    own = campaign.vasp.incar
    tags = {**own.get("common", {}), **own.get(step, {})}  # type: ignore[call-overload]
    merged = presets.merge(step, functional=campaign.vasp.functional, campaign=tags)
    return {name: tag.value for name, tag in merged.items()}


def _hubbards(
    campaign: Campaign, host: SpinelHost, elements: tuple[str, ...]
) -> dict[str, float]:
    vasp = campaign.vasp
    if not presets.has_hubbard(vasp.functional):
        return {}
    metals = tuple(e for e in elements if e in host.chemistry.metal_names)
    values = vasp.hubbards()
    if vasp.hubbard_u == "none":
        values = dict.fromkeys(metals, 0.0)
    missing = [metal for metal in metals if metal not in values]
    if missing:
        raise InputError(
            f"campaign {campaign.name}: vasp.hubbard_u gives no U for "
            f"{', '.join(missing)} "
            f"(it names {', '.join(values) or 'nothing'}); every transition metal "
            f"needs one in eV, 0 allowed: none is filled in silently"
        )
    strange = [e for e in values if e in elements and e not in metals and values[e]]
    if strange:
        raise InputError(
            f"campaign {campaign.name}: vasp.hubbard_u puts U on "
            f"{', '.join(strange)}, which "
            f"is no transition metal of the host ({', '.join(metals)}); remove it"
        )
    return {metal: float(values[metal]) for metal in metals}


def _by_element(
    key: str, values: Mapping[str, Any], elements: tuple[str, ...]
) -> dict[str, Any]:
    missing = [element for element in elements if element not in values]
    if missing:
        raise InputError(
            f"vasp.{key} names no value for {', '.join(missing)} "
            f"(it names {', '.join(values)}); add it"
        )
    return {element: values[element] for element in elements}


def _scaled_mesh(
    mesh: tuple[int, int, int], host: SpinelHost, structure: Structure
) -> list[int]:
    """Keep the spacing of the conventional cell's mesh in any other cell."""
    from math import ceil

    lengths = structure.lattice.reciprocal_lattice_crystallographic.abc
    # 3 % slack: a start strained by +2 % keeps the mesh of its neighbours in x.
    return [
        max(1, ceil(n * length * host.a - 0.03 * n))
        for n, length in zip(mesh, lengths, strict=True)
    ]


def _provenance(
    found: Arrangements, ordering: RankedOrdering, rank: int
) -> dict[str, Any]:
    return {
        "role": found.role,
        "distinct": found.distinct,
        "raw": found.raw,
        "sampled": found.sampled,
        "kept": len(found.ranked),
        "rank": rank,
        "degeneracy": ordering.degeneracy,
        "occupied": list(ordering.occupied),
        "ewald_energy": round(float(ordering.ewald_energy), 6),
    }


def content_id(calculation: Calculation) -> str:
    """Hash what decides a calculation's numbers."""
    content = {
        "structure": structure_as_dict(calculation.structure, digits=6),
        "engine": calculation.engine,
        "steps": list(calculation.steps),
        "settings": calculation.settings,
    }
    return _digest(content)[:ID_LENGTH]


def cell_formula(structure: Structure) -> str:
    """Return the cell's contents in site order, such as ``Li8Ni4Mn12O32``."""
    counts: dict[str, int] = {}
    for site in structure:
        counts[site.specie.symbol] = counts.get(site.specie.symbol, 0) + 1
    return "".join(f"{element}{count}" for element, count in counts.items())


def structure_as_dict(structure: Structure, *, digits: int = 10) -> dict[str, Any]:
    """Return a structure as plain JSON: lattice rows in A, fractional coordinates."""
    return {
        "lattice": _plain(structure.lattice.matrix.round(digits).tolist()),
        "species": [site.specie.symbol for site in structure],
        "frac_coords": _plain(structure.frac_coords.round(digits).tolist()),
        "site_properties": {
            name: list(values)
            for name, values in sorted(structure.site_properties.items())
            if name in {"role", "label"}
        },
    }


def structure_from_dict(plain: Mapping[str, Any]) -> Structure:
    """Rebuild a structure from :func:`structure_as_dict`."""
    from pymatgen.core import Structure

    return Structure(
        plain["lattice"],
        plain["species"],
        plain["frac_coords"],
        site_properties=dict(plain["site_properties"]),
    )


def _digest(content: Any) -> str:
    text = json.dumps(_plain(content), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return JSON types only; -0.0 becomes 0.0, so that equal content hashes alike."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value + 0.0 if isinstance(value, float) else value
