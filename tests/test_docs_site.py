"""The docs site: its blocks run, its tables are the code's, no link is broken."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pages import DOCS, blocks, run_page
from tests.places import TOP

RUN = ("tutorial.md", "ten-minutes.md", "other-spinels.md")
"""Pages whose blocks all run; test_tutorial.py has the first."""
PAGES = sorted(p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md"))
NOT_RUN = re.compile(r"<!-- not run: \w.+ -->")
LARGEST_GALLERY = 1_000_000


@pytest.mark.parametrize("page", RUN[1:])
def test_every_block_of_the_page_does_what_it_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_page(DOCS / page) > 2


@pytest.mark.parametrize("page", [p for p in PAGES if p not in RUN])
def test_a_block_that_is_not_run_says_why(page: str) -> None:
    unexplained = [
        language
        for language, before in blocks((DOCS / page).read_text("utf-8"))
        if not NOT_RUN.fullmatch(before)
    ]
    assert unexplained == []


def test_every_column_has_its_line_with_a_unit_or_a_meaning() -> None:
    made = runpy.run_path(str(DOCS / "make" / "columns.py"))
    assert (DOCS / "columns.md").read_text("utf-8") == made["page"](), (
        "run python docs/make/columns.py"
    )
    tables = made["TABLES"].values()
    columns = {c.name: c.unit for _, table in tables for c in table}
    assert [n for n, u in columns.items() if not u and n not in made["MEANING"]] == []
    assert sorted(set(made["MEANING"]) - set(columns)) == []


def test_every_table_of_the_code_is_on_the_page() -> None:
    made = runpy.run_path(str(DOCS / "make" / "columns.py"))
    code = "".join(p.read_text("utf-8") for p in (TOP / "workflows").rglob("*.py"))
    tables = set(
        re.findall(
            r"^([A-Z_]+) = \(\n(?:    .*\n)*?    (?:Column|number)\(",
            code,
            flags=re.MULTILINE,
        )
    )
    shown = {name for name, value in made.items() if isinstance(value, tuple)}
    assert len(tables) > 8
    assert tables - shown - {"PLACE", "SETTINGS"} == set()  # columns of two tables


def test_the_gallery_is_small_and_shown_whole() -> None:
    figures = {path.name: path.stat().st_size for path in (DOCS / "gallery").iterdir()}
    text = (DOCS / "gallery.md").read_text("utf-8")
    assert set(re.findall(r"\(gallery/([\w.-]+)\)", text)) == set(figures)
    assert len(figures) > 6
    assert sum(figures.values()) < LARGEST_GALLERY


def test_every_decision_is_listed() -> None:
    index = (DOCS / "adr" / "index.md").read_text("utf-8")
    for path in (DOCS / "adr").glob("0*.md"):
        title = path.read_text("utf-8").splitlines()[0].partition(". ")[2]
        assert f"- [{title}]({path.name})" in index


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(place)],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return place


def test_the_site_builds_without_a_warning_and_has_every_page(site: Path) -> None:
    built = {p.relative_to(site).as_posix() for p in site.rglob("*.html")}
    assert {p.replace(".md", ".html") for p in PAGES} <= built


def test_the_site_fetches_nothing(site: Path) -> None:
    fetched = re.compile(
        r"""<(?:script|img|iframe)[^>]+src=["']?https?:|<link[^>]+rel=["']?"""
        r"""(?:stylesheet|preconnect|preload)["']?[^>]+href=["']?https?:"""
        r"""|url\(["']?https?:|@import""",
    )
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        found = fetched.findall(path.read_text("utf-8"))
        assert found == [], f"{path}: {found}"
    assert "fonts.googleapis" not in (site / "index.html").read_text("utf-8")


def test_the_site_has_each_text_once(site: Path) -> None:
    assert (DOCS / "index.md").read_text("utf-8") == "<!-- file README.md -->\n"
    readme = (TOP / "README.md").read_text("utf-8")
    shown = (site / "index.html").read_text("utf-8")
    for heading in re.findall(r"^## (.+)$", readme, flags=re.MULTILINE):
        assert heading.replace("'", "'").split("`")[0] in shown


def test_every_page_is_in_the_navigation() -> None:
    nav = yaml.safe_load((TOP / "mkdocs.yml").read_text("utf-8"))["nav"]
    listed = set(re.findall(r"'([\w/-]+\.md)'", str(nav)))
    assert listed == {p for p in PAGES if not p.startswith("adr/0")}
