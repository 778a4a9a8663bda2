"""`lnmo init` writes for its owner's eyes only and overwrites nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workflows.cli.init import init
from workflows.errors import MachineError, StoreError
from workflows.records.database import read_database


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    init.main([str(tmp_path), "--queue", "slurm"], standalone_mode=False)
    modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.iterdir()}
    assert modes == dict.fromkeys(
        ("launchpad.yaml", "my_qadapter.yaml", "my_fworker.yaml"), 0o600
    )


def test_what_is_there_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "launchpad.yaml").write_text("host: mine\n")
    init.main([str(tmp_path), "--queue", "pbs"], standalone_mode=False)
    assert (tmp_path / "launchpad.yaml").read_text() == "host: mine\n"
    assert "kept:    " in capsys.readouterr().out


@pytest.mark.parametrize("queue", ["slurm", None])
def test_an_embedded_launchpad_in_the_way_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], queue: str | None
) -> None:
    """A fresh clone has one: what is submitted to it, no queue would ever run."""
    kept = tmp_path / "launchpad.yaml"
    kept.write_text("host: embedded\n")
    init.main([str(tmp_path), "--queue", queue, "--mongodb"], standalone_mode=False)
    found = capsys.readouterr().out
    assert f"{kept} says host: embedded" in found
    assert "lnmo submit" not in found
    kept.unlink()
    init.main([str(tmp_path), "--queue", queue, "--mongodb"], standalone_mode=False)
    assert "host: embedded" not in capsys.readouterr().out


def test_without_a_queue_the_launchpad_is_embedded(tmp_path: Path) -> None:
    init.main([str(tmp_path)], standalone_mode=False)
    assert read_database(tmp_path).embedded
    assert [path.name for path in tmp_path.iterdir()] == ["launchpad.yaml"]


def test_the_mongodb_takes_its_secrets_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init.main([str(tmp_path), "--mongodb"], standalone_mode=False)
    with pytest.raises(StoreError, match="LNMO_MONGO_HOST is not set"):
        read_database(tmp_path)
    for name in ("HOST", "USER", "PASSWORD"):
        monkeypatch.setenv(f"LNMO_MONGO_{name}", name.lower())
    assert read_database(tmp_path).launchpad["mongoclient_kwargs"] == {"tls": True}


def test_an_unknown_queue_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match=r"'slrum' \(did you mean slurm\?\)"):
        init.main([str(tmp_path), "--queue", "slrum"], standalone_mode=False)
    assert not list(tmp_path.iterdir())


OBSTACLES: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo,
    "a directory": Path.mkdir,
    "a link to nowhere, which is not there": lambda path: path.symlink_to("nowhere"),
    "a link that leads back to itself": lambda path: path.symlink_to(path.name),
    "a device": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.parametrize("kind", OBSTACLES)
@pytest.mark.parametrize("name", ["launchpad.yaml", "my_fworker.yaml"])
def test_what_is_no_file_is_not_kept_as_one_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, kind: str
) -> None:
    OBSTACLES[kind](tmp_path / name)
    with pytest.raises(StoreError) as refused:
        init.main([str(tmp_path), "--queue", "slurm"], standalone_mode=False)
    assert str(refused.value) == (
        f"{tmp_path / name}: is {kind}, not a file; move it away. Nothing was written"
    )
    assert capsys.readouterr().out == ""
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("below", ["", "sub", "sub/deeper"])
@pytest.mark.parametrize(
    ("kind", "put"),
    [
        ("no directory", Path.touch),
        ("no directory", os.mkfifo),
        *[(kind, put) for kind, put in OBSTACLES.items() if kind.startswith("a link")],
    ],
)
def test_a_project_directory_that_is_none_is_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    put: Callable[[Path], None],
    below: str,
) -> None:
    put(tmp_path / "project")
    place = tmp_path / "project" / below
    with pytest.raises(StoreError) as refused:
        init.main([str(place), "--queue", "slurm"], standalone_mode=False)
    assert str(refused.value) == f"{tmp_path / 'project'}: is {kind}; move it away"
    assert capsys.readouterr().out == ""


def test_a_link_to_a_file_of_the_user_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.yaml").write_text("host: embedded\n")
    (tmp_path / "launchpad.yaml").symlink_to("mine.yaml")
    init.main([str(tmp_path)], standalone_mode=False)
    assert "kept:    " in capsys.readouterr().out
