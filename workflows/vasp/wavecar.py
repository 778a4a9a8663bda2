"""The head of a WAVECAR: which run it belongs to, and whether it is whole.

The file is a sequence of records of one length, double precision, in the byte order of
the machine (vasp.at/wiki WAVECAR; the layout is that which pymatgen reads). The first
record holds the record length, the number of spins and a tag of the precision, the
second one numbers of k-points and bands, the cutoff, the cell that the basis was set up
in and the Fermi energy. For each spin and k-point follow one record of its eigenvalues
and one of each band.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from workflows.atomic import open_regular

MOST_BYTES = 2**40
"""A record, or a number of records, above this is no WAVECAR."""
FIRST = struct.Struct("<3d")
SECOND = struct.Struct("<13d")


@dataclass(frozen=True)
class WavecarHead:
    """What a WAVECAR says of itself.

    Attributes
    ----------
    spins, kpoints, bands
        Numbers of each.
    encut
        Cutoff, eV.
    lattice
        Vectors of the cell that the run started from, A.
    whole
        Whether the file is as long as its head says.
    """

    spins: int
    kpoints: int
    bands: int
    encut: float
    lattice: tuple[tuple[float, ...], ...]
    whole: bool


def read_wavecar_head(path: Path) -> WavecarHead | None:
    """Read the head of a WAVECAR; None if there is none or it is no WAVECAR."""
    try:
        with open_regular(path) as file:
            length, spins, _ = map(int, FIRST.unpack(file.read(FIRST.size)))
            if not SECOND.size <= length < MOST_BYTES or spins not in (1, 2):
                return None
            file.seek(length)
            numbers = SECOND.unpack(file.read(SECOND.size))
        size = path.stat().st_size
        kpoints, bands = int(numbers[0]), int(numbers[1])
    except (OSError, struct.error, ValueError, OverflowError):
        return None
    if not (0 < kpoints < MOST_BYTES and 0 < bands < MOST_BYTES):
        return None
    records = 2 + spins * kpoints * (1 + bands)
    vectors = numbers[3:12]
    return WavecarHead(
        spins=spins,
        kpoints=kpoints,
        bands=bands,
        encut=numbers[2],
        lattice=tuple(tuple(vectors[i : i + 3]) for i in (0, 3, 6)),
        # The last record may be written without the rest of its length.
        whole=size > length * (records - 1),
    )
