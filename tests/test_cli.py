"""The command's promises to a shell: exit codes, one line an error, nothing written.

Bad input is tried in this process, with a real directory compared before and after;
what depends on a fresh interpreter (imports, a package that is missing) in another.
"""

from __future__ import annotations

import io
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import click
import pandas as pd
import pytest

from tests.places import TOP
from workflows import cli
from workflows.cli.examples import EXAMPLES
from workflows.cli.table_request import CHOICES
from workflows.cli.verbs import HELP
from workflows.cli.verbs import VERBS as GROUPS

VERBS = tuple(HELP)
OF_THE_QUEUE = {"init", "launch", "worker", "reconcile", "delete"}
OF_DIRECTORIES = {"parse", "check", "collect"}
OF_THE_MACHINE = {"doctor"}
TAKE_A_CAMPAIGN = tuple(
    v for v in VERBS if v not in OF_DIRECTORIES | OF_THE_QUEUE | OF_THE_MACHINE
)
HEAVY = (
    *("pymatgen", "torch", "matplotlib", "pandas", "fireworks", "pymongo", "ase"),
    *("numpy", "scipy", "spglib", "custodian", "plotly", "pydantic", "rich"),
    *("yaml", "psutil", "typer"),
)


def as_typed(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def of(verb: str) -> click.Command:
    command = cli.app.get_command(click.Context(cli.app), verb)
    assert command is not None
    return command


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
        (("run", ""), "the name of the campaign is empty; perhaps a shell variable"),
        (("submit", " "), "the name of the campaign is empty"),
        (("results", ""), "the name of the campaign is empty"),
        (("delete", ""), "the name of the campaign is empty"),
        (("plan", "/"), "/: cannot be read as a campaign file"),
        (("run", "paper", "--x", "0.3"), "the nearest possible values are 0.25 and"),
        (("run", "paper", "--x", "2.5"), "x = 2.5 is outside 0..2"),
        (("plan", "paper", "--x", "-1"), "x = -1 is outside 0..2"),
        (
            ("run", "paper", "--engine", "siesta"),
            "unknown engine 'siesta'; known: vasp",
        ),
        (("write", "paper", "--engine", "chgnet"), "has no VASP inputs to write"),
        (("run", "paper"), "set LNMO_VASP_CMD"),
        (("results", "--csv", "--json"), "choose either --csv or --json"),
        (("compare", "u-sensitivity", "--csv", "--json"), "either --csv or --json"),
        (("results", "--by", "foo"), "--by foo: one of element, orbital, site"),
        (("results", "--by", "orbitals"), "--by orbitals (did you mean orbital?)"),
        (("results", "--by", "site"), "--by is an option of --table pdos, not of ser"),
        (("results", "--table", "pdos", "--align", "vbmm"), "(did you mean vbm?)"),
        (("results", "--table", "hull", "--window-ev", "0.1"), "--window-ev is an opt"),
        (
            ("results", "--boltzmann", "--table", "sites"),
            "--boltzmann is an option of --table series, not of sites",
        ),
        (("results", "--engine", "vaspp"), "unknown engine 'vaspp' (did you mean vas"),
        (("status", "--engine", "vaspp"), "unknown engine 'vaspp' (did you mean vasp"),
        (("report", "-o", "x.pdf"), "x.pdf: a report is HTML: -o x.html"),
        (("reconcile",), "On this machine alone: lnmo status shows the steps"),
        (("rerun", "--fw-id", "1"), "On this machine alone: lnmo run --retry"),
        (("cancel", "paper"), "On this machine alone: Ctrl-C ends lnmo run"),
        (("results", "--table", "serie"), "no table 'serie' (did you mean series?)"),
        (("plan", "paper", "--variant", "mp"), "paper has no variants: leave out"),
        (("report",), "nothing to report: no results are recorded"),
        (("status", "-l", "elsewhere"), "elsewhere: no launchpad file"),
        (("write", "paper", "-o", "launchpad.yaml"), "launchpad.yaml: cannot be wr"),
        (("write", "paper", "-o", "launchpad.yaml/in"), "cannot be written (Not a d"),
    ],
    ids=as_typed,
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


@pytest.mark.parametrize("name", ["POLL_SECONDS", "FROZEN_SECONDS", "DEADLINE"])
def test_a_bad_environment_is_refused_where_every_step_is_complete_too(
    lnmo: Lnmo, here: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LNMO_VASP_CMD", "true")
    monkeypatch.setattr("workflows.launchpad.steps.fireworks_of", lambda *_: [{}])
    monkeypatch.setenv(f"LNMO_{name}", "nan")
    assert f"LNMO_{name} = 'nan': give " in refused(lnmo, here, "run", "paper")


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
        ("host: ${LNMO_NO_SUCH}\n", "variable LNMO_NO_SUCH is not set"),
        ("port: 1\n", "no key host"),
        ("host: [\n", "not YAML"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "status", "results", "report", "submit"])
