"""WAVECARs between the links of a chain: found, checked, copied, removed.

A run gets a copy, because VASP writes its own WAVECAR over the one it read: killed in
the middle of that, it leaves none that is whole, and the next attempt takes the source
again. The source is removed once the run that read it has its result. Nothing is read
that is cut, or that is not of this calculation, its k-mesh, cutoff and spins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular, write_part
from workflows.campaign.inputs import VaspInputs
from workflows.counts import count_of
from workflows.engines.claim import check_claim
from workflows.engines.claimed_copy import copy_whole
from workflows.engines.protocol import read_run_file
from workflows.errors import StoreError
from workflows.vasp.incar_text import incar_with
from workflows.vasp.input_files import read_incar_file
from workflows.vasp.outcar_head import OutcarHeader, read_outcar_header
from workflows.vasp.run_files import read_text
from workflows.vasp.wavecar import WavecarHead, read_wavecar_head

NAME = "WAVECAR"
SAME_LENGTH = 1e-4
"""Relative to a cell vector; POSCAR has twelve digits, a WAVECAR all."""
SAME_CUTOFF = 0.05
"""eV; OUTCAR prints one decimal."""


@dataclass(frozen=True)
class Orbitals:
    """What a run starts from.

    Attributes
    ----------
    source
        Directory whose WAVECAR is read; None to start from scratch.
    why
        Why there is none though one was planned; empty otherwise.
    """

    source: Path | None = None
    why: str = ""

    def as_dict(self, directory: Path) -> dict[str, str | None]:
        """Return what a run file keeps: ``from``, relative to it, and ``why``."""
        source = self.source
        path = None if source is None else os.path.relpath(source, directory)
        return {"from": path, "why": self.why}


def runs_of(directory: Path) -> list[Path]:
    """Return the directories of a step that may hold a WAVECAR: its own, its links."""
    return [directory, *directory.glob("relax-*")]


def last_runs(directory: Path) -> list[Path]:
    """Return the run that a finished step ended with."""
    links = [
        (int(number), path)
        for path in directory.glob("relax-*")
        for number in (path.name.partition("-")[2],)
        if number.isdigit()
    ]
    return [max(links)[1]] if links else [directory]


def find_wavecar(
    candidates: Iterable[Path], calculation_id: str, inputs: VaspInputs
) -> Orbitals:
    """Return the first usable WAVECAR, and what was wrong with those before it.

    Parameters
    ----------
    candidates
        Run directories of ours, the best first.
    calculation_id
        Of the run that wants to read it.
    inputs
        Its inputs: mesh, cutoff, spins.
    """
    problems = []
    for directory in candidates:
        problem = problem_of(directory, calculation_id, inputs)
        if not problem:
            return Orbitals(directory)
        problems.append(f"{directory.name}: {problem}")
    return Orbitals(None, "; ".join(problems))


def problem_of(directory: Path, calculation_id: str, inputs: VaspInputs) -> str:
    """Say why the WAVECAR of a run cannot be read by another one, or nothing."""
    head = read_wavecar_head(directory / NAME)
    if head is None:
        there = (directory / NAME).exists()
        return "its WAVECAR cannot be read" if there else "it has no WAVECAR"
    if not head.whole:
        return "its WAVECAR is cut"
    found = read_run_file(directory)
    if found is None or found[0].id != calculation_id:
        return "it is a run of another calculation"
    written = found[2].get("inputs", {})
    if tuple(written.get("kpoints", ())) != tuple(inputs.kpoints):
        return f"it has the k-mesh {written.get('kpoints')}, not {inputs.kpoints}"
    spins = int(inputs.incar.get("ISPIN", 1))
    if head.spins != spins:
        return f"its WAVECAR has {count_of(head.spins, 'spin')}, not {spins}"
    return _other_run(directory, head, written)


def wavecar_problem(directory: Path) -> str:
    """Say why the WAVECAR of a run is not one that it has written whole, or nothing."""
    head, found = read_wavecar_head(directory / NAME), read_run_file(directory)
    if head is None or found is None or not head.whole:
        return "it has none that is whole"
    return _other_run(directory, head, found[2].get("inputs", {}))


def _other_run(directory: Path, head: WavecarHead, written: Mapping[str, Any]) -> str:
    """Return whether a WAVECAR is of another run, by cell, cutoff and numbers."""
    vectors = _start(directory) or written["structure"]["lattice"]
    for one, other in zip(head.lattice, vectors, strict=True):
        length = sum(v * v for v in other) ** 0.5
        if any(
            abs(a - b) > SAME_LENGTH * length for a, b in zip(one, other, strict=True)
        ):
            return "its WAVECAR is of another cell"
    outcar = _outcar(directory)
    if outcar is None:
        return ""
    pairs = {
        "k-points": (head.kpoints, outcar.nkpts),
        "bands": (head.bands, outcar.nbands),
    }
    for what, (found, wanted) in pairs.items():
        if wanted is not None and found != wanted:
            return f"its WAVECAR has {found} {what}, its OUTCAR {wanted}"
    if outcar.encut is not None and abs(outcar.encut - head.encut) > SAME_CUTOFF:
        return (
            f"its WAVECAR has a cutoff of {head.encut:g} eV, its OUTCAR "
            f"{outcar.encut:g} eV"
        )
    return ""


def _start(directory: Path) -> list[list[float]] | None:
    """Read the cell of POSCAR, which custodian may have replaced by CONTCAR's."""
    try:
        lines = read_regular(directory / "POSCAR", "replace").splitlines()
        scale = float(lines[1])
        found = [[scale * float(w) for w in line.split()[:3]] for line in lines[2:5]]
    except (OSError, ValueError, IndexError):
        return None
    return found if all(len(row) == 3 for row in found) else None


def _outcar(directory: Path) -> OutcarHeader | None:
    try:
        return read_outcar_header(directory / "OUTCAR")
    except (OSError, StoreError, ValueError):
        return None


def take_wavecar(directory: Path, source: Path) -> None:
    """Copy the WAVECAR of another run here, whole or not at all."""
    copy_whole(source / NAME, directory / NAME)


def remove_wavecars(directories: Iterable[Path]) -> None:
    """Remove the WAVECARs of runs that nothing starts from any more."""
    for directory in directories:
        (directory / NAME).unlink(missing_ok=True)


def prepare_attempt(directory: Path) -> None:
    """Make what custodian starts again in a directory fit to be started.

    A VASP that died while it wrote its WAVECAR left a cut one: it is copied again, or,
    if custodian has deleted it because VASP could not read it, the run starts from
    scratch, and INCAR says so.
    """
    incar = read_incar_file(directory / "INCAR")
    if incar.get("ISTART") != 1:
        return
    path = directory / NAME
    head = read_wavecar_head(path)
    if head is not None and head.whole:
        return
    source = wavecar_source(directory)
    if path.exists() and source is not None:
        again = read_wavecar_head(source / NAME)
        if again is not None and again.whole:
            take_wavecar(directory, source)
            return
    check_claim(directory)
    path.unlink(missing_ok=True)
    from_scratch = {"ISTART": 0} | ({"ICHARG": 2} if incar.get("ICHARG") == 0 else {})
    path = directory / "INCAR"
    write_part(path, incar_with(read_text(path), from_scratch)).replace(path)


def wavecar_source(directory: Path) -> Path | None:
    """Return the run whose WAVECAR a run was given, by its run file."""
    found = read_run_file(directory)
    named = (found[2].get("orbitals") or {}).get("from") if found else None
    return None if named is None else (directory / named).resolve()
