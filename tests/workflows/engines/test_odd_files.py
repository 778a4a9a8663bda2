"""Outputs that are no files, files of zeros, and links: one finding, never a wait."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.checks.rules import check, find_runs, read_run
from workflows.cli.report_runs import read_runs
from workflows.engines.parse_tree import each_once, parse_all
from workflows.engines.vasp.foreign_runs import foreign_runs
from workflows.records.document import State

OUTPUTS = ("OUTCAR", "vasprun.xml", "OSZICAR", "DOSCAR", "PROCAR", "XDATCAR")
INPUTS = ("INCAR", "POSCAR", "KPOINTS")
HUGE = 20 * 1024**3
"""Bytes of a sparse file, which takes none on the disk."""


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(path.parent)  # its path may have 107 bytes
        try:
            one.bind(path.name)
        finally:
            os.chdir(here)


KINDS: dict[str, Callable[[Path], object]] = {
    "is a FIFO": os.mkfifo,
    "is a directory": Path.mkdir,
    "is a socket": _socket,
    "is a device": lambda path: path.symlink_to("/dev/zero"),
    "is a link that leads back to itself": lambda path: path.symlink_to(path.name),
    "is a link to ../gone, which is not there": lambda path: path.symlink_to("../gone"),
}


def run_without(tmp_path: Path, name: str) -> Path:
    place = Path(shutil.copytree(DATA / "NiO_static", tmp_path / "run"))
    (place / f"{name}.gz").unlink(missing_ok=True)
    return place / name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [*OUTPUTS, *INPUTS])
def test_what_is_no_file_is_named_and_the_run_not_done(
    name: str, kind: str, tmp_path: Path
) -> None:
    KINDS[kind](run_without(tmp_path, name))
    (found,) = parse_all(tmp_path / "run")
    assert found.state is (State.TRUNCATED if name in OUTPUTS else State.NEEDS_REVIEW)
    assert found.reason.startswith(f"{name} {kind}, not a file")
    (run,) = find_runs(tmp_path)
    told = [f.message for f in check(read_run(run)) if f.id == "unreadable-file"]
    assert [line.partition(", not a file")[0] for line in told] == [f"{name}: {kind}"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_alone_that_is_no_file_is_a_run_that_cannot_be_read(
    kind: str, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    KINDS[kind](tmp_path / "run/OUTCAR")
    (found,) = parse_all(tmp_path)
    assert found.state is State.TRUNCATED
    assert found.reason.startswith(f"OUTCAR {kind}, not a file")
    (run,) = find_runs(tmp_path)
    assert read_run(run).unreadable["OUTCAR"].startswith(kind)


def test_a_directory_for_old_outputs_is_no_run(tmp_path: Path) -> None:
    run_without(tmp_path, "KPOINTS")
    (tmp_path / "run/OUTCAR_old").mkdir()
    assert [found.state for found in parse_all(tmp_path)] == [State.DONE]


@pytest.mark.parametrize("name", [*OUTPUTS, *INPUTS, "CONTCAR", "POTCAR"])
@pytest.mark.parametrize("lead", [b"", b"Ni O\n"])
def test_a_huge_file_of_zeros_hides_no_other_run(
    name: str, lead: bytes, tmp_path: Path
) -> None:
    path = run_without(tmp_path, name)
    path.write_bytes(lead)
    os.truncate(path, HUGE)
    shutil.copytree(DATA / "NiO_static", tmp_path / "whole")
    damaged, whole = parse_all(tmp_path)
    assert whole.state is State.DONE
    ends = name not in {*INPUTS, "POTCAR"}
    assert damaged.state is (State.TRUNCATED if ends else State.NEEDS_REVIEW)
    assert damaged.reason.startswith(name)
    assert ("zero bytes" in damaged.reason) is (ends or name == "POTCAR")


@pytest.mark.parametrize("name", ["vasp.out", "std_err.txt", "custodian.json"])
def test_a_huge_log_of_zeros_stops_nothing(name: str, tmp_path: Path) -> None:
    os.truncate(os.open(run_without(tmp_path, name), os.O_CREAT | os.O_RDWR), HUGE)
    (found,) = parse_all(tmp_path)
    assert found.state is State.DONE


def test_a_run_is_counted_once_whatever_links_lead_to_it(tmp_path: Path) -> None:
    place = run_without(tmp_path, "KPOINTS").parent
    (place / "self").symlink_to(".")
    (tmp_path / "alias").symlink_to("run")
    (place / "top").symlink_to(tmp_path)
    top = tmp_path / "run"
    assert [found.dir_name for found in parse_all(tmp_path)] == [str(top)]
    assert [run.directory for run in find_runs(tmp_path)] == [top]
    assert len(read_runs([tmp_path, top, tmp_path / "alias"]).runs) == 1
    assert len(list(foreign_runs(tmp_path))) == 1
    twice = [*parse_all(tmp_path), *parse_all(tmp_path / "alias")]
    assert len(list(each_once(twice))) == 1
