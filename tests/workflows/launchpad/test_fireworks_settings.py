"""A settings file of FireWorks that it would stumble over is one message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fireworks.fw_config import config_to_dict

from workflows.errors import MachineError
from workflows.launchpad.fireworks_settings import (
    KINDS,
    import_fireworks,
    problem_of,
)

NAME = "FW_config.yaml"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory and home, in a process that has not imported FireWorks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("FW_CONFIG_FILE", raising=False)
    monkeypatch.delenv("MONGOMOCK_SERVERSTORE_FILE", raising=False)
    monkeypatch.delitem(sys.modules, "fireworks")
    return tmp_path


def lnmo(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own, which imports FireWorks."""
    return subprocess.run(
        [sys.executable, "-m", "workflows.cli", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- 1\n", "[1], not keys and values"),
        ("abc\n", "'abc', not keys and values"),
        ("", "nothing, not keys and values"),
        ("a: [\n", "while parsing a flow node"),
        ("CONFIG_FILE_DIR: 5\n", "CONFIG_FILE_DIR = 5: write text"),
        ("ADD_USER_PACKAGES: 3\n", "ADD_USER_PACKAGES = 3: write a list of text"),
        ("PING_TIME_SECS: .nan\n", "PING_TIME_SECS = nan: write a number"),
        ("PING_TIME_SECS: true\n", "PING_TIME_SECS = True: write a number"),
        ("WFLOCK_EXPIRATION_KILL: 'no'\n", "KILL = 'no': write true or false"),
        ("STREAM_LOGLEVEL: LOUD\n", "STREAM_LOGLEVEL = 'LOUD': write DEBUG"),
        ("MongoClient: 5\n", "'MongoClient' is no setting"),
        ("os: 5\n", "'os' is no setting"),
        ("1: a\n", "1 is no setting"),
        ("FW_NAME_UPDATES: {a: 1}\n", "write old names and new ones"),
    ],
)
@pytest.mark.parametrize("place", [NAME, f"home/.fireworks/{NAME}", "given.yaml"])
def test_a_file_that_fireworks_stumbles_over_is_named(
    here: Path, text: str, told: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = here / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    if place == "given.yaml":
        monkeypatch.setenv("FW_CONFIG_FILE", str(path))
    with pytest.raises(MachineError) as caught:
        import_fireworks()
    message = str(caught.value)
    assert told in message
    assert place in message
    assert "\n" not in message
    if "no setting" not in told and "write" not in told and place == "given.yaml":
        assert message.endswith("correct it, or unset FW_CONFIG_FILE")


@pytest.mark.parametrize("kind", ["fifo", "directory", "bytes"])
def test_what_is_no_text_is_not_opened(here: Path, kind: str) -> None:
    path = here / NAME
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    else:
        path.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(MachineError, match=f"{NAME}: FireWorks reads its settings"):
        import_fireworks()


def test_each_setting_of_fireworks_may_be_what_it_is_by_default() -> None:
    import re

    for key, value in config_to_dict().items():
        assert any(re.fullmatch(pattern, key) for pattern, *_ in KINDS), key
        assert problem_of(key, value) == ""


def test_a_verb_says_in_one_line_what_only_fireworks_knows(here: Path) -> None:
    (here / NAME).write_text("NOPE: 1\n", "utf-8")
    ran = lnmo("status")
    assert ran.returncode == 2
    assert f"lnmo: {NAME}: FireWorks reads its settings" in ran.stderr
    assert "unknown parameter: NOPE" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_fireworks_prints_is_not_before_the_json(here: Path) -> None:
    for place in (here, here / "home" / ".fireworks"):
        place.mkdir(parents=True, exist_ok=True)
        (place / NAME).write_text("ECHO_TEST: echoed\n", "utf-8")
        (place / "my_fworker.yaml").write_text("name: a\n", "utf-8")
    ran = lnmo("status", "--json")
    assert ran.returncode == 0, ran.stderr
    json.loads(ran.stdout)
    assert "Found many potential paths for FW_CONFIG_FILE" in ran.stderr
    assert "echoed" in ran.stderr


def test_a_database_file_of_mongomock_without_its_package_is_named(here: Path) -> None:
    ran = lnmo("status", MONGOMOCK_SERVERSTORE_FILE="a.json")
    assert ran.returncode == 2
    assert "unset MONGOMOCK_SERVERSTORE_FILE" in ran.stderr
