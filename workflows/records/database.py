"""Where the campaign's memory lives: ``launchpad.yaml``, read and checked.

The file is in FireWorks' own format, so ``lpad -l launchpad.yaml`` works on it.
``host: embedded`` stands for the serverless LaunchPad: one file, one writer, in
the data directory. ``${VAR}`` in any value is taken from the environment.
Knows neither FireWorks nor pymongo.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from workflows.errors import StoreError, nearest

EMBEDDED = "embedded"
FILE_NAME = "launchpad.yaml"
DATA_DIRECTORY = "lnmo-data"
KEYS = (
    *("host", "port", "name", "username", "password", "logdir", "strm_lvl"),
    *("user_indices", "wf_user_indices", "authsource", "uri_mode"),
    "mongoclient_kwargs",
)
"""What FireWorks reads from the file; it passes over anything else without a word."""
_VARIABLE = re.compile(r"\$\{(\w+)\}")


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
    """

    path: Path
    root: Path
    launchpad: Mapping[str, Any]

    @property
    def embedded(self) -> bool:
        """Tell whether the LaunchPad is a file with one writer."""
        return bool(self.launchpad["host"] == EMBEDDED)

    @property
    def client_options(self) -> dict[str, Any]:
        """Options of pymongo's client: the file's, and how long an answer may take."""
        given = self.launchpad.get("mongoclient_kwargs") or {}
        return {"serverSelectionTimeoutMS": 10_000, "socketTimeoutMS": 60_000, **given}

    def unreachable(self, error: Exception) -> StoreError:
        """Return the error of a MongoDB that does not answer, no secret in it."""
        return StoreError(
            f"{self.path}: no MongoDB answers there ({type(error).__name__}); "
            "check host, port and the variables it names"
        )

    def __repr__(self) -> str:
        """Show the address without user or password."""
        return f"Database({str(self.path)!r}, embedded={self.embedded})"


def read_database(where: str | Path | None = None) -> Database:
    """Read ``launchpad.yaml``.

    Parameters
    ----------
    where
        The file, or the directory that holds it; ``LNMO_LAUNCHPAD`` or the
        current directory if None. The data directory is ``LNMO_ROOT`` or
        ``lnmo-data`` beside the file.

    Raises
    ------
    StoreError
        The file is missing, is not FireWorks' format, or names an unset variable.
    """
    place = Path(where or os.environ.get("LNMO_LAUNCHPAD") or ".").resolve()
    path = place / FILE_NAME if place.is_dir() else place
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise StoreError(
            f"{path}: no launchpad file ({error.strerror}); run in the project's "
            "directory, "
            f"name it with --launchpad, or write one: echo 'host: {EMBEDDED}' > "
            f"{FILE_NAME}"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    host = raw.get("host") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not isinstance(host, str):
        found = "no key host" if host is None else f"host = {host!r} is no name"
        raise StoreError(f"{path}: {found}; give a MongoDB host, or host: {EMBEDDED}")
    for key in raw:
        if key not in KEYS:
            raise StoreError(f"{path}: unknown key {key}{nearest(str(key), KEYS)}")
    root = Path(os.environ.get("LNMO_ROOT") or path.parent / DATA_DIRECTORY)
    return Database(path, root.resolve(), _expanded(raw, path))


def _expanded(raw: Mapping[str, Any], path: Path) -> dict[str, Any]:
    return {key: _expand(value, f"{path}: {key}") for key, value in raw.items()}


def _expand(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _expand(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, where) for item in value]
    if not isinstance(value, str):
        return value

    def from_environment(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in os.environ:
            raise StoreError(f"{where}: the environment variable {name} is not set")
        return os.environ[name]

    return _VARIABLE.sub(from_environment, value)
