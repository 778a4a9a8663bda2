"""The ``vasp`` engine: one custodian-watched VASP process in each run directory.

A relaxation is a chain of such directories, ``relax-1``, ``relax-2``, ...: each
restarts from the CONTCAR of the one before with a fresh basis, until the volume
settles (at least two, at most 1 + max_restarts).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workflows.calculation import Calculation, structure_as_dict, structure_from_dict
from workflows.engines.base import (
    Machine,
    Report,
    read_run_file,
    write_run_file,
)
from workflows.engines.vasp_parse import has_output, parse_relaxation, parse_vasp
from workflows.engines.vasp_process import (
    ERROR_FILE,
    custodian_run,
    disk_is_full,
    end_orphans,
    vasp_command,
)
from workflows.errors import StoreError, Terminated
from workflows.inputs import VaspInputs, vasp_inputs, write_vasp_inputs
from workflows.taskdoc import State, TaskDocument


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
        before = self.parse(previous) if previous is not None else None
        inputs = _after(calculation, step, before)
        charge = None
        if inputs.incar.get("ICHARG") == 11 and previous is not None:
            charge = os.path.relpath(previous / "CHGCAR", directory)
        _write_run(directory, calculation, step, inputs, charge)

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Run VASP here, or in the chain of relaxations below."""
        calculation, step, _ = _run_file(directory)
        if step != "relax":
            _run_once(directory, machine, report)
            return
        for number in range(1, calculation.settings["max_restarts"] + 2):
            here = directory / f"relax-{number}"
            if not (here / "lnmo.json").exists():
                last = directory / f"relax-{number - 1}"
                before = parse_vasp(last) if number > 1 else None
                inputs = _after(calculation, "relax", before)
                _write_run(here, calculation, here.name, inputs)
            _run_once(here, machine, _numbered(report, number))
            if not parse_vasp(here).state.usable or parse_relaxation(directory).settled:
                return

    def parse(self, directory: Path) -> TaskDocument:
        """Read a VASP directory, or a chain of relaxations by its last member."""
        if (directory / "relax-1").is_dir():
            return parse_relaxation(directory).document
        return parse_vasp(directory)


def _numbered(report: Report, number: int) -> Report:
    return lambda line: report(f"#{number} {line}")


def _after(
    calculation: Calculation, step: str, before: TaskDocument | None
) -> VaspInputs:
    if before is None:
        return vasp_inputs(calculation, step)
    return vasp_inputs(
        calculation,
        step,
        structure=before.structure,
        magnetization=before.magnetization,
        efermi=before.efermi,
    )


def _write_run(
    directory: Path,
    calculation: Calculation,
    step: str,
    inputs: VaspInputs,
    charge: str | None = None,
) -> None:
    potcar = write_vasp_inputs(inputs, directory)
    if charge is not None:
        _take_charge(directory, charge)
    record = {**asdict(inputs), "structure": structure_as_dict(inputs.structure)}
    record["potcar"] = potcar
    write_run_file(directory, calculation, step, inputs=record, charge=charge)


def _take_charge(directory: Path, charge: str) -> None:
    source = directory / charge
    if not source.exists():
        raise StoreError(f"{source}: no charge density for the dos step; rerun static")
    shutil.copyfile(source, directory / "CHGCAR")


def _run_once(directory: Path, machine: Machine, report: Report) -> None:
    """Run one VASP unless it ran to its end before; start over what was cut."""
    end_orphans(directory)
    if _ended(directory):
        return
    if has_output(directory):
        _start_over(directory)
    command = vasp_command(machine.vasp_cmd)
    _, step, _ = _run_file(directory)
    _add_machine_tags(directory, machine)
    relaxes = step.startswith("relax")
    clock = custodian_run(directory, command, machine, report, relaxes=relaxes)
    if parse_vasp(directory).state.usable:
        return
    if full := disk_is_full(directory):
        reason = (
            f"{directory}: no space left on the disk; free some and run again, it "
            "goes on from the last whole structure"
        )
    if full or clock.asked:
        (directory / ERROR_FILE).unlink(missing_ok=True)
        raise Terminated(reason if full else clock.reason)


def _ended(directory: Path) -> bool:
    """Tell a run whose files are the last word from one custodian still had to mend."""
    state = parse_vasp(directory).state
    gave_up = (directory / ERROR_FILE).exists()
    return state.usable or (state is State.UNCONVERGED and gave_up)


def _start_over(directory: Path) -> None:
    """Set a cut run aside, under a name that says so, and write its inputs anew."""
    calculation, step, more = _run_file(directory)
    number = 1
    while (aside := directory.with_name(f"{directory.name}.cut-{number}")).exists():
        number += 1
    directory.rename(aside)
    record = dict(more["inputs"])
    record.pop("potcar", None)  # found anew
    record["structure"] = structure_from_dict(record["structure"])
    for name in ("kpoints", "potcar_symbols"):
        record[name] = tuple(record[name])
    _write_run(directory, calculation, step, VaspInputs(**record), more["charge"])


def _add_machine_tags(directory: Path, machine: Machine) -> None:
    if machine.incar:
        from pymatgen.io.vasp import Incar

        path = directory / "INCAR"
        Incar({**Incar.from_file(path), **machine.incar}).write_file(path)


def _run_file(directory: Path) -> tuple[Calculation, str, dict[str, Any]]:
    found = read_run_file(directory)
    if found is None:
        raise StoreError(f"{directory}: no readable run file; write the inputs first")
    return found
