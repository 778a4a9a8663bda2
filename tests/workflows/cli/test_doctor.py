"""``lnmo doctor``: a line for each part, wrong only where something needs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from workflows import cli
from workflows.cli import doctor_engines
from workflows.cli.doctor_engines import vasp_check
from workflows.cli.doctor_machine import locale_check, packages_check, python_check
from workflows.cli.doctor_places import disk_check
from workflows.cli.health import Check, Health

Asked = Callable[..., tuple[int, dict[str, dict[str, str]]]]


@pytest.fixture
def asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Asked:
    monkeypatch.chdir(tmp_path)
    for name in ("ROOT", "LAUNCHPAD", "VASP_CMD", "GPAW_CMD"):
        monkeypatch.delenv(f"LNMO_{name}", raising=False)
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)

    def call(*words: str) -> tuple[int, dict[str, dict[str, str]]]:
        monkeypatch.setattr(sys, "argv", ["lnmo", "doctor", *words, "--json"])
        with pytest.raises(SystemExit) as end:
            cli.main()
        lines = json.loads(capsys.readouterr().out)
        assert list(tmp_path.iterdir()) == []
        return int(end.value.code or 0), {line["part"]: line for line in lines}

    return call


def test_each_part_has_one_line_and_what_is_not_well_has_a_cure(asked: Asked) -> None:
    _, found = asked("--no-start")
    parts = ["Python", "packages", "memory", "locale", "chgnet", "gpaw", "vasp"]
    parts += ["POTCARs", "LaunchPad", "settings", "queue", "disk"]
    assert [part for part in parts if part not in found] == []
    for line in found.values():
        assert line["found"].count("\n") == 0
        assert bool(line["cure"]) == (line["health"] != "ok")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LNMO_VASP_INCAR", "NCORE=4;ISPIN=1"),
        ("LNMO_VASP_INCAR", "NCORE"),
        ("LNMO_POLL_SECONDS", "soon"),
    ],
)
def test_a_setting_that_no_engine_takes_is_told_as_such(
    asked: Asked, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, found = asked("--no-start")
    assert (code, found["settings"]["health"]) == (1, "wrong")
    assert name in found["settings"]["found"]
    assert found["gpaw"]["health"] in {"ok", "absent"}
    assert name not in found["gpaw"]["found"]


def test_what_is_absent_is_wrong_only_for_whom_it_lacks(asked: Asked) -> None:
    _, found = asked("--no-start")
    assert (found["vasp"]["health"], found["POTCARs"]["health"]) == ("absent",) * 2
    code, found = asked("--engine", "vasp", "--no-start")
    assert (found["vasp"]["health"], found["POTCARs"]["health"]) == ("wrong",) * 2
    assert "LNMO_VASP_CMD" in found["vasp"]["cure"]
    assert code == 1


@pytest.mark.parametrize(
    ("command", "health", "said"),
    [
        (f"{sys.executable} {FAKE_VASP}", Health.OK, "starts"),
        ("true", Health.WRONG, "ended with exit code 0"),
        ("sh -c 'echo no libmkl.so >&2; exit 127'", Health.WRONG, "127, no libmkl.so"),
        ("/no/such/vasp_std", Health.WRONG, "starts with no executable"),
        ("mpirun '", Health.WRONG, "cannot be split"),
    ],
)
def test_a_vasp_command_is_well_if_what_it_starts_is_a_vasp(
    monkeypatch: pytest.MonkeyPatch, command: str, health: Health, said: str
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", command)
    check = vasp_check(start=True)
    assert check.health is health, check
    assert said in check.found


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_engines, "WAIT", 0.2)
    monkeypatch.setenv("LNMO_VASP_CMD", "sleep 1000")
    check = vasp_check(start=True)
    assert check.health is Health.WRONG
    assert "had not ended" in check.found


def test_python_is_judged_on_both_sides_of_its_limits() -> None:
    judged = [python_check((3, minor)).health for minor in (10, 11, 12, 13)]
    assert judged == [Health.WRONG, Health.OK, Health.OK, Health.WRONG]


def test_a_package_that_lacks_or_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from workflows.cli import doctor_machine

    assert packages_check().health is Health.OK
    asked = ["no-such-package>=1", "click<0.1", "torch>99; extra == 'chgnet'"]
    monkeypatch.setattr(doctor_machine, "requires", lambda _: asked)
    check = packages_check()
    assert check.health is Health.WRONG
    assert "no-such-package is missing" in check.found
    assert "click" in check.found
    assert "torch" not in check.found


def test_an_encoding_other_than_utf8_is_told() -> None:
    assert locale_check("utf-8", "UTF-8").health is Health.OK
    check = locale_check("utf-8", "ANSI_X3.4-1968")
    assert check.health is Health.ABSENT
    assert "ANSI_X3.4-1968 instead of UTF-8" in check.found


def test_the_disk_is_judged_where_the_data_will_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.cli import doctor_places

    root = tmp_path / "not" / "yet"
    assert disk_check(root).health is Health.OK
    monkeypatch.setattr(doctor_places, "LEAST_FREE", 2**70)
    assert disk_check(root).health is Health.WRONG


@pytest.mark.parametrize("check", [doctor_engines.gpaw_check, vasp_check])
def test_a_command_that_does_not_start_is_told_by_its_cause(
    check: Callable[..., Check], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = "-" * 70
    program = tmp_path / "program"
    program.write_text(
        f"#!/bin/sh\necho {rule}\necho License checkout failed\necho {rule}\nexit 3\n"
    )
    program.chmod(0o755)
    for name in ("VASP", "GPAW"):
        monkeypatch.setenv(f"LNMO_{name}_CMD", str(program))
    found = check(start=True)
    assert found.health is Health.WRONG
    assert "ended with exit code 3, License checkout failed" in found.found
