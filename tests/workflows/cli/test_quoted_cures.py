"""A command that lnmo prints can be pasted, whatever the names in it."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from workflows.cli import main
from workflows.cli.page_name import refuse_format
from workflows.cli.result_tables import _nothing
from workflows.cli.selection import Selection
from workflows.errors import ResultsError

NAMES = ["my $c.yaml", "it's.yaml", "a;b.yaml", "(x) & y.yaml", "plain.yaml"]


@pytest.mark.parametrize("name", NAMES)
def test_a_selection_is_read_back_by_a_shell_as_it_was_typed(name: str) -> None:
    shown = str(Selection(name, "chgnet", (0.5, 1)))
    assert shlex.split(shown) == [
        *(name, "--engine", "chgnet"),
        *("--x", "0.5", "--x", "1"),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_to_take_is_one_word(name: str) -> None:
    path = Path(name).with_suffix(".pdf")
    with pytest.raises(ResultsError) as caught:
        refuse_format(path)
    command = str(caught.value).partition(": a report is HTML: ")[2]
    page = shlex.quote(str(path.with_suffix(".html")))
    assert command.startswith(f"-o {page}; ")


@pytest.mark.parametrize("name", NAMES)
def test_what_to_run_first_is_one_word(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.cli.result_tables.running_steps", lambda _: [])
    assert shlex.split(_nothing("rows", Selection(name)).partition("; ")[2]) == [
        *("lnmo", "run", name)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_directories_that_take_no_options_are_repeated_as_words(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["lnmo", "report", name, "--x", "1"])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert f"lnmo report {shlex.quote(name)}: " in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--all"]])
def test_how_to_delete_is_one_command(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    name = "it's $mine.yaml"
    (tmp_path / name).write_text("name: mine\nx: [1]\n", "utf-8")
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    for typed in (["submit", name], ["delete", name, *words]):
        monkeypatch.setattr("sys.argv", ["lnmo", *typed])
        with pytest.raises(SystemExit, match="0"):
            main()
    told = capsys.readouterr().out
    (command,) = [line for line in told.splitlines() if "to delete: " in line]
    again = shlex.split(command.partition("to delete: ")[2])
    assert again == ["lnmo", "delete", name, *words, "--yes"]
