"""What is said of a run that could not be read names its cause."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from workflows.engines.vasp.unreadable import unreadable


def test_a_file_that_goes_while_it_is_read_is_no_bug_of_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        (tmp_path / "OUTCAR").read_bytes()
    told = unreadable(caught.value)
    assert told.startswith(f"{tmp_path / 'OUTCAR'}: gone while it was read")
    assert "bug" not in told


@pytest.mark.parametrize("number", [errno.ENOTDIR, errno.ESTALE])
def test_nor_is_a_directory_that_went_on_a_network_disk(number: int) -> None:
    told = unreadable(OSError(number, "Stale file handle", "/scratch/OUTCAR"))
    assert told.startswith("/scratch/OUTCAR: gone while it was read")
