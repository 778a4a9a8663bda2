"""A user of the wheel has every file and both commands, and needs no clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.places import TOP
from workflows import load_campaign, plan
from workflows.engines.vasp.engine import VaspEngine

PACKAGES = ("structures", "workflows")


def run(*command: object, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as pip does for a user; the build back end comes from the registry."""
    place = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "-w", place, TOP, cwd=place)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """Install it into a directory of its own: packages, and the commands in bin."""
    target = wheel.parent / "installed"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "install", "--no-deps", "--target", target, wheel, cwd=wheel.parent)
    return target


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    packed = {
        name
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith(tuple(f"{package}/" for package in PACKAGES))
    }
    there = {
        str(path.relative_to(TOP))
        for package in PACKAGES
        for path in (TOP / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there
    assert {Path(name).suffix for name in packed} >= {".yaml", ".css", ".js", ".j2"}


def test_the_fake_vasp_of_the_wheel_runs_without_any_other_package(
    installed: Path, tmp_path: Path
) -> None:
    campaign = load_campaign("paper").override(x=(1.0,))
    calculation = next(c for c in plan(campaign) if c.x == 1)
    step = tmp_path / "static"
    VaspEngine().write_inputs(calculation, "static", step, None)
    command = installed / "bin" / "lnmo-fake-vasp"
    said = run(sys.executable, "-S", command, cwd=step, PYTHONPATH=str(installed))
    assert "1.0-fake" in said
    assert "1.0-fake" in (step / "OUTCAR").read_text("utf-8")
    assert "1.0-fake" in (step / "vasprun.xml").read_text("utf-8")
    assert "fake_vasp, not VASP" in (step / "DOSCAR").read_text("utf-8")


@pytest.mark.parametrize(
    "words",
    [("plan", "paper"), ("plan", "dft"), ("write", "paper", "--x", "1", "-o", "in")],
)
def test_the_command_of_the_wheel_finds_its_campaigns_and_presets(
    installed: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(installed)!r})\n"
        "import workflows; assert workflows.__file__.startswith(sys.path[0])\n"
        "from workflows.cli import main; sys.argv[0] = 'lnmo'; main()"
    )
    assert run(sys.executable, "-c", program, *words, cwd=tmp_path)
