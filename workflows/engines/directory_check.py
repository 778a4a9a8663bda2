"""Before a step runs: its directory, and the one it starts from, must be its own."""

from __future__ import annotations

import os
import re
from pathlib import Path

from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError
from workflows.records.identity import ASIDE, CURE, problem_of_directory
from workflows.records.run_file import RUN_FILE, collected_from, read_run_file
from workflows.records.unreadable import DOCUMENT_FILE, collect_command
from workflows.vasp.run_files import run_files

_MEMBER = re.compile(r"(relax-\d+)(\.cut-\d+)?")
"""Runs of a chain of relaxations, and their attempts that were cut."""
_RESULTS = ("relaxation.json", "result.json")
"""Files that other engines than VASP leave."""


def refuse_foreign(directory: Path, calculation: Calculation, step: str) -> None:
    """Refuse a run directory of another calculation, or of an unknown one.

    Parameters
    ----------
    directory
        Of a step; may be missing or empty.
    calculation, step
        What it should belong to.

    Raises
    ------
    StoreError
        Gives both ids and the cure; nothing was changed.
    """
    if not directory.is_dir():
        if directory.is_symlink() or directory.exists():
            raise StoreError(f"{directory}: not a directory; move it away")
        return
    places = [(directory, step), *_members(directory)]
    for place, own_step in places:
        if problem := problem_of_directory(
            place, calculation.id, own_step, calculation
        ):
            raise StoreError(problem)
        if not (place / DOCUMENT_FILE).exists() and (origin := collected_from(place)):
            raise StoreError(
                f"{place}: holds the result of a run made elsewhere, and its record "
                f"({DOCUMENT_FILE}) is gone; put it back, or: {collect_command(origin)}"
                ". To compute the step here instead, move the directory away"
            )
        if read_run_file(place) is not None:
            continue
        if os.path.lexists(place / RUN_FILE):
            raise StoreError(
                f"{place}: its {RUN_FILE} cannot be read, or another version of lnmo "
                f"wrote it; {ASIDE}"
            )
        if left := _left_behind(place):
            raise StoreError(
                f"{place}: holds {left} without a readable {RUN_FILE}, so nothing says "
                f"that it is calculation {calculation.id} {own_step}: {CURE}"
            )


def refuse_outside(root: Path, place: Path) -> None:
    """Refuse to compute in another data directory, whose owner may compute there too.

    Parameters
    ----------
    root
        Data directory; may be a link itself.
    place
        Below it: the run directory of a step, or one above; may be missing.

    Raises
    ------
    StoreError
        It, or a run of a chain in it, leads out of the data directory by a link.
    """
    top = Path(os.path.realpath(root))
    members = _members(place) if place.is_dir() else []
    for path in (place, *(member for member, _ in members)):
        now = os.path.realpath(path)
        if not Path(now).is_relative_to(top):
            raise StoreError(
                f"{path}: leads outside the data directory {root}, to {now}, where "
                "another process may compute; nothing was started. Move what is there "
                "to the place of the link, or make the data directory itself a link "
                "(or set LNMO_ROOT)"
            )


def _members(directory: Path) -> list[tuple[Path, str]]:
    found = [(path, _MEMBER.fullmatch(path.name)) for path in directory.iterdir()]
    return sorted(
        (path, match.group(1)) for path, match in found if match and path.is_dir()
    )


def _left_behind(place: Path) -> str:
    """Name a file that shows that something has run here; empty for none."""
    for run in run_files(place):
        for path in run.outputs.values():
            return path.name
        return "output of VASP"
    return next((name for name in _RESULTS if (place / name).exists()), "")
