"""The command's promises to a shell: exit codes, one line an error, nothing written.

Bad input is tried in this process, with a real directory compared before and after;
what depends on a fresh interpreter (imports, a package that is missing) in another.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.places import TOP
from workflows import cli

VERBS = tuple(command.name for command in cli.app.registered_commands)
OF_THE_QUEUE = {"init", "launch", "worker", "reconcile", "delete"}
OF_DIRECTORIES = {"parse", "check"}
TAKE_A_CAMPAIGN = tuple(v for v in VERBS if v not in OF_DIRECTORIES | OF_THE_QUEUE)
HEAVY = ("pymatgen", "torch", "matplotlib", "pandas", "fireworks", "pymongo", "ase")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Lnmo = Callable[..., Answer]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project directory, entered, with nothing of the caller's environment."""
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD", "LNMO_VASP_CMD", "PMG_VASP_PSP_DIR"):
        monkeypatch.delenv(name, raising=False)
    place = tmp_path / "project"
    place.mkdir()
    shutil.copy(TOP / "launchpad.yaml", place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def lnmo(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lnmo:
    def call(*words: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["lnmo", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return Answer(int(end.value.code or 0), captured.out, captured.err)

    return call


def tree(place: Path) -> dict[str, bytes | None]:
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in place.rglob("*")
    }


def refused(lnmo: Lnmo, here: Path, *words: str) -> str:
    """Check that a call is refused in one line and changes nothing; return the line."""
    before = tree(here.parent)
    answer = lnmo(*words)
    assert answer.code == 2, answer
    assert answer.out == ""
    assert answer.err.startswith("lnmo: ")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert tree(here.parent) == before
    return answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "nothing to run: name a campaign"),
        (("run", "papre"), "papre: no such campaign file"),
        (("plan", "/"), "/: cannot be read as a campaign file"),
        (("run", "paper", "--x", "0.3"), "the nearest possible values are 0.25 and"),
        (("run", "paper", "--x", "2.5"), "x = 2.5 is outside 0..2"),
        (("plan", "paper", "--x", "-1"), "x = -1 is outside 0..2"),
        (("write", "paper", "--x", "nan"), "x.0 = nan: expected a finite number"),
        (
            ("run", "paper", "--engine", "siesta"),
            "unknown engine 'siesta'; known: vasp",
        ),
        (("write", "paper", "--engine", "chgnet"), "has no VASP inputs to write"),
        (("run", "paper"), "set LNMO_VASP_CMD"),
        (("results", "--csv", "--json"), "--csv and --json are two formats"),
        (("compare", "u-sensitivity", "--csv", "--json"), "are two formats"),
        (("results", "--table", "serie"), "no table 'serie' (did you mean series?)"),
        (("plan", "paper", "--variant", "mp"), "paper has no variants: leave out"),
        (("report",), "nothing to report: no results are recorded"),
        (("status", "-l", "elsewhere"), "elsewhere: no launchpad file"),
        (("write", "paper", "-o", "launchpad.yaml"), "launchpad.yaml: cannot be wr"),
        (("write", "paper", "-o", "launchpad.yaml/in"), "cannot be written (Not a d"),
    ],
    ids=" ".join,
)
def test_bad_words_are_refused_in_one_line(
    lnmo: Lnmo, here: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in refused(lnmo, here, *words)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "LNMO_VASP_CMD",
            "/no/such/vasp_std",
            "'/no/such/vasp_std' starts with no exe",
        ),
        ("LNMO_VASP_CMD", "mpirun '", "cannot be split into words"),
        ("LNMO_ROOT", "/proc/lnmo", "/proc/lnmo/launchpad.lock: cannot be written"),
        ("LNMO_ROOT", "launchpad.yaml", "choose another data directory with LNMO_ROOT"),
        ("LNMO_POLL_SECONDS", "often", "LNMO_POLL_SECONDS = 'often' is not a number"),
    ],
)
def test_a_bad_environment_is_refused_in_one_line(
    lnmo: Lnmo,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    said: str,
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "true")
    monkeypatch.setenv(name, value)
    assert said in refused(lnmo, here, "run", "paper")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("x: [1]\nname: a\nkpoint: 3\n", "unknown key kpoint"),
        ("x: [1]\nname: a\nvasp: {kpoint: 3}\n", "(did you mean kpoints?)"),
        ("x: [3]\nname: a\n", "x = 3 is outside 0..2"),
        ("x: [nan]\nname: a\n", "x.0 = 'nan': expected a finite number"),
        ('x: ["3"]\nname: a\n', "x = 3 is outside 0..2"),
        ("x: [1]\nname: a\nengine: siesta\n", "unknown engine 'siesta'"),
        ("x: [1\n", "not YAML"),
        ("- 1\n", "expected keys and values"),
    ],
)
@pytest.mark.parametrize("verb", ["plan", "write", "submit", "run", "status"])
def test_a_bad_campaign_file_is_refused_in_one_line(
    lnmo: Lnmo, here: Path, verb: str, content: str, said: str
) -> None:
    (here / "bad.yaml").write_text(content)
    assert said in refused(lnmo, here, verb, "bad.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no launchpad file"),
        ("host: ${LNMO_NO_SUCH}\n", "variable LNMO_NO_SUCH is not set"),
        ("port: 1\n", "no key host"),
        ("host: [\n", "not YAML"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "status", "results", "report", "submit"])
