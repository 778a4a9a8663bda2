"""A chain of runs made by hand, and what is collected of it.

Only VASP is another program here; inputs are those of ``lnmo write``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.places import FAKE_VASP
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import structure_inputs, write_vasp_inputs
from workflows.engines.collect import CollectResult, found_in, recorded
from workflows.records.collected import reordered
from workflows.records.file_store import FileResults

CAMPAIGN: dict[str, Any] = {
    "name": "c",
    "host": {
        **{"formula": "LiMn2O4", "ordering": "none", "a": 8.25, "primitive": True}
    },
    "x": [1],
    "lithium_reference": False,
    "vasp": {
        **{"hubbard_u": {"Mn": 3.9}, "dos_at": [1], "kpoints": [2, 2, 2]},
        **{"kpoints_dos": [2, 2, 2], "incar": {"common": {"NEDOS": 301}}},
    },
}
STEPS = ("relax", "again", "static", "dos")
"""Directories of the chain made by hand."""


def vasp(directory: Path, **switches: str) -> None:
    own = ("FAKE_VASP_", "LNMO_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    named = {f"FAKE_VASP_{k}": v for k, v in switches.items()}
    subprocess.run(
        [sys.executable, str(FAKE_VASP)],
        cwd=directory,
        env={**kept, **named},
        capture_output=True,
        check=not switches,
    )


def edit(incar: Path, **tags: object) -> None:
    """Set tags, or with None remove them."""
    lines = [
        line
        for line in incar.read_text("utf-8").splitlines()
        if line.partition("=")[0].strip() not in tags
    ]
    lines += [f"{tag} = {v}" for tag, v in tags.items() if v is not None]
    incar.write_text("\n".join(lines) + "\n", "utf-8")


def chain_by_hand(
    place: Path,
    calculation: Calculation,
    order: Sequence[int] | None = None,
    change: Callable[[Path], None] = lambda _: None,
) -> None:
    """Run relax, relax again, static and dos as the README of the inputs says."""
    structure = calculation.structure
    if order is not None:
        structure = reordered(structure, order)
    before: Path | None = None
    for name in STEPS:
        step = "relax" if name == "again" else name
        here = place / name
        write_vasp_inputs(structure_inputs(structure, calculation.settings, step), here)
        if before is not None:
            shutil.copy(before / "CONTCAR", here / "POSCAR")
            for left in ("WAVECAR", "CHGCAR"):
                if (before / left).exists():
                    shutil.copy(before / left, here)
        if name == "again":
            edit(here / "INCAR", ISTART=1, ICHARG=0)
        change(here)
        vasp(here)
        before = here


def collect(
    runs: Path, calculation: Calculation, root: Path, *, write: bool = True
) -> list[CollectResult]:
    matches = found_in([runs], [calculation])
    return list(recorded(matches, FileResults(root), None, write=write))


def actions(outcomes: Sequence[CollectResult]) -> list[tuple[str, str, str]]:
    return [
        (o.match.run.files.directory.name, o.match.step, o.action) for o in outcomes
    ]


def contents(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def differing(outcomes: Sequence[CollectResult], step: str) -> str:
    (own,) = (o for o in outcomes if o.match.step == step)
    return "; ".join(f"{f.severity} {f.message}" for f in own.match.differing)


ALL = [("again", "relax"), ("static", "static"), ("dos", "dos")]
