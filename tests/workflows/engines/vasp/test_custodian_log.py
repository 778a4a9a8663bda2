"""What custodian changed is told in words, and its archives stay small."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from workflows.engines.vasp.custodian_log import read_corrections, slim_archives


def log(directory: Path, *corrections: dict[str, Any]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    content = [{"job": {}, "corrections": list(corrections)}]
    (directory / "custodian.json").write_text(json.dumps(content))


def entry(name: str, *actions: dict[str, Any] | None) -> dict[str, Any]:
    handler = {"@module": "custodian.vasp.handlers", "@class": f"{name}Handler"}
    return {"errors": [name.lower()], "actions": list(actions), "handler": handler}


def test_actions_are_lines_and_runs_are_named(tmp_path: Path) -> None:
    setting = {"dict": "INCAR", "action": {"_set": {"ALGO": "All", "ISEARCH": 1}}}
    copying = {"file": "CONTCAR", "action": {"_file_copy": {"dest": "POSCAR"}}}
    log(tmp_path / "relax-1.cut-1", entry("Vasp", setting, copying))
    log(tmp_path / "relax-1", {**entry("Frozen"), "actions": None})
    assert read_corrections(tmp_path) == (
        {
            "run": "relax-1",
            "handler": "FrozenHandler",
            "errors": ["frozen"],
            "actions": [],
        },
        {
            "run": "relax-1.cut-1",
            "handler": "VaspHandler",
            "errors": ["vasp"],
            "actions": [
                "INCAR: ALGO = All",
                "INCAR: ISEARCH = 1",
                "CONTCAR copied to POSCAR",
            ],
        },
    )


@pytest.mark.parametrize(
    ("action", "line"),
    [
        ({"dict": "INCAR", "action": {"_unset": {"NPAR": 1}}}, "INCAR: NPAR removed"),
        ({"file": "WAVECAR", "action": {"_file_delete": {}}}, "WAVECAR deleted"),
        (
            {"dict": "POSCAR", "action": {"_set": {"structure": {}}}},
            "POSCAR: structure changed",
        ),
    ],
)
def test_each_kind_of_action_has_its_words(
    tmp_path: Path, action: dict[str, Any], line: str
) -> None:
    log(tmp_path, entry("Vasp", action))
    assert read_corrections(tmp_path)[0]["actions"] == [line]


def test_a_handler_that_raised_is_no_correction(tmp_path: Path) -> None:
    bad = {**entry("Frozen"), "errors": ["Bad handler=<F at 0x7f4c>"], "skipped": True}
    log(tmp_path, bad)
    assert read_corrections(tmp_path) == ()


@pytest.mark.parametrize("content", ["", "[", "{}", "[{}]", "[1]"])
def test_a_log_that_cannot_be_read_tells_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "custodian.json").write_text(content)
    assert read_corrections(tmp_path) == ()


def test_archives_lose_their_large_outputs_only(tmp_path: Path) -> None:
    archive = tmp_path / "error.1.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("INCAR", "POSCAR", "OSZICAR", "OUTCAR", "vasprun.xml"):
            (tmp_path / name).write_text(name)
            tar.add(tmp_path / name, arcname=f"error.1/{name}")
    for _ in range(2):
        slim_archives(tmp_path)
        with tarfile.open(archive) as tar:
            kept = {Path(m.name).name: tar.extractfile(m) for m in tar.getmembers()}
            assert set(kept) == {"INCAR", "POSCAR", "OSZICAR"}
            assert {n: f.read().decode() for n, f in kept.items() if f} == {
                n: n for n in kept
            }


def test_an_archive_that_was_cut_is_left_as_it_is(tmp_path: Path) -> None:
    archive = tmp_path / "error.1.tar.gz"
    archive.write_bytes(b"\x1f\x8b no archive")
    slim_archives(tmp_path)
    assert archive.read_bytes() == b"\x1f\x8b no archive"
    assert list(tmp_path.iterdir()) == [archive]
