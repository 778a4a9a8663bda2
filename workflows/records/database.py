"""The address of LaunchPad and results: ``launchpad.yaml``, read and checked.

The file is in FireWorks' own format, so ``lpad -l launchpad.yaml`` works on it.
``host: embedded`` stands for the serverless LaunchPad: one file, one writer, in
the data directory. ``${VAR}`` in any value is taken from the environment.
Imports neither FireWorks nor pymongo.
"""

import errno
import os
import shlex
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.errors import StoreError, is_utf8
from workflows.records.launchpad_settings import read_settings, unknown_key
from workflows.vasp.file_kinds import refuse_link_to_nothing

EMBEDDED = "embedded"
FILE_NAME = "launchpad.yaml"
DATA_DIRECTORY = "lnmo-data"
NEW_FILE = f"echo 'host: {EMBEDDED}' > {FILE_NAME}"
"""Writes the file for one machine."""


@dataclass(frozen=True)
class Database:
    """The LaunchPad's address and the data directory.

    Attributes
    ----------
    path
        The launchpad.yaml it was read from.
    root
        Data directory, absolute: run directories, and the embedded LaunchPad.
    launchpad
        FireWorks' settings, variables expanded. May hold a password: never shown.
    named
        Data directory as it is named, perhaps a link to ``root``; None: as ``root``.
    """

    path: Path
    root: Path
    launchpad: Mapping[str, Any]
    named: Path | None = None

    @property
    def embedded(self) -> bool:
        """Whether the LaunchPad is a file with one writer."""
        return bool(self.launchpad["host"] == EMBEDDED)

    @property
    def client_options(self) -> dict[str, Any]:
        """Options of pymongo's client: the file's, and how long an answer may take."""
        given = self.launchpad.get("mongoclient_kwargs") or {}
        return {"serverSelectionTimeoutMS": 10_000, "socketTimeoutMS": 60_000, **given}

    @property
    def lpad(self) -> str:
        """FireWorks' command on this database; by itself it reads another file."""
        return f"lpad -l {shlex.quote(str(self.path))}"

    def unreachable(self, error: Exception) -> StoreError:
        """Return the error of a MongoDB that does not answer; shows no secret."""
        from pymongo.errors import OperationFailure

        if isinstance(error, OperationFailure):
            return StoreError(
                f"{self.path}: the MongoDB refuses (OperationFailure, code "
                f"{error.code}); check username, password, authsource and the user's "
                "rights"
            )
        return StoreError(
            f"{self.path}: no MongoDB answers there ({type(error).__name__}); "
            "check host, port and the variables it names"
        )

    def check_client_options(self) -> None:
        """Check ``mongoclient_kwargs`` one by one, as pymongo does, without a server.

        Raises
        ------
        StoreError
            Names the option that pymongo refuses, and never its value.
        """
        from pymongo.common import VALIDATORS, validate
        from pymongo.errors import PyMongoError

        refused = (PyMongoError, TypeError, ValueError, OverflowError, UserWarning)
        for option, value in self.client_options.items():
            where = f"{self.path}: mongoclient_kwargs"
            if option.lower() not in VALIDATORS:
                raise StoreError(
                    f"{where}: {unknown_key(option, tuple(VALIDATORS))}; see the "
                    "options of pymongo.MongoClient"
                )
            where = f"{where}.{option}"
            try:
                with refused_by_warnings():
                    validate(option, value)
            except OSError as error:
                raise StoreError(
                    f"{where}: the file cannot be read ({error.strerror}); correct the "
                    "path"
                ) from None
            except refused as error:
                raise StoreError(
                    f"{where}: pymongo refuses it ({type(error).__name__}); see the "
                    "options of pymongo.MongoClient"
                ) from None

    def bad_client(self, error: Exception) -> StoreError:
        """Return the error of a URI, or of options together, that pymongo refuses."""
        odd = isinstance(error, UserWarning)
        cause = (
            "an unknown option, or a wrong value of one"
            if odd
            else type(error).__name__
        )
        return StoreError(
            f"{self.path}: pymongo cannot make a client of these settings "
            f"({cause}); check host, name, authsource, the certificate "
            "files and the other mongoclient_kwargs. In a mongodb:// URI, check the "
            "options after ?, and write : / ? # [ ] @ % of a user or password as %3A "
            "%2F %3F %23 %5B %5D %40 %25"
        )

    def __repr__(self) -> str:
        """Show the address without user or password."""
        return f"Database({str(self.path)!r}, embedded={self.embedded})"


