"""Settings files that libraries open by themselves are looked at first."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from monty.json import MSONable

from workflows.cli.library_settings import check_library_settings
from workflows.errors import MachineError

PLACES = {
    ".pmgrc.yaml": "pymatgen",
    ".config/.pmgrc.yaml": "pymatgen",
    ".monty.yaml": "monty",
    ".config/ase/config.ini": "ASE",
    ".config/matplotlib/matplotlibrc": "matplotlib",
    "work/matplotlibrc": "matplotlib",
}
VARIABLES = {
    "PMG_CONFIG_FILE": "pymatgen",
    "ASE_CONFIG_PATH": "ASE",
    "MATPLOTLIBRC": "matplotlib",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (*VARIABLES, "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(MSONable.__dict__["REDIRECT"], "_value", None)
    monkeypatch.delitem(sys.modules, "ase.config", raising=False)
    return tmp_path


def made(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(b"\xffa: [" if kind == "bytes" else kind.encode())


@pytest.mark.parametrize(
    ("place", "library", "kind"),
    [
        (place, library, kind)
        for place, library in PLACES.items()
        for kind in ("fifo", "bytes")
        if (library, kind) != ("pymatgen", "bytes")  # it warns, and goes on
    ],
)
def test_what_a_library_would_wait_for_or_raise_at_is_named(
    home: Path, place: str, library: str, kind: str
) -> None:
    made(home / place, kind)
    with pytest.raises(MachineError, match=f"{library} reads its settings") as caught:
        check_library_settings()
    assert Path(place).name in str(caught.value)
    assert "remove it" in str(caught.value)


@pytest.mark.parametrize(("variable", "library"), VARIABLES.items())
def test_a_file_that_a_variable_names_is_not_said_to_be_removed(
    home: Path, variable: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/dev/zero")
    with pytest.raises(MachineError, match=f"unset {variable}.*") as caught:
        check_library_settings()
    assert library in str(caught.value)
    assert "remove it" not in str(caught.value)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (".monty.yaml", "a: ["),
        (".monty.yaml", "- 1"),
        (".monty.yaml", "a: 1"),
        (".config/ase/config.ini", "a = 1"),
        (".config/ase/config.ini", "[a]\n[a]"),
        (".config/ase/config.ini", "[emt]"),
    ],
)
def test_what_the_library_refuses_is_one_line(
    home: Path, place: str, text: str
) -> None:
    made(home / place, text)
    with pytest.raises(MachineError, match="correct or remove it") as caught:
        check_library_settings()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("place", PLACES)
def test_a_sound_file_and_a_directory_are_left_to_the_library(
    home: Path, place: str
) -> None:
    path = home / place
    if path.suffix == ".yaml":
        made(path, "a.A: b.B\n")
    elif path.suffix == ".ini":
        made(path, "[a]\nb = 1\n")
    else:
        path.mkdir(parents=True)
    check_library_settings()
