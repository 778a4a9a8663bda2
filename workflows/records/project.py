"""A database of MongoDB and a data directory belong to each other.

Fireworks name their calculations by id, and any data directory can hold that id. If two
projects shared a database, each would delete, run and reconcile the other's steps; with
two databases, one directory would have two LaunchPads that know nothing of each other.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pymongo.errors import DuplicateKeyError

from workflows.atomic import read_regular
from workflows.errors import (
    OTHER_DATA,
    StoreError,
    StoreUnwritable,
    one_line,
    unwritable,
)
from workflows.records.database import Database
from workflows.vasp.file_kinds import in_the_way, refuse_link_to_nothing

COLLECTION = "lnmo_project"
FILE = "project_id"
"""In the data directory."""
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a file system says that has no hard links."""

_KEY = {"_id": "project"}


def claim(
    db: Any, database: Database, *, confirm: Callable[[], None] = lambda: None
) -> None:
    """Make a database and a data directory each other's own; the first has it.

    A data directory that was moved keeps its database: its id goes with it. So does
    one that was lost before a step began, and is made anew in its place.

    Parameters
    ----------
    db
        pymongo's database.
    database
        Its address, and the data directory.
    confirm
        Called once they are; if it raises, what was made here is removed.

    Raises
    ------
    StoreError
        One of them belongs to another, or this data directory is a copy.
    """
    own, projects = own_id(database.root), db[COLLECTION]
    if own is not None and projects.find_one(_KEY) is None:
        raise _of_another_database(database)
    new = own or uuid.uuid4().hex
    made = {"$setOnInsert": {"id": new, "place": _place(database)}}
    with suppress(DuplicateKeyError):  # another process made it in between
        projects.update_one(_KEY, made, upsert=True)
    refuse_anothers(db, database)
    found = _project(db, database) or {}
    written = own != found["id"] and _write(database.root, found["id"])
    try:
        if own_id(database.root) != found["id"]:
            raise _of_another_database(database)
        confirm()
    except BaseException:
        _undo(projects, database.root, found["id"], written=written, entry=new)
        raise
    if found["place"] != _place(database):
        projects.update_one(_KEY, {"$set": {"place": _place(database)}})


def _undo(projects: Any, root: Path, own: str, *, written: bool, entry: str) -> None:
    """Remove the id and the entry if this very call made them."""
    if written and own_id(root) == own:
        with suppress(OSError):
            (root / FILE).unlink()
    if own == entry and own_id(root) != own:
        projects.delete_one({**_KEY, "id": own})


def _of_another_database(database: Database) -> StoreError:
    return StoreError(
        f"{database.path}: the data directory {database.root} belongs to another "
        f"database than {_name(database)}, and its steps may run there. Name that "
        "one in launchpad.yaml; or, once nothing runs there, begin anew in this "
        f"one: remove {database.root / FILE}"
    )


def refuse_anothers(db: Any, database: Database) -> None:
    """Refuse a database that belongs to another data directory.

    Raises
    ------
    StoreError
        As for :func:`claim`.
    """
    found = _project(db, database)
    if found is None:
        return
    own, place = own_id(database.root), Path(found["place"])
    if own == found["id"]:
        if place != database.root and _holds(place, own) and _apart(place, database):
            raise _another(database, found, f"{database.root} is a copy of it")
    elif place == database.root and (own is not None or _has_begun(db)):
        raise StoreError(
            f"{database.root / FILE} {'is another than' if own else 'is missing, not'} "
            f"that of the database {_name(database)}, which has a data directory of "
            f"this path: {_suspect(own)}? Put the right one in its place, and type "
            "this again. Only if this is the right one, or that one is lost: write "
            f"{found['id']} into the file"
        )
    elif place != database.root:
        raise _another(database, found, f"this project has {database.root}")


def refuse_anothers_to_read(db: Any, database: Database) -> None:
    """As :func:`refuse_anothers`, where there is a data directory to compare with.

    Raises
    ------
    StoreError
        The results and steps there are another project's.
    """
    if database.root.is_dir():
        refuse_anothers(db, database)


