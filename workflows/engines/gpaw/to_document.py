"""The files of a GPAW run -> ``TaskDocument``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workflows.analysis.band_gap import BandGap, band_gap
from workflows.campaign.calculation import Calculation, structure_from_dict
from workflows.campaign.step_names import GEOMETRY
from workflows.checks.cell_relaxation import GPA_IN_KBAR, within
from workflows.checks.physics import physics_findings
from workflows.checks.run_result import RunResult
from workflows.checks.sites import site_findings, sites_at_the_end
from workflows.counts import count_of
from workflows.engines.gpaw.inputs import (
    INPUT_FILE,
    RESULT_FILE,
    first_moments,
    read_input,
)
from workflows.engines.gpaw.state import (
    NOT_OURS,
    another_form,
    judged,
    read_result,
    unfinished,
)
from workflows.engines.protocol import identity
from workflows.records.contradiction import believed
from workflows.records.document import Finding, State, TaskDocument
from workflows.records.versions import versions

if TYPE_CHECKING:
    from pymatgen.core import Structure

GPA = 160.21766208
"""Pressure of 1 eV/A^3, GPa."""


def parse_gpaw(directory: Path, calculation: Calculation, step: str) -> TaskDocument:
    """Read one run directory of ours, finished or not."""
    asked = read_input(directory)
    common = {
        **identity(calculation, step),
        "settings": _settings(calculation, step),
        "dir_name": str(directory),
    }
    unusable = "is gone: nobody knows what was asked for" if asked is None else ""
    try:
        if asked is not None:
            first = _structure(asked["structure"], asked, calculation)
            common["initial_structure"] = first
    except NOT_OURS as error:
        unusable = another_form(error)
    end = unfinished(directory)
    if end is not None:
        return TaskDocument(state=end[0], reason=end[1], **common)
    result = read_result(directory)
    assert not isinstance(result, str)
    if asked is None or unusable:
        reason = f"{INPUT_FILE} {unusable}"
        return TaskDocument(state=State.FAILED, reason=reason, **common)
    try:
        document = _at_its_end(directory, result, asked, common, calculation, step)
    except NOT_OURS as error:
        reason = f"{RESULT_FILE} {another_form(error)}"
        return TaskDocument(state=State.FAILED, reason=reason, **common)
    return believed(document)


def _at_its_end(
    directory: Path,
    result: Mapping[str, Any],
    asked: Mapping[str, Any],
    common: dict[str, Any],
    calculation: Calculation,
    step: str,
) -> TaskDocument:
    state, reason = judged(directory, result, calculation)
    common = {**common, "state": state, "reason": reason, **_origin(result)}
    if state is State.FAILED or "cell" not in result:
        return TaskDocument(**common)
    common["settings"] = {**common["settings"], "paw": _paw(result)}
    structure = _structure(result, asked, calculation)
    levels = _levels(result)
    numbers = _bands(result, levels) | _energies(result, calculation, structure)
    counts, findings = _judged_numbers(structure, numbers, levels, calculation, step)
    return TaskDocument(
        **common,
        **numbers,
        structure=structure,
        final_sites=counts,
        findings=(*_geometry(calculation, numbers), *_rungs(result), *findings)
        if state.usable
        else (),
        cell_relaxed=_relaxes_cell(calculation),
    )


def geometry_of(calculation: Calculation) -> str:
    """Return the engine that relaxed the cell: this one, or the surrogate."""
    return "chgnet" if GEOMETRY in calculation.steps else "gpaw"


def _settings(calculation: Calculation, step: str) -> dict[str, Any]:
    """Return what must agree within one series."""
    own = calculation.settings
    names = ("functional", "cutoff", "centring", "width")
    found = {name: own[name] for name in names}
    if step != "dos" and step in own["kpoints"]:
        found["kpoints"] = list(own["kpoints"][step])
    return {**found, "geometry": geometry_of(calculation)}


def _paw(result: Mapping[str, Any]) -> dict[str, str]:
    """Return the PAW data set of each element: its file, and the md5 GPAW prints."""
    return {e: f"{s['file']} {s['md5']}" for e, s in result["setups"].items()}


def _origin(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "engine_version": f"gpaw {result['versions'].get('gpaw', '?')}",
        "run_seconds": result["seconds"],
        "completed_at": result["completed_at"],
        "versions": {**versions("pymatgen", "spglib"), **result["versions"]},
        "corrections": tuple(
            {"geometry": a["geometry"], "iterations": a["iterations"], **a["changes"]}
            for a in result["attempts"]
            if a["rung"]
        ),
    }


def _structure(
    content: Mapping[str, Any], asked: Mapping[str, Any], calculation: Calculation
) -> Structure:
    """Return a cell of GPAW's with its origin, roles and labels where they were."""
    origin = np.array(asked["frame"]["origin"])
    plain = {
        "lattice": content["cell"],
        "species": content["symbols"],
        "frac_coords": np.array(content["scaled_positions"]) + origin,
        "site_properties": calculation.structure.site_properties,
    }
    return structure_from_dict(plain)


