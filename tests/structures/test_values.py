"""A number that is none is refused by its name, never by a traceback of a library."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import structures
from structures import SpinelHost, StructuresError, spinel_host
from structures.values import finite, is_finite, shown, whole

NO_VALUES: tuple[Any, ...] = (
    *(math.nan, math.inf, -math.inf, 10**400, 10**5000, -1, 0, 1.5, 1e300, True),
    *(None, "", "8", "a\0b", b"8", [], [[8]], {}, {8}, object()),
)

HOST = spinel_host()
CALLS: tuple[tuple[Callable[..., object], dict[str, object], str], ...] = (
    *(
        (call, {"host": HOST, "role": "8a", "k": 4}, name)
        for call in (structures.count_orderings, structures.distinct_orderings)
        for name in ("k", "exclude_closer_than")
    ),
    (structures.distinct_orderings, {"host": HOST, "role": "8a", "k": 4}, "max_raw"),
    *(
        (structures.sample_orderings, {**dict(host=HOST, role="8a", k=4), **own}, name)
        for own in ({"n": 2, "seed": 0},)
        for name in ("k", "n")
    ),
    (structures.count_joint_orderings, {"role": "8a", "k": 2}, "k"),
    *(
        (structures.arrangements, {"host": HOST, "x": 0.5}, name)
        for name in ("x", "keep", "max_enumerate")
    ),
    (structures.check_composition, {"host": HOST}, "x"),
    (structures.symmetry_broken_start, {"seed": 0}, "displacement"),
    *((spinel_host, {}, name) for name in ("a", "u", "supercell", "formula")),
    *((structures.disordered_hosts, {}, name) for name in ("a", "u", "formula")),
)


@pytest.mark.filterwarnings("ignore::structures.InsertionWarning")
@pytest.mark.parametrize(
    ("call", "given", "name"),
    [pytest.param(*each, id=f"{each[0].__name__}-{each[2]}") for each in CALLS],
)
def test_what_is_no_value_is_refused_or_taken_for_one(
    call: Callable[..., object], given: dict[str, object], name: str
) -> None:
    if call is structures.symmetry_broken_start:
        given = {"structure": HOST.structure, **given}
    for value in NO_VALUES:
        with suppress(StructuresError):
            call(**{**given, name: value})


def test_a_whole_number_may_be_written_as_a_float(host: SpinelHost) -> None:
    assert structures.count_orderings(host, "16c", 8.0) == 584  # type: ignore[arg-type]
    assert [whole(value, "n") for value in (0, 3, 3.0)] == [0, 3, 3]
    assert finite(2, "a", "A") == 2.0
    assert not is_finite(True)


def test_a_value_is_shown_as_far_as_it_differs_from_its_limit() -> None:
    assert [shown(v) for v in (2.0, 2.0000000001, 1 / 3)] == [
        *("2", "2.0000000001", "0.333333333333"),
    ]
    assert shown(10**5000) == "an integer of thousands of digits"
    assert len(shown("x" * 1000)) == 60
