"""A settings file of pymatgen that it would stumble over is one message."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.places import DATA
from workflows.cli import app
from workflows.cli.pymatgen_settings import check_pymatgen_settings
from workflows.cli.verb_group import VerbGroup
from workflows.errors import MachineError, StoreError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PMG_CONFIG_FILE", raising=False)
    return tmp_path


@pytest.mark.parametrize("place", [".pmgrc.yaml", ".config/.pmgrc.yaml"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("PMG_VASP_PSP_DIR:\n", "PMG_VASP_PSP_DIR is empty"),
        ("PMG_VASP_PSP_DIR: [a]\n", "PMG_VASP_PSP_DIR = ['a']"),
        ("PMG_VASP_PSP_DIR: 5\n", "PMG_VASP_PSP_DIR = 5"),
        ("5\n", "5 is not keys and values"),
        ("[1]\n", "[1] is not keys and values"),
        ("1: a\n", "the key 1 is not text"),
    ],
)
def test_a_file_that_pymatgen_raises_at_is_named(
    home: Path, place: str, text: str, told: str
) -> None:
    path = home / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(MachineError) as caught:
        check_pymatgen_settings()
    assert f"{path}: {told}" in str(caught.value)
    ran = CliRunner().invoke(app, ["parse", str(DATA / "Mn8O16")])
    assert isinstance(ran.exception, MachineError)
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


@pytest.mark.parametrize("text", ["", "PMG_VASP_PSP_DIR: /some/where\n", "a: b: c\n"])
def test_any_other_file_is_left_to_pymatgen(home: Path, text: str) -> None:
    (home / ".pmgrc.yaml").write_text(text)
    check_pymatgen_settings()


def test_a_file_that_ends_too_early_is_no_end_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """click takes an EOFError for Ctrl-D, and says "Aborted!"."""

    def cut(*_: object, **__: object) -> None:
        raise EOFError("Compressed file ended before the end-of-stream marker")

    verb = click.Command("plan", callback=cut)
    monkeypatch.setattr(VerbGroup, "get_command", lambda *_: verb)
    ran = CliRunner().invoke(app, ["plan"])
    assert isinstance(ran.exception, StoreError)
    assert "ends too early" in str(ran.exception)
