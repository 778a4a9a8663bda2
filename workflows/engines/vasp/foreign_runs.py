"""VASP runs below a directory, read as they are: nothing is asked of a plan yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from workflows.engines.vasp.parse import parse_files
from workflows.engines.vasp.state import RELAXATIONS, converged, unfinished
from workflows.engines.vasp.to_document import describe
from workflows.engines.vasp.unreadable import unreadable
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.vasp.file_ends import Ends, file_ends
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.read_directory import find_runs
from workflows.vasp.read_numbers import read_numbers
from workflows.vasp.run_files import VaspFiles, run_files

READ = ("INCAR", "KPOINTS", "POSCAR", "CONTCAR", "OUTCAR", "vasprun.xml", "OSZICAR")
"""Files whose contents are part of a result; POTCAR is licensed and left alone."""


@dataclass(frozen=True, eq=False)
class ForeignRun:
    """One run, its numbers, and its state by its output.

    Attributes
    ----------
    files
        Where it is.
    numbers
        Empty where it cannot be read.
    ends
        How its files end.
    verdict
        State and reason by the output alone, before its inputs are compared with a
        plan. What is shown of a run is the state of `judged`.
    """

    files: VaspFiles
    numbers: VaspNumbers
    ends: Ends
    verdict: tuple[State, str]

    @property
    def name(self) -> str:
        """Its directory, and its suffix if there is one."""
        return f"{self.files.directory}{self.files.suffix and ' ' + self.files.label}"

    @cached_property
    def judged(self) -> TaskDocument:
        """Its document without a campaign: what ``lnmo parse`` says of it."""
        read = self.numbers if self.numbers.sources else None
        try:
            return parse_files(self.files, read)
        except Exception as error:  # whatever a broken file leads a parser to
            step = self.files.label or self.files.directory.name
            known = describe(self.files, None, step)
            return TaskDocument(state=State.FAILED, reason=unreadable(error), **known)

    @property
    def relaxes(self) -> bool:
        """Whether its ions moved."""
        applied = self.numbers.parameters
        moved = int(applied.get("NSW", 0)) > 0
        return moved and int(applied.get("IBRION", -1)) in RELAXATIONS

    @property
    def paths(self) -> list[Path]:
        """The files whose contents are part of its result."""
        found = (self.files.find(name) for name in READ)
        return [path for path in found if path is not None]


def foreign_runs(top: Path) -> Iterator[ForeignRun]:
    """Read every run that VASP started in and below a directory.

    Raises
    ------
    StoreError
        There is no such directory, or none of the files that VASP leaves.
    """
    if not top.is_dir():
        raise StoreError(f"{top}: no such directory")
    seen = 0
    for place in dict.fromkeys(run.directory for run in find_runs(top.resolve())):
        for files in run_files(place):
            seen += 1
            yield _read(files)
    if not seen:
        raise StoreError(
            f"{top}: no run of VASP in or below it (no OUTCAR, no vasprun.xml); inputs "
            "that were not run are not a result"
        )


def _read(files: VaspFiles) -> ForeignRun:
    ends = Ends()
    try:
        ends = file_ends(files)
        end = unfinished(files, ends, ours=False)
        numbers = read_numbers(files, cut=end is not None)
        return ForeignRun(files, numbers, ends, end or converged(numbers))
    except Exception as error:  # whatever a broken file leads a parser to
        why = unreadable(error)
        return ForeignRun(files, VaspNumbers(), ends, (State.FAILED, why))
