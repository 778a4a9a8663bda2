"""``Evidence``: what the files of a run say about one statement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Evidence:
    """What the files say about one statement.

    Attributes
    ----------
    statement
        What must be true.
    holds
        Whether it is; None if nothing here can tell.
    file, place
        Where that is read: the file's name, and a line or a tag.
    value, limit
        What is found there, and against what.
    state
        What the run becomes if the statement is false; empty if its state stays.
    decides
        Whether the state of this run is due to this statement.
    """

    statement: str
    holds: bool | None
    file: str = ""
    place: str = ""
    value: str = ""
    limit: str = ""
    state: str = ""
    decides: bool = False


def stated(
    statement: str,
    problem: str,
    file: str,
    place: str,
    value: str,
    limit: str,
    state: str,
) -> Evidence:
    """Return the evidence on a statement: its problem, or else the value found."""
    return Evidence(statement, not problem, file, place, problem or value, limit, state)
