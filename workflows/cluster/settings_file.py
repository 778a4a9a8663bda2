"""Settings files in YAML whose unknown keys are errors; FireWorks would ignore them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from workflows.errors import MachineError, nearest, one_line


def read_mapping(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds keys.

    Raises
    ------
    MachineError
        It is missing, is not YAML, or holds no keys.
    """
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise MachineError(
            f"{path}: no such profile ({error.strerror}); lnmo init --queue slurm "
            "writes one to fill in"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MachineError(f"{path}: not YAML: {one_line(error)}") from None
    if not isinstance(found, dict):
        raise MachineError(f"{path}: holds no keys")
    return found


def check_keys(found: object, known: Iterable[str], where: str) -> None:
    """Reject an unknown key; the message suggests the nearest known one.

    Raises
    ------
    MachineError
        A key is unknown, or ``found`` is not a mapping.
    """
    if not isinstance(found, Mapping):
        raise MachineError(f"{where}: holds {found!r}, not keys")
    names = tuple(known)
    for key in found:
        if key not in names:
            raise MachineError(f"{where}: unknown key {key}{nearest(str(key), names)}")
