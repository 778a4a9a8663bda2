"""The tutorial, run as a reader would: its blocks in order, its printed results."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import Browser
from tests.places import TOP

TUTORIAL = TOP / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF
FIGURES = {
    *("fig2d-structures", "fig2e-moments", "fig2f-lattice", "fig2f-ratio"),
    *("voltage", "mn-valence", "hull", "pdos", "pdos-t2g-eg"),
}
OURS = ("LNMO_", "FAKE_VASP_", "PMG_")


def run_shell(block: str, environment: dict[str, str]) -> dict[str, str]:
    """Run a block of shell; what it exports is there for the next one."""
    script = f"set -eu\n{block}\nenv -0 > .environment"
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    variables = Path(".environment").read_text("utf-8").split("\0")
    return dict(pair.split("=", 1) for pair in variables if pair)


def test_every_block_of_the_tutorial_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chromium: str
) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    names: dict[str, object] = {}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=FLAGS)
    text = TUTORIAL.read_text("utf-8")
    for found in BLOCK.finditer(text):
        language, block = found.groups()
        line = text[: found.start(2)].count("\n")
        if language == "sh":
            environment = run_shell(block, environment)
        else:
            assert language == "python"
            told: list[str] = []
            example = parser.get_doctest(block, names, "tutorial", str(TUTORIAL), line)
            runner.run(example, out=told.append, clear_globs=False)
            names = example.globs
            assert not told, "".join(told)
    assert runner.tries > 20
    drawn = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert drawn == FIGURES
    with Browser(chromium, tmp_path / "profile") as browser:
        browser.open(tmp_path / "report.html")
        figures = browser.figures()
    assert set(figures) == FIGURES
    for name, figure in figures.items():
        assert min(figure["width"], figure["height"]) > 200, name
        assert figure["marks"] > 5, name
    assert browser.complaints == []