def test_a_bad_launchpad_file_is_refused_in_one_line(
    lnmo: Lnmo, here: Path, verb: str, content: str | None, said: str
) -> None:
    path = here / "launchpad.yaml"
    path.unlink() if content is None else path.write_text(content)
    assert said in refused(lnmo, here, verb, "paper")


def test_the_engine_is_asked_for_of_what_was_submitted_earlier(
    lnmo: Lnmo, here: Path
) -> None:
    assert lnmo("submit", "paper", "--x", "1").code == 0
    assert "set LNMO_VASP_CMD" in refused(lnmo, here, "run")


def test_without_chgnet_the_message_names_the_extra(here: Path) -> None:
    hiding = here / "hiding"
    hiding.mkdir()
    (hiding / "sitecustomize.py").write_text("import sys; sys.modules['chgnet'] = None")
    before = tree(here)
    ran = subprocess.run(
        [sys.executable, "-m", "workflows.cli", "run", "paper", "--engine", "chgnet"],
        env={"PYTHONPATH": f"{hiding}:{TOP}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stderr.startswith("lnmo: the engine chgnet is not installed here")
    assert "lnmo[chgnet]" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert tree(here) == before


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from workflows.cli import app\n"
        "for words in sys.argv[1:]:\n"
        "    try: app(words.split())\n"
        "    except SystemExit as end: assert end.code == 0, words\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "print(loaded, file=sys.stderr)\n"
    )
    calls = ["--help", *(f"{verb} --help" for verb in VERBS)]
    command = [sys.executable, "-c", script, *calls]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize("verb", TAKE_A_CAMPAIGN)
def test_every_verb_takes_engine_and_x(lnmo: Lnmo, verb: str) -> None:
    text = lnmo(verb, "--help").out
    assert "--engine" in text
    assert "--x" in text


def test_without_a_verb_the_verbs_are_listed(lnmo: Lnmo) -> None:
    answer = lnmo()
    assert set(VERBS) <= set((answer.out + answer.err).split())


def test_x_may_be_repeated(lnmo: Lnmo) -> None:
    found = json.loads(lnmo("plan", "paper", "--json", "--x", "1", "--x", "0").out)
    assert [c["x"] for c in found] == [0, 1, None]


def test_the_engine_of_the_command_line_wins(lnmo: Lnmo) -> None:
    answer = lnmo("plan", "paper", "--json", "--x", "1", "--engine", "chgnet")
    assert [c["engine"] for c in json.loads(answer.out)] == ["chgnet"] * 2


def test_submitting_twice_adds_nothing_the_second_time(lnmo: Lnmo) -> None:
    first = json.loads(lnmo("submit", "paper", "--x", "1", "--json").out)
    second = json.loads(lnmo("submit", "paper", "--x", "1", "--json").out)
    assert second == {"added": [], "present": first["added"]}
    steps = json.loads(lnmo("status", "--json").out)
    assert [(s["name"], s["state"]) for s in steps] == [
        ("x=1 relax", "READY"),
        ("x=1 static", "WAITING"),
        ("x=1 dos", "WAITING"),
        ("Li metal relax", "READY"),
        ("Li metal static", "WAITING"),
    ]


def test_what_is_planned_and_not_run_is_in_the_json_and_the_csv(lnmo: Lnmo) -> None:
    words = ("results", "paper", "--x", "0", "--x", "1")
    rows = json.loads(lnmo(*words, "--json").out)
    frame = pd.read_csv(io.StringIO(lnmo(*words, "--csv").out))
    assert [row["state"] for row in rows] == ["PLANNED", "PLANNED"]
    assert list(frame["state"]) == ["PLANNED", "PLANNED"]
    assert list(frame.columns) == list(rows[0])


def test_the_written_directories_are_listed_as_json(lnmo: Lnmo, here: Path) -> None:
    written = json.loads(lnmo("write", "paper", "-o", "in", "--x", "1", "--json").out)
    assert [Path(path).name for path in written] == [
        *("relax", "static", "dos"),
        *("relax", "static"),
    ]
    assert all((here / path / "INCAR").exists() for path in written)


def test_parsing_what_is_no_run_is_told_and_is_no_success(lnmo: Lnmo) -> None:
    answer = lnmo("parse", ".", "--json")
    assert answer.code == 1
    assert [found["state"] for found in json.loads(answer.out)] == ["FAILED"]


def test_results_before_any_are_no_error(lnmo: Lnmo, here: Path) -> None:
    before = tree(here)
    for verb in ("status", "results"):
        assert lnmo(verb).code == 0
    assert json.loads(lnmo("results", "--json").out) == []
    assert tree(here) == before


def test_results_of_a_study_ask_for_a_variant(lnmo: Lnmo) -> None:
    answer = lnmo("results", "magnetic-order")
    assert answer.code == 2
    assert "choose with --variant one of fim, fm, afm-mn" in answer.err
    rows = json.loads(lnmo("results", "ordering", "--variant", "P4_332", "--json").out)
    assert [row["x"] for row in rows] == [0, 1, 2]
