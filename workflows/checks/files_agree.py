"""Whether the other files of a run belong to the output beside them.

A directory is edited, copied together and run again. INCAR, POSCAR, CONTCAR and
OSZICAR say the same as vasprun.xml and OUTCAR, or a person has to look: the number
may be of other inputs than those that lie beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

from workflows.checks.incar_as_run import changed_tags
from workflows.checks.kpoints_as_run import mesh_difference
from workflows.counts import count_of
from workflows.errors import StoreError, shortened
from workflows.records.document import Finding
from workflows.vasp.equality import same_structure
from workflows.vasp.input_files import UNREADABLE, incar_from, read_input
from workflows.vasp.known_tags import is_harmless
from workflows.vasp.kpoints import read_kpoints
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import ENERGY_DIFFERENCE
from workflows.vasp.parts import Potential
from workflows.vasp.poscar import Cell, read_poscar
from workflows.vasp.potcar_heads import read_potentials
from workflows.vasp.run_files import VaspFiles, read_lines, read_text

PLACES = 1e-4
"""A; vasprun.xml prints eight decimals of fractional coordinates."""
MOMENT = 2e-3
"""muB per cell; 30 real runs differ by 6e-4."""
SAME_LEVEL = 1e-3
"""eV; DOSCAR prints eight decimals of the Fermi level, OUTCAR four."""
SAME_LEVEL_IN_OUTCAR = 0.01
"""eV; 29 real runs agree to the digits of OUTCAR, a hybrid one differs by 1.3e-3."""
MOLECULAR_DYNAMICS = 0
OWN_SCALE = re.compile(r" +1\.0{14,15} {5}")
"""The second line of a CONTCAR as VASP writes it; other programs leave no blanks."""
WRITES_VELOCITIES = re.compile(r"5\.|6\.[1-4]\.")
"""Versions seen to write velocities even for atoms at rest."""
VALENCE = frozenset({"pv", "sv", "d", "h", "s", "2", "3"})
"""Parts of a potential's name that its TITEL has too, unlike ``_new`` or ``_GW``."""


def disagreements(files: VaspFiles, numbers: VaspNumbers) -> tuple[Finding, ...]:
    """Name the files that do not belong to this output, one warning each.

    A POSCAR that equals CONTCAR is a person's preparation of the next run: recorded,
    not judged.
    """
    return (
        *inputs_of_another_run(files, numbers),
        *_structures(files, numbers),
        *_oszicar(files, numbers),
        *_doscar(files, numbers),
        *_outcar(numbers),
    )


def inputs_of_another_run(
    files: VaspFiles, numbers: VaspNumbers
) -> tuple[Finding, ...]:
    """Name INCAR, KPOINTS and POTCAR if they are not those that VASP read."""
    return (
        *_incar(files, numbers),
        *_kpoints(files, numbers),
        *_potentials(files, numbers),
    )


def _finding(message: str, severity: Any = "warning") -> Finding:
    return Finding(id="files_disagree", severity=severity, message=message)


