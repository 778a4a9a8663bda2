"""POSCAR, KPOINTS, POTCAR and POTCAR.spec, as far as the rules need them."""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monty.io import zopen

from workflows.vasp.incar_text import IncarText
from workflows.vasp.parts import Lattice, Mesh, Potential, reciprocal_lengths

SYMMETRY_MESH = 400
"""Points; a larger mesh is never reduced below four."""


@dataclass(frozen=True)
class Cell:
    """Head of a POSCAR; ``symbols`` is empty in the VASP 4 format.

    pymatgen's reader joins neighbouring blocks of one element, and invents elements
    where the symbols are missing; here the blocks are the point.
    """

    lattice: Lattice
    symbols: tuple[str, ...]
    counts: tuple[int, ...]
    positions: tuple[tuple[float, ...], ...]


def read_poscar(text: str) -> Cell:
    """Read the lattice and the species blocks.

    Raises
    ------
    ValueError
        It is no POSCAR, or it is cut.
    """
    lines = text.splitlines()
    if len(lines) < 7:
        raise ValueError("cut: fewer than seven lines")
    scales = [float(word) for word in lines[1].split()[:3] if _is_number(word)]
    rows = [_floats(line) for line in lines[2:5]]
    if not scales or any(len(row) != 3 for row in rows):
        raise ValueError("no POSCAR: scale and lattice expected in lines 2 to 5")
    symbols: tuple[str, ...] = ()
    here = 5
    if not lines[5].split()[:1] or not lines[5].split()[0].isdigit():
        symbols = tuple(_symbol(word) for word in lines[5].split())
        here = 6
    counts = tuple(int(word) for word in lines[here].split() if word.isdigit())
    if not counts or (symbols and len(symbols) != len(counts)):
        raise ValueError(f"{len(symbols)} symbols and {len(counts)} counts")
    kind = lines[here + 1].strip()[:1].lower() if len(lines) > here + 1 else ""
    first = here + (3 if kind == "s" else 2)
    positions = [_floats(line) for line in lines[first : first + sum(counts)]]
    given = sum(len(position) == 3 for position in positions)
    if given < sum(counts):
        raise ValueError(f"cut: {given} positions for {sum(counts)} atoms")
    factors = _factors(rows, scales)
    lattice: Lattice = tuple(
        (a * factors[0], b * factors[1], c * factors[2]) for a, b, c in rows
    )
    if reciprocal_lengths(lattice) is None:
        raise ValueError("the lattice vectors span no volume")
    if lines[first - 1].strip()[:1].lower() in {"c", "k"}:
        positions = _fractional(lattice, positions, factors)
    return Cell(lattice, symbols, counts, tuple(map(tuple, positions)))


def _floats(line: str) -> list[float]:
    words = line.split()[:3]
    return [float(word) for word in words] if all(map(_is_number, words)) else []


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _symbol(word: str) -> str:
    """Return the element of ``Mn``, ``Mn_pv`` or VASP 6's ``Mn_pv/hash``."""
    match = re.match(r"[A-Z][a-z]?", word)
    if match is None:
        raise ValueError(f"'{word}' is no element")
    return match.group()


def _factors(rows: list[list[float]], scales: list[float]) -> list[float]:
    """Return the scale along x, y, z; a negative one is the cell's volume."""
    if len(scales) == 3:
        return scales
    scale = scales[0]
    if scale < 0:
        a, b, c = rows
        determinant = (
            a[0] * (b[1] * c[2] - b[2] * c[1])
            - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
        )
        scale = (-scale / abs(determinant)) ** (1 / 3) if determinant else 1.0
    return [scale] * 3


def _fractional(
    lattice: Lattice, positions: Sequence[Sequence[float]], scales: Sequence[float]
) -> list[list[float]]:
    import numpy as np

    cartesian = np.array(positions) * np.array(scales)
    solved: list[list[float]] = np.linalg.solve(
        np.array(lattice).T, cartesian.T
    ).T.tolist()
    return solved


