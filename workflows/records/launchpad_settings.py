"""``launchpad.yaml``: read as plain YAML, and every value checked before it is used.

The file may hold a password, so no message here repeats a line or a value of it, nor a
key that is unlike those it takes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from workflows.errors import StoreError, nearest

KEYS = (
    "host",
    "port",
    "name",
    "username",
    "password",
    "logdir",
    "strm_lvl",
    "user_indices",
    "wf_user_indices",
    "authsource",
    "uri_mode",
    "mongoclient_kwargs",
)
"""What FireWorks reads from the file; it ignores anything else without a message."""
LARGEST = 100_000
"""Bytes of a launchpad.yaml; a full one has about 600."""
DEEPEST = 10
"""Nested YAML collections; options of a client need two."""
PORTS = (1, 65_535)
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
URI = ("mongodb://", "mongodb+srv://")
NOT_IN_A_NAME = frozenset('/\\. "$*<>:|?\0')
"""Characters that MongoDB refuses in the name of a database."""
ALIKE = 0.75
"""Least likeness, of 1, of an unknown key that is shown to a known one."""
QUOTES = "put it in quotes"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_KEY = re.compile(r"[A-Za-z_]\w*")


def read_settings(path: Path) -> dict[str, Any]:
    """Read the file, with ``${VAR}`` replaced from the environment.

    Raises
    ------
    StoreError
        It is not a regular file or not plain YAML, a key is unknown or given twice, a
        variable is not set, or a value is not what the key takes. The message has one
        line, the key and the cure, and shows no value.
    """
    raw = _mapping(_text(path), path)
    for key in raw:
        if key not in KEYS:
            raise StoreError(f"{path}: {unknown_key(str(key), KEYS)}")
    given = {key: value for key, value in raw.items() if value is not None}
    settings = {key: _expand(value, f"{path}: {key}") for key, value in given.items()}
    if "host" not in settings:
        raise StoreError(f"{path}: no key host; give a MongoDB host, or host: embedded")
    for key, value in settings.items():
        settings[key] = _CHECKS[key](value, f"{path}: {key}")
    _check_uri(settings, path)
    return settings


def unknown_key(key: str, known: tuple[str, ...]) -> str:
    """Name an unknown key only if it is like a known one: else it may be a secret.

    ``password:secret`` without a blank is a key, for YAML.

    Examples
    --------
    >>> unknown_key("prot", ("host", "port"))
    'unknown key prot (did you mean port?)'
    >>> unknown_key("host:secret", ("host", "port"))
    'an unknown key, not shown here (is a blank missing after its colon?)'
    """
    plain = key.lower()  # options of pymongo have no case
    if _KEY.fullmatch(key) and get_close_matches(plain, known, cutoff=ALIKE):
        return f"unknown key {key}{nearest(plain, known)}"
    return "an unknown key, not shown here (is a blank missing after its colon?)"


def _text(path: Path) -> str:
    if not stat.S_ISREG(path.stat().st_mode):  # a FIFO would wait for ever
        raise StoreError(f"{path}: not a file that can be read whole; name another")
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise StoreError(f"{path}: larger than {LARGEST} bytes: not a launchpad file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StoreError(
            f"{path}: line {line}: not UTF-8 text; save the file as UTF-8"
        ) from None


def _mapping(text: str, path: Path) -> Mapping[str, Any]:
    """Read keys and plain values; a YAML library's own message may quote the file."""
    try:
        _refuse_aliases(yaml.parse(text, yaml.SafeLoader), path)
        node = yaml.compose(text, yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise StoreError(f"{path}: no key host; write lines such as host: embedded")
        _refuse_repeated_keys(node, path)
        found = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f"line {mark.line + 1}: "
        raise StoreError(f"{path}: {where}not YAML; {_YAML_CURE}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        raise StoreError(
            f"{path}: line {line}: not YAML: a control character; delete it"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        raise StoreError(f"{path}: not YAML; {_YAML_CURE}") from None
    assert isinstance(found, Mapping)
    return found


_YAML_CURE = (
    "write 'key: value' with spaces, no tabs, and put a value with special characters "
    "(: # % @ * ! &) in quotes"
)


def _refuse_aliases(events: Iterable[yaml.Event], path: Path) -> None:
    """Stop at aliases and deep nesting: a few bytes of either can fill the memory."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else "?"
            raise StoreError(
                f"{path}: line {line}: a YAML alias (*name); write the value itself, "
                f"or {QUOTES} if it starts with a star"
            )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise StoreError(
                f"{path}: more than {DEEPEST} nested lists or sections; a launchpad "
                "file has two"
            )


def _refuse_repeated_keys(node: yaml.Node, path: Path) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(item, path)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[Any] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise StoreError(f"{path}: line {line}: a key must be one word")
        if key.value in seen:
            raise StoreError(
                f"{path}: line {line}: the key of this line is given twice; keep one"
            )
        seen.add(key.value)
        _refuse_repeated_keys(value, path)


def _expand(value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _expand(item, where) for key, item in value.items()}
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


def _is_text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise StoreError(f"{where} is {_kind(value)}, not text; {QUOTES}")
    return value


def _is_address(value: Any, where: str) -> str:
    host = _is_text(value, where).strip()
    if not host or any(c.isspace() or not c.isprintable() for c in host):
        raise StoreError(
            f"{where} is empty or has a blank in it; give a MongoDB host, or host: "
            "embedded"
        )
    return host


def _is_port(value: Any, where: str) -> int:
    low, high = PORTS
    number = value
    if isinstance(value, str) and re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise StoreError(
            f"{where} is {_kind(value)}; it must be a whole number from {low} to "
            f"{high}, such as 27017"
        )
    if not low <= number <= high:
        raise StoreError(f"{where} is outside {low} to {high}; MongoDB's own is 27017")
    return number


def _is_name(value: Any, where: str) -> str:
    name = _is_text(value, where)
    strange = not name.isprintable() or NOT_IN_A_NAME & set(name)
    if not name or strange or len(name.encode()) > 63:
        raise StoreError(
            f"{where} is not a name of a MongoDB database: 1 to 63 bytes, without "
            "blank, dot, slash or dollar; such as lnmo"
        )
    return name


def _is_log_directory(value: Any, where: str) -> str:
    place = Path(_is_text(value, where))
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise StoreError(
            f"{where}: not a directory that can be written; make it, or delete the key"
        )
    return str(place)


def _is_level(value: Any, where: str) -> str:
    level = _is_text(value, where).upper()
    if level not in LEVELS:
        raise StoreError(f"{where} is not a log level; one of {', '.join(LEVELS)}")
    return level


def _is_list_of_names(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
        raise StoreError(
            f"{where} must be a list of names, such as [spec.x]; put in quotes "
            "what is not text"
        )
    return value


def _is_switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise StoreError(f"{where} is {_kind(value)}; write true or false")
    return value


def _is_options(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise StoreError(
            f"{where} is {_kind(value)}; write options of pymongo.MongoClient, such as "
            "{tls: true}, or leave it out"
        )
    return value


_CHECKS: Mapping[str, Callable[[Any, str], Any]] = {
    "host": _is_address,
    "port": _is_port,
    "name": _is_name,
    "username": _is_text,
    "password": _is_text,
    "logdir": _is_log_directory,
    "strm_lvl": _is_level,
    "user_indices": _is_list_of_names,
    "wf_user_indices": _is_list_of_names,
    "authsource": _is_text,
    "uri_mode": _is_switch,
    "mongoclient_kwargs": _is_options,
}


def _check_uri(settings: Mapping[str, Any], path: Path) -> None:
    """Check that host is a URI exactly if uri_mode says so."""
    is_uri = str(settings["host"]).startswith(URI)
    if settings.get("uri_mode"):
        if not is_uri:
            raise StoreError(
                f"{path}: host: with uri_mode: true it must start with {URI[0]}"
            )
        if not settings.get("name"):
            raise StoreError(
                f"{path}: no key name; with uri_mode: true FireWorks needs the name of "
                "the database"
            )


def _kind(value: Any) -> str:
    """Name the type of a value; never the value."""
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a number"),
        (float, "a number"),
        (str, "text"),
        (list, "a list"),
        (dict, "a section"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "a date")
