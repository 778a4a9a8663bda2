"""``lnmo check`` from the shell: text, JSON and exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.places import DATA
from workflows.cli import app

BAD, GOOD = DATA / "LiVO3_U_on_lithium", DATA / "MgMn2O4_static_antiferromagnetic"


def lnmo_check(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def last(out: str) -> str:
    (line,) = [line for line in out.splitlines() if " checked, " in line]
    return line


def test_warnings_alone_are_no_failure() -> None:
    code, out, _ = lnmo_check(GOOD)
    assert code == 0
    assert last(out) == "1 run checked, 0 without a finding: 0 errors, 1 warning"


def test_an_error_is_reported_with_reason_and_cure_and_exit_code_1() -> None:
    code, out, _ = lnmo_check(BAD)
    assert code == 1
    lines = out.splitlines()
    assert lines[1].split(maxsplit=2)[:2] == ["error", "u-on-non-metal:"]
    assert lines[1].endswith("Li8: U 3.25 eV, LDAUL 2; it has no open d or f shell")
    here = lines.index("Why, and what to do:")
    assert lines[here + 1].startswith("  u-on-non-metal: U on an element without")
    assert lines[here + 2].startswith("    -> Put LDAUL, LDAUU, LDAUJ into the order")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone", "no such directory"),
        ("empty", "no VASP run here or below"),
        ("file", "a file; give"),
    ],
)
def test_a_directory_without_a_run_does_not_stop_the_others(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    code, out, err = lnmo_check(tmp_path / name, GOOD)
    assert code == 2
    assert reason in err
    assert last(out) == "1 run checked, 0 without a finding: 0 errors, 1 warning"
    assert lnmo_check(tmp_path / name, BAD)[0] == 1


def test_json_has_one_shape() -> None:
    code, out, _ = lnmo_check("--json", "--same", BAD, GOOD)
    record = json.loads(out)
    assert code == 1
    assert {key: type(value).__name__ for key, value in record.items()} == {
        "errors": "int",
        "warnings": "int",
        "runs": "list",
        "together": "list",
        "energies": "dict",
        "without_run": "list",
        "unreadable": "dict",
    }
    assert [run["run"] for run in record["runs"]] == [str(BAD), str(GOOD)]
    first = record["runs"][0]
    assert set(first) == {"run", "files", "finished", "unchecked", "findings"}
    assert set(first["findings"][0]) == {
        *("id", "severity", "message", "why", "cure", "page"),
    }
    assert {f["id"] for f in record["together"]} == {
        *("set-encut", "set-functional", "set-tags"),
    }


def test_a_tree_is_searched_and_a_run_named_twice_is_checked_once(
    tmp_path: Path,
) -> None:
    for source in (BAD, GOOD):
        shutil.copytree(source, tmp_path / "campaign" / source.name)
    code, out, _ = lnmo_check(tmp_path, tmp_path / "campaign" / GOOD.name)
    assert code == 1
    assert last(out) == "2 runs checked, 0 without a finding: 3 errors, 3 warnings"
    assert out.splitlines()[-1].startswith("Add --same")


def test_what_could_not_be_checked_is_said() -> None:
    assert (
        "Not checked in 1 of them: ENCUT against ENMAX (no POTCAR)"
        in lnmo_check(BAD)[1]
    )


def test_a_directory_that_may_not_be_read_is_reported_and_stops_no_other(
    tmp_path: Path, as_a_user: list[str]
) -> None:
    for name in ("good", "tree/good", "tree/shut", "shut"):
        shutil.copytree(GOOD, tmp_path / name)
    closed = [tmp_path / "shut", tmp_path / "tree" / "shut"]
    for place in closed:
        place.chmod(0)
    words = [sys.executable, "-m", "workflows.cli", "check", "shut", "good", "tree"]
    ran = subprocess.run(
        [*as_a_user, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    for place in closed:
        place.chmod(0o700)
    assert ran.returncode == 2
    assert last(ran.stdout).startswith("2 runs checked")
    why = "permission denied: chmod u+rX, or ask its owner"
    assert ran.stderr.splitlines() == [
        f"lnmo: shut: {why}",
        f"lnmo: tree/shut: {why}",
    ]


def test_a_directory_below_that_may_not_be_read_is_no_clean_answer(
    tmp_path: Path, as_a_user: list[str]
) -> None:
    for name in ("good", "shut"):
        shutil.copytree(GOOD, tmp_path / name)
    (tmp_path / "shut").chmod(0)
    words = [sys.executable, "-m", "workflows.cli", "check", "--json", "."]
    ran = subprocess.run(
        [*as_a_user, *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    (tmp_path / "shut").chmod(0o700)
    assert ran.returncode == 2
    record = json.loads(ran.stdout)
    assert len(record["runs"]) == 1
    why = "permission denied: chmod u+rX, or ask its owner"
    assert record["unreadable"] == {"shut": why}
