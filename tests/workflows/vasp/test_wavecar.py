"""What a WAVECAR says of itself, and how a cut one is told from a whole one."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from pymatgen.io.vasp import Wavecar

from workflows.vasp.wavecar import read_wavecar_head

LENGTH = 400
LATTICE = (8.3, 0.0, 0.0, 0.0, 8.3, 0.1, 0.0, 0.0, 8.5)


def written(
    place: Path, *, spins: int = 1, kpoints: int = 2, bands: int = 3, length: int = 400
) -> Path:
    """A WAVECAR in VASP's layout, every record of its full length."""
    first = struct.pack("<3d", length, spins, 45200)
    second = struct.pack("<13d", kpoints, bands, 520.0, *LATTICE, 3.1)
    records = 2 + spins * kpoints * (1 + bands)
    path = place / "WAVECAR"
    head = first.ljust(length, b"\0") + second.ljust(length, b"\0")
    path.write_bytes(head.ljust(length * records, b"\0"))
    return path


def test_numbers_cutoff_and_cell_come_out(tmp_path: Path) -> None:
    head = read_wavecar_head(written(tmp_path, spins=2, kpoints=14, bands=288))
    assert head is not None
    assert (head.spins, head.kpoints, head.bands, head.encut) == (2, 14, 288, 520.0)
    assert np.ravel(head.lattice).tolist() == list(LATTICE)
    assert head.whole


def test_one_byte_into_the_last_record_is_whole_and_none_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    for size, expected in ((len(whole) - LENGTH + 1, True), (len(whole) - LENGTH, 0)):
        path.write_bytes(whole[:size])
        head = read_wavecar_head(path)
        assert head is not None
        assert head.whole == bool(expected)


@pytest.mark.parametrize("size", [0, 10, 24, 399, 500])
def test_a_file_cut_in_its_head_says_nothing(tmp_path: Path, size: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    assert read_wavecar_head(path) is None


@pytest.mark.parametrize(
    "content", [b"text\n" * 200, b"\xff" * 1000, struct.pack("<3d", 1e300, 2, 3) * 50]
)
def test_another_file_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "WAVECAR"
    path.write_bytes(content)
    assert read_wavecar_head(path) is None


def test_none_is_none(tmp_path: Path) -> None:
    assert read_wavecar_head(tmp_path / "WAVECAR") is None


def test_pymatgen_reads_the_same_head(tmp_path: Path) -> None:
    # One band of one plane wave, the smallest file that pymatgen accepts.
    length = 128
    first = struct.pack("<3d", length, 1, 45200)
    second = struct.pack("<13d", 1, 1, 1.0, *(2.0 * np.eye(3)).ravel(), 0.0)
    header = struct.pack("<7d", 1, 0, 0, 0, -1.0, 0.0, 1.0)
    band = struct.pack("<2f", 1.0, 0.0)
    parts = [part.ljust(length, b"\0") for part in (first, second, header, band)]
    path = tmp_path / "WAVECAR"
    path.write_bytes(b"".join(parts))
    theirs, ours = Wavecar(str(path)), read_wavecar_head(path)
    assert ours is not None
    assert (ours.spins, ours.kpoints, ours.bands) == (theirs.spin, theirs.nk, theirs.nb)
    assert ours.encut == theirs.encut
    assert np.array_equal(ours.lattice, theirs.a)
    assert ours.whole
