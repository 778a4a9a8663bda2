"""The lower hull over x: what is stable, and by how much the rest is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.analysis.hull import convex_hull

ENERGIES = st.dictionaries(
    st.sampled_from([k / 8 for k in range(17)]),
    st.floats(-60, -40),
    min_size=2,
    max_size=17,
)


def test_a_hull_by_hand() -> None:
    # ends 0 and -10: chord at 0.5, 1, 1.5 is -2.5, -5, -7.5.
    # E_f: -2 + 2.5 = 0.5; -7 + 5 = -2; -8 + 7.5 = -0.5
    # hull 0 -> 1 -> 2: at 0.5 -1, at 1.5 -1; above: 1.5 and 0.5
    found = convex_hull({0: 0, 0.5: -2, 1: -7, 1.5: -8, 2: -10})
    assert found.formation == pytest.approx({0: 0, 0.5: 0.5, 1: -2, 1.5: -0.5, 2: 0})
    assert found.vertices == (0, 1, 2)
    assert found.above == pytest.approx({0: 0, 0.5: 1.5, 1: 0, 1.5: 0.5, 2: 0})
    # 1000 * 0.5/(6 + 1.5) = 66.667 meV per atom
    assert found.above_per_atom(1.5) == pytest.approx(66.6667, abs=1e-4)


def test_a_point_on_the_chord_is_a_vertex_only_on_request() -> None:
    line = {0: 0.0, 1: -1.0, 2: -2.0}
    assert convex_hull(line).vertices == (0, 2)
    assert convex_hull(line, keep_collinear=True).vertices == (0, 1, 2)
    within = {**line, 1: -1.0 - 0.9e-6}
    assert convex_hull(within).vertices == (0, 2)
    beyond = {**line, 1: -1.0 - 1.1e-6}
    assert convex_hull(beyond).vertices == (0, 1, 2)


def test_one_x_has_no_hull() -> None:
    with pytest.raises(ValueError, match="there are 1"):
        convex_hull({1: -5})


@given(ENERGIES)
def test_nothing_lies_below_the_hull(energies: dict[float, float]) -> None:
    found = convex_hull(energies)
    assert min(found.above.values()) >= -2e-6
    assert {min(energies), max(energies)} <= set(found.vertices)
    assert all(found.above[x] == 0 for x in found.vertices)


@given(ENERGIES, st.floats(-5, 5), st.floats(-5, 5))
def test_a_reference_for_lithium_changes_no_hull(
    energies: dict[float, float], shift: float, mu: float
) -> None:
    other = convex_hull({x: e + shift + mu * x for x, e in energies.items()})
    assert other.above == pytest.approx(convex_hull(energies).above, abs=3e-6)


@given(ENERGIES)
def test_the_range_alone_decides_which_ends_count(
    energies: dict[float, float],
) -> None:
    found = convex_hull(energies)
    assert found.formation[min(energies)] == found.formation[max(energies)] == 0