def read_kpoints(text: str) -> Mesh:
    """Read a KPOINTS file."""
    from pymatgen.io.vasp import Kpoints

    kpoints = Kpoints.from_str(text)
    style = kpoints.style.name.lower()
    if style in {"gamma", "monkhorst"} and kpoints.num_kpts == 0:
        x, y, z = (round(n) for n in kpoints.kpts[0])
        i, j, k = kpoints.kpts_shift
        if min(x, y, z) < 1:
            raise ValueError(f"mesh {x} {y} {z}")
        return Mesh(style, (x, y, z), (float(i), float(j), float(k)))
    return Mesh({"line_mode": "line", "automatic": "automatic"}.get(style, "list"))


def mesh_from_spacing(incar: IncarText, lattice: Lattice | None) -> Mesh | None:
    """Return the mesh VASP makes of KSPACING; None without one."""
    spacing = incar.number("KSPACING", 0.0)
    lengths = None if lattice is None else reciprocal_lengths(lattice)
    if spacing <= 0 or lengths is None:
        return None
    x, y, z = (max(1, math.ceil(length / spacing)) for length in lengths)
    gamma = incar.flag("KGAMMA", default=True)
    return Mesh("gamma" if gamma else "monkhorst", (x, y, z))


def irreducible_points(incar: IncarText, cell: Cell, mesh: Mesh | None) -> int | None:
    """Count the k-points VASP will keep, moments counted as part of the symmetry."""
    if mesh is None or mesh.divisions is None:
        return None
    total = math.prod(mesh.divisions)
    isym = incar.number("ISYM", 2)
    if isym < 0 or total < 4 or total > SYMMETRY_MESH:
        return total
    if isym == 0:  # time reversal only: k and -k
        own = math.prod(1 if n % 2 else 2 for n in mesh.divisions)
        return (total + own) // 2 if mesh.gamma_centred else total // 2
    return _by_symmetry(incar, cell, mesh)


def _by_symmetry(incar: IncarText, cell: Cell, mesh: Mesh) -> int | None:
    import spglib

    blocks = [i for i, count in enumerate(cell.counts) for _ in range(count)]
    names = [cell.symbols[i] if cell.symbols else str(i) for i in blocks]
    moments = incar.numbers("MAGMOM") or ()
    labels = moments if len(moments) == len(names) else (0.0,) * len(names)
    kinds: dict[tuple[str, float], int] = {}
    numbers = [
        kinds.setdefault(pair, len(kinds)) for pair in zip(names, labels, strict=True)
    ]
    divisions = mesh.divisions or (1, 1, 1)
    shifted = [int(not mesh.gamma_centred and n % 2 == 0) for n in divisions]
    with warnings.catch_warnings():
        # From 2.7 on spglib warns at every call that errors will be raised one day.
        warnings.filterwarnings("ignore", "Set OLD_ERROR", DeprecationWarning)
        reduced = spglib.get_ir_reciprocal_mesh(
            divisions, (cell.lattice, cell.positions, numbers), is_shift=shifted
        )
    # spglib gives nothing where atoms overlap.
    return None if reduced is None else len(set(reduced[0].tolist()))


def read_potcar(path: Path) -> tuple[Potential, ...]:
    """Read the heads of a POTCAR; nothing else of it is kept."""
    titels: list[str] = []
    values: list[dict[str, float]] = []
    with zopen(path, "rt", encoding="utf-8", errors="replace") as file:
        for raw in file:
            line = str(raw)
            if re.match(r"\s*TITEL\s*=", line):
                titels.append(" ".join(line.partition("=")[2].split()))
                values.append({})
            elif titels and ("ENMAX" in line or "ZVAL" in line):
                for tag, number in re.findall(r"(ENMAX|ZVAL)\s*=\s*([\d.]+)", line):
                    values[-1].setdefault(tag, float(number))
    if not titels:
        raise ValueError("no POTCAR: it has no TITEL")
    return tuple(
        Potential.titled(titel, found.get("ENMAX"), found.get("ZVAL"))
        for titel, found in zip(titels, values, strict=True)
    )


def read_potcar_spec(text: str) -> tuple[Potential, ...]:
    """Read a POTCAR.spec: one symbol or title a line, or pymatgen's JSON."""
    if text.lstrip().startswith("["):
        return tuple(Potential.titled(entry["titel"]) for entry in json.loads(text))
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or re.fullmatch(r"(PBE|LDA|PW91)(_\w+)?", words[0]):
            continue
        titled = words[0].startswith("PAW") and len(words) > 1
        found.append(
            Potential.titled(" ".join(words[:3])) if titled else Potential(words[0])
        )
    return tuple(found)
