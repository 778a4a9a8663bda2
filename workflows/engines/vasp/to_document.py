"""Numbers, state and findings of one VASP run -> its ``TaskDocument``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import Calculation, cell_formula
from workflows.checks.applied_settings import applied_findings
from workflows.checks.cell_relaxation import relaxes_cell
from workflows.checks.changed_inputs import changed_inputs
from workflows.checks.configurations import configuration_findings
from workflows.checks.files_agree import disagreements
from workflows.checks.imposed import imposed_findings
from workflows.checks.inputs_as_applied import inputs_not_applied
from workflows.checks.not_numbers import doubtful_numbers
from workflows.checks.physics import physics_findings
from workflows.checks.restart_as_run import restart_findings
from workflows.checks.run_result import RunResult
from workflows.checks.several_vasps import several_vasps
from workflows.checks.sites import other_atoms, site_findings, sites_at_the_end
from workflows.engines.protocol import identity
from workflows.engines.vasp.notes import (
    completed_at,
    corrections_of,
    lost_plan,
    made_by_the_fake,
    odd_inputs,
    one_of_two,
    silent_files,
    without_convergence,
)
from workflows.engines.vasp.review import reviewed
from workflows.records.contradiction import believed
from workflows.records.document import INCAR, Finding, State, TaskDocument
from workflows.records.run_file import cell_of
from workflows.records.versions import versions
from workflows.vasp.file_ends import Ends
from workflows.vasp.input_files import read_input
from workflows.vasp.known_tags import physics_tags
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.poscar import Cell, read_poscar
from workflows.vasp.run_files import VaspFiles
from workflows.vasp.shared_settings import shared_settings
from workflows.vasp.species_tags import starting_moments

if TYPE_CHECKING:
    from pymatgen.core import Structure

MOVING = frozenset({0, 11, 12, 40, 44})
"""IBRION of dynamics, of positions from outside and of saddle points: forces that no
minimum has. Phonons are shown by their undisplaced crystal, which should be at one."""


def describe(
    files: VaspFiles, calculation: Calculation | None, step: str
) -> dict[str, Any]:
    """Return the fields that are known before any output is read."""
    common: dict[str, Any] = {"dir_name": str(files.directory)}
    if calculation is None:
        return {**common, "task_label": step, "formula": "unknown", "engine": "vasp"}
    settings = calculation.settings
    return {
        **common,
        **identity(calculation, step),
        "settings": {
            "functional": settings["functional"],
            "hubbards": settings["hubbards"],
            "potcar": [settings["potcar_functional"], settings["potcar"]],
            INCAR: physics_tags(settings["incar"].get(step.partition("-")[0], {})),
        },
    }


def with_numbers(
    files: VaspFiles,
    numbers: VaspNumbers,
    verdict: tuple[State, str],
    ends: Ends,
    common: Mapping[str, Any],
    calculation: Calculation | None,
    more: Mapping[str, Any] | None = None,
) -> TaskDocument:
    """Make the document of a run.

    Parameters
    ----------
    files, numbers, ends
        The run, what it gave, and how its files end.
    verdict
        State and reason by the output alone; inputs that are not the intended ones
        make a DONE run NEEDS_REVIEW or FAILED.
    common
        What :func:`describe` gave.
    calculation, more
        What it belongs to, if it is ours, and the rest of its run file.
    """
    state, reason = verdict
    shown = numbers.undisplaced or numbers
    structure, initial = (
        _with_properties(s, calculation) for s in (shown.structure, shown.initial)
    )
    findings: list[Finding] = []
    counts: dict[str, dict[str, int]] = {}
    another = False
    if calculation is not None and structure is not None:
        another = bool(other_atoms(calculation, structure))
        structure = None if another else structure
    if calculation is not None and structure is not None and state.at_its_end:
        sites = sites_at_the_end(calculation, structure)
        findings.extend(site_findings(sites))
        counts = sites.counts_final
    inputs = (more or {}).get("inputs", {})
    judged = [
        *lost_plan(files),
        *odd_inputs(files),
        *several_vasps(files),
        *applied_findings(files, numbers, inputs),
        *restart_findings(numbers, more or {}),
    ]
    if state.at_its_end:
        judged = [
            *changed_inputs(files, numbers, inputs),
            *judged,
            *doubtful_numbers(numbers),
            *disagreements(files, numbers),
        ]
        state, reason = reviewed(state, reason, judged)
        if state is State.DONE:
            judged += inputs_not_applied(files)
            state, reason = reviewed(state, reason, judged)
    findings.extend(judged)
    if structure is not None and state.usable:
        run_result = _run_result(structure, shown, common, calculation)
        findings.extend(physics_findings(run_result))
    corrections = tuple(corrections_of(files))
    contradicted = bool(numbers.contradiction) and state is State.FAILED
    if another:  # none of its numbers is of this calculation
        numbers = shown = VaspNumbers(version=numbers.version)
    energy = None if contradicted else shown.energy
    fake = "fake" in numbers.version
    own: dict[str, Any] = {}
    if calculation is None and (known := _formula(files, structure)):
        own["formula"] = known
    if calculation is None and initial is not None:
        own["start_lattice"] = cell_of(initial)
    gap = shown.gap
    document = TaskDocument(
        **{**common, **own, "settings": _settings(common, calculation, numbers)},
        state=state,
        reason=reason,
        findings=(
            *([made_by_the_fake()] if fake else ()),
            *one_of_two(files),
            *silent_files(files, ends),
            *(without_convergence(numbers) if state.at_its_end else ()),
            *configuration_findings(numbers),
            *imposed_findings(numbers, for_states=_for_states(common, calculation)),
            *findings,
        ),
        engine_version=numbers.version,
        fake=fake,
        surrogate=shown.learned,
        structure=structure,
        final_sites=counts,
        initial_structure=initial,
        cell_relaxed=_cell_relaxed(numbers, state, common, calculation),
        energy=energy,
        energy_per_atom=energy / len(structure) if energy and structure else None,
        efermi=shown.efermi,
        magnetization=None if contradicted else shown.magnetization,
        moments_signed=shown.vectors is None,
        moment_vectors=None if contradicted else shown.vectors,
        total_magnetization=None if contradicted else shown.total_magnetization,
        occupations=None if contradicted else shown.occupations or None,
        hubbards=shown.hubbards,
        hubbard_j=shown.hubbard_j,
        nelect=shown.nelect,
        potcar=shown.potcar,
        bandgap=gap.gap if gap else None,
        bandgap_up=gap.gap_up if gap else None,
        bandgap_down=gap.gap_down if gap else None,
        max_force=shown.max_force,
        pressure_kbar=shown.pressure,
        max_stress_kbar=shown.max_stress,
        n_ionic_steps=len(numbers.electronic) or None,
        corrections=corrections,
        run_seconds=numbers.outcar.seconds if numbers.outcar else None,
        completed_at=completed_at(files) if state.at_its_end else None,
        versions=versions("custodian", "pymatgen"),
    )
    return believed(document)


def _formula(files: VaspFiles, structure: Structure | None) -> str:
    """Return the contents of a cell; of a run without a structure those of POSCAR."""
    if structure is not None:
        return cell_formula(structure)
    cell = read_input(files, "POSCAR", read_poscar)
    if not isinstance(cell, Cell) or len(cell.symbols) != len(cell.counts):
        return ""
    return "".join(f"{s}{n}" for s, n in zip(cell.symbols, cell.counts, strict=True))


def _with_properties(structure: Any, calculation: Calculation | None) -> Any:
    """Give a structure the roles and labels of the planned one, if it has its sites."""
    if structure is None or calculation is None:
        return structure
    if len(structure) == len(calculation.structure):
        for name, values in calculation.structure.site_properties.items():
            structure.add_site_property(name, list(values))
    return structure


def _settings(
    common: Mapping[str, Any], calculation: Calculation | None, numbers: VaspNumbers
) -> dict[str, Any]:
    applied = shared_settings(numbers.parameters)
    settings = {**common.get("settings", {}), **applied}
    mesh = numbers.kpoints is not None and calculation is not None
    if mesh and common["task_label"] != "dos":
        settings["kpoints"] = list(numbers.kpoints.kpts[0])
    return settings


def _run_result(
    structure: Structure,
    numbers: VaspNumbers,
    common: Mapping[str, Any],
    calculation: Calculation | None,
) -> RunResult:
    """Gather what the physics checks look at; the pressure is judged in the result.

    That is the static run, with a basis of its own, or a relaxation that none follows.

    Moments are judged by the planned ones: what a relaxation has turned over, the runs
    after it start from, and end with.
    """
    steps = () if calculation is None else calculation.steps
    step = str(common["task_label"]).partition("-")[0]  # of a chain: relax-2
    last = step == ("static" if "static" in steps else "relax")
    moving = numbers.parameters.get("IBRION") in MOVING
    return RunResult(
        structure=structure,
        energy=numbers.energy,
        magnetization=numbers.magnetization,
        start_moments=_planned_moments(numbers, calculation),
        total_magnetization=numbers.total_magnetization,
        bandgap=numbers.gap.gap if numbers.gap else None,
        levels=numbers.gap,
        emax=_end_of_dos(numbers),
        max_force=None if moving else numbers.max_force,
        nelect=numbers.nelect,
        pressure_kbar=numbers.pressure,
        cell_relaxed=last and calculation is not None and _relaxes_cell(calculation),
        occupations=numbers.occupations,
        hubbards=numbers.hubbards,
        supercell=calculation.supercell if calculation is not None else None,
        signed=not numbers.noncollinear,
    )


def _for_states(common: Mapping[str, Any], calculation: Calculation | None) -> bool:
    return calculation is not None and common["task_label"] == "dos"


def _planned_moments(
    numbers: VaspNumbers, calculation: Calculation | None
) -> Sequence[float] | None:
    own: Sequence[float] | None = numbers.incar.get("MAGMOM")
    if calculation is None or own is None:
        return own
    return starting_moments(calculation.structure, calculation.settings["magmom"])


def _end_of_dos(numbers: VaspNumbers) -> float | None:
    """Return EMAX, eV; None where VASP chose the window itself."""
    low, high = (numbers.parameters.get(tag) for tag in ("EMIN", "EMAX"))
    asked = low is not None and high is not None and low < high
    return float(high) if asked and high is not None else None


def _cell_relaxed(
    numbers: VaspNumbers,
    state: State,
    common: Mapping[str, Any],
    calculation: Calculation | None,
) -> bool:
    """Return whether this run, or the planned relaxation before it, relaxed the cell.

    A relaxation by the tags that were applied, and only if it came to its limit.
    """
    ran = state.usable and relaxes_cell(numbers.parameters)
    if calculation is None:
        return ran
    relaxation = str(common["task_label"]).startswith("relax")
    return _relaxes_cell(calculation) and (ran or not relaxation)


def _relaxes_cell(calculation: Calculation) -> bool:
    """Return whether its relax step is planned so that it relaxes the cell."""
    return relaxes_cell(calculation.settings["incar"].get("relax", {}))
