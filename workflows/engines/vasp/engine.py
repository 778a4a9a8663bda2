"""The ``vasp`` engine: one custodian-watched VASP process in each run directory.

A relaxation is a chain of such directories, ``relax-1``, ``relax-2``, ...: each
restarts from the CONTCAR of the one before with a fresh basis, until the volume
settles (at least two, at most 1 + max_restarts). One that was cut is set aside as
``relax-1.cut-1`` and goes on from its own last whole structure. The electronic state
goes along: each run starts from the WAVECAR of the one before.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workflows.atomic import write_part
from workflows.campaign.calculation import (
    Calculation,
    structure_as_dict,
    structure_from_dict,
)
from workflows.campaign.inputs import VaspInputs, vasp_inputs, write_vasp_inputs
from workflows.campaign.wavecar_tags import restart_tags
from workflows.engines.claim import check_claim, let_go
from workflows.engines.machine import Machine
from workflows.engines.orphans import end_orphans
from workflows.engines.protocol import RUN_FILE, Report, read_run_file, write_run_file
from workflows.engines.vasp.charge_density import take_charge
from workflows.engines.vasp.parse import (
    has_output,
    is_member,
    is_settled,
    parse_relaxation,
    parse_vasp,
)
from workflows.engines.vasp.process import (
    ERROR_FILE,
    custodian_run,
    disk_is_full,
    note_never_started,
    vasp_command,
)
from workflows.engines.vasp.restart import last_moments, last_structure
from workflows.engines.vasp.unstarted_inputs import (
    input_problem,
    intended_inputs,
    refuse_without_library,
)
from workflows.engines.vasp.wavecars import (
    Orbitals,
    find_wavecar,
    last_runs,
    remove_wavecars,
    runs_of,
    take_wavecar,
    wavecar_problem,
    wavecar_source,
)
from workflows.errors import MachineError, StoreError, Terminated
from workflows.records.document import State, TaskDocument
from workflows.records.unreadable import DOCUMENT_FILE, read_document
from workflows.vasp.incar_text import incar_with
from workflows.vasp.run_files import read_text

NOT_KEPT = ("CHG", "CHGCAR", "PROCAR")
"""Files of a cut run that are removed: large, and nothing starts from them."""
READ_CHGCAR = (1, 11)
"""ICHARG of a run that takes up the density of static."""
GOES_ON = frozenset(
    {State.PLANNED, State.NEVER_STARTED, State.TRUNCATED, State.UNCONVERGED}
)
"""States of a relaxation from whose last structure another one may start."""


class VaspEngine:
    """Runs whatever ``vasp_cmd`` points to."""

    name = "vasp"

    def write_inputs(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
    ) -> None:
        """Write the inputs, starting from the finished step in ``previous``."""
        if step == "relax":
            inputs = vasp_inputs(calculation, step)
            _write_run(directory / "relax-1", calculation, "relax-1", inputs)
            write_run_file(directory, calculation, step)
            return
        before = None if previous is None else self._end_of(previous)
        candidates = () if previous is None else last_runs(previous)
        inputs, orbitals = _started(calculation, step, before, candidates)
        charge = None
        if inputs.incar.get("ICHARG") in READ_CHGCAR and previous is not None:
            charge = os.path.relpath(previous / "CHGCAR", directory)
        _write_run(directory, calculation, step, inputs, charge, orbitals)

    def _end_of(self, previous: Path) -> TaskDocument:
        """Read the step before: its files, or its document if it ran elsewhere."""
        if (previous / DOCUMENT_FILE).exists():
            document = read_document(previous / DOCUMENT_FILE)
            if document.collected is not None:
                return document
        return self.parse(previous)

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Run VASP here, or in the chain of relaxations below."""
        calculation, step, _ = _run_file(directory)
        check_claim(directory)
        end_orphans(directory)
        if step != "relax":
            if _is_cut(directory):
                _start_over(directory)
            _mend_inputs(directory, machine)
            _run_once(directory, machine, report)
            return
        last: TaskDocument | None = None
        for number in range(1, calculation.settings["max_restarts"] + 2):
            here = directory / f"relax-{number}"
            if here.exists() and not here.is_dir():
                raise StoreError(f"{here}: not a directory; move it away")
            if _is_cut(here):
                _set_aside(here)
            if not (here / RUN_FILE).exists():
                _write_relaxation(here, calculation, number, last)
            _mend_inputs(here, machine)
            last = _run_once(here, machine, _numbered(report, number))
            if not last.state.usable:
                return
            check_claim(here)
            before = (p for p in directory.glob("relax-*") if _link(p) <= number)
            remove_wavecars(p for p in before if p != here)
            if number > 1 and is_settled(last, calculation.settings):
                return

    def parse(self, directory: Path) -> TaskDocument:
        """Read a VASP directory, or a chain of relaxations by its last member."""
        if (directory / "relax-1").is_dir():
            return parse_relaxation(directory).document
        return parse_vasp(directory)

    def clean_up(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
        state: State,
    ) -> None:
        """Remove the WAVECARs that no later run starts from."""
        plan = calculation.settings.get("wavecar", {})
        read, kept = plan.get("read", ()), plan.get("kept", ())
        after = calculation.steps[calculation.steps.index(step) + 1 :]
        if state.usable:
            if previous is not None and previous.name not in kept:
                remove_wavecars(runs_of(previous))
            if step not in kept and not set(after) & set(read):
                remove_wavecars(runs_of(directory))
        elif step != "relax" or not _goes_on(directory):
            remove_wavecars(runs_of(directory))


