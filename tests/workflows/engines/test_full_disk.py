"""A disk is full if it refuses a write, not if somebody speaks of one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from workflows.engines.full_disk import lacks_space, write_error

LOG = "std_err.txt"
OWN = {
    "Intel": "forrtl: No space left on device\nforrtl: severe (38): error during "
    "write, unit 12, file {here}/WAVECAR\n",
    "Intel, of rank 3": "[3] forrtl: Disk quota exceeded\n",
    "GNU": "At line 3021 of file main.F (unit = 12, file = 'WAVECAR')\n"
    "Fortran runtime error: No space left on device\n",
    "NVIDIA": "FIO-F-203/unformatted write/unit=12/No space left on device.\n"
    " File name = WAVECAR    unformatted, direct access   record = 2\n",
    "HDF5": "#008: H5FDsec2.c line 850 in H5FD__sec2_write(): file write failed: "
    "filename = 'vaspwave.h5', errno = 28, error message = 'No space left on device'\n",
    "Python": "OSError: [Errno 28] No space left on device: 'gpaw-1.txt'\n",
}
OTHERS = {
    "Open MPI": "It appears as if there is not enough space for /dev/shm/vader_segment"
    ".c1.1 (the shared-memory backing file).\nopen: No space left on device\n",
    "Intel MPI": "MPIR_Init_thread(178): shm_open: No space left on device\n",
    "UCX": "[c1:1] sys.c:1 UCX ERROR failed to allocate: No space left on device\n",
    "a tip": 'Tip of the day: "Disk quota exceeded" means that your home is full.\n',
    "a login": "bash: cannot create temp file: Disk quota exceeded\n",
    "Fortran's scratch": "forrtl: No space left on device\nforrtl: severe (38): error "
    "during write, unit 99, file /tmp/fortXYZ\n",
    "Python's": "OSError: [Errno 28] No space left on device: '/dev/shm/psm_1'\n",
}


@pytest.mark.parametrize("kind", OWN)
def test_the_engines_own_write_error_is_told_by_its_line(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / LOG).write_text(OWN[kind].replace("{here}", str(tmp_path)))
    assert write_error(tmp_path, ["absent", LOG]) in OWN[kind]
    assert write_error(tmp_path, [LOG])


@pytest.mark.parametrize("kind", OTHERS)
def test_that_somebody_speaks_of_a_full_disk_proves_nothing(
    tmp_path: Path, kind: str
) -> None:
    (tmp_path / LOG).write_text(OTHERS[kind])
    assert write_error(tmp_path, [LOG]) == ""


@pytest.mark.parametrize(
    ("number", "full"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EROFS, False)],
)
def test_a_disk_that_refuses_a_small_file_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, full: bool
) -> None:
    assert lacks_space(tmp_path) == ""
    assert list(tmp_path.iterdir()) == []

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert (os.strerror(number) in lacks_space(tmp_path)) is full
