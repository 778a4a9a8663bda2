"""The ``chgnet`` engine: a machine-learned surrogate, no licence, no queue.

A calculation is one step, ``relax``: ions, cell, energy and |m| together. Every
document says ``surrogate``; the valences it implies are not conserved charges.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workflows.atomic import read_json, read_regular, write_part
from workflows.campaign.calculation import (
    Calculation,
    structure_as_dict,
    structure_from_dict,
)
from workflows.checks.cell_relaxation import GPA_IN_KBAR, within
from workflows.checks.physics import physics_findings
from workflows.checks.run_result import RunResult
from workflows.checks.sites import site_findings, sites_at_the_end
from workflows.counts import count_of
from workflows.engines.chgnet.imported import NEVER_STARTED, ChgnetUnusable
from workflows.engines.chgnet.model import load_model
from workflows.engines.chgnet.relax import (
    Progress,
    Relaxation,
    RelaxationSettings,
    relax,
)
from workflows.engines.claim import check_claim
from workflows.engines.machine import Machine
from workflows.engines.protocol import Report, identity, read_run_file, write_run_file
from workflows.errors import StoreError
from workflows.records.contradiction import believed
from workflows.records.document import Finding, State, TaskDocument
from workflows.records.run_file import SEAL
from workflows.records.seal import is_broken, seal_of
from workflows.records.versions import versions

if TYPE_CHECKING:
    from pymatgen.core import Structure

RESULT_FILE = "relaxation.json"
UNUSABLE_FILE = "chgnet.err"
"""Why CHGNet could not be loaded."""
RUN_AGAIN = "move it away and run the step again"
SAME_ENERGY = 1e-5
"""eV an atom; the list of energies has six decimals, of single precision."""


class ChgnetEngine:
    """Relaxes with CHGNet in the worker's own process; the model loads once."""

    name = "chgnet"

    def write_inputs(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
    ) -> None:
        """Write the run file; CHGNet needs no other input."""
        directory.mkdir(parents=True, exist_ok=True)
        write_run_file(directory, calculation, step)

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Relax and write ``relaxation.json`` in one move; a kill leaves none.

        Where CHGNet cannot be loaded, ``chgnet.err`` says why.
        """
        if (directory / RESULT_FILE).exists():
            return
        found = read_run_file(directory)
        if found is None:
            raise StoreError(
                f"{directory}: no readable run file; write the inputs first"
            )
        calculation = found[0]
        check_claim(directory)
        (directory / UNUSABLE_FILE).unlink(missing_ok=True)
        settings = RelaxationSettings(**_settings(calculation))
        started = time.monotonic()

        def step_taken(progress: Progress) -> None:
            check_claim(directory)
            report(_line(progress))

        try:
            model = _model(settings.model)
        except ChgnetUnusable as error:
            check_claim(directory)
            (directory / UNUSABLE_FILE).write_text(f"{error}\n", "utf-8")
            return
        relaxation = relax(
            calculation.structure, settings, model=model, on_step=step_taken
        )
        result = _as_dict(relaxation, time.monotonic() - started)
        path = directory / RESULT_FILE
        result[SEAL] = seal_of(json.loads(json.dumps(result)))
        check_claim(directory)
        write_part(path, json.dumps(result)).replace(path)

    def parse(self, directory: Path) -> TaskDocument:
        """Read the relaxation; TRUNCATED if it did not come to its end.

        NEVER_STARTED if CHGNet could not be loaded.
        """
        found = read_run_file(directory)
        if found is None:
            raise StoreError(f"{directory}: no readable run file of the chgnet engine")
        calculation, step, _ = found
        common = {
            **identity(calculation, step),
            "surrogate": True,
            "settings": dict(_settings(calculation)),
            "initial_structure": calculation.structure,
            "dir_name": str(directory),
            "moments_signed": False,
        }
        try:
            result = read_json(directory / RESULT_FILE)
        except (OSError, ValueError):
            if why := _unusable(directory):
                reason = f"{NEVER_STARTED}: {why}"
                return TaskDocument(state=State.NEVER_STARTED, reason=reason, **common)
            reason = "no complete relaxation.json: the run was interrupted"
            return TaskDocument(state=State.TRUNCATED, reason=reason, **common)
        if problem := damage(calculation, result):
            reason = f"{RESULT_FILE} {problem}: it was edited or damaged, {RUN_AGAIN}"
            return TaskDocument(state=State.FAILED, reason=reason, **common)
        return believed(_document(calculation, result, common))

    def clean_up(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
        state: State,
    ) -> None:
        """Leave everything: it is small."""


def _unusable(directory: Path) -> str:
    """Return why CHGNet could not be loaded for a run; empty if it could."""
    try:
        return read_regular(directory / UNUSABLE_FILE, "replace").strip()
    except OSError:
        return ""


def _settings(calculation: Calculation) -> Mapping[str, Any]:
    """Return its own settings, or those of the geometry of another engine's."""
    own: Mapping[str, Any] = calculation.settings.get("geometry", calculation.settings)
    return own


