"""Whether the symmetry of a CIF fits its cell, its group and its atoms.

Operations of another cell, or of another group, put atoms where none are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from structures.values import FULL
from workflows.counts import count_of
from workflows.errors import printable, shortened

if TYPE_CHECKING:
    import numpy as np

NUMBERS_OF_GROUP = ("_symmetry_Int_Tables_number", "_space_group_IT_number")
SAME_LENGTH = 1e-3
"""Of a length; refined and relaxed cells are printed with more digits."""
SAME_ANGLE = 0.1
"""Degrees."""
SAME_PLACE = 1e-4
"""Of a cell, as pymatgen takes it."""
PARTS = 24
"""Translations of every group in its own cell are whole multiples of 1/24."""
ROUNDED = 0.002
"""Of a cell; ``0.333`` stands for 1/3."""


def cell_problem(
    operations: Sequence[Any], parameters: Sequence[float], told: str
) -> str:
    """Say which operation does not leave the cell as it is; empty for none.

    Parameters
    ----------
    operations
        pymatgen's, of fractional coordinates.
    parameters
        a, b, c in A and alpha, beta, gamma in degrees.
    told
        Where the operations are from, for the message.
    """
    import numpy as np

    metric = _metric(parameters)
    shown = ", ".join(f"{value:g}" for value in parameters)
    for operation in operations:
        turned = operation.rotation_matrix.T @ metric @ operation.rotation_matrix
        own, other = _parameters(metric), _parameters(turned)
        lengths = np.abs(other[:3] / own[:3] - 1).max()
        if lengths > SAME_LENGTH or np.abs(other[3:] - own[3:]).max() > SAME_ANGLE:
            return (
                f"{told} have {operation.as_xyz_str()}, which no cell of a, b, c, "
                f"alpha, beta, gamma = {shown} has: correct the cell, or give the "
                "operations of its own group"
            )
    return ""


def _metric(parameters: Sequence[float]) -> np.ndarray:
    import numpy as np

    a, b, c, *angles = parameters
    alpha, beta, gamma = np.cos(np.radians(angles))
    rows = [
        [a * a, a * b * gamma, a * c * beta],
        [a * b * gamma, b * b, b * c * alpha],
        [a * c * beta, b * c * alpha, c * c],
    ]
    return np.array(rows)


def _parameters(metric: np.ndarray) -> np.ndarray:
    """Return lengths and angles of the three axes of a metric tensor."""
    import numpy as np

    lengths = np.sqrt(np.diag(metric))
    cosines = [
        metric[i, j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))
    ]
    return np.array([*lengths, *np.degrees(np.arccos(np.clip(cosines, -1, 1)))])


def group_problem(
    data: Mapping[str, Any], operations: Sequence[Any], lattice: np.ndarray
) -> str:
    """Say which group is named that is not that of the operations; empty for none.

    Symbols that pymatgen does not know, and operations that are no group, say nothing.
    """
    number = _number_of(operations, lattice)
    if number is None:
        return ""
    for name, value, named in named_groups(data):
        if named != number:
            return (
                f"{name} is {printable(shortened(value))!r}, space group {named}, and "
                f"its {count_of(len(operations), 'operation')} are those of space "
                f"group {number}: correct the one that is wrong"
            )
    return ""


def named_groups(data: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Yield name, value and number of each group that is named and known."""
    from pymatgen.symmetry.groups import SpaceGroup

    for name, value in data.items():
        if not isinstance(value, str):
            continue
        if name in NUMBERS_OF_GROUP and re.fullmatch("[0-9]{1,3}", value):
            yield name, value, int(value)
        words = name.lower()
        if "space_group_name" in words and "hall" not in words:
            with suppress(ValueError):  # another symbol: pymatgen knows none of them
                yield name, value, SpaceGroup(re.sub(r"[\s_]", "", value)).int_number


def _number_of(operations: Sequence[Any], lattice: np.ndarray) -> int | None:
    """Return the number of the group of some operations; None if they are none."""
    import numpy as np
    from spglib import get_spacegroup_type_from_symmetry

    found = {}
    for operation in operations:
        rotation = np.rint(operation.rotation_matrix).astype(int)
        shift = operation.translation_vector
        steps = np.rint(shift * PARTS)
        if np.abs(shift - steps / PARTS).max() > ROUNDED:
            return None
        key = (*rotation.ravel().tolist(), *(steps % PARTS).astype(int).tolist())
        found[key] = (rotation, steps % PARTS / PARTS)
    rotations, shifts = zip(*found.values(), strict=True)
    with suppress(Exception):  # which it raises depends on its version
        known = get_spacegroup_type_from_symmetry(rotations, shifts, lattice)
        return None if known is None else int(known.number)
    return None


def overfull_place(
    atoms: Sequence[tuple[str, Sequence[float], float]], operations: Sequence[Any]
) -> str:
    """Say which rows of atoms share one place and fill it more than once; else empty.

    Parameters
    ----------
    atoms
        Name, fractional coordinates and occupancy of each row.
    operations
        pymatgen's, of fractional coordinates.
    """
    import numpy as np

    for _, place, _ in atoms:
        images = np.array([operation.operate(place) for operation in operations])
        here = [atom for atom in atoms if _is_among(np.array(atom[1]), images)]
        if len(here) > 1 and sum(share for *_, share in here) > 1 + FULL:
            names = " and ".join(name for name, *_ in here)
            shares = " and ".join(f"{share:g}" for *_, share in here)
            shown = " ".join(f"{number:g}" for number in place)
            return (
                f"{names} stand on one place, {shown}, with occupancies {shares}, "
                "above 1 together: remove the row that is too many, or give "
                "occupancies whose sum is at most 1"
            )
    return ""


def _is_among(place: np.ndarray, images: np.ndarray) -> bool:
    import numpy as np

    away = images - place
    return bool((np.abs(away - np.rint(away)).max(axis=1) < SAME_PLACE).any())
