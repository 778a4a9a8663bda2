"""Whether a directory, or a document, belongs to a calculation, by its content.

People copy run directories, with or without ``lnmo.json``, and edit ids. A result with
another U, cutoff or mesh would then be taken for this calculation's, and a new result
would overwrite the other. So both are compared before they are used.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import (
    Calculation,
    content_id,
    digest,
    structure_as_dict,
)
from workflows.campaign.step_names import GEOMETRY
from workflows.errors import shortened
from workflows.records.document import INCAR, State, TaskDocument
from workflows.records.run_file import (
    RUN_FILE,
    identity,
    problem_of_run_file,
    read_run_file,
)

if TYPE_CHECKING:
    from pymatgen.core import Structure

SAME_POSITION = 2e-6
"""Fractional, and A for the cell: ids count six digits, run files keep ten."""
OF_THE_PLAN = ("functional", "hubbards", "potcar")
"""Keys of ``TaskDocument.settings`` that are copied from the plan."""
NOT_COMPARED = frozenset(
    {"campaign", "ordering", "insertion", "task_label", "calculation_id"}
)
"""Fields of :func:`identity`: campaigns may share a calculation under other labels."""
START = "start_lattice"
SAME_LENGTH = 1e-5
"""A and degrees: a start is read from a run file with ten digits of its vectors."""
ASIDE = "a retry sets the directory aside, and the step starts again"
"""What is enough for a failed step whose run file cannot be read."""
CURE = "move it away and run again: the step starts again in a new directory"


def problem_of_directory(
    directory: Path, calculation_id: str, step: str, calculation: Calculation | None
) -> str:
    """Return why a directory's run file is not that of a step; empty if it may be.

    Without a readable run file nothing can be said. ``calculation`` is that of the
    id, with its content, if the caller has it.
    """
    found = read_run_file(directory)
    if found is None:
        return ""
    theirs, their_step, _ = found
    name = f"{directory}: its {RUN_FILE} is that of"
    if (theirs.id, their_step) != (calculation_id, step):
        return (
            f"{name} calculation {theirs.id} {their_step}, not of {calculation_id} "
            f"{step}; it was copied here: {CURE}"
        )
    if calculation is not None:
        same = same_content(theirs, calculation)
    else:
        same = _is_content_of_its_id(theirs)
    if not same:
        return (
            f"{name} another calculation ({content_id(theirs)}), although it gives the "
            f"id {theirs.id}; it was edited: {CURE}"
        )
    if problem := problem_of_run_file(directory):
        return (
            f"{directory}: its {RUN_FILE} is {problem}; put back a copy of it, or "
            f"{CURE}"
        )
    return ""


def problem_of_document(
    document: TaskDocument,
    calculation_id: str,
    step: str,
    calculation: Calculation | None,
    *,
    beside: bool = False,
) -> str:
    """Return why a document is not that of a step; empty if it may be.

    ``calculation`` is that of the id, with its content, if the caller has it; `beside`:
    it is that of the run file beside the document, which shares its labels too.
    """
    own = (document.calculation_id, document.task_label)
    if own != (calculation_id, step):
        return (
            f"the document is that of calculation {own[0]} {own[1]}, not of "
            f"{calculation_id} {step}; it was copied here: {CURE}"
        )
    if calculation is None:
        return ""
    labels = frozenset({"ordering", "insertion", "campaign"}) if beside else frozenset()
    if differs := _difference(document, calculation, step, NOT_COMPARED - labels):
        return (
            f"the document has the id {calculation_id}, but its {differs}: it is that "
            f"of another calculation, or was edited: {CURE}"
        )
    return ""


def same_content(one: Calculation, other: Calculation) -> bool:
    """Return whether two calculations have the same start, engine and plan."""
    plain = [
        digest([c.engine, list(c.steps), c.settings, _labels(c.structure)])
        for c in (one, other)
    ]
    return plain[0] == plain[1] and _same_structure(one.structure, other.structure)


def _same_structure(one: Structure, other: Structure) -> bool:
    numbers = []
    for structure in (one, other):
        plain = structure_as_dict(structure)
        rows = [*plain["lattice"], *plain["frac_coords"]]
        numbers.append([value for row in rows for value in row])
    return len(numbers[0]) == len(numbers[1]) and all(
        math.isclose(a, b, abs_tol=SAME_POSITION)
        for a, b in zip(numbers[0], numbers[1], strict=True)
    )


def _labels(structure: Structure) -> dict[str, Any]:
    """Return species, roles, labels and starting moments of the sites."""
    plain = structure_as_dict(structure)
    return {"species": plain["species"], **plain["site_properties"]}


def _is_content_of_its_id(calculation: Calculation) -> bool:
    """Compare id and content, unless rounding leaves it open.

    An id is made of six digits of the start; of a run file's ten, those that end in
    5000 may round to either side.
    """
    if content_id(calculation) == calculation.id:
        return True
    plain = structure_as_dict(calculation.structure)
    rows = [*plain["lattice"], *plain["frac_coords"]]
    return any(abs(abs(value) * 1e6 % 1 - 0.5) < 5e-5 for row in rows for value in row)


def _difference(
    document: TaskDocument,
    calculation: Calculation,
    step: str,
    not_compared: frozenset[str],
) -> str:
    """Return the first property in which a document differs from a calculation."""
    for name, planned in identity(calculation, step).items():
        found = getattr(document, name)
        if name == START and found is not None:
            pairs = zip(found, planned, strict=True)
            if all(math.isclose(a, b, abs_tol=SAME_LENGTH) for a, b in pairs):
                continue
        unknown = found is None or name not in document.model_fields_set
        if name in not_compared or unknown:
            continue  # of documents recorded before the field was there
        if digest(found) != digest(planned):
            return f"{name} is {shortened(found)}, not {shortened(planned)}"
    for name in document.settings:
        planned, found = _planned(calculation, name, step), document.settings[name]
        if planned is not None and digest(found) != digest(planned):
            return f"{name} is {found}, not the planned one"
    if document.state is State.DONE and (tag := _other_number(document, calculation)):
        return tag
    structure = document.structure
    if structure is not None and "label" in structure.site_properties:
        labels = calculation.structure.site_properties.get("label")
        if labels is not None and list(labels) != structure.site_properties["label"]:
            return "sites are others than the planned ones"
    return ""


def _planned(calculation: Calculation, name: str, step: str) -> Any:
    """Return a planned setting as documents keep it; None if they keep another form.

    Of VASP, what custodian may change for a good reason is left to `_other_number`.
    """
    settings = calculation.settings
    if name == GEOMETRY or step == GEOMETRY:
        return None
    if calculation.engine == "vasp" and name not in OF_THE_PLAN:
        return None
    if name == "potcar":
        if not {"potcar", "potcar_functional"} <= set(settings):
            return None
        return [settings["potcar_functional"], settings["potcar"]]
    found = settings.get(name)
    return found.get(step) if name == "kpoints" and isinstance(found, dict) else found


def _other_number(document: TaskDocument, calculation: Calculation) -> str:
    """Compare cutoff, mesh and tags; a DONE run has the planned ones."""
    if calculation.engine != "vasp":
        return ""
    settings, step = calculation.settings, document.task_label
    tags = settings["incar"].get(step, {})
    applied = document.settings.get("ENCUT")
    if applied is not None and "ENCUT" in tags and applied != float(tags["ENCUT"]):
        return f"ENCUT is {applied:g} eV, not {tags['ENCUT']} eV"
    recorded = document.settings.get(INCAR)
    if isinstance(recorded, dict):
        for tag, value in recorded.items():
            if tag in tags and digest(value) != digest(tags[tag]):
                return f"{tag} is {value}, not {tags[tag]}"
    mesh = document.settings.get("kpoints")
    planned = settings["kpoints"].get(step)
    if mesh and planned and list(mesh) != list(planned):
        return f"k mesh is {mesh}, not {list(planned)}"
    return ""