def _levels(result: Mapping[str, Any]) -> BandGap:
    """Return the edges of the bands on the mesh of the run."""
    levels = np.stack([result["eigenvalues"], result["occupations"]], axis=-1)
    return band_gap(dict(zip(("up", "down"), levels, strict=False)))


def _bands(result: Mapping[str, Any], gap: BandGap) -> dict[str, Any]:
    """Return Fermi level and gaps, electrons and U as GPAW had them."""
    return {
        "efermi": result["fermi_level"],
        "nelect": result["electrons"],
        "hubbards": {
            e: s["hubbard_u"] for e, s in result["setups"].items() if s["hubbard_u"]
        },
        "bandgap": gap.gap,
        "bandgap_up": gap.gap_up,
        "bandgap_down": gap.gap_down,
    }


def _energies(
    result: Mapping[str, Any], calculation: Calculation, structure: Structure
) -> dict[str, Any]:
    if "energy" not in result:
        return {}
    paired = len(result["eigenvalues"]) == 1
    forces = np.linalg.norm(result["forces"], axis=1)
    return {
        "energy": result["energy"],
        "energy_per_atom": result["energy"] / len(structure),
        "magnetization": None if paired else tuple(result["moments"]),
        "total_magnetization": None if paired else result["total_moment"],
        "max_force": float(forces.max()),
        "pressure_kbar": _pressure(result, calculation, structure),
        "max_stress_kbar": _max_stress(result, calculation, structure),
        "n_ionic_steps": len(result["geometries"]),
    }


def _pressure(
    result: Mapping[str, Any], calculation: Calculation, structure: Structure
) -> float | None:
    """Return the pressure without that of the basis, kbar; None if it is not known."""
    stress = _stress(result, calculation, structure)
    return None if stress is None else float(-GPA_IN_KBAR * np.trace(stress) / 3)


def _max_stress(
    result: Mapping[str, Any], calculation: Calculation, structure: Structure
) -> float | None:
    """Return the largest |component| of the stress, kbar, without that of the basis."""
    stress = _stress(result, calculation, structure)
    return None if stress is None else float(GPA_IN_KBAR * np.abs(stress).max())


def _stress(
    result: Mapping[str, Any], calculation: Calculation, structure: Structure
) -> NDArray[np.float64] | None:
    basis = calculation.settings["basis_energy"]
    if basis is None:
        return None
    own: NDArray[np.float64] = np.asarray(result["stress_gpa"], dtype=float)
    of_basis: NDArray[np.float64] = basis / structure.volume * GPA * np.eye(3)
    return own - of_basis


def _relaxes_cell(calculation: Calculation) -> bool:
    """Return whether its first step relaxes the cell by a limit that proves it."""
    own = calculation.settings
    limits = own.get(GEOMETRY) or own.get("relax")
    return limits is not None and within(limits["fmax"], limits["smax"])


def _judged_numbers(
    structure: Structure,
    numbers: Mapping[str, Any],
    levels: BandGap,
    calculation: Calculation,
    step: str,
) -> tuple[dict[str, dict[str, int]], tuple[Finding, ...]]:
    sites = sites_at_the_end(calculation, structure)
    run_result = RunResult(
        structure,
        numbers.get("energy"),
        magnetization=numbers.get("magnetization"),
        start_moments=first_moments(calculation, calculation.structure, None),
        total_magnetization=numbers.get("total_magnetization"),
        bandgap=levels.gap,
        levels=levels,
        hubbards=numbers["hubbards"],
        nelect=numbers["nelect"],
        max_force=numbers.get("max_force"),
        pressure_kbar=numbers.get("pressure_kbar"),
        cell_relaxed=step == "static" and "relax" in calculation.settings,
    )
    return sites.counts_final, (*site_findings(sites), *physics_findings(run_result))


def _geometry(
    calculation: Calculation, numbers: Mapping[str, Any]
) -> tuple[Finding, ...]:
    if GEOMETRY not in calculation.steps:
        return ()
    told = "" if "max_force" not in numbers else (
        f"; DFT+U finds there a largest force of {numbers['max_force']:.2f} eV/A"
    )  # fmt: skip
    pressure = numbers.get("pressure_kbar")
    told += "" if pressure is None else f" and a pressure of {pressure:+.0f} kbar"
    return (
        Finding(
            id="surrogate_geometry",
            severity="info",
            message=f"the electrons are of DFT+U, the geometry is "
            f"CHGNet's, a surrogate{told}: its lengths, angles and "
            "volume are not results of DFT+U",
        ),
    )


def _rungs(result: Mapping[str, Any]) -> tuple[Finding, ...]:
    failed = [a for a in result["attempts"] if not a["converged"]]
    if not failed:
        return ()
    last = result["attempts"][-1]["changes"]
    return (
        Finding(
            id="mixing_changed",
            severity="info",
            message=f"{count_of(len(failed), 'time')} a density did not converge; "
            f"it did with {last}: another way of mixing, the same equations",
        ),
    )
