"""A directory of exported files, which never replaces anybody else's."""

from __future__ import annotations

import errno
import json
import os
import resource
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import move
from tempfile import TemporaryDirectory

from workflows.atomic import (
    PART,
    read_json,
    remove_leftovers,
    removed_if_it_fails,
    write_atomically,
)
from workflows.errors import ResultsError, StoreError, nearest, unwritable
from workflows.exchange.ase_db import write_ase_db
from workflows.exchange.cif import write_cifs
from workflows.exchange.entries import write_entries
from workflows.exchange.optimade import write_optimade
from workflows.exchange.record import Record, records_of
from workflows.results.results import Results

MARK = "lnmo-export.json"
"""In a directory of ours: format -> names of the files that we wrote."""

WRITERS: dict[str, Callable[[Sequence[Record], Path], None]] = {
    "ase-db": write_ase_db,
    "entries": write_entries,
    "optimade-json": write_optimade,
    "cif": write_cifs,
}


def check_format(name: str) -> None:
    """Reject a format that is not known.

    Raises
    ------
    ResultsError
        The message lists those there are.
    """
    known = tuple(WRITERS)
    if name not in known:
        raise ResultsError(
            f"--format {name} is not known{nearest(name, known)}; there are "
            f"{', '.join(known)}"
        )


def export(results: Results, form: str, directory: Path) -> tuple[Path, ...]:
    """Write what has finished into a directory.

    Parameters
    ----------
    results
        May be of several engines and settings: each record carries its labels.
    form
        A key of `WRITERS`.
    directory
        New, empty, or one that an earlier export made; then its files of this format
        are replaced.

    Returns
    -------
    tuple of Path
        The files written; the mark is not among them.

    Raises
    ------
    ResultsError
        Nothing has finished, or the format is not known; nothing was written.
    StoreError
        The directory holds files that are not ours, or cannot be written to.
    """
    check_format(form)
    ours = _ours(directory)
    records = records_of(results)
    try:
        with (
            removed_if_it_fails(directory),
            TemporaryDirectory(dir=directory, prefix=PART) as place,
        ):
            remove_leftovers(directory)
            WRITERS[form](records, Path(place))
            names = sorted(path.name for path in Path(place).iterdir())
            former = set(ours.get(form, ()))
            _refuse_foreign(directory, names, former)
            ours[form] = sorted(former | set(names))
            _mark(directory, ours)  # before the files: a kill leaves none unclaimed
            for name in names:
                move(Path(place) / name, directory / name)
        for name in former - set(names):
            (directory / name).unlink(missing_ok=True)
        _mark(directory, {**ours, form: names})
    except OSError as error:
        raise StoreError(unwritable(directory, error)) from None
    except sqlite3.Error as error:
        if limit := _limit_of_size():
            raise StoreError(unwritable(directory, limit)) from None
        raise StoreError(
            f"{directory}: cannot be written ({error}): check the disk, then run again"
        ) from None
    return tuple(directory / name for name in names)


def _limit_of_size() -> OSError | None:
    """Return the error of a file that is too large, if such a limit is set.

    SQLite says only that the disk failed.
    """
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY:
        return None
    return OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def _ours(directory: Path) -> dict[str, list[str]]:
    """Read the mark of a directory; refuse one that is not empty and has none."""
    try:
        names = (path.name for path in directory.iterdir())
        content = sorted(name for name in names if not name.startswith(PART))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreError(f"{directory}: cannot be read ({error.strerror})") from None
    if not content:
        return {}
    if MARK not in content:
        raise StoreError(
            f"{directory} is not empty ({content[0]}) and no export of lnmo; name a "
            "new directory"
        )
    try:
        found: dict[str, list[str]] = read_json(directory / MARK)
        return {form: [Path(n).name for n in names] for form, names in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"{directory / MARK} cannot be read ({why}); name a new directory"
        ) from None


def _refuse_foreign(directory: Path, names: Sequence[str], former: set[str]) -> None:
    for name in names:
        if name not in former and (directory / name).exists():
            raise StoreError(
                f"{directory / name} is there and was not written by lnmo export; move "
                "it or name a new directory"
            )


def _mark(directory: Path, ours: dict[str, list[str]]) -> None:
    write_atomically(directory / MARK, json.dumps(ours, indent=1) + "\n")
