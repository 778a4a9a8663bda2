"""DOSCAR, the file that the paper's figures were made from.

Five header lines; then a block: a line EMAX EMIN NEDOS E_F 1.0, and NEDOS rows. The
first block is the total (energy, DOS, integrated DOS; two of each with spin), then
one block a site with the orbitals of `ORBITALS`, up and down in turn (vasp.at/wiki
DOSCAR; LORBIT = 11, no f states).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from workflows.analysis.dos import ORBITALS, DensityOfStates, Values

HEADER_LINES = 5
_LOST_E = re.compile(r"(\d)([+-]\d{3})")
"""Fortran drops the E of an exponent of three digits: 0.1234-100."""


def read_doscar(path: Path, *, nsw: int) -> DensityOfStates:
    """Read a DOSCAR, gzipped or not.

    Parameters
    ----------
    path
        The file.
    nsw
        NSW of the run, which the file does not tell.

    Raises
    ------
    ValueError
        It is cut, or its columns are not those of a collinear run without f states.
    """
    from monty.io import zopen

    with zopen(path, "rt") as file:
        lines = iter(str(file.read()).splitlines())
    atoms = int(next(lines).split()[0])
    list(islice(lines, HEADER_LINES - 1))
    efermi, whole = _block(path, lines)
    spins = {3: 1, 5: 2}.get(whole.shape[1], 0)
    if not spins:
        raise ValueError(f"{path}: {whole.shape[1]} columns in the total, not 3 or 5")
    sites: list[Values] = []
    for _ in range(atoms):
        block = _block(path, lines, optional=not sites)[1]
        if not block.size:
            break
        sites.append(block[:, 1:])
    columns = sites[0].shape[1] if sites else 0
    if columns not in (0, spins * len(ORBITALS)):
        raise ValueError(
            f"{path}: {columns} columns at a site, not {spins * len(ORBITALS)}: "
            "written with LORBIT = 10, f states or spin-orbit coupling"
        )
    shape = (len(sites), len(whole), columns // spins, spins)
    projected = np.array(sites).reshape(shape)
    return DensityOfStates(
        energies=whole[:, 0],
        total=whole[:, 1 : 1 + spins].T,
        integrated=whole[:, 1 + spins :].T,
        projected=projected.transpose(0, 2, 3, 1),
        orbitals=ORBITALS if sites else (),
        efermi=efermi,
        nsw=nsw,
    )


def _block(
    path: Path, lines: Iterator[str], *, optional: bool = False
) -> tuple[float, Values]:
    """Read one header and its rows; nothing at the end of the file, if it may end."""
    header = next(lines, "").split()
    if not header and optional:
        return 0.0, np.empty((0, 0))
    try:
        number, efermi = int(header[2]), float(header[3])
        rows = [
            [float(word) for word in _LOST_E.sub(r"\1E\2", line).split()]
            for line in islice(lines, number)
        ]
        values = np.array(rows, dtype=float)
    except (ValueError, IndexError):
        raise ValueError(f"{path}: not a DOSCAR, or one that is cut") from None
    if len(values) != number:
        raise ValueError(f"{path}: cut after {len(values)} of {number} rows")
    return efermi, values
