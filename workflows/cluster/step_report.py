"""One line about a Firework: what was or is to be done, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepReport:
    """What was done to a Firework, or what is to be done, and why.

    Attributes
    ----------
    fw_id, name
        The Firework.
    action
        What was done; of a problem, the command that solves it.
    reason
        Why; of a refusal, why nothing was done.
    done
        Whether the action was carried out (in a dry run: would be).
    """

    fw_id: int
    name: str
    action: str
    reason: str = ""
    done: bool = True
