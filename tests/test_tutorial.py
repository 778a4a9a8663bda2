"""The tutorial, run as a reader would: its blocks in order, its printed results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Browser
from tests.pages import DOCS, run_page

FIGURES = {
    *("fig2d-structures", "fig2e-moments", "fig2f-lattice", "fig2f-ratio"),
    *("voltage", "mn-valence", "hull", "pdos", "pdos-t2g-eg"),
}


def test_every_block_of_the_tutorial_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chromium: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(DOCS / "tutorial.md") > 20
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
