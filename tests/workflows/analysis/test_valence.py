"""Formal valences by charge balance, by threshold, by the gap in the moments."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from structures import formal_charges
from tests.places import DATA
from workflows import parse_run
from workflows.analysis import (
    expected_total_moment,
    expected_valence,
    valence_from_moment,
)
from workflows.analysis.lnmo import expected_mn3
from workflows.analysis.valence import UNDECIDED, balanced_valences, two_clusters

X = st.floats(0, 2)


@pytest.mark.parametrize(
    ("x", "nickel", "manganese"),
    [
        # q_Ni = (64 - 8x - 48)/4; q_Mn = (64 - 8x - 8)/12
        (0, 4, 4),  # (64 - 0 - 48)/4 = 16/4
        (0.5, 3, 4),  # (64 - 4 - 48)/4 = 12/4
        (1, 2, 4),  # (64 - 8 - 48)/4 = 8/4
        (1.5, 2, 11 / 3),  # (64 - 12 - 8)/12 = 44/12
        (2, 2, 10 / 3),  # (64 - 16 - 8)/12 = 40/12: 8 Mn3+ and 4 Mn4+
    ],
)
def test_the_expected_valences(x: float, nickel: float, manganese: float) -> None:
    assert expected_valence(x) == pytest.approx({"Ni": nickel, "Mn": manganese})


@given(X)
def test_the_expected_valences_keep_the_cell_neutral(x: float) -> None:
    q = expected_valence(x)
    assert 8 * x + 4 * q["Ni"] + 12 * q["Mn"] == pytest.approx(2 * 32)


@given(st.integers(0, 16))
def test_they_are_the_formal_charges_that_the_structures_are_ranked_by(
    n_li: int,
) -> None:
    charges = formal_charges(f"Li{n_li}Ni4Mn12O32" if n_li else "Ni4Mn12O32")
    q = expected_valence(n_li / 8)
    assert (charges["Ni"], charges["Mn"]) == pytest.approx((q["Ni"], q["Mn"]))


@pytest.mark.parametrize(
    ("x", "ferrimagnetic", "ferromagnetic"),
    [
        (0, 36, 36),  # 12 Mn4+ * 3, Ni4+ carries none
        (0.5, 32, 40),  # 36 -+ 4 Ni3+ * 1
        (1, 28, 44),  # 36 -+ 4 Ni2+ * 2
        (1.25, 30, 46),  # 2 Mn3+ * 4 + 10 Mn4+ * 3 = 38, -+ 8
        (2, 36, 52),  # 8 Mn3+ * 4 + 4 Mn4+ * 3 = 44, -+ 8
    ],
)
def test_the_expected_total_moment(
    x: float, ferrimagnetic: float, ferromagnetic: float
) -> None:
    assert expected_total_moment(x) == pytest.approx(ferrimagnetic)
    assert expected_total_moment(x, "fim") == pytest.approx(ferrimagnetic)
    assert expected_total_moment(x, order="fm") == pytest.approx(ferromagnetic)


@given(X)
def test_a_moment_is_made_of_the_electrons_that_the_valences_leave(x: float) -> None:
    # d electrons: Mn 7 - q, all parallel; Ni 10 - q, low spin, 6 of them paired.
    q = expected_valence(x)
    manganese, nickel = 12 * (7 - q["Mn"]), 4 * (4 - q["Ni"])
    assert expected_total_moment(x) == pytest.approx(manganese - nickel)


@pytest.mark.parametrize("x", [-0.1, 2.1, math.nan])
def test_x_outside_0_to_2_is_refused(x: float) -> None:
    for formula in (expected_valence, expected_total_moment, expected_mn3):
        with pytest.raises(ValueError, match="outside 0 to 2"):
            formula(x)


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match="'afm': 'fim'"):
        expected_total_moment(1, "afm")


@pytest.mark.parametrize(
    ("element", "moment", "valence", "margin"),
    [
        ("Ni", 0.5, 4, 0.25),  # 0.75 - 0.5
        ("Ni", 0.75, 3, 0.0),
        ("Ni", -1.1, 3, 0.3),  # 1.40 - 1.1 is nearer than 1.1 - 0.75
        ("Ni", 1.40, 2, 0.0),
        ("Ni", -1.7, 2, 0.3),  # 1.7 - 1.40
        ("Mn", 2.59, None, 0.01),
        ("Mn", 3.2, 4, 0.35),  # 3.55 - 3.2
        ("Mn", -3.2, 4, 0.35),
        ("Mn", 3.50, 4, 0.05),
        ("Mn", 3.95, 3, 0.30),  # 4.25 - 3.95
        ("Mn", 4.6, 2, 0.35),  # 4.6 - 4.25
    ],
)
def test_a_valence_is_read_with_its_margin(
    element: str, moment: float, valence: int | None, margin: float
) -> None:
    found = valence_from_moment(element, moment)
    assert found.valence == valence
    assert found.margin == pytest.approx(margin)
    assert found.ambiguous == (margin < 0.1)


@given(st.sampled_from(["Ni", "Mn"]), st.floats(0, 6))
def test_the_sign_of_a_moment_names_no_valence(element: str, moment: float) -> None:
    assert valence_from_moment(element, moment) == valence_from_moment(element, -moment)


def test_a_missing_moment_has_no_valence() -> None:
    found = valence_from_moment("Mn", math.nan)
    assert found.valence is None
    assert found.ambiguous


def test_an_element_without_thresholds_is_refused_or_given_some() -> None:
    with pytest.raises(ValueError, match="no moment thresholds for Ru"):
        valence_from_moment("Ru", 1.7)
    own = {"Ru": ((1.0, 3), (math.inf, 4))}
    assert valence_from_moment("Ru", 1.7, thresholds=own).valence == 4


def test_real_mn3_of_mgmn2o4_is_recognised_whatever_its_sign() -> None:
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    assert document.structure is not None
    assert document.magnetization is not None
    pairs = zip(document.structure, document.magnetization, strict=True)
    found = [valence_from_moment("Mn", m) for s, m in pairs if s.specie.symbol == "Mn"]
    assert [v.valence for v in found] == [3] * 4  # |m| = 3.81, 3.82
    assert not any(v.ambiguous for v in found)


def test_the_gap_in_the_moments_counts_mn3() -> None:
    # Sorted: 4 of 3.2, then 8 of 3.95; the gap 0.75 > 0.3 has 8 sites above it.
    assert two_clusters([3.95, -3.2, 3.95, 3.2] * 2 + [3.95] * 4) == 8
    assert two_clusters([3.2 + 0.02 * i for i in range(12)]) is None
    assert two_clusters([3.7]) is None


@given(st.permutations([3.0, 3.1, 3.15, 3.9, 4.0]), st.floats(-0.4, 0.4))
def test_a_shift_by_another_u_leaves_the_two_clusters(
    moments: list[float], shift: float
) -> None:
    assert two_clusters([m + shift for m in moments]) == 2


SPINEL = ["Li"] * 16 + ["Ni"] * 4 + ["Mn"] * 12 + ["O"] * 32


def test_the_balanced_assignment_finds_8_mn3_at_x_2() -> None:
    # 16 + 4*2 + 8*3 + 4*4 - 64 = 0
    moments = [0.0] * 16 + [-1.7] * 4 + [3.95] * 8 + [3.2] * 4 + [0.0] * 32
    found = balanced_valences(SPINEL, moments)
    assert found.valences == (1,) * 16 + (2,) * 4 + (3,) * 8 + (4,) * 4 + (-2,) * 32
    # second best: a Mn3+ becomes 2+ (4.6 for 3.9), and a Ni2+ 3+ (1.05 for 1.7)
    second = (4.6 - 3.95) ** 2 - (3.9 - 3.95) ** 2 + (1.7 - 1.05) ** 2
    assert found.margin == pytest.approx(second)


def test_it_overrules_the_threshold_where_the_charge_needs_it() -> None:
    # A ninth Mn at 3.60 is 3+ by threshold; charge allows eight: the farthest yields.
    moments = [0.0] * 16 + [-1.7] * 4 + [3.95] * 8 + [3.6] + [3.2] * 3 + [0.0] * 32
    assert valence_from_moment("Mn", 3.6).valence == 3
    found = balanced_valences(SPINEL, moments)
    assert found.valences is not None
    assert found.valences[20:32] == (3,) * 8 + (4,) * 4


@given(st.integers(0, 16), st.data())
def test_a_balanced_assignment_is_neutral_whatever_the_moments(
    n_li: int, data: st.DataObject
) -> None:
    species = ["Li"] * n_li + ["Ni"] * 4 + ["Mn"] * 12 + ["O"] * 32
    moments = data.draw(
        st.lists(st.floats(-5, 5), min_size=len(species), max_size=len(species))
    )
    found = balanced_valences(species, moments)
    assert (found.valences is None) == (found.margin < UNDECIDED)
    assert found.valences is None or sum(found.valences) == 0


@pytest.mark.parametrize(
    ("species", "moments"),
    [
        (["Li", "O"], [0, 0]),  # +1 - 2
        (["Ru", "O"], [1.6, 0]),  # no ion that the table names
        (["Mn", "O", "O"], [math.nan, 0, 0]),
    ],
)
def test_what_cannot_be_balanced_has_no_assignment(
    species: list[str], moments: list[float]
) -> None:
    found = balanced_valences(species, moments)
    assert found.valences is None
    assert math.isnan(found.margin)


def test_equal_moments_show_no_charge_order() -> None:
    moments = [0.0] * 16 + [-1.7] * 4 + [3.70] * 12 + [0.0] * 32
    found = balanced_valences(SPINEL, moments)
    assert found.valences is None
    assert found.margin == pytest.approx(0)


@pytest.mark.parametrize(("apart", "answered"), [(0.034, False), (0.037, True)])
def test_there_is_no_answer_below_a_margin_of_0_05(
    apart: float, answered: bool
) -> None:
    # Exchanging the valences of two Mn costs 2 (3.9 - 3.2) times their difference.
    moments = [3.55 + apart / 2, 3.55 - apart / 2, 0, 0, 0, 0, 0]
    found = balanced_valences(["Mn", "Mn", "Li", "O", "O", "O", "O"], moments)
    assert found.margin == pytest.approx(1.4 * apart)
    assert (found.valences is not None) is answered


@pytest.mark.parametrize(
    ("species", "moments", "expected"),
    [
        ("Li Co Mn", (0, 0.1, 3.1), (1, 3, 4)),  # LiCoMnO4
        ("Li Cr Mn", (0, 2.9, 3.1), (1, 3, 4)),
        ("Li Fe Mn", (0, 4.2, 3.1), (1, 3, 4)),
        ("Co Mn", (1.0, 3.1), (4, 4)),
        ("Li V V", (0, 1.9, 1.0), (1, 3, 4)),
        ("Li Ti Ti", (0, 0.9, 0.0), (1, 3, 4)),
        ("Mg Ti Co", (0, 0.0, 2.7), (2, 4, 2)),
        ("Zn Fe Fe", (0, 4.2, -4.2), (2, 3, 3)),
        ("Li Cu Mn", (0, 0.05, 3.1), (1, 3, 4)),  # Cu3+: Cu+ would not be neutral
    ],
)
def test_other_metals_are_balanced(
    species: str, moments: tuple[float, ...], expected: tuple[int, ...]
) -> None:
    found = balanced_valences([*species.split(), *"OOOO"], [*moments, 0, 0, 0, 0])
    assert found.valences == (*expected, -2, -2, -2, -2)
    assert found.margin > 0.05
