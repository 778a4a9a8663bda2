"""Categories: which worker accepts which Firework.

A category is an engine's name, with or without a suffix: ``vasp``, ``vasp-large``.
FireWorks compares strings, so a misspelled category hides a Firework from all workers.
It is therefore rejected when written; Fireworks that no worker accepts are reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from workflows.campaign.campaign import Campaign
from workflows.errors import MachineError, nearest

ENGINES: tuple[str, ...] = get_args(Campaign.model_fields["engine"].annotation)
WORKERS = "lnmo_workers"
"""Collection of all workers that have launched: name, categories, time."""


def check_category(category: str, where: str) -> None:
    """Reject a category that no calculation can have.

    Raises
    ------
    MachineError
        It does not start with an engine's name.
    """
    head, dash, suffix = category.partition("-")
    plain = suffix.replace("-", "").replace("_", "").isalnum()
    if head not in ENGINES or (dash and not plain):
        raise MachineError(
            f"{where} {category!r} does not start with an engine's name"
            f"{nearest(head, ENGINES)}; give {', '.join(ENGINES)}, or one of them with "
            "a suffix, such as vasp-large"
        )


def register(launchpad: Any, name: str, categories: Iterable[str], when: str) -> None:
    """Record a worker and the categories it accepts."""
    content = {"categories": list(categories), "seen": when}
    launchpad.db[WORKERS].update_one({"_id": name}, {"$set": content}, upsert=True)


def known_categories(launchpad: Any) -> set[str]:
    """Return the categories that the registered workers accept."""
    workers = launchpad.db[WORKERS].find({}, {"categories": 1})
    return {category for worker in workers for category in worker["categories"]}
