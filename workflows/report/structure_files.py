"""The cells behind the table over x as CIF and POSCAR, to take away."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import NO_INSERTION
from workflows.report.structure_view import structure_traces

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.records.document import TaskDocument

MOST = 60
"""Cells on one page: more would make it heavy, and no reader turns so many."""


@dataclass(frozen=True)
class Cell:
    """One relaxed cell of the page.

    Attributes
    ----------
    key
        Id of its calculation.
    name
        x and insertion model.
    sites
        Where lithium ended, such as ``8 on 16c``.
    made
        What made it, in one line; also the first line of both files.
    stem
        Of the file names.
    cif, poscar
        The files, as data URIs.
    traces
        What plotly draws.
    """

    key: str
    name: str
    sites: str
    made: str
    stem: str
    cif: str
    poscar: str
    traces: list[dict[str, Any]]


def cells_of(
    documents: Sequence[TaskDocument], origin: str, findings: dict[str, str]
) -> list[Cell]:
    """Return the cell of each document, at most `MOST` of them.

    Parameters
    ----------
    documents
        Those behind the table over x, with atoms.
    origin
        What made the numbers, one line.
    findings
        Calculation id -> what stands against its row, in words.
    """
    return [_cell(d, origin, findings) for d in documents[:MOST]]


def _cell(document: TaskDocument, origin: str, findings: dict[str, str]) -> Cell:
    structure = with_moments(document)
    key = str(document.calculation_id)
    model = document.insertion or NO_INSERTION
    own = "" if model == NO_INSERTION else f" {model}"
    against = f"; {findings[key]}" if findings.get(key) else ""
    made = f"x = {document.x:g}{own}, {document.state}, {origin}, {key}{against}"
    return Cell(
        key=key,
        name=f"x = {document.x:g}{own}",
        sites=sites_in_words(document),
        made=made,
        stem=f"x{document.x:g}{own.replace(' ', '-')}-{key}",
        cif=_uri("chemical/x-cif", cif_text(_signed(document), made)),
        poscar=_uri("text/plain", poscar_text(structure, made)),
        traces=structure_traces(structure),
    )


def with_moments(document: TaskDocument) -> Structure:
    """Return the final structure of a document, its moments, muB, in ``magmom``."""
    assert document.structure is not None
    found = document.structure.copy()
    if document.magnetization is not None:
        found.add_site_property("magmom", list(document.magnetization))
    return found


def _signed(document: TaskDocument) -> Structure:
    """Leave out moments without a sign: a file of them would be a ferromagnet."""
    if document.moments_signed:
        return with_moments(document)
    assert document.structure is not None
    return document.structure.copy()


def sites_in_words(document: TaskDocument) -> str:
    """Say on which sites lithium was found, such as ``8 on 16c``."""
    counts = document.final_sites.get("Li", {})
    return " + ".join(f"{n} on {role}" for role, n in sorted(counts.items()))


def cif_text(structure: Structure, made: str) -> str:
    """Write a CIF in P1; moments along z, as ``_atom_site_moment``, if known.

    Parameters
    ----------
    structure
        Collinear moments, muB, in ``magmom``.
    made
        What made it: the first line.
    """
    from pymatgen.io.cif import CifWriter

    known = "magmom" in structure.site_properties
    writer = CifWriter(structure, write_magmoms=known, significant_figures=6)
    return f"# {made}\n{writer}"


def poscar_text(structure: Structure, made: str) -> str:
    """Write a POSCAR, equal elements together.

    Parameters
    ----------
    structure
        Any.
    made
        What made it: the first line.
    """
    from pymatgen.core import Structure as Cell
    from pymatgen.io.vasp import Poscar

    order = list(dict.fromkeys(site.specie.symbol for site in structure))
    sites = sorted(structure, key=lambda site: order.index(site.specie.symbol))
    poscar = Poscar(Cell.from_sites(sites), comment=made)
    return poscar.get_str(significant_figures=10)


def _uri(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
