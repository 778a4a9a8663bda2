"""Which results may stand in one table: those of one engine and one set of settings.

What must agree is a list of properties: a name, and its value in a document. k meshes,
which depend on the cell, and INCAR tags have a comparison of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from workflows.analysis.ions import LITHIUM, metal_name, working_ion
from workflows.analysis.lnmo import CELL_LENGTH
from workflows.analysis.voltage import reference_formula
from workflows.campaign.step_names import GEOMETRY
from workflows.errors import ResultsError
from workflows.records.document import INCAR, TaskDocument
from workflows.records.summary import Summary
from workflows.results.comparable_tags import refuse_metal, refuse_tags
from workflows.results.hosts import family_of
from workflows.results.sides import APART, Side, sides_in_words
from workflows.results.u_in_words import u_by_element

SPACING = 0.05
"""Largest relative difference of the k-point spacings in one table.

Rounding |b|/n to whole n in cells of one series stays below; 3x3x3 and 4x4x4 are 33 %
apart.
"""
OF_THE_CRYSTAL = frozenset({"kpoints", "ISPIN", "LMAXMIX", "hubbards"})
"""Settings that lithium metal rightly has of its own: a denser mesh, no spin, no U."""
CHOOSE = "Choose with a campaign"
NOT_ONE_TABLE = f"one table never mixes them. {APART}. {CHOOSE}"
OF_HOSTS = (
    "metals do not move when lithium goes in or out, so energies, lengths and moments "
    f"of two arrangements are never subtracted. {CHOOSE}: lnmo results CAMPAIGN, or "
    ".select(campaign=...)"
)
NOT_COMPARABLE = f"they cannot be compared. {APART}. Or choose one campaign"
OTHER_METAL = "energies cannot be compared: rerun the reference with the same settings"


Values = Mapping[str, str]
"""Part of a property, mostly "" or an element -> its value, as an error shows it."""


class Property(NamedTuple):
    """A property that results of one table share; ``{}`` in the name is the part.

    A part that a document lacks is not compared.
    """

    name: str
    values: Callable[[TaskDocument], Values]


ENGINE = (
    Property("engine", lambda d: {"": d.engine}),
    Property("engine_version", lambda d: {"": d.engine_version}),
)
HOST = Property("the host", lambda d: {"": host_formula(d.formula, d.n_li)})
ION = Property("the working ion", lambda d: {"": i} if (i := _ion(d)) else {})
"""x of one host is not x of another, nor do they share a hull."""

ARRANGEMENT = Property(
    "the arrangement of the metals on 16d (host.ordering)",
    lambda d: {"": family} if (family := family_of(d)) else {},
)


def _ion(document: TaskDocument) -> str:
    return working_ion(document.formula, document.n_li)


def host_formula(formula: str, n_ions: int | None) -> str:
    """Return the formula as if the ion were lithium: at x = 0 none is there."""
    own = working_ion(formula, n_ions) or LITHIUM
    return LITHIUM + reference_formula(formula, own)[len(own) :]


def _us(document: TaskDocument) -> Values:
    us = u_by_element(document.hubbards, document.hubbard_j)
    return {element: f"{words} eV" for element, words in us.items()}


APPLIED = (
    Property("the POTCAR of {}", lambda d: d.potcar),
    Property("the U of {}", _us),
)
"""By element, as the outputs say."""


def refuse_mixture(summaries: Sequence[Summary], *, vouched: bool = False) -> None:
    """Refuse documents of several engines or settings.

    Parameters
    ----------
    summaries
        All that shall stand in one table; those without a structure are not compared.
    vouched
        They are those of one plan; see `refuse_tags`.

    Raises
    ------
    ResultsError
        Names the property that differs and its values.
    """
    finished = [
        s.document
        for s in summaries
        if s.has_structure and s.document.task_label != GEOMETRY
    ]
    _refuse(finished, ENGINE, f"{NOT_ONE_TABLE}, --engine, or .select(engine=...)")
    keys = {key for d in finished for key in d.settings} - {"kpoints", INCAR}
    _refuse(finished, map(_setting, sorted(keys)), NOT_COMPARABLE)
    refuse_tags(finished, vouched=vouched)
    _refuse_meshes(finished)
    _refuse(finished, [ION], NOT_ONE_TABLE)
    _refuse(finished, [HOST], NOT_ONE_TABLE)
    _refuse(finished, APPLIED, NOT_COMPARABLE)


def refuse_hosts(summaries: Iterable[Summary]) -> None:
    """Refuse results on several arrangements of the metals; one ensemble is one.

    Raises
    ------
    ResultsError
        Names the arrangements.
    """
    _refuse([s.document for s in summaries if s.has_structure], [ARRANGEMENT], OF_HOSTS)


def refuse_variants(variants: Iterable[str]) -> None:
    """Refuse calculations of several variants of a campaign.

    Parameters
    ----------
    variants
        ``Calculation.variant`` of each: names joined by ``+``, or empty.

    Raises
    ------
    ResultsError
        They have no variant in common.
    """
    found = sorted(set(variants))
    if not found or set.intersection(*(set(name.split("+")) for name in found)):
        return
    shown = ", ".join(name or "none" for name in found)
    raise ResultsError(
        f"the results are of the variants {shown}; one table never mixes them. Name "
        "the campaign and choose with --variant, or plan(campaign.only(NAME))"
    )


def refuse_reference(cells: Iterable[TaskDocument], metal: TaskDocument) -> None:
    """Refuse a lithium reference that was calculated in another way than the cells.

    Parameters
    ----------
    cells
        Documents that agree among one another.
    metal
        The reference.

    Raises
    ------
    ResultsError
        Names the property that differs and its values.
    """
    cell = list(cells)
    both = (*cell, metal)
    name = metal_name(metal.reference or LITHIUM).removesuffix(" metal")
    who = f"the {name} reference differs from the cathode"
    _refuse(both, ENGINE, "run it again with the same one", who=who)
    shared = {key for d in cell for key in d.settings} & set(metal.settings)
    keys = sorted(shared - OF_THE_CRYSTAL - {INCAR})
    try:
        _refuse(both, map(_setting, keys), OTHER_METAL)
        refuse_metal(cell, metal)
        _refuse(both, APPLIED, OTHER_METAL)
    except ResultsError as error:
        raise ResultsError(
            f"{name} reference {metal.calculation_id} and cathode: {error}"
        ) from None


def _refuse(
    documents: Sequence[TaskDocument],
    properties: Iterable[Property],
    consequence: str,
    *,
    who: str = "the results differ",
) -> None:
    for name, values_of in properties:
        found: dict[str, dict[str, Side]] = {}
        for document in documents:
            for part, value in values_of(document).items():
                sides = found.setdefault(part, {})
                sides.setdefault(value, Side(value)).add(document)
        for part, sides in found.items():
            if len(sides) > 1:
                told = sides_in_words(sides[value] for value in sorted(sides))
                raise ResultsError(
                    f"{who} in {name.format(part)}: {told}; {consequence}"
                )


def _setting(key: str) -> Property:
    return Property(f"the setting {key}", partial(_parts_of_setting, key))


def _parts_of_setting(key: str, document: TaskDocument) -> Values:
    """Split a setting by element, so that a cell may lack one.

    POTCARs are a list of the functional and of the names by element.
    """
    if key not in document.settings:
        return {}
    value = document.settings[key]
    *family, last = value if isinstance(value, list) and value else [value]
    if not isinstance(last, dict):
        return {"": repr(value)}
    own = {e: float(v) if isinstance(v, int) else v for e, v in last.items()}
    return {"": repr(family), **{e: f"{e} {v}" for e, v in own.items()}}


def k_spacing(
    mesh: Sequence[int], supercell: Sequence[Sequence[float]]
) -> tuple[float, float, float]:
    """Return the distance of neighbouring k points along each reciprocal axis, 1/A.

    |b_i|/n_i with a_i.b_j = 2 pi delta_ij, as VASP's KSPACING, of the unstrained cell
    at a = `CELL_LENGTH`: the cells of one series relax to other sizes on one mesh.

    Parameters
    ----------
    mesh
        Points along each reciprocal axis.
    supercell
        Cell vectors, rows, in those of the conventional cell, shape (3, 3).

    Examples
    --------
    >>> [round(step, 3) for step in k_spacing((3, 3, 3), np.eye(3).tolist())]
    [0.256, 0.256, 0.256]
    """
    reciprocal = np.linalg.inv(np.asarray(supercell, dtype=float)).T
    lengths = 2 * math.pi / CELL_LENGTH * np.linalg.norm(reciprocal, axis=1)
    a, b, c = (lengths / np.asarray(mesh, dtype=float)).tolist()
    return a, b, c


def _refuse_meshes(documents: Iterable[TaskDocument]) -> None:
    """Refuse k meshes of another spacing; another cell may have another mesh."""
    found: dict[Any, Side] = {}
    for d in documents:
        if "kpoints" in d.settings:
            key = (tuple(d.settings["kpoints"]), tuple(map(tuple, d.supercell)))
            found.setdefault(key, Side(key)).add(d)
    meshes = sorted(found)
    spacings = [k_spacing(*mesh) for mesh in meshes]
    axes = zip(*spacings, strict=True)
    if all(max(axis) <= (1 + SPACING) * min(axis) for axis in axes):
        return
    shown = [
        f"{', '.join(f'{s:.3f}' for s in spacing)} 1/A ({'x'.join(map(str, mesh))}"
        f" points, cell {_cell_name(supercell)})"
        for (mesh, supercell), spacing in zip(meshes, spacings, strict=True)
    ]
    told = sides_in_words([found[mesh] for mesh in meshes], shown)
    raise ResultsError(
        f"the results differ in the spacing of k points: {told}, more "
        f"than {100 * SPACING:g} % apart; they cannot be compared. "
        f"{APART}. Or choose one campaign, or a mesh that the supercell divides: "
        "4x4x4, and 2x4x4 in a 2x1x1 cell"
    )


def _cell_name(supercell: Sequence[Sequence[float]]) -> str:
    matrix = np.asarray(supercell)
    diagonal = np.diag(matrix)
    if (matrix == np.diag(diagonal)).all():
        return "x".join(f"{n:g}" for n in diagonal)
    return " ".join(f"({', '.join(f'{v:g}' for v in row)})" for row in supercell)
