"""Tab in a shell: the script, where it goes, and what a real bash does with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from tests.places import TOP
from workflows.cli import app, completion
from workflows.errors import MachineError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, of somebody whose shells are not those of this process."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(psutil.Process, "parents", lambda _: [])
    return tmp_path


def lnmo(*words: str) -> Result:
    return CliRunner().invoke(app, words, prog_name="lnmo")


@pytest.mark.parametrize(
    ("shell", "script", "start", "line"),
    [
        ("bash", ".bash_completions/lnmo.sh", ".bashrc", "source '{script}'"),
        (
            *("zsh", ".zfunc/_lnmo", ".zshrc"),
            "fpath+=~/.zfunc; autoload -Uz compinit; compinit",
        ),
        ("fish", ".config/fish/completions/lnmo.fish", None, None),
    ],
)
def test_each_shell_is_given_its_script_and_its_start_file_one_line(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: str,
    script: str,
    start: str | None,
    line: str | None,
) -> None:
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    before = b"# Andr\xe9's, of no encoding that we know\nalias l=ls"
    if start is not None:
        (home / start).write_bytes(before)
    for _ in range(2):
        answer = lnmo("--install-completion")
        assert answer.exit_code == 0, answer.output
        assert answer.stdout == (
            f"written: {home / script}; a new {shell} completes lnmo with Tab\n"
        )
    shown = lnmo("--show-completion")
    assert (home / script).read_text() == shown.stdout
    assert f"{shell}_complete" in shown.stdout
    if start is not None and line is not None:
        own = line.format(script=home / script).encode()
        assert (home / start).read_bytes() == before + b"\n" + own + b"\n"
    kept = {script, *([start] if start else [])}
    files = (p for p in home.rglob("*") if p.is_file())
    assert {str(p.relative_to(home)) for p in files} == kept


def test_the_shell_that_runs_is_taken_before_the_login_shell(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Named:
        def __init__(self, name: str) -> None:
            self.name = lambda: name

    monkeypatch.setenv("SHELL", "/bin/bash")
    parents = [Named(name) for name in ("python3.11", "-zsh", "bash", "systemd")]
    monkeypatch.setattr(psutil.Process, "parents", lambda _: parents)
    assert completion.this_shell() == "zsh"


@pytest.mark.parametrize("shell", ["/bin/tcsh", None])
def test_another_shell_is_told_which_there_are(
    home: Path, monkeypatch: pytest.MonkeyPatch, shell: str | None
) -> None:
    monkeypatch.delenv("SHELL", raising=False)
    if shell is not None:
        monkeypatch.setenv("SHELL", shell)
    with pytest.raises(MachineError, match="known: bash, zsh, fish"):
        completion.this_shell()
    assert lnmo("--install-completion").exit_code != 0
    assert list(home.iterdir()) == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lnmo re", {"results", "report", "reconcile", "rerun"}),
        ("lnmo plan --e", {"--engine"}),
        ("lnmo --ver", {"--version"}),
        ("lnmo figures --s", {"--style"}),
    ],
)
def test_a_real_bash_completes(tmp_path: Path, typed: str, found: set[str]) -> None:
    command = tmp_path / "lnmo"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -m workflows.cli\n")
    command.chmod(0o755)
    words = typed.split(" ")
    asked = (
        f"{completion.script(app, 'bash')}\n"
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}\n"
        f"_lnmo_completion {command}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "--norc", "-c", asked],
        env={"PYTHONPATH": str(TOP), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(ran.stdout.split()) == found, ran.stderr
