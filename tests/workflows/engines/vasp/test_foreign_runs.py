"""A run has one state, whichever verb reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import TESTS
from workflows.cli.collect import _plain, lines_of
from workflows.engines.collect import CollectResult
from workflows.engines.parse_tree import parse_all
from workflows.engines.vasp.collect import match_runs
from workflows.engines.vasp.foreign_runs import foreign_runs

RUN = TESTS / "data" / "NiO_static"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_nothing(path: Path) -> None:
    path.symlink_to("no-such-file")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def directory(path: Path) -> None:
    path.mkdir()


def other_words(path: Path) -> None:
    path.write_text("{}", "utf-8")


def other_cutoff(path: Path) -> None:
    path.write_text("ENCUT = 123\n", "utf-8")


@pytest.mark.parametrize(
    ("name", "put"),
    [
        ("INCAR", fifo),
        ("KPOINTS", fifo),
        ("POSCAR", fifo),
        ("lnmo.json", fifo),
        ("lnmo.json", link_to_nothing),
        ("lnmo.json", other_words),
        ("INCAR", link_to_itself),
        ("INCAR", other_cutoff),
        ("POSCAR", directory),
        ("custodian.json", fifo),
        ("OUTCAR", fifo),
    ],
)
def test_collect_shows_the_state_that_parse_gives(
    tmp_path: Path, name: str, put: Callable[[Path], None]
) -> None:
    place = shutil.copytree(RUN, tmp_path / "run")
    (place / f"{name}.gz").unlink(missing_ok=True)
    put(place / name)
    (document,) = parse_all(tmp_path)
    (match,) = match_runs(tuple(foreign_runs(tmp_path)), [], now="2026-01-01")
    told = CollectResult(match, "unknown", match.reason)
    assert document.state in {"NEEDS_REVIEW", "FAILED", "TRUNCATED"}
    assert _plain(told)["state"] == document.state
    assert f"  {document.state}  " in next(lines_of([told], write=False))


@pytest.mark.parametrize(
    "name",
    ["LiAlSiO4_relax1_relax2", "Si8_truncated", "V2O5_unconverged", "custodian_drift"],
)
def test_a_real_run_has_one_state_and_reason_in_both_verbs(name: str) -> None:
    place = TESTS / "data" / name
    parsed = [(d.dir_name, d.state, d.reason) for d in parse_all(place)]
    own = (run.judged for run in foreign_runs(place))
    assert [(d.dir_name, d.state, d.reason) for d in own] == parsed
