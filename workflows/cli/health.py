"""One line of ``lnmo doctor``: a part of this machine, how it is, and the cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a part of this machine is."""

    OK = "ok"
    ABSENT = "absent"
    WRONG = "wrong"


@dataclass(frozen=True)
class Check:
    """One line.

    Attributes
    ----------
    part
        What was looked at.
    health
        ``absent`` is what nothing asked for needs; ``wrong`` is what something does.
    found
        What is there, with its number or version.
    cure
        What to do; empty if it is well.
    """

    part: str
    health: Health
    found: str
    cure: str = ""
