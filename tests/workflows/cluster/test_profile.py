"""The site profile: what `lnmo init` writes is valid, and a wrong key is an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from fireworks import FWorker
from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

from workflows.cli.init import init
from workflows.cluster.fworker_file import FWORKER_FILE
from workflows.cluster.profile import ADAPTER_FILE, read_profile
from workflows.cluster.project_files import QUEUES
from workflows.engines.machine import machine
from workflows.errors import MachineError
from workflows.records.database import Database


@pytest.fixture
def change(tmp_path: Path) -> Callable[..., Database]:
    """Write the Slurm profile with some keys changed, dots between the sections."""

    def write(file: str = ADAPTER_FILE, **changes: Any) -> Database:
        init.main([str(tmp_path), "--queue", "slurm"], standalone_mode=False)
        path = tmp_path / file
        content = yaml.safe_load(path.read_text("utf-8"))
        for key, value in changes.items():
            *sections, last = key.split("__")
            section = content
            for part in sections:
                section = section[part]
            section[last] = value
        path.write_text(yaml.safe_dump(content), "utf-8")
        return database(tmp_path)

    return write


def database(place: Path) -> Database:
    return Database(place / "launchpad.yaml", place / "data", {"host": "example"})


@pytest.mark.parametrize("queue", QUEUES)
def test_what_init_writes_is_valid_and_fireworks_own(
    tmp_path: Path, queue: str
) -> None:
    init.main([str(tmp_path), "--queue", queue], standalone_mode=False)
    profile = read_profile(database(tmp_path))
    assert profile.categories == ("vasp",)
    adapter = CommonAdapter.from_file(str(tmp_path / ADAPTER_FILE))
    assert adapter["pre_rocket"].startswith("module load vasp")
    assert FWorker.from_file(str(tmp_path / FWORKER_FILE)).name == "cluster"


def test_a_step_has_its_own_walltime_and_the_firework_the_last_word(
    change: Callable[..., Database],
) -> None:
    profile = read_profile(change())
    assert profile.adapter_for("static", {})["walltime"] == "08:00:00"
    assert profile.adapter_for("static", {"nodes": 4})["nodes"] == 4
    with pytest.raises(MachineError, match="unknown key node "):
        profile.adapter_for("static", {"node": 4})


@pytest.mark.parametrize(
    ("queue", "given", "said"),
    [
        ("pbs", "600", "walltime = '600' is no longer than the 600 s before"),
        ("pbs", "1-00:00:00", "'1-00:00:00' is not a time of PBS: give seconds, min"),
        ("slurm", "24:99:99", "'24:99:99' has 99 minutes after a longer unit, where"),
        ("lsf", "24:00:00", "'24:00:00' is not a time of LSF: give minutes, hours:"),
        ("slurm", "99999999999", "is longer than 2147483647 s, 68 years: give"),
        ("lsf", 90, "walltime = 90 is a number: write a time, '24:00'"),
    ],
)
def test_a_wall_time_that_the_queue_reads_otherwise_is_refused_wherever_it_stands(
    tmp_path: Path, queue: str, given: object, said: str
) -> None:
    init.main([str(tmp_path), "--queue", queue], standalone_mode=False)
    profile = read_profile(database(tmp_path))
    with pytest.raises(MachineError, match=r"^_queueadapter of step 7: wall") as error:
        profile.adapter_for("dos", {"walltime": given}, "_queueadapter of step 7")
    assert said in str(error.value)
    path = tmp_path / ADAPTER_FILE
    content = yaml.safe_load(path.read_text("utf-8"))
    content["_lnmo"]["steps"]["dos"]["walltime"] = given
    path.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(MachineError, match=r"_lnmo\.steps\.dos: walltime") as error:
        read_profile(database(tmp_path))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"nodes": [1]}, "nodes = [1]: give one text or number"),
        ({"pre_rocket": 5}, "pre_rocket = 5: give one text"),
        ({"post_rocket": 1.5}, "post_rocket = 1.5: give one text"),
        ({"pre_rocket": "a\x1b[31m"}, "has a line break or a control character"),
        ({"pre_rocket": "a\rb"}, "has a line break or a control character"),
        ({"account": "x\ud800"}, "account = 'x\\ud800': give one text"),
        ({"account": "a\ntouch OWNED"}, "has a line break or a control character"),
        ({"account": "a\n"}, "has a line break or a control character"),
        ({"queue": "\u202eevil"}, "has a line break or a control character"),
        ({"nodes": True}, "nodes = True: give one text or number"),
        ({"queue": "a\0b"}, "queue = 'a\\x00b': give one text or number"),
        ([1], "expected keys and values, found [1]"),
    ],
)
def test_the_values_of_a_firework_are_checked_as_those_of_the_profile(
    change: Callable[..., Database], more: Any, said: str
) -> None:
    with pytest.raises(MachineError) as error:
        read_profile(change()).adapter_for("static", more)
    assert said in str(error.value)


EMPTY = (
    "_q_commands_override",
    "_lnmo",
    "_lnmo__steps",
    "_lnmo__steps__relax",
    "_lnmo__max_jobs",
    "_fw_template_file",
    "_fw_timeout",
    "_fw_q_name",
    "logdir",
    "nodes",
)


@pytest.mark.parametrize("key", EMPTY)
def test_an_empty_key_of_the_adapter_counts_as_absent(
    change: Callable[..., Database], key: str
) -> None:
    profile = read_profile(change(**{key: None}))
    assert profile.scheduler().jobs
    assert profile.max_jobs == 20
    assert profile.adapter_for("static", {}).q_name == "SLURM"


@pytest.mark.parametrize("key", ["submit_cmd", "status_cmd"])
def test_an_empty_command_of_the_queue_is_the_usual_one(
    change: Callable[..., Database], key: str
) -> None:
    profile = read_profile(change(_q_commands_override={key: None}))
    commands = profile.adapter_for("relax", {}).q_commands["SLURM"]
    assert commands == {"submit_cmd": "sbatch", "status_cmd": "squeue"}


@pytest.mark.parametrize("key", ["query", "env", "env__incar", "env__poll_seconds"])
def test_an_empty_key_of_the_fworker_counts_as_absent(
    change: Callable[..., Database], key: str
) -> None:
    profile = read_profile(change(FWORKER_FILE, **{key: None}))
    made = machine({"_fw_env": dict(profile.worker(Path("data")).env)})
    assert made.poll_seconds == 10.0


@pytest.mark.parametrize("value", [0, False, "", []], ids=str)
@pytest.mark.parametrize(
    "key",
    [
        *("_q_commands_override", "_lnmo", "_lnmo__steps", "_lnmo__steps__relax"),
        *("env", "env__incar"),
    ],
)
def test_what_is_no_section_is_refused_though_python_takes_it_for_nothing(
    change: Callable[..., Database], key: str, value: object
) -> None:
    file = FWORKER_FILE if key.startswith("env") else ADAPTER_FILE
    with pytest.raises(MachineError, match="expected keys and values") as told:
        read_profile(change(file, **{key: value}))
    assert file in str(told.value)


@pytest.mark.parametrize("value", [0, False])
def test_a_category_that_is_no_text_is_not_told_as_missing(
    change: Callable[..., Database], value: object
) -> None:
    with pytest.raises(MachineError, match=f"category = {value}: give a name"):
        read_profile(change(FWORKER_FILE, category=value))


@pytest.mark.parametrize("value", [0, False, []], ids=str)
def test_a_firework_whose_adapter_is_no_section_is_refused(
    change: Callable[..., Database], value: Any
) -> None:
    with pytest.raises(MachineError, match="spec: expected keys and values"):
        read_profile(change()).adapter_for("relax", value, "spec")


@pytest.mark.parametrize(
    ("file", "key"),
    [
        *((ADAPTER_FILE, name) for name in ("nodes", "walltime", "logdir", "queue")),
        *((ADAPTER_FILE, name) for name in ("pre_rocket", "_fw_timeout")),
        *((ADAPTER_FILE, name) for name in ("_lnmo__max_jobs", "_fw_template_file")),
        *((FWORKER_FILE, f"env__{name}") for name in ("poll_seconds", "stop_margin")),
        (FWORKER_FILE, "name"),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_no_float_holds_is_refused_in_one_short_line(
    change: Callable[..., Database], file: str, key: str, sign: int
) -> None:
    with pytest.raises(MachineError, match=file) as told:
        read_profile(change(file, **{key: sign * 10**350}))
    assert len(str(told.value)) < 400
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    "incar",
    [
        {"NCORE": float("nan")},
        {"NCORE": "8;ENCUT=300"},
        {"KPAR": 4.0},
        {"NPAR": True},
        {"NSIM": 10**350},
        {"NCORE": 0},
        {"NCORE": [4]},
        {"LPLANE": "maybe"},
        {"LPLANE": 1},
        {"LPLANE": ".TRUE.\nISPIN = 1"},
    ],
    ids=lambda given: str(given)[:30],
)
def test_a_machine_tag_that_no_job_could_use_is_refused_with_the_file(
    change: Callable[..., Database], incar: dict[str, Any]
) -> None:
    with pytest.raises(MachineError, match=r"env\.incar: ") as told:
        read_profile(change(FWORKER_FILE, env__incar=incar))
    assert FWORKER_FILE in str(told.value)
    assert len(str(told.value)) < 400


@pytest.mark.parametrize("value", [True, False, ".TRUE.", "F"])
def test_a_switch_of_the_machine_is_taken_in_every_form(
    change: Callable[..., Database], value: object
) -> None:
    profile = read_profile(change(FWORKER_FILE, env__incar={"LPLANE": value}))
    assert profile.fworker["env"]["incar"] == {"LPLANE": value}


def test_the_section_of_ours_does_not_reach_the_script(
    change: Callable[..., Database], tmp_path: Path
) -> None:
    script = read_profile(change()).adapter_for("dos", {}).get_script_str(str(tmp_path))
    assert "#SBATCH --time=12:00:00" in script
    assert "max_jobs" not in script


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ntasks_per_nodes": 4}, "unknown key ntasks_per_nodes (did you mean ntasks_"),
        ({"_lnmo__steps__relax": {"pre_rocket": 5}}, "pre_rocket = 5: give one text"),
        ({"_lnmo__steps__relax": {"queue": "a\x1b"}}, "has a line break or a control"),
        ({"_lnmo__steps": "a" * 1500}, "expected keys and values, found 'aaaa"),
        ({"_lnmo__max_job": 4}, "unknown key max_job (did you mean max_jobs?)"),
        ({"_lnmo__steps__relaxx": {}}, "unknown key relaxx (did you mean relax?)"),
        (
            {"_lnmo__steps__relax": {"node": 1}},
            "unknown key node (did you mean nodes?)",
        ),
        ({"_lnmo__max_jobs": 0}, "max_jobs = 0: must be a whole number >= 1"),
        ({"_fw_q_type": "SLRUM"}, "_fw_q_type is 'SLRUM'; lnmo supports SLURM"),
        ({"_fw_name": "PBSNewt"}, "_fw_name must be CommonAdapter"),
        ({"_fw_template_file": "/no/such"}, "there is no /no/such"),
        (
            {"walltime": 86_400},
            "walltime = 86400 is a number: write a time",
        ),
        ({"walltime": [1]}, "walltime = [1]: give one text or number"),
        ({"_fw_q_type": ["SLURM"]}, "_fw_q_type is ['SLURM']; lnmo supports SLURM"),
        ({"_fw_template_file": 5}, "_fw_template_file = 5 is not a path"),
        ({"_fw_template_file": "/bin/true"}, "is not a text that can be read"),
        ({"_q_commands_override": 5}, "_q_commands_override: expected keys and values"),
        ({"_q_commands_override": {"submit_cmd": 5}}, "submit_cmd = 5: give a command"),
        ({"_q_commands_override": {"submit_cmd": "'"}}, "its quotes in pairs"),
        ({"pre_rocket": ["module load vasp", "b"]}, "several commands: 'module load"),
        ({"nodes": True}, "nodes = True: give one text or number"),
        ({"nodes": float("nan")}, "nodes = nan: give one text or number"),
        (
            {"_lnmo__max_jobs": 10**30},
            "max_jobs = 1000000000000",
        ),
        ({"_lnmo__max_jobs": True}, "max_jobs = True: must be a whole number"),
        ({"_lnmo__steps__relax": {"nodes": [1]}}, "nodes = [1]: give one text"),
        ({"walltime": "a day"}, "walltime = 'a day' is not a time"),
        ({"walltime": "00:10:00"}, "'00:10:00' is no longer than the 600 s before its"),
    ],
    ids=str,
)
def test_a_wrong_key_of_the_adapter_is_an_error(
    change: Callable[..., Database], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(MachineError) as error:
        read_profile(change(**changes))
    assert said in str(error.value)
    assert len(str(error.value)) < 1000
    assert ADAPTER_FILE in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"categroy": "vasp"}, "unknown key categroy (did you mean category?)"),
        ({"category": [""]}, "this worker would accept every Firework"),
        ({"category": ""}, "this worker would accept every Firework"),
        (
            {"category": ["vaps"]},
            "an engine's name (did you mean vasp?)",
        ),
        ({"category": ["vasp "]}, "'vasp ' does not start with an engine's name"),
        ({"query": {}}, "query is not JSON in quotes"),
        ({"name": None}, "no name"),
        ({"name": 5}, "name = 5 is not text; put it in quotes"),
        ({"category": 5}, "category = 5: give a name or a list of names"),
        ({"category": [None]}, "category = [None]: give a name or a list of names"),
        ({"category": [["vasp"]]}, "category = [['vasp']]: give a name"),
        (
            {"query": '{"fw_id": {"$bogus": 1}}'},
            "query: $bogus is not an operator of",
        ),
        ({"env__root": 5}, "env.root = 5 is not text"),
        ({"env__root": "a\0b"}, "env.root = 'a\\x00b' is not text"),
        ({"env__root": "\ud800"}, "env.root = '\\ud800' is not text"),
        ({"env__vasp_cmd": "x\ud800"}, "env.vasp_cmd = 'x\\ud800' is not text"),
        ({"name": "x\ud800"}, "name = 'x\\ud800' is not text"),
        ({"env": "[" * 1500}, "expected keys and values, found '[[["),
        ({"env__vasp_cmd": ["a"]}, "env.vasp_cmd = ['a'] is not text"),
        (
            {"env__stop_margin": float("nan")},
            "env.stop_margin = nan: must be",
        ),
        ({"env__stop_margin": True}, "env.stop_margin = True is not a number"),
        ({"env__vasp_comd": "x"}, "unknown key vasp_comd (did you mean vasp_cmd?)"),
        ({"env__incar": {"ENCUT": 600}}, "unknown key ENCUT"),
        ({"env__stop_margin": "5 min"}, "env.stop_margin = '5 min' is not a number"),
        ({"env__stop_margin": -1}, "env.stop_margin = -1: must be a positive number"),
        ({"env__poll_seconds": 0}, "env.poll_seconds = 0: must be a positive number"),
    ],
    ids=str,
)
def test_a_wrong_key_of_the_fworker_is_an_error(
    change: Callable[..., Database], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(MachineError) as error:
        read_profile(change(FWORKER_FILE, **changes))
    assert said in str(error.value)
    assert len(str(error.value)) < 1000
    assert FWORKER_FILE in str(error.value)


@pytest.mark.parametrize(
    "query",
    [
        '{"spec.x": {"$in": [0, 1]}}',
        '{"$expr": {"$gt": [{"$add": ["$spec.x", 1]}, 2]}}',
        '{"spec.x": {"$bitsAllSet": 1}}',
    ],
)
def test_a_query_of_mongodb_is_taken_as_it_is(
    change: Callable[..., Database], query: str
) -> None:
    found = read_profile(change(FWORKER_FILE, query=query))
    assert json.loads(query) in found.query["$and"]


@pytest.mark.parametrize("file", [ADAPTER_FILE, FWORKER_FILE])
def test_a_key_that_is_given_twice_is_an_error(
    change: Callable[..., Database], tmp_path: Path, file: str
) -> None:
    found = change(file)
    with (tmp_path / file).open("a") as opened:
        opened.write("name: a\nname: b\n")
    with pytest.raises(MachineError, match=f"{file}.*'name' is given twice"):
        read_profile(found)


@pytest.mark.parametrize("file", [ADAPTER_FILE, FWORKER_FILE])
def test_a_file_with_a_byte_order_mark_is_read(
    change: Callable[..., Database], tmp_path: Path, file: str
) -> None:
    found = change(file)
    path = tmp_path / file
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    read_profile(found)


@pytest.mark.parametrize("file", [ADAPTER_FILE, FWORKER_FILE])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"a: [", ": not YAML: line 1, column"),
        (b"a: \x01", ": not YAML: "),
        (b"a: 1\na: 2", ": 'a' is given twice, in lines 1 and 2"),
        (b"a: \xff", ": byte 3 is not UTF-8; save the file as UTF-8"),
        (b"yes: no", ": a key is True, which is no word: YAML reads yes, no, on"),
        (b"null: 2", ": a key is None, which is no word"),
        (b"8: 2", ": a key is 8, which is no word"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_once_and_without_a_wrong_guess(
    change: Callable[..., Database],
    tmp_path: Path,
    file: str,
    text: bytes,
    said: str,
) -> None:
    found = change(file)
    if text.startswith((b"yes", b"null", b"8")):
        text = (tmp_path / file).read_bytes() + text
    (tmp_path / file).write_bytes(text)
    with pytest.raises(MachineError) as error:
        read_profile(found)
    assert str(error.value).startswith(f"{tmp_path / file}{said}")
    assert "did you mean" not in str(error.value)
    assert str(error.value).count("YAML") <= 1


def test_a_stop_margin_of_nothing_is_one(
    change: Callable[..., Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_STOP_MARGIN", "900")
    change(walltime="00:10:00")
    made = read_profile(change(FWORKER_FILE, env__stop_margin=0))
    spec = {"_fw_env": made.fworker["env"]}
    assert (machine(spec).stop_margin, machine({}).stop_margin) == (0.0, 900.0)


def test_a_missing_profile_names_the_verb_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="lnmo init --queue slurm writes one"):
        read_profile(database(tmp_path))


@pytest.mark.parametrize("key", ["pre_rocket", "post_rocket"])
def test_commands_before_and_after_may_be_several_lines(
    change: Callable[..., Database], key: str
) -> None:
    text = "module load vasp\n\texport A=\u00e9\n"
    assert read_profile(change(**{key: text})).adapter[key] == text