def refuse_of_a_database(database: Database) -> None:
    """Refuse an embedded LaunchPad in the data directory of a MongoDB.

    Raises
    ------
    StoreError
        The directory belongs to a database, whose steps may run.
    """
    if own_id(database.root) is not None:
        raise StoreError(
            f"{database.path}: host: embedded, but the data directory {database.root} "
            "belongs to a MongoDB, and its steps may run there. Name that in "
            "launchpad.yaml; or, once nothing runs there, begin anew here: remove "
            f"{database.root / FILE}"
        )


def own_id(root: Path) -> str | None:
    """Return the id of a data directory, or None if it has none yet.

    Raises
    ------
    StoreError
        The file cannot be read.
    """
    try:
        return read_regular(root / FILE).strip() or None
    except (FileNotFoundError, NotADirectoryError):
        refuse_link_to_nothing(root / FILE)
        return None  # who makes the directory says what stands there
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and (obstacle := in_the_way(error)):
            raise StoreError(f"{obstacle} and type this again") from None
        raise StoreError(
            f"{root / FILE}: cannot be read ({one_line(error)}); it says which "
            "database belongs to this data directory: remove it, and type this again"
        ) from None


def _write(root: Path, own: str) -> bool:
    """Write the id, whole, where there is none; return whether this call did.

    Two databases may have the directory as their first at the same time: the second
    finds the id of the first.
    """
    part = root / f".{FILE}-{uuid.uuid4().hex}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        part.write_text(f"{own}\n", "utf-8")
        return _put(part, root / FILE)
    except OSError as error:
        raise StoreUnwritable(
            unwritable(root / FILE, error, OTHER_DATA), error.errno
        ) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _put(part: Path, file: Path) -> bool:
    """Give a whole file its name, unless another one has it."""
    try:
        os.link(part, file)
    except FileExistsError:
        return _fill(part, file)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        try:
            with file.open("x", encoding="utf-8") as new:
                new.write(read_regular(part))
        except FileExistsError:
            return False
    return True


def _fill(part: Path, file: Path) -> bool:
    """Replace a file that a full disk has left empty; leave any other."""
    if own_id(file.parent) is not None:
        return False
    part.replace(file)
    return True


def _suspect(own: str | None) -> str:
    return (
        "is it another project's"
        if own
        else "another machine's, or a disk that is not mounted"
    )


def _has_begun(db: Any) -> bool:
    return db["launches"].find_one({}, {"_id": 1}) is not None


def _project(db: Any, database: Database) -> dict[str, Any] | None:
    found: dict[str, Any] | None = db[COLLECTION].find_one(_KEY)
    if found is None or _is_whole(found):
        return found
    own = own_id(database.root)
    right = json.dumps({"id": own, "place": _place(database)}, ensure_ascii=False)
    cure = (
        f"remove the entry there: db.{COLLECTION}.deleteMany({{}})"
        if own is None
        else f'write it anew: db.{COLLECTION}.replaceOne({{_id: "project"}}, {right})'
    )
    raise StoreError(
        f"{database.path}: the entry of {COLLECTION} in the database {_name(database)} "
        f"is damaged; if no other project has this database, {cure}"
    )


def _is_whole(entry: Mapping[str, Any]) -> bool:
    own, place = entry.get("id"), entry.get("place")
    if not isinstance(own, str) or not isinstance(place, str) or not own.strip():
        return False
    return os.path.isabs(place) and "\0" not in place


def _name(database: Database) -> str:
    return str(database.launchpad.get("name", "fireworks"))


def _place(database: Database) -> str:
    return str(database.root)


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
        f"{database.path}: the database {_name(database)} belongs to the data "
        f"directory {found['place']}; {why}. Give this project a database of its own: "
        "another name in launchpad.yaml. If this one goes on in its place: move the "
        f"other away, and write {found['id']} into {database.root / FILE}"
    )
