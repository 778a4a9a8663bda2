"""What ``lnmo doctor`` says of the engines: there, and really starting."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

from workflows.cli.health import Check, Health
from workflows.engines.cause_lines import cause_of_silence
from workflows.errors import InputError, MachineError, one_line, shortened

if TYPE_CHECKING:
    from workflows.campaign.calculation import Calculation

WAIT = 60.0
"""Seconds for a program to start and to say that it has no input."""
ENGINES = ("chgnet", "gpaw", "vasp")
_OF_VASP = re.compile(r"vasp\.\d[\w.]*|no INCAR|INCAR", re.IGNORECASE)
_VERSION = re.compile(r"vasp\.(\d[\w.]*)")


def of_engines(
    calculations: Sequence[Calculation], *, engine: str | None, start: bool
) -> Iterator[Check]:
    """Yield each engine, and the POTCARs of the calculations.

    Parameters
    ----------
    calculations
        What shall run; its engines are needed. Without any, some engine is.
    engine
        Needed too; None for none.
    start
        Whether VASP and GPAW are started for a moment, and CHGNet is imported.
    """
    needed = {c.engine for c in calculations} | ({engine} if engine else set())
    needed |= {"chgnet"} if any("geometry" in c.steps for c in calculations) else set()
    found = [
        chgnet_check(start=start),
        gpaw_check(start=start),
        vasp_check(start=start),
    ]
    yield from (_judged(check, check.part in needed) for check in found)
    if not needed and all(check.health is not Health.OK for check in found):
        yield Check(
            "an engine", Health.WRONG, "none of the three works", "make setup: CHGNet"
        )
    if not needed or "vasp" in needed:
        yield _judged(potcar_check(calculations), "vasp" in needed)


def _judged(check: Check, needed: bool) -> Check:
    """Return a check as wrong if what is absent is needed."""
    if check.health is Health.ABSENT and needed:
        return Check(check.part, Health.WRONG, check.found, check.cure)
    return check


def chgnet_check(*, start: bool) -> Check:
    """Look for CHGNet and the torch it runs on; ``start``: import both, elsewhere."""
    from workflows.engines.chgnet.imported import import_problem

    cure = "make setup; or pip install torch==2.13.0, then 'lnmo[chgnet]'"
    missing = [name for name in ("chgnet", "torch") if find_spec(name) is None]
    if missing:
        found = f"{' and '.join(missing)} not installed"
        return Check("chgnet", Health.ABSENT, found, cure)
    try:
        found = f"chgnet {version('chgnet')}, torch {version('torch')}: a surrogate"
    except PackageNotFoundError:
        return Check("chgnet", Health.ABSENT, "installed without its metadata", cure)
    if start and (problem := import_problem()):
        what, _, cure = problem.rpartition("; ")
        return Check("chgnet", Health.WRONG, what, cure)
    return Check("chgnet", Health.OK, found)


def gpaw_check(*, start: bool) -> Check:
    """Look for GPAW, and ask it for its version and FFTW."""
    from workflows.engines.gpaw.process import gpaw_command

    line = os.environ.get("LNMO_GPAW_CMD")
    try:
        command = gpaw_command(line)
    except MachineError as error:
        return Check("gpaw", Health.ABSENT, one_line(error), "make setup-gpaw")
    if not start:
        return Check("gpaw", Health.OK, f"{' '.join(command)}, not started")
    said = started([*command, "-c", "import gpaw; print('gpaw', gpaw.__version__)"])
    if found := re.search(r"^gpaw (\d\S*)", said.text, re.MULTILINE):
        return Check("gpaw", Health.OK, f"gpaw {found[1]} by {' '.join(command)}")
    where = "LNMO_GPAW_CMD" if line else "make setup-gpaw"
    return Check("gpaw", Health.WRONG, f"{' '.join(command)}: {said}", f"see {where}")


def vasp_check(*, start: bool) -> Check:
    """Start the VASP command where there is no input: a VASP says so and ends."""
    from workflows.engines.vasp.process import vasp_command

    line = os.environ.get("LNMO_VASP_CMD")
    try:
        command = vasp_command(line)
    except MachineError as error:
        health = Health.WRONG if line else Health.ABSENT
        return Check("vasp", health, one_line(error), "export LNMO_VASP_CMD=...")
    if not start:
        return Check("vasp", Health.OK, f"{line}, not started")
    said = started(command)
    if _OF_VASP.search(said.text):
        version_found = _VERSION.search(said.text)
        which = f"vasp {version_found[1]}" if version_found else "asks for an INCAR"
        return Check("vasp", Health.OK, f"{line}: starts, {which}")
    cure = "correct LNMO_VASP_CMD, load its modules, or try on a compute node"
    return Check("vasp", Health.WRONG, f"{line}: {said}", cure)


class Said:
    """What a program printed, and how it ended.

    Parameters
    ----------
    text
        Its output and errors.
    end
        How it ended, in words.
    """

    def __init__(self, text: str, end: str) -> None:
        self.text, self.end = text, end

    def __str__(self) -> str:
        """Return the end, and the line that says why."""
        why = cause_of_silence([self.text])
        return f"{self.end}, {shortened(why, 120)}" if why else self.end


def started(command: Sequence[str]) -> Said:
    """Run a program in an empty directory until it ends, at most `WAIT` seconds."""
    with (
        tempfile.TemporaryDirectory(prefix="lnmo-doctor-") as empty,
        tempfile.TemporaryFile() as output,
    ):
        try:
            process = subprocess.Popen(
                command,
                cwd=empty,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Said("", f"cannot be started ({error.strerror})")
        try:
            end = f"ended with exit code {process.wait(WAIT)}"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            end = f"had not ended after {WAIT:.0f} s"
        output.seek(0)
        return Said(output.read().decode("utf-8", "replace"), end)


def potcar_check(calculations: Sequence[Calculation]) -> Check:
    """Look for the POTCARs of the calculations; of the paper's if there are none."""
    from workflows.campaign.campaign import load_campaign
    from workflows.campaign.inputs import potcar_notes
    from workflows.campaign.plan import plan
    from workflows.vasp.potcars import PotcarLibrary

    library = PotcarLibrary.from_environment()
    cure = "set PMG_VASP_PSP_DIR to your licensed library, in pymatgen's layout"
    if library.directory is None:
        return Check("POTCARs", Health.ABSENT, "no library is named", cure)
    of_vasp = [c for c in calculations if c.engine == "vasp"]
    wanted = of_vasp or plan(load_campaign("paper").override(x=[1]))
    try:
        notes = potcar_notes(wanted, library)
    except InputError as error:
        return Check("POTCARs", Health.WRONG, one_line(error), cure)
    doubts = f"; {'; '.join(notes)}" if notes else ""
    return Check("POTCARs", Health.OK, f"all found in {library.directory}{doubts}")
