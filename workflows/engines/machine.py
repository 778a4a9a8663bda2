"""What this machine gives an engine: from the FWorker's env, else the environment."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

from workflows.errors import MachineError, printable, shortened
from workflows.vasp.known_tags import MACHINE_TAGS

MOST_SECONDS = 9e9
"""More than any unix time; a system sleeps no longer."""
MOST_POLL = 3600.0
"""s between two looks at VASP; it may end a minute after one."""
_REAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|nan|inf")
"""Plain decimal numbers; Python also reads ``1_0`` and digits of other scripts."""
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_SWITCH = re.compile(r"\.?(T|F|TRUE|FALSE)\.?", re.IGNORECASE)


@dataclass(frozen=True)
class Machine:
    """What this machine gives an engine; never part of an id.

    Attributes
    ----------
    vasp_cmd
        Command line of VASP, such as ``srun vasp_std``.
    gpaw_cmd
        Command line that runs a Python program with GPAW, such as ``mpirun -np 4 gpaw
        python``; this Python if None.
    incar
        NCORE, KPAR and the like.
    poll_seconds
        How often custodian looks at a running VASP.
    deadline
        Unix time at which this machine ends us, such as a queue's wall time.
    stop_margin
        Seconds before the deadline at which VASP is asked to stop; twice its longest
        ionic step if that is more.
    frozen_seconds
        A VASP that prints nothing for so long hangs, and is ended.
    """

    vasp_cmd: str | None = None
    gpaw_cmd: str | None = None
    incar: Mapping[str, Any] = field(default_factory=dict)
    poll_seconds: float = 10.0
    deadline: float | None = None
    stop_margin: float = 600.0
    frozen_seconds: float = 21_600.0


def command_words(line: str, program: str, setting: str) -> list[str]:
    """Split the command line of a program, and check that this machine has it.

    Parameters
    ----------
    line
        As a shell would take it.
    program, setting
        For the message: what it starts, and what to correct.

    Raises
    ------
    MachineError
        It cannot be split, or starts with no executable.
    """
    try:
        command = shlex.split(line)
    except ValueError as error:
        raise MachineError(
            f"the {program} command {_shown(line)} cannot be split into words "
            f"({error}); correct {setting}"
        ) from None
    if not command or which(command[0]) is None:
        raise MachineError(
            f"the {program} command {_shown(line)} starts with no executable of this "
            f"machine; correct {setting}"
        )
    return command


def data_directory(fw_spec: Mapping[str, Any]) -> Path:
    """Return the data directory that the FWorker's env or the environment names."""
    root = fw_spec.get("_fw_env", {}).get("root") or os.environ.get("LNMO_ROOT")
    if not root:
        raise MachineError(
            "no data directory: set root in the FWorker's env, or LNMO_ROOT"
        )
    return Path(root)


def machine(fw_spec: Mapping[str, Any]) -> Machine:
    """Return what the FWorker's env, or else the environment, says of this machine.

    Raises
    ------
    MachineError
        A value that must be a number, such as ``LNMO_POLL_SECONDS``, is not one, or a
        machine tag has a value that VASP does not read as one.
    """
    env = fw_spec.get("_fw_env", {})
    deadline = number(env, "deadline", 0.0)
    return Machine(
        vasp_cmd=env.get("vasp_cmd") or os.environ.get("LNMO_VASP_CMD"),
        gpaw_cmd=env.get("gpaw_cmd") or os.environ.get("LNMO_GPAW_CMD"),
        incar=machine_tags(env),
        poll_seconds=number(env, "poll_seconds", Machine.poll_seconds),
        deadline=deadline or None,
        stop_margin=number(env, "stop_margin", Machine.stop_margin),
        frozen_seconds=number(env, "frozen_seconds", Machine.frozen_seconds),
    )


def machine_tags(env: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the machine's INCAR tags: the FWorker's env, else ``LNMO_VASP_INCAR``.

    Raises
    ------
    MachineError
        A tag is not one of the machine's, or VASP would not read its value as one.
    """
    given = env.get("incar")
    if given is not None and given != {}:
        return checked_tags(given, "env.incar in my_fworker.yaml")
    text = os.environ.get("LNMO_VASP_INCAR", "")
    return checked_tags(_tags(text), "LNMO_VASP_INCAR")


def number(env: Mapping[str, Any], name: str, default: float) -> float:
    """Return a number from the FWorker's env, else from ``LNMO_<NAME>``; 0 counts.

    Raises
    ------
    MachineError
        It is not a plain decimal number, or negative, infinite, NaN or too large.
    """
    variable, value = f"env.{name} in my_fworker.yaml", env.get(name)
    if value is None:
        variable = f"LNMO_{name.upper()}"
        value = os.environ.get(variable) or default
    refused = MachineError(f"{variable} = {_shown(value)} is not a number")
    if isinstance(value, str) and not _REAL.fullmatch(value.strip()):
        raise refused
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        raise refused from None
    most = MOST_POLL if name == "poll_seconds" else MOST_SECONDS
    if not 0 <= found <= most:
        what = "a unix time, or 0 for none" if name == "deadline" else "seconds"
        raise MachineError(f"{variable} = {_shown(value)}: give {what}, 0 to {most:g}")
    return found


def _shown(value: Any) -> str:
    return shortened(repr(value), 80)


def _tags(text: str) -> dict[str, Any]:
    """Read the machine's INCAR tags from ``NCORE=4 KPAR=2``."""
    tags = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not equals or not value or name not in MACHINE_TAGS:
            raise MachineError(
                f"LNMO_VASP_INCAR = {_shown(text)}: {_shown(part)} is not a machine "
                f"tag; write 'NCORE=4 KPAR=2', out of "
                f"{', '.join(MACHINE_TAGS)}; what changes the science "
                "belongs in the campaign's vasp.incar"
            )
        if name in tags:
            raise MachineError(f"LNMO_VASP_INCAR: {name} is given twice; remove one")
        tags[name] = int(value) if _COUNT.fullmatch(value) else value
    return tags


def checked_tags(tags: Any, where: str) -> dict[str, Any]:
    """Refuse a value that would set another tag (``4;ISPIN=1``), or none.

    Parameters
    ----------
    tags
        Of the INCAR.
    where
        What gives them, for the message.

    Raises
    ------
    MachineError
        They are no mapping, a tag is not one of the machine's, or its value is none.
    """
    if not isinstance(tags, Mapping):
        raise MachineError(f"{where} = {_shown(tags)}: write {{NCORE: 4, KPAR: 2}}")
    for name, value in tags.items():
        if name not in MACHINE_TAGS or not _is_value_of(name, value):
            raise MachineError(
                f"{where}: {_plain(name)} = {_shown(value)}: give a number from "
                "1 to 999999 for NCORE, NPAR, KPAR, NSIM; .TRUE. or .FALSE. for LPLANE"
            )
    return dict(tags)


def _is_value_of(name: str, value: Any) -> bool:
    """Tell whether VASP reads a value as one of a tag; true is no number, nor 4.0."""
    if name == "LPLANE":
        return isinstance(value, bool | str) and bool(_SWITCH.fullmatch(str(value)))
    number = isinstance(value, int | str) and not isinstance(value, bool)
    return number and bool(_COUNT.fullmatch(_digits(value)))


def _digits(value: int | str) -> str:
    """Return a number as text; empty for one too large, which Python may not write."""
    return str(value) if isinstance(value, str) or abs(value) < 10**9 else ""


def _plain(name: Any) -> str:
    return printable(shortened(name))
