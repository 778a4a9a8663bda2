"""WAVECAR: the layout of VASP's file, without orbitals in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from workflows.fake_vasp.inputs import Inputs
from workflows.fake_vasp.run import Run

_RECORD = 128  # bytes; VASP's records hold the plane waves of one band
_SINGLE = 45200.0  # tag of single precision
_HEAD = 2  # records before the first k point


def wavecar(run: Run) -> bytes:
    """Return the file: two records of numbers, and empty ones for every band.

    As VASP does, it names the cell that the basis was set up in, not the final one.
    """
    inputs = run.inputs
    points, bands = len(inputs.mesh.points), run.bands.number
    first = struct.pack("<3d", _RECORD, inputs.spins, _SINGLE)
    vectors = [component for vector in inputs.cell.lattice for component in vector]
    numbers = [points, bands, inputs.get("ENCUT"), *vectors, 3.0]
    second = struct.pack(f"<{len(numbers)}d", *numbers)
    records = _HEAD + inputs.spins * points * (1 + bands)
    head = first.ljust(_RECORD, b"\0") + second.ljust(_RECORD, b"\0")
    return head.ljust(_RECORD * records, b"\0")


def refuse_wavecar(inputs: Inputs, directory: Path) -> Iterator[str]:
    """Yield why the orbitals that INCAR asks for cannot be read.

    VASP itself starts from scratch without a WAVECAR, and says so in OUTCAR alone.
    """
    istart, icharg = inputs.get("ISTART"), inputs.get("ICHARG")
    if istart == 0:
        if icharg == 0:
            yield "ICHARG = 0 takes the density from a WAVECAR that ISTART = 0 ignores"
        return
    path = directory / "WAVECAR"
    if not path.is_file():
        yield f"ISTART = {istart} but the file WAVECAR is missing"
        return
    data = path.read_bytes()
    if len(data) < 3 * _RECORD:
        yield f"WAVECAR is cut: {len(data)} bytes"
        return
    record, spins, _ = (int(n) for n in struct.unpack("<3d", data[:24]))
    points, bands = (int(n) for n in struct.unpack_from("<2d", data, record))
    size = record * (_HEAD + spins * points * (1 + bands))
    if len(data) != size:
        yield f"WAVECAR is cut: {len(data)} of {size} bytes"
    if points != len(inputs.mesh.points):
        yield (
            f"WAVECAR holds {points} k points, KPOINTS asks for "
            f"{len(inputs.mesh.points)}"
        )
    if spins != inputs.spins:
        yield f"WAVECAR holds {spins} spins, INCAR asks for {inputs.spins}"
    if bands * 2 < inputs.electrons:
        yield f"WAVECAR holds {bands} bands, too few for {inputs.electrons:g} electrons"
