"""Where an open directory is now, as far as anyone can tell."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from workflows.records.held_directory import hold, path_of


def test_a_directory_that_is_moved_is_found_and_one_that_is_deleted_is_not(
    tmp_path: Path,
) -> None:
    place = tmp_path / "data"
    place.mkdir()
    held = hold(place)
    try:
        assert path_of(held) == str(place)
        moved = place.rename(tmp_path / "moved")
        assert path_of(held) == str(moved)
        moved.rmdir()
        assert path_of(held) == ""
    finally:
        os.close(held)


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root to mount"
)
def test_of_a_disk_that_was_unmounted_no_path_is_known(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    disk = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(disk, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine mounts nothing")
    held = hold(place)
    subprocess.run(["umount", "-l", str(place)], check=True)
    try:
        assert path_of(held) == ""
    finally:
        os.close(held)