def prepare_resume(directory: Path) -> bool:
    """Prepare a failed relaxation for going on where it stopped, if it can.

    Returns True if its last member was cut or ran out of steps: the next run sets that
    one aside and goes on from its last whole structure. True also if that member is
    whole and another restart may follow. False: it has to start over.
    """
    if not _goes_on(directory):
        return False
    (_members(directory)[-1] / ERROR_FILE).unlink(missing_ok=True)
    return True


def _goes_on(directory: Path) -> bool:
    """Return whether a failed relaxation has a last run that another can go on from."""
    members = _members(directory)
    if not members:
        return False
    state = parse_vasp(members[-1]).state
    found = read_run_file(directory)
    limit = found[0].settings.get("max_restarts", 0) + 1 if found is not None else 0
    return state in GOES_ON or (state.usable and len(members) < limit)


def _members(directory: Path) -> list[Path]:
    return _numbered_by(filter(is_member, directory.glob("relax-*")))


def _numbered_by(paths: Iterable[Path]) -> list[Path]:
    """Sort by the number at the end of names; leave out what people have put there."""
    found = [(path.name.rpartition("-")[2], path) for path in paths]
    return [path for _, path in sorted((int(n), p) for n, p in found if n.isdigit())]


def _link(path: Path) -> float:
    """Return n of ``relax-n`` and of its cut attempts; infinity for anything else."""
    number = path.name.removeprefix("relax-").partition(".")[0]
    return int(number) if number.isdigit() else float("inf")


def _numbered(report: Report, number: int) -> Report:
    return lambda line: report(f"#{number} {line}")


def _started(
    calculation: Calculation,
    step: str,
    before: TaskDocument | None,
    candidates: Iterable[Path],
) -> tuple[VaspInputs, Orbitals]:
    """Decide the inputs of a run, and which WAVECAR it reads if it is to read one."""
    planned = _after(calculation, step, before)
    if step not in calculation.settings.get("wavecar", {}).get("read", ()):
        return planned, Orbitals()
    found = find_wavecar(candidates, calculation.id, planned)
    there = found.source is not None
    return _after(calculation, step, before, wavecar=there), found


def _after(
    calculation: Calculation,
    step: str,
    before: TaskDocument | None,
    *,
    wavecar: bool | None = None,
) -> VaspInputs:
    if before is None:
        return vasp_inputs(calculation, step, wavecar=wavecar)
    return vasp_inputs(
        calculation,
        step,
        structure=before.structure,
        magnetization=before.magnetization,
        efermi=before.efermi,
        wavecar=wavecar,
    )


def _write_run(
    directory: Path,
    calculation: Calculation,
    step: str,
    inputs: VaspInputs,
    charge: str | None = None,
    orbitals: Orbitals | None = None,
) -> None:
    check_claim(directory)
    orbitals = orbitals or Orbitals()
    potcar = write_vasp_inputs(inputs, directory)
    if charge is not None:
        take_charge(directory, directory / charge)
    if orbitals.source is not None:
        take_wavecar(directory, orbitals.source)
    record = {**asdict(inputs), "structure": structure_as_dict(inputs.structure)}
    record["potcar"] = potcar
    reused = orbitals.as_dict(directory)
    check_claim(directory)
    write_run_file(
        directory, calculation, step, inputs=record, charge=charge, orbitals=reused
    )


def _write_relaxation(
    here: Path, calculation: Calculation, number: int, before: TaskDocument | None
) -> None:
    """Go on from the attempt that was cut, else from the end of the last member."""
    found = _set_aside_before(here)
    last = here.with_name(f"relax-{number - 1}")
    links = [*reversed(found), *([last] if number > 1 else [])]
    if found:
        inputs, orbitals = _from_cut(calculation, found[-1], links)
    else:
        inputs, orbitals = _started(calculation, "relax", before, links)
    _write_run(here, calculation, here.name, inputs, orbitals=orbitals)


