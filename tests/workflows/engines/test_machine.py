"""What the environment gives an engine is a number where one is meant, and no more."""

from __future__ import annotations

import pytest

from workflows.engines.machine import command_words, machine
from workflows.errors import MachineError


@pytest.mark.parametrize("name", ["POLL_SECONDS", "STOP_MARGIN", "FROZEN_SECONDS"])
@pytest.mark.parametrize("value", ["nan", "-1", "inf", "1e999", "1e300"])
def test_a_time_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LNMO_{name}", value)
    with pytest.raises(MachineError, match=f"LNMO_{name} = '{value}': give seconds"):
        machine({})


@pytest.mark.parametrize(
    "value", ["4;ISPIN=1", "abc", "-4", "0", "4.5", "4\nISPIN=1", "9999999"]
)
def test_a_machine_tag_sets_no_other_tag(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("LNMO_VASP_INCAR", f"KPAR=2 NCORE={value}")
    with pytest.raises(MachineError, match="LNMO_VASP_INCAR"):
        machine({})
    with pytest.raises(MachineError, match="a number from 1"):
        machine({"_fw_env": {"incar": {"NCORE": value}}})


def test_the_science_is_not_set_by_the_machine() -> None:
    for tags in ({"ENCUT": 400}, [4], "NCORE=4"):
        with pytest.raises(MachineError, match="incar"):
            machine({"_fw_env": {"incar": tags}})


def test_machine_tags_are_numbers_and_switches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNMO_VASP_INCAR", "NCORE=4 KPAR=2 LPLANE=.TRUE.")
    assert machine({}).incar == {"NCORE": 4, "KPAR": 2, "LPLANE": ".TRUE."}


@pytest.mark.parametrize(
    "name",
    ["POLL_SECONDS", "STOP_MARGIN", "FROZEN_SECONDS", "DEADLINE", "VASP_INCAR"],
)
@pytest.mark.parametrize("value", ["9" * 5000, "a\nb", "\x1b[31m", "'", "~"])
def test_nonsense_is_told_in_one_short_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"LNMO_{name}", value)
    with pytest.raises(MachineError) as caught:
        machine({})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "line", ["9" * 5000, "a\nb", "\x1b[31m", "'", "'" + "a" * 5000]
)
def test_a_command_that_is_none_is_told_in_one_short_line(line: str) -> None:
    with pytest.raises(MachineError) as caught:
        command_words(line, "VASP", "LNMO_VASP_CMD")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_machine_tag_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNMO_VASP_INCAR", "NCORE=4 NCORE=5")
    with pytest.raises(MachineError, match="NCORE is given twice; remove one"):
        machine({})


@pytest.mark.parametrize("text", ["1_0", "１", "1 0", "0x10", "1e"])
def test_only_plain_decimal_numbers_are_read(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("LNMO_STOP_MARGIN", text)
    with pytest.raises(MachineError, match="is not a number"):
        machine({})


def test_vasp_is_looked_at_every_hour_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LNMO_POLL_SECONDS", "1e9")
    with pytest.raises(MachineError, match="give seconds, 0 to 3600"):
        machine({})


@pytest.mark.parametrize("name", ["poll_seconds", "stop_margin", "deadline"])
@pytest.mark.parametrize("value", [10**350, -(10**350)])
def test_a_number_that_no_float_holds_is_refused_where_it_stands(
    name: str, value: int
) -> None:
    with pytest.raises(MachineError, match=f"env.{name} in my_fworker.yaml") as told:
        machine({"_fw_env": {name: value}})
    assert len(str(told.value)) < 400
