"""Settings files of libraries that a verb may come to use, looked at first.

pymatgen reads its file when it first asks for a setting, matplotlib and ASE when they
are imported, monty when it first reads an object: each in the middle of something
else, where what it raises looks like a fault of that. So does custodian, with variables
of the environment. FireWorks' settings are looked at by ``launchpad``.
"""

from __future__ import annotations

import os
from pathlib import Path

from workflows.cli.pymatgen_settings import check_pymatgen_settings
from workflows.custodian_settings import check_custodian_settings
from workflows.settings_files import first_of, read_settings


def check_library_settings() -> None:
    """Refuse settings that a library would raise at, or wait for.

    Raises
    ------
    MachineError
        Names the file, or the variable.
    """
    check_pymatgen_settings()
    check_custodian_settings()
    if path := _of_matplotlib():
        read_settings(path, "matplotlib", lambda: None, "MATPLOTLIBRC")
    if path := first_of("~/.monty.yaml"):
        read_settings(path, "monty", _monty, "")
    given = os.environ.get("ASE_CONFIG_PATH", "~/.config/ase/config.ini")
    for place in given.split(":"):
        if (path := first_of(place)) and not path.is_dir():
            read_settings(path, "ASE", _ase, "ASE_CONFIG_PATH")


def _of_matplotlib() -> Path | None:
    """Return the first file that matplotlib would find, as its ``matplotlib_fname``."""
    name = "matplotlibrc"
    given = os.environ.get("MATPLOTLIBRC")
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    own = os.environ.get("MPLCONFIGDIR") or f"{config}/matplotlib"
    places = [name, *([given, f"{given}/{name}"] if given else []), f"{own}/{name}"]
    found = (first_of(place) for place in places)
    return next((path for path in found if path and not path.is_dir()), None)


def _monty() -> None:
    from monty.json import MSONable

    _ = MSONable.REDIRECT


def _ase() -> None:
    import ase.config  # noqa: F401
