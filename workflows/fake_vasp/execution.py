"""One run from inputs to the closing footer, writing in the order VASP does.

A run that is killed therefore leaves what a killed VASP leaves: an OUTCAR without
footer, an open vasprun.xml, and the CONTCAR of the last finished ionic step.
"""

from __future__ import annotations

import errno
import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from workflows.fake_vasp import outcar, smallfiles, vasprun
from workflows.fake_vasp.checks import refuse_inconsistent
from workflows.fake_vasp.crystal import Cell
from workflows.fake_vasp.errors import IONIC, MESSAGES, SCF, SETUP
from workflows.fake_vasp.inputs import Inputs, read_inputs
from workflows.fake_vasp.relaxation import Step, ionic_steps
from workflows.fake_vasp.run import VERSION, Run
from workflows.fake_vasp.spinel import model
from workflows.fake_vasp.states import bands, densities, kinds
from workflows.fake_vasp.switches import Switches
from workflows.fake_vasp.wavecar import wavecar

_LONGEST_HANG = 600.0  # s
_ZBRENT = (
    " ZBRENT: fatal error in bracketing\n"
    "     please rerun with smaller EDIFF, or copy CONTCAR\n"
    "     to POSCAR and continue\n"
)


class _Sink(Protocol):
    """What the output is written to."""

    def write(self, text: str, /) -> object: ...

    def writelines(self, texts: Iterable[str], /) -> None: ...

    def flush(self) -> None: ...


class _OnFullDisk:
    """A file on a disk that is soon full."""

    def __init__(self, file: TextIO, room: list[int]) -> None:
        self._file = file
        self._room = room

    def write(self, text: str) -> None:
        self._file.write(text[: self._room[0]])
        self._room[0] -= len(text)
        if self._room[0] < 0:
            self._file.flush()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        self._file.flush()


@dataclass
class _Output:
    """The files that grow during the run."""

    directory: Path
    room: list[int]  # bytes left on the disk, one number shared by all files; or none
    outcar: _Sink = field(init=False)
    oszicar: _Sink = field(init=False)
    xml: _Sink = field(init=False)

    def __post_init__(self) -> None:
        self.outcar = self._open("OUTCAR")
        self.oszicar = self._open("OSZICAR")
        self.xml = self._open("vasprun.xml")

    def _open(self, name: str) -> _Sink:
        file = (self.directory / name).open("w", encoding="utf-8")
        return _OnFullDisk(file, self.room) if self.room else file

    def flush(self) -> None:
        for file in (self.outcar, self.oszicar, self.xml, sys.stdout):
            file.flush()

    def progress(self, text: str) -> None:
        """Write to OSZICAR and to the standard output."""
        self.oszicar.write(text)
        sys.stdout.write(text)


def execute(directory: Path, switches: Switches) -> int:
    """Do everything; return the exit code."""
    started = time.monotonic()
    inputs = read_inputs(directory)
    refuse_inconsistent(inputs, directory)
    if inputs.get("ISTART") == 1:
        switches.record("wavecar")
    failure = switches.failure_of(inputs)
    run = _prepare(inputs, failure)
    rng = random.Random(f"{switches.seed} {directory.resolve().name}")
    output = _Output(
        directory, [rng.randrange(300_000)] if failure == "disk_full" else []
    )
    _open_files(run, output)
    if _say(failure, SETUP, output):
        return 1
    if failure == "kill":
        return _until_killed(run, output, rng)
    last, code = _walk(run, output, switches, failure)
    if code or last is None:
        return code
    if failure == "kill_wavecar":
        return _killed_while_writing(run, directory)
    _finish(run, output, last.cell)
    output.outcar.write(outcar.footer(time.monotonic() - started))
    output.flush()
    return 0


def _prepare(inputs: Inputs, failure: str) -> Run:
    symmetrised = failure == "wrong_valence"
    crystal = model(inputs.cell, inputs.moments_asked, symmetrised=symmetrised)
    all_kinds = kinds(inputs, crystal)
    own_bands = bands(inputs, crystal, all_kinds)
    return Run(inputs, crystal, all_kinds, own_bands, equal_mn=symmetrised)


def _open_files(run: Run, output: _Output) -> None:
    cell = run.inputs.cell
    sys.stdout.write(
        " running on    1 total cores\n"
        f" vasp.{VERSION} not VASP: a stand-in\n"
        f" POSCAR found type information on POSCAR {' '.join(cell.symbols)}\n"
        f" POSCAR found : {len(cell.symbols):2d} types and {len(cell.atoms):7d} ions\n"
        " POSCAR, INCAR and KPOINTS ok, starting setup\n"
        " entering main loop\n"
    )
    output.outcar.write(outcar.header(run))
    output.xml.write(vasprun.header(run))
    output.flush()


