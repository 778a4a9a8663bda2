"""The on-site occupation matrices that LDAUPRINT = 1 or 2 writes into OUTCAR.

VASP prints a block for each ion with LDAUL >= 0, at every electronic step, in real
harmonics m = -l to l about the Cartesian axes: one matrix for each spin component, then
eigenvalues of all of them, which are compared, and eigenvectors, which are not. One
component is a run without spin, two are up and down; the four complex ones of a
noncollinear run have no up and down and are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np

from workflows.analysis.d_orbitals import OnsiteOccupation, Rows

SAME_EIGENVALUE = 2e-3
"""Electrons; matrices and eigenvalues are printed with four decimals."""

_ATOM = re.compile(r"^ *atom = *(\d+) +type = *\d+ +l = *(\d+) *$", re.MULTILINE)
_COMPONENT = re.compile(r"spin component +(\d+) *\n")
_STEP = " Iteration "
_VECTORS = "occupancies and eigenvectors"
_EIGENVALUE = re.compile(r"^ *o = *(-?\d+\.\d+) +v =", re.MULTILINE)
_NUMBER = re.compile(r"-?\d+\.\d{4}|\*+|NaN", re.IGNORECASE)


def read_occupation_matrices(text: str) -> tuple[OnsiteOccupation, ...]:
    """Read the block of every ion in the last electronic step that has any.

    Parameters
    ----------
    text
        Part of an OUTCAR that holds one ionic step.

    Returns
    -------
    tuple of OnsiteOccupation
        In the order of the ions; empty without LDAUPRINT. A block that is cut, has
        something other than numbers, or other eigenvalues than are printed, is left
        out.
    """
    blocks = dict(_blocks(_last_step(text)))
    found = (_occupation(*key, *block) for key, block in sorted(blocks.items()))
    return tuple(one for one in found if one is not None)


def _last_step(text: str) -> str:
    """Return the last electronic step with blocks; a damaged one has no older."""
    last = max((match.start() for match in _ATOM.finditer(text)), default=0)
    return text[max(text.rfind(_STEP, 0, last), 0) :]


def _blocks(text: str) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    """Yield ion (from 0) and l with the text of its matrices, and of what follows."""
    starts = list(_ATOM.finditer(text))
    for match, following in zip_longest(starts, starts[1:]):
        end = following.start() if following else len(text)
        matrices, closed, vectors = text[match.end() : end].partition(_VECTORS)
        if closed:
            yield (int(match[1]) - 1, int(match[2])), (matrices, vectors)


def _occupation(
    site: int, shell: int, block: str, vectors: str
) -> OnsiteOccupation | None:
    _, *parts = _COMPONENT.split(block)
    matrices = [_matrix(part, 2 * shell + 1) for part in parts[1::2]]
    collinear = parts[::2] in (["1"], ["1", "2"])
    if not collinear or None in matrices:
        return None
    up, down = (*matrices, None)[:2]
    assert up is not None
    if not _has_eigenvalues([m for m in (up, down) if m], vectors):
        return None
    return OnsiteOccupation(site, shell, up, down)


def _has_eigenvalues(matrices: list[Rows], vectors: str) -> bool:
    """Whether the eigenvalues printed below matrices are theirs, if all are printed."""
    printed = sorted(_number(word) for word in _EIGENVALUE.findall(vectors))
    values = [v for m in matrices for v in np.linalg.eigvals(np.array(m)).real]
    if len(printed) != len(values):
        return True
    return bool(np.abs(np.array(printed) - np.sort(values)).max() <= SAME_EIGENVALUE)


def _matrix(text: str, size: int) -> Rows | None:
    lines = [line for line in text.splitlines() if line.strip()]
    rows = tuple(tuple(map(_number, _NUMBER.findall(line))) for line in lines)
    whole = len(rows) == size and all(len(row) == size for row in rows)
    finite = all(math.isfinite(value) for row in rows for value in row)
    return rows if whole and finite else None


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan
