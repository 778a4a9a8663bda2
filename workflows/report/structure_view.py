"""A relaxed cell -> what plotly.js turns under the mouse: ions, octahedra, cell.

Told apart without colour: every element has a symbol and a size of its own, and Ni, the
rarer metal, carries its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workflows.analysis.ions import METALS
from workflows.analysis.octahedra import NoOctahedron, trans_pairs
from workflows.report.chart import ELEMENTS

if TYPE_CHECKING:
    from pymatgen.core import Structure

OTHER = "#56b4e9"
SYMBOLS = {"Li": "diamond", "O": "circle", "Ni": "square"}
SIZES = {"Li": 6.0, "O": 3.5, "Ni": 9.0}
METAL_SIZE = 7.0
"""CSS pixels, for the eye: oxygen is small, to see past it."""
NAMED = ("Ni",)
OPACITY = {"Ni": 0.55}
METAL_OPACITY = 0.28
DIGITS = 3
"""Decimals of a coordinate, A."""
EDGE = "#7a8594"
NO_AXIS = {"visible": False, "showspikes": False}
FACES = tuple(product((0, 1), (2, 3), (4, 5)))
"""Corners of the eight faces; 0 and 1, 2 and 3, 4 and 5 lie opposite each other."""


def structure_layout() -> dict[str, Any]:
    """Return the ``layout`` of every cell: no axes, c upwards, true proportions."""
    return {
        "height": 520,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": "#ffffff",
        "font": {"size": 13, "color": "#1c2430"},
        "legend": {"orientation": "h", "x": 0.5, "xanchor": "center", "y": 0},
        "scene": {
            **{"xaxis": NO_AXIS, "yaxis": NO_AXIS, "zaxis": NO_AXIS},
            **{"aspectmode": "data", "dragmode": "orbit"},
            "camera": {
                "projection": {"type": "perspective"},
                "eye": {"x": 0.45, "y": -1.42, "z": 0.4},
                "up": {"x": 0, "y": 0, "z": 1},
            },
        },
    }


def structure_traces(structure: Structure) -> list[dict[str, Any]]:
    """Return ``data`` for ``Plotly.newPlot``.

    Parameters
    ----------
    structure
        With a label for each site, and its moment, muB, in ``magmom`` if known.
    """
    wrapped = structure.copy()
    wrapped.translate_sites(range(len(wrapped)), [0, 0, 0], to_unit_cell=True)
    present = dict.fromkeys(site.specie.symbol for site in wrapped)
    metals = [element for element in present if element in METALS]
    meshes = [found for e in metals for found in _octahedra(wrapped, e)]
    corners = [*map(tuple, _corners(meshes))]
    return [
        _edges(wrapped),
        *meshes,
        *(_ions(wrapped, element) for element in present),
        *([_images(wrapped, corners)] if corners else []),
    ]


def _edges(structure: Structure) -> dict[str, Any]:
    """Draw the twelve edges of the cell, one line with gaps."""
    points: list[NDArray[np.float64] | None] = []
    for axis in range(3):
        for corner in product((0, 1), repeat=2):
            start = np.insert(np.array(corner, dtype=float), axis, 0.0)
            end = start + np.eye(3)[axis]
            ends = structure.lattice.get_cartesian_coords([start, end])
            points += [ends[0], ends[1], None]
    return {
        **{"type": "scatter3d", "mode": "lines", "hoverinfo": "skip"},
        **{"showlegend": False, "line": {"color": EDGE, "width": 2}},
        **_xyz(points),
    }


def _octahedra(structure: Structure, element: str) -> Iterator[dict[str, Any]]:
    """Draw the octahedra of oxygen about one element as one mesh."""
    corners: list[NDArray[np.float64] | None] = []
    faces: list[tuple[int, int, int]] = []
    for index, site in enumerate(structure):
        if site.specie.symbol != element:
            continue
        try:
            pairs = trans_pairs(structure, index)
        except NoOctahedron:
            continue
        faces += [tuple(len(corners) + n for n in face) for face in FACES]  # type: ignore[misc]
        corners += list(site.coords + pairs.reshape(6, 3))
    if faces:
        i, j, k = zip(*faces, strict=True)
        yield {
            **{"type": "mesh3d", "hoverinfo": "skip", "flatshading": True},
            **{"color": ELEMENTS.get(element, OTHER), "showlegend": True},
            **{"opacity": OPACITY.get(element, METAL_OPACITY)},
            **{"name": f"{element}O₆", "i": list(i), "j": list(j), "k": list(k)},
            **_xyz(corners),
        }


def _corners(meshes: list[dict[str, Any]]) -> Iterator[tuple[float, ...]]:
    for mesh in meshes:
        yield from zip(mesh["x"], mesh["y"], mesh["z"], strict=True)


def _images(structure: Structure, corners: list[tuple[float, ...]]) -> dict[str, Any]:
    """Draw the oxygens outside the cell that octahedra need: images, no more ions."""
    inside = {
        tuple(round(float(v), DIGITS) for v in site.coords)
        for site in structure
        if site.specie.symbol == "O"
    }
    outside = [np.array(c) for c in dict.fromkeys(corners) if c not in inside]
    return {
        **{"type": "scatter3d", "mode": "markers", "hoverinfo": "skip"},
        **{"name": "O, image", "showlegend": False},
        "marker": {
            **{"symbol": "circle", "size": SIZES["O"], "color": ELEMENTS["O"]},
            "opacity": 0.45,
        },
        **_xyz(list(outside)),
    }


def _ions(structure: Structure, element: str) -> dict[str, Any]:
    own = [site for site in structure if site.specie.symbol == element]
    named = element in NAMED
    return {
        **{"type": "scatter3d", "mode": "markers+text" if named else "markers"},
        **{"name": element, "text": [element if named else ""] * len(own)},
        "customdata": [_told(site) for site in own],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {
            "symbol": SYMBOLS.get(element, "circle"),
            "size": SIZES.get(element, METAL_SIZE),
            "color": ELEMENTS.get(element, OTHER),
            "line": {"color": "#1c2430", "width": 1},
        },
        **_xyz([site.coords for site in own]),
    }


def _told(site: Any) -> str:
    name = site.properties.get("label") or site.label
    moment = site.properties.get("magmom")
    return f"{name}" + ("" if moment is None else f", {moment:.2f} μB")


def _xyz(points: list[NDArray[np.float64] | None]) -> dict[str, list[float | None]]:
    return {
        axis: [None if p is None else round(float(p[n]), DIGITS) for p in points]
        for n, axis in enumerate("xyz")
    }
