"""Templates of queue scripts: FireWorks' own, or the site's, and what fills them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fireworks.user_objects.queue_adapters import common_adapter
from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

from workflows.atomic import read_regular
from workflows.cluster.settings_file import is_text
from workflows.errors import MachineError, shortened

NEEDED = {
    "pre_rocket": "the data directory and the trap of SIGTERM for the worker",
    "rocket_launch": "the worker",
    "job_name": "the name by which lnmo finds and counts its jobs",
}
"""Keys without which a job does nothing, or is lost, and what lnmo writes there."""
TRIAL = {key: f"lnmo-{key}" for key in NEEDED}
"""Values to try a template with."""


def template_of(adapter: Mapping[str, Any], path: Path) -> Path:
    """Return the template that an adapter names, or FireWorks' own.

    Raises
    ------
    MachineError
        It is no text that can be read; ``path`` is the file that names it.
    """
    own = adapter.get("_fw_template_file")
    if own is not None and not is_text(own):
        raise MachineError(
            f"{path}: _fw_template_file = {shortened(repr(own))} is not a path"
        )
    packaged = Path(common_adapter.__file__).parent
    found = Path(own) if own else packaged / f"{adapter['_fw_q_type']}_template.txt"
    if not found.is_file():
        raise MachineError(f"{path}: _fw_template_file: there is no {found}")
    try:
        read_regular(found)
    except (OSError, ValueError):
        raise MachineError(
            f"{path}: _fw_template_file: {found} is not a text that can be read"
        ) from None
    return found


def template_keys(template: str | Path) -> tuple[str, ...]:
    """Return the keys of a FireWorks template, without those it sets by itself.

    Raises
    ------
    MachineError
        It cannot be read, or no longer.
    """
    try:
        text = read_regular(Path(template))
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "no text in UTF-8"
        raise MachineError(
            f"{template}: the template of the queue script cannot be read ({told}); "
            "correct it, or _fw_template_file, then type this again"
        ) from None
    found = dict.fromkeys(re.findall(r"\$\$\{([^}]+)\}", text))
    return tuple(key for key in found if key != "launch_dir")


def fill(adapter: CommonAdapter, own: Mapping[str, str], place: Path) -> str:
    """Fill a template, and check that what lnmo needs is in the script.

    Parameters
    ----------
    adapter
        The settings.
    own
        The values of the keys ``NEEDED``.
    place
        Directory of the job.

    Raises
    ------
    MachineError
        The template cannot be read, or a line is missing: the template lacks it, or
        FireWorks would leave it out, as it does with each line in which ``$$`` is left.
    """
    adapter.update(own)
    template = adapter.template_file
    keys = template_keys(template)
    missing = [key for key in NEEDED if key not in keys]
    if not missing:
        script: str = adapter.get_script_str(str(place))
        missing = [key for key in NEEDED if not _is_in(script, key, own[key])]
        if not missing:
            return script
    words = ", ".join(f"$${{{key}}} ({NEEDED[key]})" for key in missing)
    raise MachineError(
        f"{template}: the script of the job has no line from {words}. Each must stand "
        "in the template, not in a comment, and not in one line with a key that has no "
        "value: FireWorks leaves out such a line"
    )


def _is_in(script: str, key: str, text: str) -> bool:
    """Whether the shell, or for the name of the job the queue, reads a text."""
    for found in re.finditer(re.escape(text), script):
        before = script[: found.start()].rpartition("\n")[2]
        if key == "job_name" or not before.lstrip().startswith("#"):
            return True
    return False
