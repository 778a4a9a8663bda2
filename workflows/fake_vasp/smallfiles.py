"""CONTCAR, OSZICAR, DOSCAR and CHGCAR."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.fake_vasp.crystal import Cell, volume
from workflows.fake_vasp.layout import bare, fortran, row
from workflows.fake_vasp.relaxation import Step
from workflows.fake_vasp.run import Run
from workflows.fake_vasp.states import FERMI, Densities

SCF_HEAD = (
    "       N       E                     dE             d eps       ncg     rms"
    "          rms(c)\n"
)


def contcar(cell: Cell) -> str:
    """Write the structure in VASP 5 layout, direct coordinates."""
    lattice = [f" {row(vector, '{:22.16f}')}\n" for vector in cell.lattice]
    atoms = [f"{row(fraction, '{:20.16f}')}\n" for fraction in cell.fractions]
    return (
        f"{cell.comment}\n   1.00000000000000\n{''.join(lattice)}"
        f"{row(cell.symbols, '{:>5}')}\n{row(cell.counts, '{:6d}')}\n"
        f"Direct\n{''.join(atoms)}"
    )


def scf_line(number: int, energy: float, before: float) -> str:
    """One electronic step, as in OSZICAR and on the standard output."""
    change = energy - before
    return (
        f"DAV:{number:4d}   {fortran(energy, 12, 20)}   {fortran(change, 5, 12)}"
        f"   {fortran(change, 5, 12)}{2000:6d}   {fortran(abs(change), 3, 9)}\n"
    )


def ionic_line(run: Run, step: Step, before: float) -> str:
    """One ionic step, as in OSZICAR and on the standard output."""
    free, _, zero = run.energies(step.energy)
    line = (
        f"{step.number:4d} F= {bare(free, 8, 13)} E0= {bare(zero, 8, 13)}"
        f"  d E ={bare(free - before, 6, 12)}"
    )
    if run.inputs.spins == 2:
        line += f"  mag={run.crystal.total_moment:11.4f}"
    return line + "\n"


def doscar(run: Run, states: Densities) -> Iterator[str]:
    """Yield the header, the total density, then one block per ion with LORBIT = 11."""
    ions = len(run.crystal.ions)
    partial = 1 if run.inputs.get("LORBIT") else 0
    energies = states.energies
    title = (
        f"{energies[-1]:16.8f}{energies[0]:16.8f}{len(energies):5d}"
        f"{FERMI:16.8f}{1:16.8f}\n"
    )
    yield f"{ions:4d}{ions:4d}{partial:4d}   0\n"
    yield f"{fortran(volume(run.inputs.cell.lattice) / ions, 7, 15)}   fake\n"
    yield "  1.000000000000000E-004\n  CAR \n fake_vasp, not VASP\n" + title
    yield _rows(energies, [*states.total, *states.integrated])
    if not partial:
        return
    texts = {
        kind: _rows(energies, [c for pair in zip(*spins, strict=True) for c in pair])
        for kind, spins in states.partial.items()
    }
    for kind in run.kinds:
        yield title + texts[kind]


def _rows(energies: list[float], columns: list[list[float]]) -> str:
    form = "%11.4f" + "%13.5E" * len(columns) + "\n"
    return "".join(form % values for values in zip(energies, *columns, strict=True))


def chgcar(run: Run, cell: Cell) -> str:
    """Write a flat density on a 2x2x2 grid: enough to say which run it belongs to."""
    head = contcar(cell).replace(cell.comment, "fake CHGCAR: no charge density", 1)
    sums = [run.inputs.electrons, float(run.crystal.total_moment)]
    grids = [f"\n{2:5d}{2:5d}{2:5d}\n" + _flat(total) for total in sums]
    return head + "".join(grids[: run.inputs.spins])


def _flat(total: float) -> str:
    line = row([total] * 4, "{:18.11E}")
    return f"{line}\n{line}\n"
