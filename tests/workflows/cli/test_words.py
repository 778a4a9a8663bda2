"""The words of a command line, and the streams it prints to, at their edges."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.places import TOP
from workflows import cli
from workflows.cli.verbs import HELP

NEEDED = {
    "export": ["out"],
    "worker": ["--fw-id", "1"],
    **{verb: ["here"] for verb in ("parse", "check", "collect")},
    **{verb: ["paper"] for verb in ("plan", "run", "submit", "write")},
}
"""Words without which a verb is not complete."""


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    group = click.Context(cli.app)
    for verb in HELP:
        command = cli.app.get_command(group, verb)
        assert command is not None
        for param in command.params:
            yield verb, param


VALUED = [
    (verb, name)
    for verb, param in parameters()
    if isinstance(param, click.Option) and not param.is_flag
    for name in param.opts
]
NUMBERS = [
    (verb, max(param.opts, key=len))
    for verb, param in parameters()
    if isinstance(param.type, click.types.FloatParamType | click.types.IntParamType)
]


def ended(words: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[object, str, str]:
    """Run ``lnmo`` in this process; return its exit code and what it printed."""
    told, errors = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "argv", ["lnmo", *words])
    monkeypatch.setattr(sys, "stdout", told)
    monkeypatch.setattr(sys, "stderr", errors)
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code, told.getvalue(), errors.getvalue()


@pytest.mark.parametrize(("verb", "option"), VALUED)
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_value_is_never_a_default(
    verb: str,
    option: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [verb, *NEEDED.get(verb, []), option, value]
    code, told, errors = ended(words, monkeypatch)
    longest = {"-l": "--launchpad", "-j": "--jobs", "-m": "--max-jobs"}
    longest |= {"-o": "--output", "-c": "--campaign", "-f": "--format"}
    assert (code, told) == (2, "")
    assert errors == (
        f"lnmo: lnmo {verb} {longest.get(option, option)}: the value is empty; perhaps "
        "a shell variable is not set: give one, or leave the option out\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["parse", ""], ["check", "a", ""], ["collect", " "], ["export", ""]]
)
def test_an_empty_directory_name_is_not_the_current_one(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told, errors = ended(words, monkeypatch)
    assert (code, told) == (2, "")
    assert "the value is empty; perhaps a shell variable is not set" in errors
    assert list(tmp_path.iterdir()) == []


def test_help_is_shown_beside_an_empty_value(monkeypatch: pytest.MonkeyPatch) -> None:
    code, told, _ = ended(["run", "-l", "", "--help"], monkeypatch)
    assert code == 0
    assert "--launchpad" in told


@pytest.mark.parametrize(("verb", "option"), NUMBERS)
@pytest.mark.parametrize("value", ["1_0", "\u0661", "\uff11", "1 ", "0x1", "1,5"])
def test_a_number_has_plain_decimal_digits(
    verb: str,
    option: str,
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [verb, *NEEDED.get(verb, []), option, value]
    code, told, errors = ended(words, monkeypatch)
    assert (code, told) == (2, "")
    assert f"{value!r} is not a valid" in errors
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["1", "1.", ".5", "0.25", "+1", "-1", "1e-1", "1E0"])
def test_a_number_in_any_plain_form_is_read(value: str) -> None:
    from workflows.cli.options import Real

    assert Real().convert(value, None, None) == float(value)


def test_more_workers_than_any_machine_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, told, errors = ended(["run", "paper", "-j", "1000000000"], monkeypatch)
    assert (code, told) == (2, "")
    assert "1000000000 is not in the range 1<=x<=1024: each worker is a" in errors
    assert list(tmp_path.iterdir()) == []


class Narrow(io.TextIOWrapper):
    """Standard output of a terminal that has ASCII alone."""

    def __init__(self, errors: str) -> None:
        super().__init__(io.BytesIO(), "ascii", errors)


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])  # of LC_ALL=C
def test_a_stream_without_a_character_gets_its_number(
    monkeypatch: pytest.MonkeyPatch, errors: str
) -> None:
    from workflows.cli.streams import prepare

    stream = Narrow(errors)
    monkeypatch.setattr(sys, "stdout", stream)
    prepare()
    print("0.5 \u00c5")
    stream.seek(0)
    assert stream.read() == "0.5 \\xc5\n"


def shell(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which ``lnmo`` is a process of its own."""
    return subprocess.run(
        ["bash", "-c", f'lnmo() {{ {sys.executable} -m workflows.cli "$@"; }}; {line}'],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_standard_output_is_named(tmp_path: Path) -> None:
    ran = shell("lnmo plan paper >/dev/full", tmp_path)
    assert (ran.returncode, ran.stderr) == (
        2,
        "lnmo: standard output: No space left on device: the disk is full; free some "
        "space and run again\n",
    )


def test_nobody_who_reads_is_no_trouble(tmp_path: Path) -> None:
    ran = shell("lnmo plan paper --json | true", tmp_path)
    assert ran.stderr == ""


@pytest.mark.parametrize("verb", ["--version", "--help", *HELP])
@pytest.mark.parametrize("closed", [">&-", "1</dev/null"])
def test_a_verb_that_cannot_print_is_refused_before_it_does_anything(
    verb: str, closed: str, tmp_path: Path
) -> None:
    words = " ".join([verb, *NEEDED.get(verb, [])])
    ran = shell(f"lnmo {words} {closed}", tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("lnmo: standard output is closed, or open for reading")
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("closed", ["2>&-", "2>/dev/full", "2</dev/null", "2>|gone"])
def test_a_standard_error_that_takes_nothing_changes_neither_exit_code_nor_output(
    closed: str, tmp_path: Path
) -> None:
    for words, code in (("plan nio --json", 0), ("plan nowhere", 2), ("plan --no", 2)):
        plain = shell(f"lnmo {words}", tmp_path)
        line = f"{{ lnmo {words}; echo $? >code; }} {closed}"
        if "gone" in closed:  # a pipe that nobody reads
            line = f"{{ lnmo {words} 2>&3; echo $? >code; }} 3> >(exec true)"
        ran = shell(line, tmp_path)
        assert (tmp_path / "code").read_text() == f"{code}\n"
        assert ran.stdout == plain.stdout


def test_what_is_printed_never_goes_into_a_file_of_the_project(tmp_path: Path) -> None:
    """A file that is opened first would have the number of a closed stream."""
    (tmp_path / "c.yaml").write_text("name: c\nx: [1]\nengine: chgnet\n")
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n")
    ran = shell("lnmo submit c.yaml <&- 2>&-", tmp_path)
    assert ran.returncode == 0
    (kept,) = tmp_path.rglob("launchpad.json")
    assert json.loads(kept.read_text())["collections"]["fireworks"]


def test_nobody_to_ask_is_the_same_with_a_closed_input(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("name: c\nx: [1]\norderings: {keep: 200}\n")
    plain = shell("lnmo submit c.yaml </dev/null", tmp_path)
    closed = shell("lnmo submit c.yaml <&-", tmp_path)
    assert (plain.returncode, plain.stderr) == (closed.returncode, closed.stderr)


def test_a_current_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    ran = shell("mkdir d; cd d; rmdir ../d; lnmo results paper", tmp_path)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "the current directory was deleted, or deleted and made again" in ran.stderr


def test_the_backend_of_a_login_file_draws_no_figure(tmp_path: Path) -> None:
    """Its name would end ``lnmo report`` with a traceback of matplotlib."""
    code = (
        "import sys; sys.argv = ['lnmo', '--version']\n"
        "from contextlib import suppress\n"
        "from workflows import cli\n"
        "with suppress(SystemExit):\n    cli.main()\n"
        "from matplotlib import pyplot\n"
        "pyplot.figure().savefig('figure.png')\n"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "MPLBACKEND": "Qt4Agg", "PYTHONPATH": str(TOP)}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "figure.png").is_file()


def test_the_help_names_no_limit_that_there_is_not() -> None:
    for verb, parameter in parameters():
        record = parameter.get_help_record(click.Context(click.Command(verb)))
        assert "None" not in str(record and record[1]), (verb, parameter.name)
