"""A directory of an engine's processes is known by itself, whatever its path is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from workflows.engines.orphans import (
    MARK,
    end_orphans,
    engine_processes,
    is_alive,
    writers,
)

WRITER = (
    "import sys, time; f = open(sys.argv[1], 'a'); print(flush=True); time.sleep(60)"
)


class Start(Protocol):
    """Starts a process that stays until the test ends."""

    def __call__(
        self, mark: Path | str | None, cwd: Path, opened: Path | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it; return once it has its file open."""


@pytest.fixture
def start() -> Iterator[Start]:
    def started(
        mark: Path | str | None, cwd: Path, opened: Path | None = None
    ) -> subprocess.Popen[bytes]:
        own = {} if mark is None else {MARK: str(mark)}
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(opened or os.devnull)],
            cwd=cwd,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
        )
        stack.enter_context(process)
        stack.callback(process.kill)
        assert process.stdout is not None
        process.stdout.readline()
        return process

    with ExitStack() as stack:
        yield started


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory of a project."""
    directory = tmp_path / "project" / "calculations" / "abc" / "static"
    directory.mkdir(parents=True)
    return directory


def moved(run: Path) -> Path:
    """Move the project; return the run directory where it is now."""
    project = run.parents[2]
    return project.rename(project.with_name("moved")) / run.relative_to(project)


def test_a_process_in_a_project_that_was_moved_is_found_and_ended(
    run: Path, start: Start
) -> None:
    process = start(run, cwd=run)
    here = moved(run)
    assert is_alive(here)
    calculation = here.parent
    assert engine_processes(calculation) == {calculation: [process.pid]}
    end_orphans(here)
    assert process.poll() is not None
    assert not is_alive(here)


def test_a_process_in_a_project_that_was_moved_and_replaced_is_found(
    run: Path, start: Start
) -> None:
    process = start(run, cwd=run)
    here = moved(run)
    run.mkdir(parents=True)
    assert engine_processes(here) == {here: [process.pid]}


def test_a_process_that_computes_elsewhere_is_found_by_the_output_it_has_open(
    run: Path, start: Start, tmp_path: Path
) -> None:
    process = start(run, cwd=tmp_path, opened=run / "OUTCAR")
    here = moved(run)
    assert engine_processes(here) == {here: [process.pid]}
    end_orphans(here)
    assert process.poll() is not None


def test_a_process_that_computes_elsewhere_is_found_by_its_mark_through_a_link(
    run: Path, start: Start, tmp_path: Path
) -> None:
    here = moved(run)
    (tmp_path / "project").symlink_to("moved")
    process = start(run, cwd=tmp_path)  # a path that leads there, but is not its own
    assert engine_processes(here) == {here: [process.pid]}
    assert is_alive(here)


def test_a_process_whose_directory_was_set_aside_is_found_at_either_place(
    run: Path, start: Start
) -> None:
    start(run, cwd=run)
    aside = run.rename(run.with_name("static.cut-1"))
    assert is_alive(aside)
    assert is_alive(run), "its successor must not start beside it"
    run.mkdir()
    assert is_alive(run)


@pytest.mark.parametrize("mark", [None, "", "."])
def test_a_process_without_a_mark_is_not_ours_wherever_it_stands(
    run: Path, start: Start, mark: str | None
) -> None:
    process = start(mark, cwd=run, opened=run / "OUTCAR")
    assert not is_alive(run)
    assert engine_processes(run) == {}
    end_orphans(run)
    assert process.poll() is None


def test_a_process_of_a_copy_is_not_ours(run: Path, start: Start) -> None:
    copy = run.parents[2].with_name("copy") / run.relative_to(run.parents[2])
    copy.mkdir(parents=True)
    process = start(copy, cwd=copy, opened=copy / "OUTCAR")
    end_orphans(run)
    assert process.poll() is None
    assert not is_alive(run)


def test_a_process_is_of_the_calculation_that_it_computes(
    run: Path, start: Start
) -> None:
    others = [run.parent.with_name(name) for name in ("ab", "abcd")]
    for other in others:
        other.mkdir()
    process = start(run, cwd=run)
    assert engine_processes(*others, run.parent) == {run.parent: [process.pid]}
    assert engine_processes(run.parent / "missing") == {}


def test_a_writer_is_found_whatever_path_it_has_opened(
    run: Path, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "other-name").touch()
    process = start(None, cwd=tmp_path, opened=tmp_path / "other-name")
    (run / "OUTCAR").hardlink_to(tmp_path / "other-name")
    assert writers(run / "OUTCAR") == [process.pid]
    assert writers(run / "missing") == []
