"""What the runner is asked for: ``input.json``, which a person can read and run."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.analysis.valence import valence_from_moment
from workflows.atomic import read_json, write_atomically
from workflows.campaign.calculation import Calculation
from workflows.engines.gpaw.symmetric_cell import Frame, frame
from workflows.errors import StoreError
from workflows.records.document import TaskDocument

if TYPE_CHECKING:
    from pymatgen.core import Structure

INPUT_FILE, RUNNER_FILE, RESULT_FILE = "input.json", "run_gpaw.py", "result.json"
RELAXED, CONVERGED = "relax.gpw", "static.gpw"
"""States of GPAW that the next step starts from, as a WAVECAR; large."""
MN3, MN4 = 4.0, 3.0
"""muB, first moments of Mn3+ and Mn4+ where the geometry shows both."""
DENSITY = {"emin": -12.0, "spacing": 0.02, "points": 901, "width": 0.1}
"""Grid of a density of states, eV from E_F, and the width of its Gaussians."""


def write_input(
    calculation: Calculation,
    step: str,
    directory: Path,
    previous: Path | None,
    before: TaskDocument | None,
) -> None:
    """Write ``input.json`` and the runner beside it.

    Parameters
    ----------
    calculation, step
        What to compute.
    directory
        Of the step; made if it is not there.
    previous, before
        Directory and document of the step before, if there is one.

    Raises
    ------
    StoreError
        The step before left no structure, or no state to start from.
    """
    directory.mkdir(parents=True, exist_ok=True)
    asked = {
        "step": step,
        **_start(calculation, step, directory, previous, before),
        "gpaw": parameters(calculation, step),
        "ladder": calculation.settings["ladder"],
    }
    if step == "relax":
        asked["relax"] = {
            **calculation.settings["relax"],
            "basis_energy": calculation.settings["basis_energy"],
            "cell": True,
        }
    if step == "dos":
        asked["dos"] = {**DENSITY, "gpaw": _bands(calculation)}
    write_atomically(directory / INPUT_FILE, json.dumps(asked, indent=1))
    write_runner(directory)


def read_input(directory: Path) -> dict[str, Any] | None:
    """Return what a directory asks for; None if nothing readable is there."""
    try:
        content = read_json(directory / INPUT_FILE)
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def more_steps(directory: Path, taken: int) -> None:
    """Allow a relaxation that ran out of steps as many again."""
    asked = read_input(directory)
    if asked is not None and "relax" in asked:
        asked["relax"]["max_steps"] += taken
        write_atomically(directory / INPUT_FILE, json.dumps(asked, indent=1))


def write_runner(directory: Path) -> None:
    """Put the program beside its input, so that the directory runs by hand."""
    source = Path(__file__).with_name("runner.py").read_text("utf-8")
    write_atomically(directory / RUNNER_FILE, source)


def parameters(calculation: Calculation, step: str) -> dict[str, Any]:
    """Return the arguments of ``gpaw.GPAW``."""
    own = calculation.settings
    mesh: dict[str, Any] = {
        "size": own["kpoints"][step],
        "gamma": own["centring"] == "gamma",
    }
    return {
        "mode": {"name": "pw", "ecut": own["cutoff"]},
        "xc": own["functional"],
        "kpts": mesh,
        "setups": {e: f":d,{u:g},0" for e, u in own["hubbards"].items() if u},
        "occupations": {"name": "fermi-dirac", "width": own["width"]},
        "convergence": {"energy": own["energy"]},
        "maxiter": own["max_iterations"],
        "symmetry": {"tolerance": 1e-4},
    }


def first_moments(
    calculation: Calculation, structure: Structure, surrogate: Sequence[float] | None
) -> list[float]:
    """Return the moments that a cold start begins with, muB, signed.

    Those of the sites, else by element. Where a surrogate's geometry has both Mn3+ and
    Mn4+, their sizes follow it: the bonds are those of that charge order.
    """
    by_element = calculation.settings["magmom"]
    moments = [
        float(site.properties.get("magmom", by_element.get(site.specie.symbol, 0.0)))
        for site in structure
    ]
    valences = {
        i: valence_from_moment("Mn", moment).valence
        for i, moment in enumerate(surrogate or ())
        if structure[i].specie.symbol == "Mn"
    }
    if set(valences.values()) == {3, 4}:
        for i, valence in valences.items():
            size = MN3 if valence == 3 else MN4
            moments[i] = size if moments[i] >= 0 else -size
    return moments


def _start(
    calculation: Calculation,
    step: str,
    directory: Path,
    previous: Path | None,
    before: TaskDocument | None,
) -> dict[str, Any]:
    if previous is not None and step == "dos":
        state = _state(directory, previous / CONVERGED)
        return {"start_from": state, **_as_before(previous)}
    if previous is not None and (previous / RELAXED).exists():
        return {"start_from": _state(directory, previous / RELAXED)} | _end_of(previous)
    structure, surrogate = calculation.structure, None
    if before is not None:
        if before.structure is None:
            raise StoreError(f"{previous}: no structure to go on from; run it again")
        structure, surrogate = before.structure, before.magnetization
    moments = first_moments(calculation, structure, surrogate)
    setting = frame(structure, moments, calculation.settings["symmetry"])
    return {"start_from": None, **_structure(structure, setting, moments)}


def _structure(
    structure: Structure, setting: Frame, moments: list[float]
) -> dict[str, Any]:
    return {
        "structure": {
            "symbols": [site.specie.symbol for site in structure],
            "cell": setting.cell.tolist(),
            "scaled_positions": setting.scaled_positions.tolist(),
            "magnetic_moments": moments,
        },
        "frame": {
            "origin": setting.origin.tolist(),
            "operations": setting.operations,
            "moved": setting.moved,
        },
    }


def _as_before(previous: Path) -> dict[str, Any]:
    """Return structure and frame of the step before, as it had them."""
    content = read_json(previous / INPUT_FILE)
    return {"structure": content["structure"], "frame": content["frame"]}


def _end_of(previous: Path) -> dict[str, Any]:
    """Return the geometry that a relaxation ended at."""
    content = _as_before(previous)
    end = read_json(previous / RESULT_FILE)["result"]
    for name in ("cell", "scaled_positions"):
        content["structure"][name] = end[name]
    return content


def _state(directory: Path, state: Path) -> str:
    if not state.exists():
        raise StoreError(
            f"{state}: no state of GPAW to start from; run that step again"
        )
    return os.path.relpath(state, directory)


def _bands(calculation: Calculation) -> dict[str, Any]:
    """Return what the bands of a density of states need beyond the static's."""
    own = calculation.settings
    if own["kpoints"]["dos"] == own["kpoints"]["static"]:
        mesh = {"size": own["kpoints"]["dos"], "gamma": own["centring"] == "gamma"}
    else:
        mesh = {"size": own["kpoints"]["dos"], "gamma": True}
    # Every k point on its own: projections of one site are not those of its images.
    return {"kpts": mesh, "symmetry": {"point_group": False}}
