"""The table of ions agrees with itself and with the electrons that are counted."""

from __future__ import annotations

from itertools import pairwise

import pytest

from structures.charge_ordering import spin_only_moment
from workflows.analysis.ions import (
    FIXED,
    IONS,
    LNMO_SMALLEST,
    METALS,
    THRESHOLDS,
    host_in_words,
    moment_collapsed,
    of_ion,
)
from workflows.analysis.valence import valence_from_moment

IONS_OF = [(e, q, m) for e, ions in IONS.items() for q, m in ions.moments.items()]
TWO_ANSWERS = {("Fe", 2), ("Fe", 4), ("Cu", 1), ("Cu", 3)}
"""Ions whose moment another ion of the element has as well."""


def test_the_metals_are_those_of_the_spinels() -> None:
    assert METALS == ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu")
    assert not set(METALS) & set(FIXED)
    assert all(ions.source for ions in IONS.values())


@pytest.mark.parametrize(("element", "valence", "moment"), IONS_OF)
def test_a_typical_moment_is_read_as_its_valence_and_is_not_ambiguous(
    element: str, valence: int, moment: float
) -> None:
    found = valence_from_moment(element, moment)
    assert found.valence == (None if (element, valence) in TWO_ANSWERS else valence)
    assert not found.ambiguous


@pytest.mark.parametrize(("element", "valence", "moment"), IONS_OF)
def test_a_sphere_holds_less_than_the_electrons_that_are_counted(
    element: str, valence: int, moment: float
) -> None:
    counted = {("Cu", 3): 0.0, ("Ni", 4): 0.6}.get(
        (element, valence), spin_only_moment(element, valence)
    )
    if (element, valence) in {("Mn", 4), ("Ni", 3)}:  # measured; oxygen is turned over
        counted *= 1.07
    assert 0.6 * counted <= moment <= counted


@pytest.mark.parametrize("element", METALS)
def test_limits_rise_to_infinity(element: str) -> None:
    limits = [limit for limit, _ in THRESHOLDS[element]]
    assert all(a < b for a, b in pairwise(limits))
    assert limits[-1] == float("inf")


def test_the_limits_of_the_papers_compound_are_those_of_the_table() -> None:
    assert LNMO_SMALLEST["Mn"] == THRESHOLDS["Mn"][0][0]
    assert LNMO_SMALLEST["Ni"] == dict(map(reversed, THRESHOLDS["Ni"]))[3]


@pytest.mark.parametrize(
    ("element", "end", "expected"),
    [
        *(("Mn", m, m < 1.0) for m in (0.0, 0.93, -0.93, 0.99, 1.01, 3.2)),
        *(("Cr", m, m < 1.0) for m in (0.99, 1.01)),
        *(("Fe", m, m < 1.0) for m in (0.99, 1.01)),
        *(("Ni", m, m < 0.2) for m in (0.19, 0.29)),  # Ni4+ keeps 0.3
        *(("Co", m, False) for m in (0.0, 2.7)),  # low-spin Co3+
        *((e, 0.0, False) for e in ("V", "Ti", "Cu", "O", "Ru")),
    ],
)
def test_a_lost_moment_is_below_the_limit_of_its_element(
    element: str, end: float, expected: bool
) -> None:
    assert moment_collapsed(element, 4.0, end) is expected
    assert moment_collapsed(element, -4.0, -end) is expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["Mn16O32", "Li4Mn16O32", "Li8Mn16O32"], "LixMn2O4"),
        (["Mn16O32"], "LixMn2O4"),
        (["Na2Mn4O8"], "NaxMn2O4"),
        (["Co8Mn8O32", "Mg8Co8Mn8O32"], "MgxCoMnO4"),
        (["Li8Ti16S32", "Li8Co8Mn8O32"], "LixTi2S4, LixCoMnO4"),
        (["Li8Ni4Mn12O32"], "LixNi0.5Mn1.5O4"),
    ],
)
def test_a_host_is_named_as_a_person_writes_it(cells: list[str], words: str) -> None:
    assert host_in_words(cells) == words


@pytest.mark.parametrize("ion", ["Li", "Na", "Mg"])
def test_words_on_lithium_are_said_of_the_ion_of_the_host(ion: str) -> None:
    assert of_ion("Li left its site, sites of Li not recorded", ion) == (
        f"{ion} left its site, sites of {ion} not recorded"
    )
    assert of_ion("no gap", ion) == "no gap"


def test_a_moment_that_was_not_set_up_cannot_be_lost() -> None:
    assert moment_collapsed("Mn", 2.0, 0.1)
    assert not moment_collapsed("Mn", 1.99, 0.1)