@cache
def _model(name: str) -> Any:
    return load_model(name)


def _line(progress: Progress) -> str:
    return (
        f"{progress.step}/{progress.max_steps} {progress.stage} "
        f"E {progress.energy:.3f} eV  F {progress.fmax:.3f} eV/A  S "
        f"{progress.smax:.2f} GPa"
    )


def _as_dict(relaxation: Relaxation, seconds: float) -> dict[str, Any]:
    return {
        "structure": structure_as_dict(relaxation.structure),
        "energy": relaxation.energy,
        "magnetization": [round(float(m), 6) for m in relaxation.magnetization],
        "forces": relaxation.forces.round(6).tolist(),
        "stress": relaxation.stress.round(6).tolist(),
        "n_steps": relaxation.n_steps,
        "converged": relaxation.converged,
        "energies": [round(float(e), 6) for e in relaxation.energies],
        "run_seconds": round(seconds, 2),
        "completed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions("chgnet", "torch", "ase", "pymatgen"),
    }


def damage(calculation: Calculation, result: Any) -> str:
    """Return what cannot be in a relaxation as it was written; empty for nothing.

    A file of before the seal is held to what its numbers say of each other.
    """
    try:
        if is_broken(result):
            return "is not what was written"
        atoms = len(structure_from_dict(result["structure"]))
        energy, last = float(result["energy"]), float(result["energies"][-1])
        forces, stress = (
            np.array(result[k], dtype=float) for k in ("forces", "stress")
        )
        moments = np.array(result["magnetization"], dtype=float)
        converged, steps = result["converged"], int(result["n_steps"])
        kinds = isinstance(result["versions"], dict) and isinstance(converged, bool)
        float(result["run_seconds"]), str(result["completed_at"])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        return f"lacks or garbles {error}"
    if atoms != len(calculation.structure) or not kinds or steps < 0:
        return "is not of this calculation"
    shapes = (forces.shape, stress.shape, moments.shape)
    if shapes != ((atoms, 3), (3, 3), (atoms,)):
        return (
            f"has {count_of(forces.shape[0], 'force')} and "
            f"{count_of(moments.shape[0], 'moment')}"
        )
    if not all(np.isfinite(each).all() for each in (forces, stress, moments, energy)):
        return "has values that are not numbers"
    if abs(energy - last) > SAME_ENERGY * atoms:
        return f"has an energy of {energy:.6f} eV and ended at {last:.6f} eV"
    limit = _settings(calculation)["fmax"]
    largest = float(np.linalg.norm(forces, axis=1).max())
    if converged and largest > 1.01 * limit + 1e-5:
        return f"is converged with a force of {largest:.4f} eV/A (limit {limit:g})"
    return ""


def _document(
    calculation: Calculation, result: dict[str, Any], common: dict[str, Any]
) -> TaskDocument:
    final = structure_from_dict(result["structure"])
    sites = sites_at_the_end(calculation, final)
    own = _settings(calculation)
    limit = own["max_steps"]
    converged = result["converged"]
    max_force = max(sum(f * f for f in force) ** 0.5 for force in result["forces"])
    stress = result["stress"]
    return TaskDocument(
        **common,
        state=State.DONE if converged else State.UNCONVERGED,
        reason=""
        if converged
        else f"not relaxed after {count_of(limit, 'step')}, the limit",
        findings=(_surrogate(), *site_findings(sites), *_physics(final, result)),
        engine_version=f"chgnet {result['versions'].get('chgnet', '?')}, "
        f"weights {own['model']}",
        structure=final,
        final_sites=sites.counts_final,
        cell_relaxed=converged and within(own["fmax"], own["smax"]),
        energy=result["energy"],
        energy_per_atom=result["energy"] / len(final),
        magnetization=tuple(result["magnetization"]),
        max_force=max_force,
        pressure_kbar=-GPA_IN_KBAR * sum(stress[i][i] for i in range(3)) / 3,
        max_stress_kbar=GPA_IN_KBAR * max(abs(s) for row in stress for s in row),
        n_ionic_steps=result["n_steps"],
        run_seconds=result["run_seconds"],
        completed_at=result["completed_at"],
        versions=result["versions"],
    )


def _physics(final: Structure, result: dict[str, Any]) -> tuple[Finding, ...]:
    """Check what a surrogate can be held to: its moments have no sign, and no U."""
    run_result = RunResult(
        final, result["energy"], magnetization=result["magnetization"], signed=False
    )
    return physics_findings(run_result)


def _surrogate() -> Finding:
    return Finding(
        id="surrogate",
        severity="info",
        message="CHGNet is a machine-learned surrogate of PBE+U (U(Mn) 3.9, U(Ni) 6.2 "
        "eV, whatever the campaign says): its moments have no sign and its valences "
        "need not sum to zero; its numbers rank structures, they are not evidence",
    )
