"""Which tags affect a result, and when two sets of them are the same."""

from __future__ import annotations

from typing import Any

import pytest

from workflows.vasp.equality import first_difference
from workflows.vasp.known_tags import (
    HARMLESS,
    METAL_TAGS,
    OUTPUT,
    STEP_TAGS,
    is_harmless,
    is_known,
    physics_tags,
)


def test_how_a_solution_is_found_and_what_is_written_decides_no_number() -> None:
    tags = dict.fromkeys(("GGA", "IVDW", "SIGMA", "NELM", "NCORE", "LWAVE", "NSW"), 1)
    solver = {"ALGO": "Fast", "IBRION": 2}
    assert list(physics_tags(tags | solver)) == ["GGA", "IVDW", "SIGMA"]


@pytest.mark.parametrize(
    ("tag", "value", "harmless"),
    [
        *(("ALGO", name, True) for name in ("Normal", "VeryFast", "all", "Damped")),
        *(("ALGO", name, False) for name in ("Exact", "None", "Eigenval", "G0W0")),
        *(("ALGO", name, False) for name in ("ACFDT", "Subrot", "CHI", "Nothing")),
        *(("IBRION", n, True) for n in (-1, 1, 2, 3)),
        *(("IBRION", n, False) for n in (0, 5, 6, 7, 8, 11, 40, 44)),
        *((tag, None, True) for tag in ("ALGO", "IBRION", "NELM")),
        ("GGA", None, False),
    ],
)
def test_a_tag_is_harmless_only_with_a_value_that_solves_the_same(
    tag: str, value: Any, harmless: bool
) -> None:
    assert is_harmless(tag, value) is harmless
    assert (tag in physics_tags({tag: value})) is not harmless


def test_every_tag_of_the_tables_exists_and_is_in_one_of_them() -> None:
    physics, others = STEP_TAGS | METAL_TAGS, HARMLESS | OUTPUT
    assert len(physics) > 20
    assert len(others) > 30
    assert not physics & others
    assert [tag for tag in sorted(physics | others) if not is_known(tag)] == []


@pytest.mark.parametrize(
    ("settings", "apart", "expected"),
    [
        ([], (), None),
        ([{"GGA": "PE"}], (), None),
        ([{"GGA": "PE"}, {"GGA": "pe "}], (), None),
        ([{"SIGMA": 0.05}, {"SIGMA": 0.05000001}], (), None),
        ([{"SIGMA": 0.05}, {"SIGMA": 0.05}, {"SIGMA": 0.1}], (), ("SIGMA", 0.05, 0.1)),
        ([{"SIGMA": 0.05}, {"SIGMA": 0.1}], STEP_TAGS, ("SIGMA", 0.05, 0.1)),
        ([{"EDIFF": 1e-5}, {"EDIFF": 1e-6}], STEP_TAGS, None),
        ([{}, {"IVDW": 12}], (), ("IVDW", None, 12)),
        ([{"IVDW": 12, "B": 1}, {"B": 2}], {"IVDW"}, ("B", 1, 2)),
    ],
)
def test_the_first_tag_that_differs_is_named_with_both_values(
    settings: list[dict[str, Any]], apart: Any, expected: Any
) -> None:
    assert first_difference(settings, apart=apart) == expected
