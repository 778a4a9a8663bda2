"""From files to :class:`VaspDirectory`; what is broken becomes a note in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TypeVar

from workflows.errors import LnmoError, one_line
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.energy_parts import TRACED, energy_parts
from workflows.vasp.incar_text import IncarText, read_incar
from workflows.vasp.kpoints import (
    irreducible_points,
    mesh_from_spacing,
    mesh_of,
    read_kpoints,
)
from workflows.vasp.outcar_head import OutcarHeader, read_outcar_header
from workflows.vasp.output_heads import (
    VasprunHead,
    final_moments,
    incar_of_outcar,
    read_vasprun_head,
)
from workflows.vasp.packed import hold
from workflows.vasp.parts import Block, Mesh, Potential
from workflows.vasp.poscar import Cell, read_poscar
from workflows.vasp.potcar_heads import read_potcar, read_potcar_spec
from workflows.vasp.run_files import NUMBERS, VaspFiles, run_files, unix_text
from workflows.vasp.undisplaced import FINITE_DIFFERENCES

NAMES = ("INCAR", "KPOINTS", "POSCAR", "POTCAR", "POTCAR.spec", "OUTCAR", "vasprun.xml")
LOOKED_AT = ("OSZICAR", "CONTCAR", "DOSCAR", "EIGENVAL", "PROCAR", "XDATCAR", "IBZKPT")
"""Outputs that no rule reads; one that is no file is told of."""
MAX_TEXT = 30_000_000
"""Bytes of an input file; a POSCAR of 300 000 atoms is shorter."""

Read = TypeVar("Read")


@dataclass(frozen=True)
class Run:
    """Where one run is: a directory may hold ``.relax1`` and ``.relax2`` beside it."""

    directory: Path
    suffix: str = ""

    @property
    def name(self) -> str:
        """Path, and the suffix if there is one."""
        return f"{self.directory}{' ' if self.suffix else ''}{self.suffix.lstrip('.')}"


def find_runs(
    root: Path, *, denied: Callable[[OSError], None] | None = None
) -> Iterator[Run]:
    """Yield every run in and below a directory, in order of name.

    Links are followed, each place is visited once; hidden directories are left out.
    ``denied`` gets the error of every directory that cannot be listed.
    """
    for folder in folders(root, denied=denied):
        for files in _runs(folder):
            yield Run(folder, files.suffix)


def folders(
    root: Path, *, denied: Callable[[OSError], None] | None = None
) -> Iterator[Path]:
    """Yield a directory and all below it, each once, whatever links lead to it.

    In order of name, links after what is no link. Below `root`, names that begin with
    a dot are left out: they hold snapshots and copies of the same runs.

    Parameters
    ----------
    root
        Where to begin.
    denied
        Gets the error of every directory that cannot be listed, which is not yielded.
    """
    seen: set[str] = set()
    for folder, subfolders, _ in os.walk(root, onerror=denied, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        kept = [name for name in subfolders if not name.startswith(".")]
        links = {name for name in kept if os.path.islink(os.path.join(folder, name))}
        subfolders[:] = sorted(kept, key=lambda name: (name in links, name))
        yield Path(folder)


def _runs(directory: Path) -> tuple[VaspFiles, ...]:
    """List the runs of a directory that an input or an output makes one."""
    try:
        found = run_files(directory, inputs=True)
    except OSError:
        return ()
    return tuple(
        f for f in found if f.outputs or f.odd_outputs or f.find("INCAR") is not None
    )


def read_run(run: Run) -> VaspDirectory:
    """Read everything of one run; never raises for what a file holds."""
    reader = _Reader(run)
    incar_text = reader.text("INCAR", read_incar)
    cell = reader.text("POSCAR", read_poscar)
    mesh = reader.text("KPOINTS", lambda text: mesh_of(read_kpoints(text)))
    outcar = reader.path("OUTCAR", read_outcar_header)
    vasprun = reader.path("vasprun.xml", read_vasprun_head)
    incar, incar_from = _asked(incar_text, vasprun, outcar)
    repeated, repeated_by = _asked(None, vasprun, outcar)
    potentials, potentials_from = _potentials(reader, vasprun, outcar)
    blocks = _blocks(cell, potentials, vasprun, outcar)
    lattice = cell.lattice if cell is not None else vasprun.lattice if vasprun else None
    if mesh is None and vasprun is not None:
        mesh = vasprun.mesh
    if mesh is None and "KPOINTS" not in reader.found:
        mesh = mesh_from_spacing(incar, lattice)
    moments = None
    if outcar is not None and outcar.ibrion not in FINITE_DIFFERENCES:
        moments = reader.path("OUTCAR", final_moments)
    return VaspDirectory(
        name=run.name,
        files=tuple(path.name for path in reader.found.values()),
        incar=incar,
        incar_from=incar_from,
        blocks=blocks,
        lattice=lattice,
        mesh=mesh,
        irreducible=_irreducible(incar, cell, mesh, vasprun, outcar),
        potentials=potentials,
        potentials_from=potentials_from,
        outcar=outcar,
        parameters=vasprun.parameters if vasprun is not None else {},
        repeated=repeated,
        repeated_by=repeated_by,
        moments=moments,
        traces=_traces(reader, incar) if outcar is not None else frozenset(),
        unreadable=reader.unreadable,
    )


def _traces(reader: _Reader, incar: IncarText) -> frozenset[str]:
    """Read OUTCAR as far as needed, if INCAR asks for what it would show."""
    wanted = {name for name, tags in TRACED.items() if tags & incar.tags.keys()}
    if not wanted:
        return frozenset()
    found = reader.path("OUTCAR", lambda path: energy_parts(path, wanted))
    return found or frozenset()


class _Reader:
    """The files of one run, and why some of them could not be used."""

    def __init__(self, run: Run) -> None:
        own = [f for f in _runs(run.directory) if f.suffix == run.suffix]
        files = own[0] if own else VaspFiles(run.directory, run.suffix, {})
        places = {name: files.find(name) for name in NAMES}
        self.unreadable: dict[str, str] = files.odd(*NAMES, *LOOKED_AT)
        self.found: dict[str, Path] = {
            name: path
            for name, path in places.items()
            if path is not None and not (name in NUMBERS and _is_empty(path))
        }

    def path(self, name: str, read: Callable[[Path], Read]) -> Read | None:
        """Read a file that is there; note what is wrong with it."""
        path = self.found.get(name)
        if path is None:
            return None
        try:
            return read(path)
        except LnmoError as error:
            told = str(error).removeprefix(f"{path}: ").removeprefix(f"{path.name}: ")
            self.unreadable[path.name] = told
        except Exception as error:
            # Formats are read by libraries that raise whatever a broken file leads to.
            why = one_line(getattr(error, "strerror", None) or error)
            self.unreadable[path.name] = (why or type(error).__name__)[:200]
        return None

    def text(self, name: str, read: Callable[[str], Read]) -> Read | None:
        """Read a text file that is there; note what is wrong with it."""
        return self.path(name, lambda path: read(_text(path)))


def _is_empty(path: Path) -> bool:
    """Tell whether VASP has opened an output, and not written to it yet."""
    try:
        return path.stat().st_size == 0
    except OSError:  # gone since the directory was listed
        return True


def _text(path: Path) -> str:
    found = hold(path)
    if found.problem:
        raise ValueError(found.problem)
    text = unix_text(found.content[:MAX_TEXT]).decode("utf-8", "replace")
    if not text.strip():
        raise ValueError("empty")
    if "\x00" in text or text.count("\ufffd") > len(text) // 20:
        raise ValueError("binary, not text")
    return text


def _asked(
    text: IncarText | None, vasprun: VasprunHead | None, outcar: OutcarHeader | None
) -> tuple[IncarText, str]:
    if text is not None:
        return text, "INCAR"
    if vasprun is not None and vasprun.incar:
        return IncarText(vasprun.incar), "vasprun.xml"
    if outcar is not None and outcar.incar:
        return IncarText(outcar.incar), "OUTCAR"
    return (IncarText() if outcar is None else incar_of_outcar(outcar)), ""


def _potentials(
    reader: _Reader, vasprun: VasprunHead | None, outcar: OutcarHeader | None
) -> tuple[tuple[Potential, ...], str]:
    """Return the potentials, from the inputs first: what ran is compared with them."""
    found = reader.path("POTCAR", read_potcar)
    if found:
        return found, "POTCAR"
    ran = () if outcar is None else _of_outcar(outcar)
    if found := reader.text("POTCAR.spec", read_potcar_spec):
        same = [p.symbol for p in found] == [p.symbol for p in ran]
        return (
            ran if same and not any(p.titel for p in found) else found
        ), "POTCAR.spec"
    if ran:
        return ran, "OUTCAR"
    if vasprun is not None and vasprun.potentials:
        return vasprun.potentials, "vasprun.xml"
    return (), ""


def _of_outcar(head: OutcarHeader) -> tuple[Potential, ...]:
    columns = zip_longest(head.titels, head.enmax, head.zval)
    plain = tuple(Potential.titled(t, e, z) for t, e, z in columns if t)
    if tuple(p.titel for p in plain) != tuple(p.titel for p in head.heads):
        return plain
    return tuple(
        replace(said, enmax=potential.enmax, zval=potential.zval)
        for said, potential in zip(head.heads, plain, strict=True)
    )


def _blocks(
    cell: Cell | None,
    potentials: tuple[Potential, ...],
    vasprun: VasprunHead | None,
    outcar: OutcarHeader | None,
) -> tuple[Block, ...]:
    if cell is not None and cell.symbols:
        return tuple(map(Block, cell.symbols, cell.counts))
    if cell is not None and len(potentials) == len(cell.counts):
        return tuple(map(Block, (p.element for p in potentials), cell.counts))
    if vasprun is not None and vasprun.blocks:
        return vasprun.blocks
    if outcar is not None and len(outcar.ions_per_block) == len(outcar.elements):
        return tuple(map(Block, outcar.elements, outcar.ions_per_block))
    return ()


def _irreducible(
    incar: IncarText,
    cell: Cell | None,
    mesh: Mesh | None,
    vasprun: VasprunHead | None,
    outcar: OutcarHeader | None,
) -> int | None:
    # An OUTCAR of another cell, which a rule reports, counts other k-points.
    other = cell is not None and outcar is not None and outcar.nions != sum(cell.counts)
    if outcar is not None and outcar.nkpts is not None and not other:
        return outcar.nkpts
    if vasprun is not None and vasprun.nkpts:
        return vasprun.nkpts
    if cell is None or incar.number("ISMEAR", 1) > -4:
        return None
    return irreducible_points(incar, cell, mesh)
