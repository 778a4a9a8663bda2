"""What a traceback says, and why a SIGTERM came."""

from __future__ import annotations

import traceback

import pytest

from workflows.errors import LnmoError, Terminated
from workflows.queue.reporting import cause, last_error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Terminated("ended by SIGTERM"), ("Terminated", "ended by SIGTERM")),
        (LnmoError("no POTCAR: set it"), ("LnmoError", "no POTCAR: set it")),
        (ValueError(), ("ValueError", "")),
        (KeyError("x"), ("KeyError", "'x'")),
    ],
)
def test_the_last_error_of_a_traceback_is_told(
    error: Exception, expected: tuple[str, str]
) -> None:
    try:
        raise error
    except Exception:
        assert last_error(traceback.format_exc()) == expected


def test_an_empty_traceback_tells_nothing() -> None:
    assert last_error("") == ("", "")


def test_a_sigterm_near_the_deadline_is_the_wall_times() -> None:
    assert cause(1000.0, 1010.0) == "wall time"
    assert cause(1000.0, 950.0) == "wall time"
    assert cause(1000.0, 500.0) == "cancelled or preempted"
    assert cause(None, 500.0) == "cancelled or preempted"
