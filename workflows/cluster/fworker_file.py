"""``my_fworker.yaml``: what the workers of this site accept and how they run VASP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workflows.cluster.categories import check_category
from workflows.cluster.settings_file import check_keys, read_mapping
from workflows.errors import MachineError
from workflows.records.database import Database
from workflows.vasp.known_tags import MACHINE_TAGS

FWORKER_FILE = "my_fworker.yaml"
FWORKER_KEYS = ("name", "category", "query", "env")
ENV_KEYS = (
    "vasp_cmd",
    "gpaw_cmd",
    "incar",
    "root",
    "poll_seconds",
    "stop_margin",
    "frozen_seconds",
)


def read_fworker(database: Database) -> dict[str, Any]:
    """Read ``my_fworker.yaml`` beside ``launchpad.yaml``.

    Raises
    ------
    MachineError
        It is missing, has an unknown key, or a category that no Firework has.
    """
    path = database.path.with_name(FWORKER_FILE)
    found = read_mapping(path)
    check_keys(found, FWORKER_KEYS, str(path))
    if not isinstance(found.get("name"), str) or not found["name"]:
        raise MachineError(f"{path}: no name; workers are distinguished by it")
    categories = as_list(found.get("category") or ())
    if not categories:
        raise MachineError(
            f"{path}: no category; without one every Firework would be accepted, "
            "whatever it needs. Name an engine: category: [vasp]"
        )
    for category in categories:
        check_category(category, f"{path}: category")
    _check_query(found, path)
    _check_env(found, path, database)
    return found


def as_list(category: object) -> list[str]:
    """Return the categories as a list; FireWorks also takes a single name."""
    return [category] if isinstance(category, str) else list(category)  # type: ignore[call-overload]


def _check_query(found: dict[str, Any], path: Path) -> None:
    try:
        query = json.loads(found.setdefault("query", "{}"))
    except (TypeError, ValueError):
        query = None
    if not isinstance(query, dict):
        raise MachineError(f"{path}: query is not JSON in quotes; write '{{}}'")


def _check_env(found: dict[str, Any], path: Path, database: Database) -> None:
    env = found["env"] = found.get("env") or {}
    check_keys(env, ENV_KEYS, f"{path}: env")
    check_keys(env.get("incar") or {}, MACHINE_TAGS, f"{path}: env.incar")
    for key in ("poll_seconds", "stop_margin", "frozen_seconds"):
        value = env.get(key, 1)
        if not isinstance(value, int | float):
            raise MachineError(f"{path}: env.{key} = {value!r} is not a number")
        if value < 0 or (value == 0 and key != "stop_margin"):
            raise MachineError(
                f"{path}: env.{key} = {value!r}: must be a positive number of seconds"
            )
    root = Path(env.get("root") or database.root)
    if root.resolve() != database.root:
        raise MachineError(
            f"{path}: env.root = {root} is not the data directory {database.root}; "
            "leave it out, or set LNMO_ROOT to the same"
        )
