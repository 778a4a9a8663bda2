"""Settings files in YAML whose unknown keys are errors; FireWorks would ignore them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.campaign import strict_yaml
from workflows.errors import MachineError, nearest, one_line, shortened


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
        raise MachineError(f"{where}: expected keys and values, found {found!r}")
    names = tuple(known)
    for key in found:
        if not isinstance(key, str):
            raise MachineError(
                f"{where}: a key is {key!r}, which is no word: YAML reads yes, no, on, "
                f"off, null and numbers as values. The keys are {', '.join(names)}"
            )
        if key not in names:
            raise MachineError(f"{where}: unknown key {key}{nearest(str(key), names)}")


def check_values(found: Mapping[str, Any], keys: Iterable[str], where: str) -> None:
    """Reject what no template of a queue has a place for.

    Raises
    ------
    MachineError
        A value is neither a text, nor a finite number, nor empty.
    """
    for key in keys:
        value = found.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is None or is_text(value) or (is_number and math.isfinite(value)):
            continue
        more = " (several commands: 'module load vasp; source x')"
        raise MachineError(
            f"{where}: {key} = {shortened(repr(value))}: give one text or number"
            f"{more if isinstance(value, list) else ''}"
        )


def is_text(value: object) -> bool:
    """Whether a value is a text that a command or a path may hold."""
    return isinstance(value, str) and "\0" not in value
