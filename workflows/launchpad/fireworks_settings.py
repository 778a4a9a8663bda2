"""FireWorks, imported with a look at its settings file first.

FireWorks reads ``FW_config.yaml`` while it is imported. It takes any value, raises what
Python raises, and prints what it chose.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from workflows.counts import is_finite
from workflows.errors import MachineError, printable, shortened
from workflows.settings_files import first_of, read_settings

NAME = "FW_config.yaml"
GIVEN = "FW_CONFIG_FILE"
MONGOMOCK = "MONGOMOCK_SERVERSTORE_FILE"


def import_fireworks() -> None:
    """Import FireWorks; what it prints meanwhile goes to standard error.

    Raises
    ------
    MachineError
        Its settings file is no file, FireWorks refuses it, or a value in it is of the
        wrong kind.
    """
    if "fireworks" in sys.modules:
        return
    path = _settings_file()
    if path is not None:
        read_settings(path, "FireWorks", lambda: _read(path), GIVEN)
        return
    if os.environ.get(MONGOMOCK):
        _import_with_mongomock()
        return
    with redirect_stdout(sys.stderr):
        importlib.import_module("fireworks")


def _import_with_mongomock() -> None:
    try:
        with redirect_stdout(sys.stderr):
            importlib.import_module("fireworks")
    except RuntimeError:
        raise MachineError(
            f"{MONGOMOCK} is set, and FireWorks then needs mongomock_persistence, "
            f"which is not installed: unset {MONGOMOCK}"
        ) from None


def _settings_file() -> Path | None:
    """Return the file that FireWorks would take."""
    found = importlib.util.find_spec("fireworks")
    origin = Path(found.origin or "") if found else Path()
    return first_of(
        NAME,
        f"~/.fireworks/{NAME}",
        origin.absolute().parent.parent / NAME,
        *filter(None, [os.environ.get(GIVEN)]),
    )


def _read(path: Path) -> None:
    from monty.serialization import loadfn

    settings: Any = loadfn(path)
    if not isinstance(settings, dict):
        shown = "nothing" if settings is None else shortened(repr(settings))
        raise ValueError(f"it holds {shown}, not keys and values")
    for key, value in settings.items():
        if problem := problem_of(key, value):
            raise MachineError(
                f"{printable(path)}: {printable(problem)}, or remove the line; "
                "FireWorks reads its settings there"
            )
    importlib.import_module("fireworks")


def problem_of(key: object, value: object) -> str:
    """Say what is wrong with a setting of FireWorks, and what to write; else nothing.

    A name that FireWorks does not have is left to FireWorks, which refuses it.

    Examples
    --------
    >>> problem_of("PING_TIME_SECS", "60 s")
    "PING_TIME_SECS = '60 s': write a number, 0 or more"
    """
    shown = shortened(repr(value))
    if not isinstance(key, str) or key.upper() != key:  # a name of Python inside it
        return f"{shortened(repr(key))} is no setting: correct it"
    for pattern, fits, expected in KINDS:
        if re.fullmatch(pattern, key):
            return "" if fits(value) else f"{key} = {shown}: write {expected}"
    return ""


def _is_number(value: object) -> bool:
    return is_finite(value) and value >= 0


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_level(value: object) -> bool:
    return isinstance(value, str) and value in logging.getLevelNamesMapping()


KINDS: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    (r"ECHO_TEST|DS_PASSWORD", lambda _: True, "anything"),
    (
        r".*_(SECS|MS|INTERVAL|ATTEMPTS|MAXLEN|NUM|LINES|FREQUENCY|PORT)",
        _is_number,
        "a number, 0 or more",
    ),
    (
        r".*_(LOC|DIR|FILE|FORMAT|NAME|HOST|COLLECTION)|SORT_FWS",
        lambda value: value is None or isinstance(value, str),
        "text",
    ),
    (r".*LOGLEVEL", _is_level, "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    (r".*_(PACKAGES|LIST)", _are_texts, "a list of text"),
    (
        r"FW_NAME_UPDATES",
        lambda value: isinstance(value, dict) and _are_texts([*value, *value.values()]),
        "old names and new ones",
    ),
    (
        r"YAML_STYLE|PRINT_.*|JSON_SCHEMA_VALIDATE|ENCODE_MONTY|DECODE_MONTY"
        r"|.*_(KILL|BLOCK|DIRS|INFO|RERUN|PERFWARNINGS)",
        lambda value: isinstance(value, bool),
        "true or false",
    ),
)
"""Names of FireWorks' settings, what each may be, and that in words."""