@contextmanager
def refused_by_warnings() -> Iterator[None]:
    """Raise what pymongo only warns of: an option that it does not know.

    It would be left out, and the warning prints it: perhaps a part of a password.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def read_database(
    where: str | Path | None = None, *, new_file: str = NEW_FILE
) -> Database:
    """Read ``launchpad.yaml``.

    Parameters
    ----------
    where
        The file, or the directory that holds it; ``LNMO_LAUNCHPAD`` or the
        current directory if None. The data directory is ``LNMO_ROOT`` or
        ``lnmo-data`` beside the file.
    new_file
        The command that writes one, for the message where there is none.

    Raises
    ------
    StoreError
        The file is missing or cannot be read, is not FireWorks' format, names an unset
        variable, or has a value that its key does not take. No message shows a value.
    """
    path = Path(where or os.environ.get("LNMO_LAUNCHPAD") or ".")
    try:
        path = path.resolve()
        path = path / FILE_NAME if path.is_dir() else path
        refuse_link_to_nothing(path)
        root = _named_root(path)
        return Database(path, _root(path, root), read_settings(path), root)
    except OSError as error:
        raise StoreError(
            f"{path}: no launchpad file ({error.strerror}); run in the project's "
            f"directory, name it with --launchpad, or write one: {new_file}"
        ) from None
    except ValueError:  # a zero byte
        raise StoreError(f"{str(path)!r}: no name that a file can have") from None
    except RuntimeError:  # pathlib raises it for a symbolic link that leads to itself
        raise StoreError(
            f"{path}: the path to the launchpad file or to LNMO_ROOT has a symbolic "
            "link that leads to itself; remove the link"
        ) from None


def read_or_embedded(
    where: str | Path | None = None, *, new: bool = False, new_file: str = NEW_FILE
) -> Database:
    """Read ``launchpad.yaml``, or stand in for it where a directory has none.

    Such a directory has the embedded LaunchPad, in its data directory.

    Parameters
    ----------
    where
        As :func:`read_database`.
    new
        Take a directory without data too, if nothing was named.
    new_file
        As :func:`read_database`.

    Raises
    ------
    StoreError
        As :func:`read_database`; a file that is named and missing, among them.
    """
    named = where or os.environ.get("LNMO_LAUNCHPAD")
    here = Path(named or ".")
    path = here / FILE_NAME
    try:
        if here.is_dir() and not os.path.lexists(path):
            path = path.resolve()
            as_named = _named_root(path)
            root = _root(path, as_named)
            if root.is_dir() or (new and not named):
                return Database(path, root, {"host": EMBEDDED}, as_named)
    except (OSError, RuntimeError):
        pass  # read_database says what is wrong
    return read_database(where, new_file=new_file)


def read_for_queue(where: str | Path | None = None) -> Database:
    """Read ``launchpad.yaml`` for a verb that needs a MongoDB.

    The embedded LaunchPad of a directory without one is read too: what refuses it says
    what serves there instead. Arguments and errors as :func:`read_database`.
    """
    return read_or_embedded(where, new_file="lnmo init --queue slurm")


def _named_root(path: Path) -> Path:
    """Return the data directory of a launchpad file, absolute, links not followed."""
    root = Path(os.environ.get("LNMO_ROOT") or path.parent / DATA_DIRECTORY)
    return Path.cwd() / root


def _root(path: Path, root: Path) -> Path:
    """Return the data directory of a launchpad file, links followed."""
    try:
        os.stat(root)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise StoreError(
                f"LNMO_ROOT, or the directory of {path.name}: {error.strerror}; choose "
                "a shorter one"
            ) from None
        if error.errno == errno.ENOENT and root.is_symlink():
            raise StoreError(
                f"{root}: a link to {os.readlink(root)}, which is not there: mount "
                "that disk, or correct the link"
            ) from None
    root = root.resolve()
    if not is_utf8(root):
        raise StoreError(
            f"{root}: the path of the data directory is not UTF-8, and no record can "
            "hold it: rename the directory, or choose another with LNMO_ROOT"
        )
    return root
