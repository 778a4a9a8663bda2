"""A LaunchPad on a MongoDB belongs to one data directory.

Fireworks name their calculations by id, and any data directory can hold that id. If two
projects shared a database, each would delete, run and reconcile the other's steps.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fireworks import LaunchPad
from pymongo.errors import DuplicateKeyError

from workflows.atomic import read_regular, write_atomically
from workflows.errors import StoreError
from workflows.records.database import Database

COLLECTION = "lnmo_project"
FILE = "project_id"
"""In the data directory."""

_KEY = {"_id": "project"}


def claim(launchpad: LaunchPad, database: Database) -> None:
    """Make this database the data directory's own; the first that asks has it.

    A data directory that was moved keeps its database: its id goes with it. One that
    was lost and is made anew in its place has it too.

    Raises
    ------
    StoreError
        The database belongs to another data directory, or this one is a copy of its.
    """
    own = own_id(database.root)
    first = own or uuid.uuid4().hex
    projects = launchpad.db[COLLECTION]
    made = {"$setOnInsert": {"id": first, "place": str(database.root)}}
    with suppress(DuplicateKeyError):  # another process made it in between
        projects.update_one(_KEY, made, upsert=True)
    refuse_anothers(launchpad, database)
    found = projects.find_one(_KEY)
    if own != found["id"]:
        database.root.mkdir(parents=True, exist_ok=True)
        write_atomically(database.root / FILE, f"{found['id']}\n")
    if found["place"] != str(database.root):
        projects.update_one(_KEY, {"$set": {"place": str(database.root)}})


def refuse_anothers(launchpad: LaunchPad, database: Database) -> None:
    """Refuse a database that belongs to another data directory.

    Raises
    ------
    StoreError
        As for :func:`claim`.
    """
    found = launchpad.db[COLLECTION].find_one(_KEY)
    if found is None:
        return
    own, place = own_id(database.root), Path(found["place"])
    if own == found["id"]:
        if place != database.root and _holds(place, own) and _apart(place, database):
            raise _another(database, found, f"{database.root} is a copy of it")
    elif own is not None or place != database.root:
        raise _another(database, found, f"this project has {database.root}")


def own_id(root: Path) -> str | None:
    """Return the id of a data directory, or None if it has none yet."""
    try:
        return read_regular(root / FILE).strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(
            f"{root / FILE}: cannot be read ({error}); it says which database belongs "
            "to this data directory: chmod u+r, or restore it"
        ) from None


def _holds(place: Path, own: str | None) -> bool:
    try:
        return own_id(place) == own
    except StoreError:
        return False


def _apart(place: Path, database: Database) -> bool:
    """Whether two paths are two directories, not two mounts of one."""
    return not place.samefile(database.root)


def _another(database: Database, found: Mapping[str, Any], why: str) -> StoreError:
    return StoreError(
        f"{database.path}: the database {database.launchpad.get('name')} belongs to "
        f"the data directory {found['place']}; {why}. Give this project a database of "
        "its own: another name in launchpad.yaml. If this one goes on in its place: "
        f"move the other away, and write {found['id']} into {database.root / FILE}"
    )
