"""pymatgen's settings file, looked at before pymatgen stumbles over it.

It is read when pymatgen first asks for a setting, in the middle of reading a run, and
what it raises then looks like a fault of the run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.errors import MachineError, shortened
from workflows.settings_files import cure
from workflows.vasp.file_kinds import odd_kind

OWN = "PMG_CONFIG_FILE"


def check_pymatgen_settings() -> None:
    """Refuse a ``.pmgrc.yaml`` that pymatgen would raise at.

    Raises
    ------
    MachineError
        It is a FIFO or a device, holds no keys, or a directory that is no text. (For
        what is no YAML, pymatgen warns, and goes on without it.)
    """
    path = _settings_file()
    if path is None:
        return
    if not path.is_file():
        raise MachineError(
            f"{path}: is {odd_kind(path)}, not a file: {cure(path, OWN)}; pymatgen "
            "reads its settings there"
        )
    import yaml

    found: Any = None
    with suppress(OSError, ValueError, yaml.YAMLError):
        found = yaml.safe_load(read_regular(path))
    if not found:
        return
    if not isinstance(found, dict):
        raise MachineError(
            f"{path}: {shortened(repr(found))} is not keys and values: "
            f"{cure(path, OWN)}; pymatgen reads its settings there"
        )
    for key, value in found.items():
        if not isinstance(key, str):
            raise MachineError(f"{path}: the key {shortened(repr(key))} is not text")
        if key.endswith("_DIR") and not isinstance(value, str):
            shown = "is empty" if value is None else f"= {shortened(repr(value))}"
            raise MachineError(
                f"{path}: {key} {shown}: write a path there, or remove the line"
            )


def _settings_file() -> Path | None:
    """Return the first file that pymatgen would find."""
    own = os.environ.get(OWN) or "~/.config/.pmgrc.yaml"
    for name in (own, "~/.pmgrc.yaml"):
        path = Path(os.path.expanduser(name))
        if path.exists() and not path.is_dir() and str(path) != os.devnull:
            return path
    return None
