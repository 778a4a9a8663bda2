"""What is no path is refused by name in every function that takes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lnmo
from workflows.errors import LnmoError
from workflows.paths import given_path

FUNCTIONS: tuple[Callable[[Any], Any], ...] = (
    lnmo.parse_run,
    lnmo.check_directory,
    lnmo.open_results,
    lnmo.load_campaign,
    lnmo.plan,
    lambda root: lnmo.to_flow("nio", root=root),
)
NO_PATHS = (
    1,
    float("nan"),
    b"x",
    "",
    "  ",
    "a\0b",
    "\ud800",
    "a" * 2500,
    True,
    ["x"],
    {"x": 1},
    object,
)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("value", NO_PATHS, ids=lambda value: repr(value)[:20])
def test_what_is_no_path_is_refused_in_one_line(
    function: Callable[[Any], Any], value: Any
) -> None:
    with pytest.raises(LnmoError) as caught:
        function(value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("function", [lnmo.parse_run, lnmo.check_directory])
def test_none_is_no_directory(function: Callable[[Any], Any]) -> None:
    with pytest.raises(LnmoError, match="directory = None: give the path"):
        function(None)


def test_a_path_is_taken_as_it_is() -> None:
    assert given_path("a b", "x") == given_path(Path("a b"), "x") == Path("a b")