def test_a_bad_launchpad_file_is_refused_in_one_line(
    lnmo: Lnmo, here: Path, verb: str, content: str, said: str
) -> None:
    (here / "launchpad.yaml").write_text(content)
    assert said in refused(lnmo, here, verb, "paper")


@pytest.mark.parametrize("verb", ["submit", "launch", "reconcile", "cancel", "rerun"])
def test_what_serves_a_queue_asks_for_a_launchpad_file(
    lnmo: Lnmo, here: Path, verb: str
) -> None:
    (here / "launchpad.yaml").unlink()
    name = [] if verb in OF_THE_QUEUE else ["paper"]
    assert "no launchpad file" in refused(lnmo, here, verb, *name)


@pytest.mark.parametrize("verb", ["status", "results", "report", "run"])
def test_without_a_launchpad_file_this_machine_has_its_embedded_one(
    lnmo: Lnmo, here: Path, verb: str
) -> None:
    (here / "launchpad.yaml").unlink()
    before = tree(here.parent)
    told, *_ = lnmo(verb, "paper").err.splitlines()
    assert told.startswith("lnmo: no launchpad.yaml here: the embedded LaunchPad in")
    assert told.endswith(f"{here / 'lnmo-data'}, which does not exist yet")
    assert tree(here.parent) == before


def test_a_named_launchpad_file_that_is_missing_is_never_stood_in_for(
    lnmo: Lnmo, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "launchpad.yaml").unlink()
    assert "no launchpad file" in refused(lnmo, here, "status", "-l", ".")
    monkeypatch.setenv("LNMO_LAUNCHPAD", str(here / "mine.yaml"))
    assert "no launchpad file" in refused(lnmo, here, "status")


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


def test_help_and_usage_errors_import_nothing_heavy() -> None:
    script = (
        "import io, sys\n"
        "from workflows.cli import app\n"
        "told, sys.stderr = sys.stderr, io.StringIO()\n"
        "for words in sys.argv[1:]:\n"
        "    try: app(words.split())\n"
        "    except SystemExit as end: assert end.code == 2 * ('-h' not in words)\n"
        f"    loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "    assert not loaded, (words, loaded)\n"
    )
    ends = ("-h", "--nonsense", "--x many", "--smooth 1.5")
    calls = ["-h", "nonsense", *(f"{verb} {end}" for verb in VERBS for end in ends)]
    command = [sys.executable, "-c", script, *calls]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_the_help_imports_no_verb_and_a_verb_no_other() -> None:
    loaded = {name: modules_after(f"{name} -h".split()) for name in ("", "plan")}
    assert not loaded[""] & set(VERBS)
    assert loaded["plan"] & set(VERBS) == {"plan"}


def modules_after(words: list[str]) -> set[str]:
    """Return the modules of ``workflows.cli`` that a call has imported."""
    script = (
        "import io, sys\n"
        "from workflows.cli import app\n"
        "told, sys.stdout = sys.stdout, io.StringIO()\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(*sys.modules, file=told)\n"
    )
    command = [sys.executable, "-c", script, *words]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    own = [name for name in ran.stdout.split() if name.startswith("workflows.cli.")]
    return {name.rpartition(".")[2] for name in own}


@pytest.mark.parametrize("verb", TAKE_A_CAMPAIGN)
def test_every_verb_takes_engine_and_x(lnmo: Lnmo, verb: str) -> None:
    text = lnmo(verb, "--help").out
    assert "--engine" in text
    assert "--x" in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_that_it_understands(verb: str) -> None:
    """Each is parsed, and none is run."""
    command, group = of(verb), cli.app.make_context("lnmo", [verb])
    for line in EXAMPLES[verb]:
        name, own, *words = shlex.split(line.partition(" > ")[0])
        assert (name, own) == ("lnmo", verb)
        with command.make_context(verb, words, parent=group):
            pass


def test_the_examples_stand_in_the_help_as_they_are_typed(lnmo: Lnmo) -> None:
    for verb, lines in EXAMPLES.items():
        shown = lnmo(verb, "-h").out.splitlines()
        assert [line for line in lines if f"    {line}" not in shown] == []


def test_the_verbs_stand_in_groups(lnmo: Lnmo) -> None:
    shown = lnmo("-h").out
    heads = [f"{head}:" for head in GROUPS]
    places = [shown.index(f"\n{head}\n") for head in heads]
    assert places == sorted(places)
    assert shown.index("\n  launch ") > places[1] > shown.index("\n  results ")
    assert "..." not in shown.partition("Options:")[2].partition(heads[0])[2]