def _walk(
    run: Run, output: _Output, switches: Switches, failure: str
) -> tuple[Step | None, int]:
    """Take the ionic steps; return the last one, and an exit code if it ends here."""
    steps = list(ionic_steps(run.inputs, run.crystal, failure))
    before = 0.0
    for step in steps:
        is_last = step is steps[-1]
        _electronic_loop(run, output, step)
        if step.number == 1 and _say(failure, SCF, output):
            return step, 1
        if failure == "hang":
            time.sleep(_LONGEST_HANG)
            return step, 1
        if failure == "crash" and (step.number == 2 or is_last):
            return _crash(run, output, step)
        _close_ionic_step(run, output, step, before)
        switches.pause(len(steps))
        if (step.number == 2 or is_last) and _say(failure, IONIC, output):
            return step, 1
        goes_on = failure == "nonconv" and is_last  # to an NSW far away
        if failure == "walltime" or goes_on:
            time.sleep(_LONGEST_HANG)
            return step, 1
        if failure == "zbrent" and step.number == 2:
            sys.stdout.write(_ZBRENT)
            return step, 1
        # Asked for at the last step as well: VASP may say so of a run at its end.
        if _told_to_stop(output) or is_last:
            return step, 0
        output.xml.write(vasprun.CLOSE_STEP)
        before = run.energies(step.energy)[0]
    return None, 1


def _electronic_loop(run: Run, output: _Output, step: Step) -> None:
    output.progress(smallfiles.SCF_HEAD)
    before = 0.0
    for number, energy in enumerate(step.scf, start=1):
        last = number == len(step.scf)
        text = outcar.electronic_step(run, step.number, number, energy, last=last)
        output.outcar.write(text)
        output.progress(smallfiles.scf_line(number, energy, before))
        before = energy
    output.flush()


def _close_ionic_step(run: Run, output: _Output, step: Step, before: float) -> None:
    output.outcar.write(outcar.ionic_step(run, step))
    output.xml.write(vasprun.ionic_step(run, step))
    output.progress(smallfiles.ionic_line(run, step, before))
    if step.reached_accuracy:
        output.outcar.write(outcar.REACHED)
        sys.stdout.write(outcar.REACHED.lstrip("\n"))
    (output.directory / "CONTCAR").write_text(smallfiles.contcar(step.cell))
    output.flush()


def _crash(run: Run, output: _Output, step: Step) -> tuple[Step, int]:
    """Die in the middle of a line of vasprun.xml."""
    text = vasprun.ionic_step(run, step)
    output.xml.write(text[: len(text) // 2].rstrip()[:-3])
    output.flush()
    print("fake_vasp: crashes, as FAKE_VASP_FAIL says", file=sys.stderr)
    return step, 1


def _say(failure: str, when: str, output: _Output) -> bool:
    """Print a message that belongs here; tell whether VASP stops with it."""
    message = MESSAGES.get(failure)
    if message is None or message.when != when:
        return False
    streams = {"stdout": sys.stdout, "stderr": sys.stderr, "OUTCAR": output.outcar}
    streams[message.stream].write(message.text)
    output.flush()
    return message.stops


def _until_killed(run: Run, output: _Output, rng: random.Random) -> int:
    """Take some steps, leave every file cut at some byte, and end by SIGKILL."""
    steps = list(ionic_steps(run.inputs, run.crystal, ""))
    before = 0.0
    for step in steps[: rng.randint(1, len(steps))]:
        _electronic_loop(run, output, step)
        _close_ionic_step(run, output, step, before)
        before = run.energies(step.energy)[0]
    for name in ("OUTCAR", "OSZICAR", "vasprun.xml", "CONTCAR"):
        path = output.directory / name
        os.truncate(path, rng.randrange(path.stat().st_size + 1))
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def _killed_while_writing(run: Run, directory: Path) -> int:
    """Leave a WAVECAR that is cut, over the one that was read, and end by SIGKILL."""
    data = wavecar(run)
    (directory / "WAVECAR").write_bytes(data[: 2 * len(data) // 3])
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def _told_to_stop(output: _Output) -> bool:
    stopcar = output.directory / "STOPCAR"
    if not stopcar.is_file():
        return False
    words = stopcar.read_text().upper().replace("=", " ").split()
    orders = itertools.pairwise(words)
    if not any(w in ("LSTOP", "LABORT") and "T" in value for w, value in orders):
        return False
    output.outcar.write(outcar.STOPPED)
    sys.stdout.write(outcar.STOPPED.lstrip("\n"))
    if os.access(stopcar, os.W_OK):
        stopcar.unlink()
    return True


def _finish(run: Run, output: _Output, cell: Cell) -> None:
    """Write what depends on the final state, and close vasprun.xml."""
    states = densities(run.inputs, run.kinds)
    output.xml.write(vasprun.eigenvalues(run))
    output.xml.writelines(vasprun.dos(run, states))
    output.xml.write(vasprun.CLOSE_STEP + vasprun.ending(cell))
    with (output.directory / "DOSCAR").open("w", encoding="utf-8") as file:
        file.writelines(smallfiles.doscar(run, states))
    if run.inputs.get("LCHARG"):
        (output.directory / "CHGCAR").write_text(smallfiles.chgcar(run, cell))
    if run.inputs.get("LWAVE"):
        (output.directory / "WAVECAR").write_bytes(wavecar(run))
    output.flush()
