"""Occupation matrices of known eigenvectors give the right orbital and axis."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from workflows.analysis.d_orbitals import (
    ORBITALS,
    POLARISED,
    OnsiteOccupation,
    eg_orbital,
    turned,
)

Matrix = NDArray[np.float64]
ROOT = math.sqrt(3) / 2
# In xy, yz, z2, xz, x2-y2. 3x2-r2 is 2x2 - y2 - z2 = -z2/2 + sqrt(3)/2 (x2-y2).
PURE = {
    ("dz2", "z"): (0, 0, 1, 0, 0),
    ("dz2", "x"): (0, 0, -0.5, 0, ROOT),
    ("dz2", "y"): (0, 0, -0.5, 0, -ROOT),
    ("dx2-y2", "z"): (0, 0, 0, 0, 1),
    ("dx2-y2", "x"): (0, 0, ROOT, 0, 0.5),  # y2 - z2
    ("dx2-y2", "y"): (0, 0, -ROOT, 0, 0.5),  # z2 - x2, and its sign
}
PHASES = {
    ("dz2", "z"): 0, ("dz2", "x"): 120, ("dz2", "y"): -120,
    ("dx2-y2", "z"): 180, ("dx2-y2", "x"): -60, ("dx2-y2", "y"): 60,
}  # fmt: skip
NUMBERS = st.floats(-1, 1, allow_subnormal=False)
ROTATIONS = st.integers(0, 10_000).map(
    lambda seed: Rotation.random(random_state=seed).as_matrix()
)


def mn3(vector: tuple[float, ...], *, down: bool = False) -> OnsiteOccupation:
    """Three t2g electrons, and most of one in an eg orbital, all of one spin."""
    t2g = np.diag([0.96, 0.96, 0, 0.96, 0])
    own = np.outer(vector, vector)
    eg = np.diag([0, 0, 1, 0, 1]) - own
    majority = t2g + 0.98 * own + 0.47 * eg
    minority = 0.05 * np.eye(5)
    pair = (minority, majority) if down else (majority, minority)
    return OnsiteOccupation(0, 2, *(tuple(map(tuple, m.tolist())) for m in pair))


def in_frame(occupation: OnsiteOccupation, frame: Matrix) -> OnsiteOccupation:
    """Turn an ion so that what pointed along x, y, z points along the rows of frame."""
    matrices = (turned(m, frame.T) for m in (occupation.up, occupation.down))
    rows = (tuple(map(tuple, m.tolist())) for m in matrices)
    return OnsiteOccupation(occupation.site, occupation.shell, *rows)


def functions(points: Matrix) -> Matrix:
    """Values of the five real harmonics, written out, shape (points, 5)."""
    x, y, z = points.T
    z2 = (2 * z**2 - x**2 - y**2) / math.sqrt(12)
    return np.stack([x * y, y * z, z2, x * z, (x**2 - y**2) / 2], axis=1)


@pytest.mark.parametrize("kind", PURE)
@pytest.mark.parametrize("down", [False, True])
def test_a_known_eigenvector_gives_its_orbital_and_axis(
    kind: tuple[str, str], down: bool
) -> None:
    found = eg_orbital(mn3(PURE[kind], down=down), np.eye(3))
    assert found is not None
    assert (found.orbital, found.axis) == kind
    assert found.polarisation == pytest.approx(0.51)  # 0.98 - 0.47
    assert found.phase == pytest.approx(PHASES[kind])
    assert found.t2g == pytest.approx(3 * 0.96 + 3 * 0.05)
    assert found.eg == pytest.approx(0.98 + 0.47 + 2 * 0.05)


@pytest.mark.parametrize("kind", PURE)
@given(ROTATIONS)
def test_it_is_the_same_in_a_turned_octahedron(
    kind: tuple[str, str], frame: Matrix
) -> None:
    found = eg_orbital(in_frame(mn3(PURE[kind]), frame), frame)
    assert found is not None
    assert (found.orbital, found.axis) == kind
    assert found.polarisation == pytest.approx(0.51)


@given(ROTATIONS, st.lists(NUMBERS, min_size=15, max_size=15))
def test_a_turned_matrix_is_that_of_the_turned_functions(
    frame: Matrix, numbers: list[float]
) -> None:
    matrix = np.zeros((5, 5))
    matrix[np.triu_indices(5)] = numbers
    matrix = matrix + matrix.T
    # Coefficients of the new functions in the old ones, by their values at points.
    points = np.random.default_rng(0).normal(size=(40, 3))
    overlap = np.linalg.lstsq(
        functions(points), functions(points @ frame.T), rcond=None
    )[0].T
    assert turned(matrix, frame) == pytest.approx(overlap @ matrix @ overlap.T)


@given(ROTATIONS)
def test_turning_keeps_the_electrons_and_the_eigenvalues(frame: Matrix) -> None:
    matrix = np.asarray(mn3(PURE["dz2", "x"]).up)
    found = turned(matrix, frame)
    assert np.trace(found) == pytest.approx(np.trace(matrix))
    assert np.linalg.eigvalsh(found) == pytest.approx(np.linalg.eigvalsh(matrix))


@pytest.mark.parametrize("signs", [(1, 1, -1), (-1, 1, 1), (-1, -1, -1)])
def test_the_signs_of_the_axes_do_not_matter(signs: tuple[int, ...]) -> None:
    frame = np.diag(signs).astype(float)
    for kind, vector in PURE.items():
        found = eg_orbital(mn3(vector), frame)
        assert found is not None
        assert (found.orbital, found.axis) == kind


@pytest.mark.parametrize(
    ("difference", "named"), [(POLARISED - 0.01, False), (POLARISED + 0.01, True)]
)
def test_an_orbital_is_named_from_a_clear_difference_on(
    difference: float, named: bool
) -> None:
    up = np.diag([0.9, 0.9, 0.5 + difference, 0.9, 0.5])
    rows = tuple(map(tuple, up.tolist()))
    found = eg_orbital(OnsiteOccupation(0, 2, rows, rows), np.eye(3))
    assert found is not None
    assert bool(found.orbital) is named
    assert bool(found.axis) is named


def mixed(phase: float) -> tuple[float, ...]:
    half = math.radians(phase) / 2
    return (0, 0, math.cos(half), 0, -math.sin(half))


@pytest.mark.parametrize(
    ("phase", "orbital"),
    [(0, "dz2"), (24.9, "dz2"), (25.1, ""), (34.9, ""), (35.1, "dx2-y2")],
)
def test_half_way_between_two_orbitals_neither_is_named(
    phase: float, orbital: str
) -> None:
    for around in (0, 120, 240):
        for sign in (1, -1):
            found = eg_orbital(mn3(mixed(around + sign * phase)), np.eye(3))
            assert found is not None
            assert found.orbital == orbital


@given(st.floats(-179, 180))
def test_the_phase_is_that_of_the_vector(phase: float) -> None:
    found = eg_orbital(mn3(mixed(phase)), np.eye(3))
    assert found is not None
    assert found.phase == pytest.approx(phase, abs=1e-6)


def test_a_hole_is_told_by_the_spin_that_has_it() -> None:
    # Cu2+ with its hole in x2-y2: both spins full but for it.
    up, down = np.eye(5), np.diag([1.0, 1, 1, 1, 0.3])
    pair = (tuple(map(tuple, m.tolist())) for m in (up, down))
    found = eg_orbital(OnsiteOccupation(0, 2, *pair), np.eye(3))
    assert found is not None
    assert (found.orbital, found.axis) == ("dz2", "z")


def test_without_spin_or_of_another_shell_there_is_none() -> None:
    five = mn3(PURE["dz2", "z"]).up
    seven = tuple(map(tuple, np.eye(7).tolist()))
    assert eg_orbital(OnsiteOccupation(0, 2, five), np.eye(3)) is None
    assert eg_orbital(OnsiteOccupation(0, 3, seven, seven), np.eye(3)) is None


def test_a_matrix_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 3\): \(5, 5\) wanted"):
        turned(np.eye(3), np.eye(3))
    assert len(ORBITALS) == 5
