"""Settings files in YAML whose unknown keys are errors; FireWorks would ignore them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.campaign import strict_yaml
from workflows.counts import is_finite
from workflows.errors import (
    MachineError,
    is_utf8,
    nearest,
    one_line,
    printable,
    shortened,
)

COMMANDS = frozenset({"pre_rocket", "post_rocket"})
"""Keys whose values are lines of the script; any other stands within a line."""


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys.

    Raises
    ------
    MachineError
        It is missing, is not YAML, gives a key twice, or holds no keys.
    """
    try:
        found = strict_yaml.load(read_regular(path))
    except OSError as error:
        raise MachineError(
            f"{path}: no such file ({error.strerror}); lnmo init --queue slurm "
            "writes one to fill in"
        ) from None
    except UnicodeDecodeError as error:
        raise MachineError(
            f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8"
        ) from None
    except ValueError as error:
        raise MachineError(f"{path}: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise MachineError(f"{path}: expected keys and values, found none")
    return found


def check_keys(found: object, known: Iterable[str], where: str) -> None:
    """Reject an unknown key; the message suggests the nearest known one.

    Raises
    ------
    MachineError
        A key is unknown, or ``found`` is not a mapping.
    """
    if not isinstance(found, Mapping):
        raise MachineError(
            f"{where}: expected keys and values, found {shortened(repr(found))}"
        )
    names = tuple(known)
    for key in found:
        if not isinstance(key, str):
            raise MachineError(
                f"{where}: a key is {shortened(repr(key))}, which is no word: YAML "
                "reads yes, no, on, off, null and numbers as values. The keys are "
                f"{', '.join(names)}"
            )
        if key not in names:
            raise MachineError(
                f"{where}: unknown key {printable(shortened(key))}{nearest(key, names)}"
            )


def section_of(
    found: Mapping[str, Any], key: str, known: Iterable[str], where: str
) -> dict[str, Any]:
    """Return a section without its empty keys; a key with no value counts as absent.

    Raises
    ------
    MachineError
        It is no mapping, as 0 and false are none, or has an unknown key.
    """
    value = found.get(key)
    section = {} if value is None else value
    check_keys(section, known, f"{where}: {key}")
    return without_empty(section)


def without_empty(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that have a value."""
    return {key: value for key, value in found.items() if value is not None}


def check_values(found: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    """Reject what no template of a queue has a place for.

    Raises
    ------
    MachineError
        A value is neither a text, nor a finite number, nor empty; a command is no
        text; or a text would end its line of the script, or command a terminal.
    """
    for key in keys:
        value: Any = found.get(key)
        if is_finite(value) and key not in COMMANDS:
            continue
        if value is None or (is_text(value) and _fits(key, value)):
            continue
        own = f"{where}: {key} = {shortened(repr(value))}"
        if is_text(value):
            raise MachineError(
                f"{own} has a line break or a control character: write it on one line, "
                "without"
            )
        wanted = "one text" if key in COMMANDS else "one text or number"
        more = " (several commands: 'module load vasp; source x')"
        raise MachineError(
            f"{own}: give {wanted}{more if isinstance(value, list) else ''}"
        )


def _fits(key: str, value: str) -> bool:
    """Whether a text holds no character that its place in the script has not."""
    lines = value.replace("\t", " ").split("\n") if key in COMMANDS else [value]
    return all(line.isprintable() for line in lines)


def is_text(value: object) -> bool:
    """Whether a value is a text that a command, a file or a path may hold."""
    return isinstance(value, str) and "\0" not in value and is_utf8(value)