def _from_cut(
    calculation: Calculation, cut: Path, links: Sequence[Path]
) -> tuple[VaspInputs, Orbitals]:
    _, _, more = _run_file(cut)
    planned = more["inputs"]["incar"]
    start = structure_from_dict(more["inputs"]["structure"])
    structure = last_structure(cut, start)
    moments = last_moments(cut, len(start))
    document = parse_vasp(cut).model_copy(
        update={"structure": structure, "magnetization": moments}
    )
    inputs, orbitals = _started(calculation, "relax", document, links)
    if moments is None and "MAGMOM" in planned:
        inputs.incar["MAGMOM"] = planned["MAGMOM"]
    return inputs, orbitals


def _run_once(directory: Path, machine: Machine, report: Report) -> TaskDocument:
    """Run one VASP unless it ran to its end before; return what its files say."""
    if has_output(directory):
        return parse_vasp(directory)
    try:
        command = vasp_command(machine.vasp_cmd)
    except MachineError as error:  # it was there when the run began, or on another node
        note_never_started(directory, str(error))
        return parse_vasp(directory)
    check_claim(directory)
    _, step, more = _run_file(directory)
    _add_machine_tags(directory, machine)
    clock = custodian_run(
        directory,
        command,
        machine,
        report,
        structure=structure_from_dict(more["inputs"]["structure"]),
        relaxes=step.startswith("relax"),
    )
    found = parse_vasp(directory)
    if found.state.usable:
        return found
    check_claim(directory)
    full = found.state is not State.NEVER_STARTED and disk_is_full(directory)
    if full or clock.asked:
        check_claim(directory)
        (directory / ERROR_FILE).unlink(missing_ok=True)
    if full:
        raise Terminated(
            f"{directory}: no space left on the disk ({full}); free some and run "
            "again, it goes on from the last whole structure. This run is "
            f"{found.state}: {found.reason}"
        )
    if clock.asked:
        raise Terminated(clock.reason)
    return found


def _is_cut(directory: Path) -> bool:
    """Return whether custodian could not follow a run to its end."""
    if not has_output(directory):
        return False
    state = parse_vasp(directory).state
    gave_up = (directory / ERROR_FILE).exists()
    return not (state.usable or (state is State.UNCONVERGED and gave_up))


def _set_aside(directory: Path) -> None:
    """Rename a cut run so that its name says so, without its large files."""
    check_claim(directory)
    before = _set_aside_before(directory)
    number = 1 + int(before[-1].name.rpartition("-")[2]) if before else 1
    aside = directory.with_name(f"{directory.name}.cut-{number}")
    let_go(directory)
    directory.rename(aside)
    for name in NOT_KEPT:
        (aside / name).unlink(missing_ok=True)
    calculation, step, _ = _run_file(aside)
    read = calculation.settings.get("wavecar", {}).get("read", ())
    # A soft stop leaves one that is whole, and with it the state.
    if step == "static" or "relax" not in read or wavecar_problem(aside):
        remove_wavecars([aside])


def _set_aside_before(directory: Path) -> list[Path]:
    """Return the earlier attempts at a run, the last one last."""
    return _numbered_by(directory.parent.glob(f"{directory.name}.cut-*"))


def _start_over(directory: Path) -> None:
    """Set a cut run aside and write its inputs again."""
    found, source = _run_file(directory), wavecar_source(directory)
    _set_aside(directory)
    _write_again(directory, *found, source)


def _mend_inputs(directory: Path, machine: Machine) -> None:
    """Write inputs again that a disk has lost before VASP was started with them."""
    if has_output(directory):
        return
    found = _run_file(directory)
    if problem := input_problem(directory, found[2], machine.incar):
        refuse_without_library(directory, problem, found[2])
        _write_again(directory, *found, wavecar_source(directory))


def _write_again(
    directory: Path,
    calculation: Calculation,
    step: str,
    more: dict[str, Any],
    source: Path | None,
) -> None:
    """Write the inputs of a run file again, with what orbitals there are."""
    inputs, orbitals = intended_inputs(more), Orbitals()
    if source is not None:
        orbitals = find_wavecar([source], calculation.id, inputs)
        there = orbitals.source is not None
        kind = "relax" if step.startswith("relax") else step
        inputs.incar.update(restart_tags(inputs.incar, kind, wavecar=there))
    _write_run(directory, calculation, step, inputs, more["charge"], orbitals)


def _add_machine_tags(directory: Path, machine: Machine) -> None:
    if machine.incar:
        path = directory / "INCAR"
        write_part(path, incar_with(read_text(path), machine.incar)).replace(path)


def _run_file(directory: Path) -> tuple[Calculation, str, dict[str, Any]]:
    found = read_run_file(directory)
    if found is None:
        raise StoreError(f"{directory}: no readable run file; write the inputs first")
    return found
