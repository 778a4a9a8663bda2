"""The commands that a verb prints open the LaunchPad that it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.cli.output import tell_launchpad
from workflows.cli.run_end import report_failures
from workflows.cli.selection import Selection


@pytest.mark.parametrize("state", ["FIZZLED", "RUNNING", "DEFUSED"])
def test_a_printed_command_repeats_the_launchpad_that_was_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    place = tmp_path / "my project"
    place.mkdir()
    (place / "launchpad.yaml").write_text("host: example\nname: c\n")
    step = {"fw_id": 4, "name": "x=1 relax", "state": state, "reason": "a crash"}
    chosen = Selection("c.yaml", launchpad=place)
    assert report_failures([step], chosen, frozenset()) == 1
    told = capsys.readouterr().out
    assert f" --launchpad '{place}'" in told
    assert "lpad" not in told
    report_failures(
        [step], Selection("c.yaml", launchpad=place / "launchpad.yaml"), {""}
    )
    assert f" --launchpad '{place}/launchpad.yaml'" in capsys.readouterr().out


def test_commands_are_followed_by_the_launchpad_that_was_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tell_launchpad(None, ["lnmo rerun --fw-id 1"])
    tell_launchpad(Path("p"), ["defused"])
    assert capsys.readouterr().out == ""
    tell_launchpad(Path("my p"), ["defused", "first: lnmo cancel --fw-id 1"])
    assert (
        capsys.readouterr().out == "with each of these commands: --launchpad 'my p'\n"
    )
