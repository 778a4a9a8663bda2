"""Categories: which worker may take which Firework, and what no worker would take.

A category is an engine's name, or one with a suffix: ``vasp``, ``vasp-large``.
FireWorks compares texts, so a misspelled one makes a Firework invisible for ever; here
it is refused where it is written, and a Firework nobody can take is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from workflows.campaign.campaign import Campaign
from workflows.errors import MachineError, nearest

ENGINES: tuple[str, ...] = get_args(Campaign.model_fields["engine"].annotation)
WORKERS = "lnmo_workers"
"""Collection of the workers that ever launched: name, categories, when."""


def check_category(category: str, where: str) -> None:
    """Refuse a category that no calculation could have.

    Raises
    ------
    MachineError
        It does not start with an engine's name.
    """
    head, dash, suffix = category.partition("-")
    plain = suffix.replace("-", "").replace("_", "").isalnum()
    if head not in ENGINES or (dash and not plain):
        raise MachineError(
            f"{where} {category!r} starts with no engine"
            f"{nearest(head, ENGINES)}; it is an engine's name ({', '.join(ENGINES)}), "
            "or one with a suffix, such as vasp-large"
        )


def untakeable(
    ready: Iterable[Mapping[str, Any]], taken: Iterable[str]
) -> list[Mapping[str, Any]]:
    """Return the READY Fireworks whose category no known worker takes.

    Parameters
    ----------
    ready
        Fireworks with their ``category``, empty if they have none.
    taken
        Categories of all known workers.
    """
    known = set(taken)
    return [firework for firework in ready if firework["category"] not in known]


def register(launchpad: Any, name: str, categories: Iterable[str], when: str) -> None:
    """Remember a worker and what it takes."""
    content = {"categories": list(categories), "seen": when}
    launchpad.db[WORKERS].update_one({"_id": name}, {"$set": content}, upsert=True)


def known_categories(launchpad: Any) -> set[str]:
    """Return what the registered workers take."""
    workers = launchpad.db[WORKERS].find({}, {"categories": 1})
    return {category for worker in workers for category in worker["categories"]}