def _incar(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    asked = read_input(files, "INCAR", incar_from)
    if asked is None or not numbers.incar:
        return
    if asked is UNREADABLE:
        yield _finding("INCAR cannot be read, though VASP read one")
        return
    ran = changed_tags(asked, numbers)
    if ran:
        shown = ", ".join(
            f"{tag} {shortened(asked.get(tag))} against {shortened(ran[tag])}"
            for tag in list(ran)[:4]
        )
        harmless = all(is_harmless(tag, ran[tag]) and tag in asked for tag in ran)
        yield _finding(
            f"INCAR is not the one that VASP read, see vasprun.xml: {shown}"
            f"{', ...' if len(ran) > 4 else ''}; the results belong to vasprun.xml",
            "info" if harmless else "warning",
        )


def _kpoints(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    asked = read_input(files, "KPOINTS", read_kpoints)
    ran = numbers.kpoints
    if asked is None or ran is None:
        return
    if asked is UNREADABLE:
        yield _finding("KPOINTS cannot be read, though VASP read one")
        return
    if difference := mesh_difference(asked, ran, numbers.initial):
        yield _finding(f"KPOINTS {difference}; the results belong to vasprun.xml")


def _potentials(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    """Compare POTCAR, or the names that stand for one, with the TITELs that ran."""
    head = numbers.outcar.header if numbers.outcar is not None else None
    read = (head.titels if head is not None else ()) or numbers.potcar.values()
    ran = [" ".join(titel.split()) for titel in read]
    chain = files.suffix[-1:].isdigit()  # one POTCAR for relax1, relax2, ...
    plain = VaspFiles(files.directory, "" if chain else files.suffix, {})
    for name in ("POTCAR", "POTCAR.spec"):
        path = files.find(name) or plain.find(name)
        if path is None or not all(titel.startswith("PAW") for titel in ran):
            continue
        try:
            potentials = read_potentials(path)
        except StoreError as error:
            yield _finding(f"{name} {error}")
            continue
        found, wanted = [p.titel for p in potentials], set(ran)
        if not all(found):
            found = [_shortened(p.symbol) for p in potentials]
            wanted = {_shortened(Potential.titled(titel).symbol) for titel in ran}
        if found and wanted and set(found) != wanted:
            yield _finding(
                f"{name} has {', '.join(found)}, and the run read {', '.join(ran)}"
            )


def _shortened(symbol: str) -> str:
    element, *parts = re.split("[_.]", symbol)
    return "_".join([element, *(part for part in parts if part in VALENCE)])


def _structures(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    if numbers.many_body or numbers.parameters.get("IBRION") == MOLECULAR_DYNAMICS:
        return  # CONTCAR is left as it was opened, or one step ahead of the last energy
    start, end = (
        read_input(files, name, read_poscar) for name in ("POSCAR", "CONTCAR")
    )
    source = numbers.sources[0] if numbers.sources else ""
    tolerance = PLACES if source == "vasprun.xml" else 10 * PLACES
    if _differs(end, numbers.structure, tolerance):
        yield _finding(
            f"CONTCAR is not the structure that {source} ends with: do not restart "
            "from it"
        )
    elif _without_velocities(files, end, numbers.version):
        yield _finding(
            "CONTCAR ends with the positions, without the velocities that this VASP "
            "writes below them: it was cut there, or edited"
        )
    if _differs(start, numbers.initial, tolerance):
        next_one = (
            end is not None
            and start is not UNREADABLE
            and numbers.structure is not None
            and not _differs(end, numbers.structure, tolerance)
            and not _differs(start, numbers.structure, 2 * tolerance)
        )
        yield _finding(
            f"POSCAR is not the structure that {source} starts from"
            + ("; it is CONTCAR, ready for a next run" if next_one else ""),
            "info" if next_one else "warning",
        )


def _without_velocities(files: VaspFiles, end: Any, version: str) -> bool:
    """Return whether a CONTCAR in VASP's layout stops right after the positions."""
    path = files.find("CONTCAR")
    if path is None or end is UNREADABLE or not WRITES_VELOCITIES.match(version):
        return False
    lines = read_text(path).splitlines()
    own = bool(lines[1:2]) and OWN_SCALE.fullmatch(lines[1]) is not None
    return own and not end.rest and bool(lines[-1].strip())


def _differs(found: Cell | object, wanted: Any, tolerance: float) -> bool:
    """Compare a file with a structure; a file of VASP 4 names no elements."""
    if found is None or wanted is None:
        return False
    if not isinstance(found, Cell):
        return True
    species = [site.specie.symbol for site in wanted]
    try:
        structure = found.structure(species)
    except ValueError:
        return True
    return not same_structure(structure, wanted, tolerance=tolerance)


def _doscar(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    """Compare atoms, grid and Fermi level in the head of DOSCAR with the run's.

    VASP prints its numbers in columns that may touch: F16.8, F16.8, I5, F16.8.
    """
    path = files.find("DOSCAR")
    if path is None or numbers.structure is None:
        return
    try:
        head = [line.decode("ascii", "replace") for line in islice(read_lines(path), 6)]
        atoms, grid = int(head[0].split()[0]), int(head[5][32:37])
        level = float(head[5][37:53])
    except (StoreError, OSError, ValueError, IndexError):
        return  # cut or damaged: told where a density of states is read from it
    ran = len(numbers.structure)
    if atoms != ran:
        yield _finding(f"DOSCAR is of {count_of(atoms, 'atom')} and the run of {ran}")
        return
    points = numbers.parameters.get("NEDOS")
    if isinstance(points, int) and grid != points:
        yield _finding(f"DOSCAR has {grid} energies and the run NEDOS = {points}")
        return
    chosen = "EFERMI" in numbers.incar
    if numbers.efermi is None or chosen or abs(level - numbers.efermi) <= SAME_LEVEL:
        return
    yield _finding(
        f"DOSCAR has the Fermi level {level:.4f} eV and the run {numbers.efermi:.4f} eV"
    )


def _outcar(numbers: VaspNumbers) -> Iterator[Finding]:
    """Compare the Fermi level of OUTCAR with that of the run."""
    steps = numbers.outcar.steps if numbers.outcar is not None else ()
    level = steps[-1].efermi if steps else None
    if level is None or numbers.efermi is None or numbers.many_body:
        return
    if abs(level - numbers.efermi) > SAME_LEVEL_IN_OUTCAR:
        yield _finding(
            f"OUTCAR ends at a Fermi level of {level:.4f} eV and vasprun.xml at "
            f"{numbers.efermi:.4f} eV"
        )


def _oszicar(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Finding]:
    path = files.find("OSZICAR")
    if path is None or numbers.energy is None:
        return
    text = read_text(path)
    found = re.findall(r"E0= *([-+.\dE]+)", text)
    moments = re.findall(r"mag= *([-+.\dE]+) *$", text, re.MULTILINE)
    total = numbers.total_magnetization
    with suppress(ValueError, IndexError):
        moment = float(moments[-1])
        if total is not None and abs(moment - total) > MOMENT:
            yield _finding(
                f"OSZICAR ends at a moment of {moment:.3f} muB and OUTCAR at "
                f"{total:.3f} muB: it belongs to another run"
            )
    try:
        last = float(found[-1])
    except (IndexError, ValueError):
        return
    # Eight digits are printed.
    if abs(last - numbers.energy) > ENERGY_DIFFERENCE + 1e-7 * abs(numbers.energy):
        yield _finding(
            f"OSZICAR ends at E0 = {last:.5f} eV and {numbers.sources[0]} at "
            f"{numbers.energy:.5f} eV: it belongs to another run"
        )
