"""Whether the inputs of a run are whole before VASP is started with them.

A power cut or a failing disk may leave a whole run file beside inputs that are empty,
cut, or all zeros. The run file says what they were. What a person has edited is left
as it is: the run then has a finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.campaign.calculation import structure_from_dict
from workflows.campaign.inputs import SPEC, VaspInputs, small_inputs
from workflows.engines.vasp.charge_density import NAME as CHGCAR
from workflows.engines.vasp.restart import whole_structure
from workflows.errors import StoreError
from workflows.vasp.potcars import PotcarLibrary

POTCAR = "POTCAR"
END = "End of Dataset"
"""Last line of each block of a POTCAR."""


def intended_inputs(more: Mapping[str, Any]) -> VaspInputs:
    """Return the inputs that a run file has, from what ``read_run_file`` returns."""
    record = dict(more["inputs"])
    record.pop("potcar", None)  # found again
    record["incar"] = dict(record["incar"])
    record["structure"] = structure_from_dict(record["structure"])
    for name in ("kpoints", "potcar_symbols"):
        record[name] = tuple(record[name])
    return VaspInputs(**record)


def input_problem(
    directory: Path, more: Mapping[str, Any], machine: Mapping[str, Any]
) -> str:
    """Return which input of a run is not whole, and how; empty if all are.

    Parameters
    ----------
    directory
        Of a run that VASP was not started in.
    more
        The rest of its run file, from ``read_run_file``.
    machine
        Tags of this machine; a run that was stopped before its start may have them.
    """
    inputs = intended_inputs(more)
    plain, here = small_inputs(inputs, {}), small_inputs(inputs, machine)
    potcar = more["inputs"].get("potcar")
    for name in ("INCAR", "KPOINTS", *(() if potcar else (SPEC,))):
        if why := _lost(directory / name, (plain[name], here[name])):
            return f"{name} {why}"
    if why := _lost(directory / "POSCAR", ()):
        return f"POSCAR {why}"
    if whole_structure(directory / "POSCAR", inputs.structure) is None:
        return "POSCAR does not list the atoms of the run"
    if potcar and (why := _lost_potcar(directory / POTCAR, inputs)):
        return f"{POTCAR} {why}"
    if charge := more.get("charge"):
        return _lost_copy(directory / charge, directory / CHGCAR)
    return ""


def refuse_without_library(
    directory: Path, problem: str, more: Mapping[str, Any]
) -> None:
    """Refuse to write inputs again where the POTCAR that they had cannot be.

    Raises
    ------
    StoreError
        There is no POTCAR library here.
    """
    if not more["inputs"].get("potcar"):
        return
    if not PotcarLibrary.from_environment().directory:
        raise StoreError(
            f"{directory}: {problem}: the disk has lost it, and it cannot be written "
            "again, because POTCAR comes from a library that this machine does not "
            "name: set PMG_VASP_PSP_DIR and run again"
        )


def _lost(path: Path, intended: tuple[str, ...]) -> str:
    """Return how a file is less than one of the texts that it may be."""
    try:
        text = read_regular(path)
    except FileNotFoundError:
        return "is gone"
    except UnicodeDecodeError:
        return "is no text"
    if not text.strip():
        return "is empty"
    if "\0" in text:
        return "has zero bytes"
    if text not in intended and any(whole.startswith(text) for whole in intended):
        return "is cut"
    return ""


def _lost_potcar(path: Path, inputs: VaspInputs) -> str:
    if why := _lost(path, ()):
        return why
    blocks = len(inputs.potcar_symbols)
    text = read_regular(path)
    if text.count(END) < blocks or not text.rstrip().endswith(END):
        return f"does not end its {blocks} data sets: it is cut"
    return ""


def _lost_copy(source: Path, copy: Path) -> str:
    """Compare a charge density with the one it was copied from, if that is there."""
    if not source.is_file():
        return ""
    try:
        whole = copy.stat().st_size == source.stat().st_size
    except OSError:
        whole = False
    return "" if whole else f"{CHGCAR} is not the whole copy of {source}"
