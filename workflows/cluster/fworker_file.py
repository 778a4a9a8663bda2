"""``my_fworker.yaml``: what the workers of this site accept and how they run VASP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workflows.atomic import parse_json
from workflows.cluster.categories import check_category
from workflows.cluster.settings_file import (
    check_keys,
    is_text,
    read_mapping,
    section_of,
    without_empty,
)
from workflows.engines.machine import MOST_SECONDS, checked_tags, machine
from workflows.errors import MachineError, nearest, one_line, shortened
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

OPERATORS = (
    *("$and", "$or", "$nor", "$not", "$in", "$nin", "$eq", "$ne", "$gt", "$gte"),
    *("$lt", "$lte", "$exists", "$type", "$regex", "$options", "$all", "$elemMatch"),
    *("$size", "$mod", "$expr", "$where", "$text", "$search", "$comment", "$rand"),
    *("$bitsAllClear", "$bitsAllSet", "$bitsAnyClear", "$bitsAnySet", "$jsonSchema"),
)
"""Words with a dollar in a query (mongodb.com, query operators); places left out."""
OF_LISTS = ("$and", "$or", "$nor")
LANGUAGES = ("$expr", "$jsonSchema", "$text", "$where")
"""Operators whose values have words of their own."""


def read_fworker(database: Database) -> dict[str, Any]:
    """Read ``my_fworker.yaml`` beside ``launchpad.yaml``.

    Raises
    ------
    MachineError
        It is missing, has an unknown key, or a category that no Firework has.
    """
    path = database.path.with_name(FWORKER_FILE)
    given = read_mapping(path)
    check_keys(given, FWORKER_KEYS, str(path))
    found = without_empty(given)
    name = found.get("name")
    if name is not None and not is_text(name):
        raise MachineError(
            f"{path}: name = {shortened(repr(name))} is not text; put it in quotes"
        )
    if not name:
        raise MachineError(f"{path}: no name; workers are distinguished by it")
    category = found.get("category", ())
    if not isinstance(category, str | list | tuple) or not all(map(is_text, category)):
        raise MachineError(
            f"{path}: category = {shortened(repr(category))}: give a name or a list of "
            "names: category: [vasp]"
        )
    categories = as_list(category)
    if not any(categories):
        raise MachineError(
            f"{path}: no category, so this worker would accept every Firework, "
            "whatever it needs. Name an engine: category: [vasp]"
        )
    for category in categories:
        check_category(category, f"{path}: category")
    _check_query(found, path)
    _check_env(found, path, database)
    return found


def check_worker(database: Database) -> None:
    """Check what this site and the environment say of the machine, where they do.

    A value that no engine takes would else cost a queue job for each step.

    Raises
    ------
    MachineError
        As :func:`read_fworker`, if that file is there, and
        :func:`workflows.engines.machine.machine`.
    """
    env: dict[str, Any] = {}
    if os.path.lexists(database.path.with_name(FWORKER_FILE)):
        env = read_fworker(database)["env"]
    machine({"_fw_env": env})


def as_list(category: object) -> list[str]:
    """Return the categories as a list; FireWorks also takes a single name."""
    return [category] if isinstance(category, str) else list(category)  # type: ignore[call-overload]


def _check_query(found: dict[str, Any], path: Path) -> None:
    import bson
    from bson.errors import InvalidBSON, InvalidDocument

    try:
        query = parse_json(found.setdefault("query", "{}"))
    except (TypeError, ValueError):
        query = None
    if not isinstance(query, dict):
        raise MachineError(f"{path}: query is not JSON in quotes; write '{{}}'")
    try:
        bson.encode(query)
    except (OverflowError, InvalidBSON, InvalidDocument) as error:
        raise MachineError(
            f"{path}: query: MongoDB cannot take it ({one_line(error)})"
        ) from None
    lists = (k for k, v in _pairs(query) if k in OF_LISTS and not isinstance(v, list))
    if (without := next(lists, None)) is not None:
        raise MachineError(f"{path}: query: {without} takes a list of queries")
    strange = next((word for word in _operators(query) if word not in OPERATORS), None)
    if strange is not None:
        raise MachineError(
            f"{path}: query: {shortened(strange)} is not an operator of MongoDB"
            f"{nearest(strange, OPERATORS)}"
        )


def _pairs(query: object) -> Iterator[tuple[str, object]]:
    """Yield every key and its value, at any depth."""
    for each in query if isinstance(query, list) else [query]:
        if isinstance(each, dict):
            for key, value in each.items():
                yield key, value
                yield from _pairs(value)


def _operators(query: object) -> Iterator[str]:
    """Yield the words with a dollar, at any depth."""
    if isinstance(query, dict):
        for key, value in query.items():
            if key.startswith("$"):
                yield key
            if key not in LANGUAGES:
                yield from _operators(value)
    if isinstance(query, list):
        for each in query:
            yield from _operators(each)


def _check_env(found: dict[str, Any], path: Path, database: Database) -> None:
    env = found["env"] = section_of(found, "env", ENV_KEYS, str(path))
    if "incar" in env:
        check_keys(env["incar"], MACHINE_TAGS, f"{path}: env.incar")
        env["incar"] = checked_tags(without_empty(env["incar"]), f"{path}: env.incar")
    for key in ("poll_seconds", "stop_margin", "frozen_seconds"):
        value = env.get(key, 1)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise MachineError(
                f"{path}: env.{key} = {shortened(repr(value))} is not a number"
            )
        if not 0 <= value <= MOST_SECONDS or (value == 0 and key != "stop_margin"):
            raise MachineError(
                f"{path}: env.{key} = {shortened(repr(value))}: must be a positive "
                f"number of seconds, at most {MOST_SECONDS:g}"
            )
    for key in ("root", "vasp_cmd", "gpaw_cmd"):
        if env.get(key) is not None and not is_text(env[key]):
            raise MachineError(
                f"{path}: env.{key} = {shortened(repr(env[key]))} is not text"
            )
    root = Path(env.get("root") or database.root)
    if root.resolve() != database.root:
        raise MachineError(
            f"{path}: env.root = {root} is not the data directory {database.root}; "
            "remove it, or set LNMO_ROOT to the same path"
        )
