"""Which results may stand in one table: those of one engine and one set of settings.

Energies and moments of different U, cutoffs, POTCARs or engines do not compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from workflows.analysis.voltage import reference_formula
from workflows.errors import ResultsError
from workflows.records.document import INCAR, TaskDocument
from workflows.records.summary import Summary
from workflows.results.comparable_tags import refuse_metal, refuse_tags

MUST_AGREE = ("engine", "engine_version")
OF_THE_CRYSTAL = ("kpoints", "ISPIN", "LMAXMIX", "hubbards")
"""Settings that a metal without d electrons rightly has of its own.

Its mesh is as dense as a metal asks for, it has no spin, no U and no d density to mix.
"""
SPACING = 0.05
"""Largest relative difference of the k-point spacings in one table."""
NOMINAL_A = 8.17
"""A, cell length that spacings are told at; strain is no difference of the mesh."""


def refuse_mixture(summaries: Sequence[Summary], *, vouched: bool = False) -> None:
    """Refuse documents of several engines or settings.

    Parameters
    ----------
    summaries
        All that shall stand in one table.
    vouched
        They are those of one plan; see `refuse_tags`.

    Raises
    ------
    ResultsError
        Names the key that differs and its values.
    """
    finished = [s.document for s in summaries if s.has_structure]
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in finished})
        if len(values) > 1:
            raise ResultsError(
                f"the results differ in {key}: {' | '.join(values)}; one table never "
                "mixes them. Choose with a campaign, --engine, or .select(engine=...)"
            )
    keys = {key for d in finished for key in d.settings} - {"kpoints", INCAR}
    _refuse_settings(finished, sorted(keys))
    refuse_tags(finished, vouched=vouched)
    _refuse_meshes(finished)
    _refuse_hosts(finished)
    _refuse_elements(finished)


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
        Names the key that differs and its values.
    """
    cell = list(cells)
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in (*cell, metal)})
        if len(values) > 1:
            raise ResultsError(
                f"the lithium reference differs from the cathode in {key}: "
                f"{' | '.join(values)}; run it again with the same one"
            )
    shared = {k for d in cell for k in d.settings} & set(metal.settings)
    keys = sorted(shared - {*OF_THE_CRYSTAL, INCAR})
    try:
        _refuse_settings((*cell, metal), keys)
        refuse_metal(cell, metal)
        _refuse_elements((*cell, metal))
    except ResultsError as error:
        raise ResultsError(
            f"lithium reference {metal.calculation_id} and cathode: {error}"
        ) from None


def _refuse_settings(documents: Sequence[TaskDocument], keys: Sequence[str]) -> None:
    for key in keys:
        values = {repr(d.settings[key]) for d in documents if key in d.settings}
        if len(values) > 1 and not _only_composition(key, documents):
            raise ResultsError(
                f"the results differ in the setting {key}: "
                f"{' | '.join(sorted(values)[:3])}; energies and moments do not "
                "compare. Choose one campaign"
            )


def k_spacing(
    mesh: Sequence[int], supercell: Sequence[Sequence[float]]
) -> tuple[float, float, float]:
    """Return the distance of neighbouring k points along each reciprocal axis, 1/A.

    |b_i|/n_i with a_i.b_j = 2 pi delta_ij, as VASP's KSPACING, of the unstrained cell
    at a = `NOMINAL_A`: the cells of one series relax to other sizes on one mesh.

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
    lengths = 2 * math.pi / NOMINAL_A * np.linalg.norm(reciprocal, axis=1)
    a, b, c = (lengths / np.asarray(mesh, dtype=float)).tolist()
    return a, b, c


def _refuse_hosts(documents: Iterable[TaskDocument]) -> None:
    """Refuse two hosts: x of one is not x of the other, nor do they share a hull."""
    hosts = sorted({reference_formula(f) for f in {d.formula for d in documents}})
    if len(hosts) > 1:
        raise ResultsError(
            f"the results differ in the host: {' | '.join(hosts)}; one table never "
            "mixes them. Choose with a campaign"
        )


def _refuse_meshes(documents: Iterable[TaskDocument]) -> None:
    """Refuse k meshes of another spacing; another cell may have another mesh."""
    meshes = sorted(
        {
            (tuple(d.settings["kpoints"]), tuple(map(tuple, d.supercell)))
            for d in documents
            if "kpoints" in d.settings
        }
    )
    spacings = [k_spacing(*mesh) for mesh in meshes]
    axes = zip(*spacings, strict=True)
    if all(max(axis) <= (1 + SPACING) * min(axis) for axis in axes):
        return
    told = [
        f"{', '.join(f'{s:.3f}' for s in spacing)} 1/A ({'x'.join(map(str, mesh))}"
        f" points, cell {_cell_name(supercell)})"
        for (mesh, supercell), spacing in zip(meshes, spacings, strict=True)
    ]
    raise ResultsError(
        f"the results differ in the spacing of k points: {' | '.join(told[:3])}, more "
        f"than {100 * SPACING:g} % apart; energies and moments do not compare. Choose "
        "one campaign, or a mesh that the supercell divides: 4x4x4, and 2x4x4 in a "
        "2x1x1 cell"
    )


def _cell_name(supercell: Sequence[Sequence[float]]) -> str:
    matrix = np.asarray(supercell)
    diagonal = np.diag(matrix)
    if (matrix == np.diag(diagonal)).all():
        return "x".join(f"{n:g}" for n in diagonal)
    return " ".join(f"({', '.join(f'{v:g}' for v in row)})" for row in supercell)


def _refuse_elements(documents: Sequence[TaskDocument]) -> None:
    """Refuse an element with two POTCARs, or two U, as the outputs say."""
    for name, unit in (("potcar", ""), ("hubbards", " eV")):
        known: dict[str, Any] = {}
        for document in documents:
            for element, own in getattr(document, name).items():
                if known.setdefault(element, own) != own:
                    what = "POTCAR" if name == "potcar" else "U"
                    raise ResultsError(
                        f"the results differ in the {what} of {element}: "
                        f"{known[element]}{unit} | {own}{unit}; energies and moments "
                        "do not compare. Choose one campaign"
                    )


def _only_composition(key: str, documents: Sequence[TaskDocument]) -> bool:
    """Tell whether a by-element setting differs only by elements a cell lacks."""
    merged: dict[str, Any] = {}
    families: set[str] = set()
    for document in documents:
        value = document.settings.get(key)
        plain = value[-1] if isinstance(value, list) and value else value
        families.add(repr(value[:-1]) if isinstance(value, list) else "")
        if not isinstance(plain, dict) or len(families) > 1:
            return False
        for element, own in plain.items():
            if merged.setdefault(element, own) != own:
                return False
    return True