def test_the_list_of_verbs_says_what_each_says_of_itself() -> None:
    own = {verb: of(verb) for verb in VERBS}
    assert {verb: each.name for verb, each in own.items()} == {v: v for v in VERBS}
    said = {verb: each.get_short_help_str(1000) for verb, each in own.items()}
    assert said == HELP
    assert set(EXAMPLES) == set(VERBS)


def test_a_parameter_is_asked_for_once_and_explained() -> None:
    """A decorator that stands twice, or lacks its help, is no error of click's."""
    for verb in VERBS:
        own = of(verb).params
        assert len({param.name for param in own}) == len(own), verb
        assert [param.name for param in own if not getattr(param, "help", "")] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plann",), "No such command 'plann'. Did you mean 'plan'?"),
        (("plan", "--engin", "vasp"), "No such option '--engin'. Did you mean '--eng"),
        (("results", "--smooth", "a"), "'--smooth': 'a' is not a valid whole number."),
        (("results", "--smooth", "-1"), "'--smooth': -1 is not in the range x>=0."),
        (("run", "-j", "0"), "'--jobs' / '-j': 0 is not in the range 1<=x<=1024"),
        (("cancel", "--fw-id", "a"), "'--fw-id': 'a' is not a valid whole number."),
        (("write", "paper", "--x", "nan"), "'--x': 'nan' is not a valid float."),
        (("plan", "--x", "half"), "'--x': 'half' is not a valid float."),
        (("plan", "--x"), "Option '--x' requires an argument."),
        (("plan", "paper", "lax"), "Got unexpected extra argument (lax)"),
        (("plan", "--json=1"), "Option '--json' does not take a value."),
        (("worker",), "Missing option '--fw-id'."),
        (("export", "out"), "Missing option '--format' / '-f'."),
        (("check",), "Missing argument 'DIR...'."),
        (("--nonsense", "plan"), "No such option '--nonsense'."),
    ],
    ids=as_typed,
)
def test_bad_usage_is_told_with_the_nearest_right_word(
    lnmo: Lnmo, here: Path, words: tuple[str, ...], said: str
) -> None:
    before = tree(here.parent)
    answer = lnmo(*words)
    assert (answer.code, answer.out) == (2, "")
    *usage, error = answer.err.splitlines()
    assert error.startswith("Error: ")
    assert said in error
    assert not usage or usage[0].startswith("Usage: lnmo ")
    assert tree(here.parent) == before


def test_the_version_is_printed_and_nothing_else_is_done(lnmo: Lnmo) -> None:
    answer = lnmo("--version")
    assert (answer.code, answer.out) == (0, f"lnmo {version('lnmo')}\n")


def test_a_shell_can_complete_the_verbs() -> None:
    script = "import sys; sys.argv = ['lnmo']; import workflows.cli as c; c.main()"
    typed = {"COMP_WORDS": "lnmo re", "COMP_CWORD": "1"}
    found = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(TOP), "_LNMO_COMPLETE": "bash_complete", **typed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(found.stdout.split()) == {
        *("plain,reconcile", "plain,report", "plain,rerun", "plain,results")
    }


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


def test_an_id_that_is_not_submitted_is_told_with_the_nearest(lnmo: Lnmo) -> None:
    first, *_ = json.loads(lnmo("submit", "paper", "--x", "1", "--json").out)["added"]
    for asked, near in (
        ("zzz", "; lnmo status lists them"),
        (first[:5], f" (did you mean {first}?)"),
        (f"{first[:-1]}z", f" (did you mean {first}?)"),
    ):
        answer = lnmo("status", "--id", asked)
        assert (answer.code, answer.out) == (2, "")
        assert f"no calculation {asked} is submitted{near}" in answer.err
    assert "no step 99 is submitted" in lnmo("status", "--fw-id", "99").err
    assert first in lnmo("status", "--id", first).out


def test_a_selection_of_nothing_is_told_what_there_is(lnmo: Lnmo) -> None:
    assert lnmo("submit", "paper", "--x", "1").code == 0
    for words in (("--x", "0.3"), ("--engine", "gpaw"), ("u-sensitivity",)):
        answer = lnmo("status", *words)
        assert answer.code == 0
        assert f"nothing of {' '.join(words)} is submitted" in answer.out
        assert "there is: campaign paper, engine vasp, x = 1" in answer.out


def test_the_choices_of_a_density_are_those_of_its_code() -> None:
    from workflows.analysis.pdos import BY
    from workflows.analysis.smoothing import MODES
    from workflows.results.dos_table import Align

    assert {"by": BY, "mode": MODES, "align": get_args(Align)} == CHOICES


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
    assert "choose one with --variant: fim, fm, afm-mn" in answer.err
    rows = json.loads(lnmo("results", "ordering", "--variant", "P4_332", "--json").out)
    assert [row["x"] for row in rows] == [0, 1, 2]
