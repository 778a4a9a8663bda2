"""``lnmo check`` from the shell: text, JSON and exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workflows.cli import app

DATA = Path(__file__).parents[2] / "data"
BAD, GOOD = DATA / "LiVO3_U_on_lithium", DATA / "MgMn2O4_static_antiferromagnetic"


def lnmo_check(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["check", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_warnings_alone_are_no_failure() -> None:
    code, out, _ = lnmo_check(GOOD)
    assert code == 0
    assert out.splitlines()[-1] == "1 run checked: 0 errors, 1 warnings"


def test_an_error_is_told_with_reason_and_cure_and_exit_code_1() -> None:
    code, out, _ = lnmo_check(BAD)
    assert code == 1
    first, why, cure = out.splitlines()[1:4]
    assert first.split(maxsplit=2)[:2] == ["error", "u-on-non-metal:"]
    assert first.endswith("Li8: U 3.25 eV, LDAUL 2; it has no open d or f shell")
    assert why.endswith("d or f shell: the order of LDAUU is wrong.")
    assert cure.strip().startswith("-> Put LDAUL, LDAUU, LDAUJ into the order of")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone", "no such directory"),
        ("empty", "no VASP run here or below"),
        ("file", "a file; say"),
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
    assert out.splitlines()[-1] == "1 run checked: 0 errors, 1 warnings"
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
        "without_run": "list",
    }
    assert [run["run"] for run in record["runs"]] == [str(BAD), str(GOOD)]
    first = record["runs"][0]
    assert set(first) == {"run", "files", "finished", "unchecked", "findings"}
    assert set(first["findings"][0]) == {
        *("id", "severity", "message", "why", "cure", "page"),
    }
    assert {f["id"] for f in record["together"]} == {
        *("set-encut", "set-functional"),
    }


def test_a_tree_is_searched_and_a_run_named_twice_is_checked_once(
    tmp_path: Path,
) -> None:
    for source in (BAD, GOOD):
        shutil.copytree(source, tmp_path / "campaign" / source.name)
    code, out, _ = lnmo_check(tmp_path, tmp_path / "campaign" / GOOD.name)
    assert code == 1
    assert out.splitlines()[-2] == "2 runs checked: 3 errors, 3 warnings"
    assert out.splitlines()[-1].startswith("Add --same")


def test_what_could_not_be_checked_is_said() -> None:
    assert "not checked: ENCUT against ENMAX (no POTCAR)" in lnmo_check(BAD)[1]
