"""What a run needs of this machine, checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from workflows.atomic import read_regular_bytes
from workflows.cli.output import note
from workflows.errors import LnmoError, MachineError

if TYPE_CHECKING:
    from workflows.campaign.calculation import Calculation
    from workflows.engines.machine import Machine
    from workflows.records.database import Database

ELF = b"\x7fELF"
"""First bytes of a compiled program on Linux."""


def check_machine(
    database: Database, calculations: tuple[Calculation, ...] | None
) -> None:
    """Fail before anything is written if a step cannot run on this machine.

    Parameters
    ----------
    database
        Where the steps are.
    calculations
        What shall run; everything submitted if None.

    Raises
    ------
    LnmoError
        There is nothing to run.
    MachineError
        A package, the VASP command or the POTCAR library is missing, CHGNet is there
        but cannot be imported, or a variable
        such as ``LNMO_POLL_SECONDS`` has a value that is none.
    InputError
        The POTCAR library lacks a data set, or has another one under its name, or
        CHGNet has no weights of the name that is asked for.
    """
    from workflows.engines.chgnet.imported import import_problem
    from workflows.engines.gpaw.process import gpaw_command
    from workflows.engines.machine import machine
    from workflows.launchpad.opening import reading
    from workflows.launchpad.recovery import unrecorded
    from workflows.launchpad.steps import fireworks_of, unfinished

    here = machine({})
    with reading(database) as pad:
        steps = fireworks_of(pad, calculations)
        if not steps and not calculations:
            raise LnmoError("nothing to run: name a campaign, such as lnmo run paper")
        wanted = sum(len(c.steps) for c in calculations or ())
        done = all(step["state"] == "COMPLETED" for step in steps)
        if len(steps) >= wanted and done and not unrecorded(database.root, steps):
            return
        planned = unfinished(pad) if calculations is None else calculations
    engines = {c.engine for c in planned}
    chgnet = "chgnet" in engines or any("geometry" in c.steps for c in planned)
    if chgnet and find_spec("chgnet") is None:
        raise MachineError(
            "the engine chgnet is not installed here: pip install torch==2.13.0, then "
            "pip install 'lnmo[chgnet]' (or, in a clone, make setup)"
        )
    if chgnet:
        _check_weights(planned)
    if chgnet and (problem := import_problem()):
        raise MachineError(problem)
    if "gpaw" in engines:
        gpaw_command(here.gpaw_cmd)
    if "vasp" in engines:
        _check_vasp([c for c in planned if c.engine == "vasp"], here)


def _check_weights(planned: Sequence[Calculation]) -> None:
    """Refuse a name that CHGNet would refuse in each step, after seconds of import."""
    from workflows.engines.chgnet.imported import known_weights, unknown_weights

    known = known_weights()
    own = [c.settings.get("geometry", c.settings) for c in planned]
    for name in dict.fromkeys(each["model"] for each in own if "model" in each):
        if known and name not in known:
            raise unknown_weights(str(name), known)


def _check_vasp(planned: Sequence[Calculation], here: Machine) -> None:
    from workflows.campaign.inputs import potcar_notes
    from workflows.engines.vasp.process import vasp_command
    from workflows.vasp.potcars import PotcarLibrary

    command = vasp_command(here.vasp_cmd)
    library = PotcarLibrary.from_environment()
    if library.directory is None and (program := real_vasp(command)):
        raise MachineError(
            f"no POTCARs: {program} needs them; set PMG_VASP_PSP_DIR to the directory "
            "of your licensed POTCAR library"
        )
    for each in potcar_notes(planned, library):
        note(f"note: {each}")


def real_vasp(command: Sequence[str]) -> str:
    """Return the compiled VASP that a command names; empty if it names none.

    A script is no proof: it may start anything, the tests' stand-in included, which
    reads POTCAR.spec. A VASP that ends without a POTCAR stops the run in any case.
    """
    for word in command:
        if "vasp" not in Path(word).name.lower() or (found := which(word)) is None:
            continue
        try:
            if read_regular_bytes(Path(found), len(ELF)) == ELF:
                return word
        except OSError:
            continue
    return ""
