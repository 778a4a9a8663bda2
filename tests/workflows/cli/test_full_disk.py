"""A disk that is full in the middle of a verb: one message, and nothing lost."""

from __future__ import annotations

import errno
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from workflows.campaign.calculation import Calculation
from workflows.cli import main
from workflows.records.document import TaskDocument

Ended = tuple[int, str]
Lnmo = Callable[..., Ended]
ROOM = 20_000
"""Bytes that a file may have: a limit of the process in the place of a full disk."""


@pytest.fixture
def place(
    project: Callable[..., Path],
    finished: Callable[..., TaskDocument],
    calculations: tuple[Calculation, ...],
) -> Path:
    return project(*(finished(c) for c in calculations))


@pytest.fixture
def lnmo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lnmo:
    """Run it where a file may have so many bytes; exit code and errors."""

    def run(place: Path, *words: str, room: int = resource.RLIM_INFINITY) -> Ended:
        monkeypatch.chdir(place)
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().err
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return 0, capsys.readouterr().err

    return run


def files(place: Path) -> dict[str, bytes]:
    """All that is there, but what may be deleted at any time."""
    kept = ("summaries", "plans")
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for path in sorted(place.rglob("*"))
        if not set(kept) & set(path.parts)
    }


@pytest.mark.parametrize(
    "words",
    [
        ("report", "paper", "-o", "page.html"),
        ("figures", "paper", "-o", "out", "--only", "fig2e-moments"),
        ("write", "paper", "-o", "out", "--x", "1"),
        ("export", "out", "paper", "-f", "cif"),
        ("export", "out", "paper", "-f", "ase-db"),
        ("export", "out", "paper", "-f", "entries"),
        ("export", "out", "paper", "-f", "optimade-json"),
    ],
    ids=lambda words: " ".join(words),
)
def test_what_was_written_before_stays_whole(
    place: Path, lnmo: Lnmo, words: tuple[str, ...]
) -> None:
    before = files(place)
    room = 1000 if "cif" in words or "write" in words else ROOM
    code, told = lnmo(place, *words, room=room)
    assert code == 2, told
    assert "cannot be written" in told
    assert "raise ulimit -f" in told
    assert "Traceback" not in told
    assert files(place) == before
    assert lnmo(place, *words)[0] == 0
    whole = files(place)
    assert set(whole) > set(before)
    assert lnmo(place, *words, room=room)[0] == 2
    assert files(place) == whole


def test_a_project_file_that_cannot_be_written_is_not_left_empty(
    tmp_path: Path, lnmo: Lnmo
) -> None:
    code, told = lnmo(tmp_path, "init", "new", room=10)
    assert code == 2
    assert "launchpad.yaml: cannot be written" in told
    assert not list(tmp_path.rglob("launchpad.yaml"))
    assert lnmo(tmp_path, "init", "new")[0] == 0
    assert (tmp_path / "new" / "launchpad.yaml").stat().st_size > 10


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, 130), (errno.EDQUOT, 130), (errno.EROFS, 2)],
)
def test_a_run_on_a_full_disk_stops_as_one_that_the_disk_refuses_later(
    place: Path, lnmo: Lnmo, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """A script that starts it again on 130 does so, whichever file is refused."""

    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setenv("LNMO_VASP_CMD", f"{sys.executable} {FAKE_VASP}")
    monkeypatch.setattr("workflows.atomic.write_part", refuse)
    ended, told = lnmo(place, "run", "paper", "--x", "1")
    assert ended == code, told
    assert ("stopped: " in told) is (code == 130)
    assert "launchpad.json: cannot be written" in told
    assert "run again" in told


def test_what_a_killed_export_left_is_no_stranger_and_goes_in_time(
    place: Path, lnmo: Lnmo
) -> None:
    left = place / "out" / ".lnmo-part-abc"
    left.mkdir(parents=True)
    (left / "half.cif").touch()
    assert lnmo(place, "export", "out", "paper", "-f", "cif")[0] == 0
    assert left.exists()  # perhaps another process is writing it
    os.utime(left, (0, 0))
    assert lnmo(place, "export", "out", "paper", "-f", "entries")[0] == 0
    assert not left.exists()


def test_ctrl_c_ends_any_verb_as_a_shell_does(
    place: Path, lnmo: Lnmo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert lnmo(place, "report", "paper", "-o", "page.html")[0] == 0
    before = files(place)
    monkeypatch.setattr("workflows.atomic.write_part", interrupted)
    code, told = lnmo(place, "report", "paper", "-o", "page.html")
    assert code == 130
    assert told.splitlines()[-1] == "lnmo: interrupted"
    assert files(place) == before
