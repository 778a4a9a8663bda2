"""A page is written over its own predecessor, and over nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.cli.page_name import DEFAULT, PageOf, owner_of, page_path, refuse_format
from workflows.errors import ResultsError

PAPER = PageOf("paper", "chgnet", file="")
OTHERS = (
    PageOf("paper", "vasp"),
    PageOf("mine", "chgnet"),
    PageOf("paper", "chgnet", "finer"),
    PageOf("paper", "chgnet", file="trial/mine.yaml"),
    PageOf(),
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, page: PageOf) -> Path:
    body = "<p>x</p>" * 10_000
    path.write_text(page.marked(f"<!doctype html><html>{body}</html>\n"))
    return path


def test_a_page_says_whose_it_is(here: Path) -> None:
    for page in (PAPER, *OTHERS):
        assert owner_of(write(here / "page.html", page)) == page


def test_the_default_name_is_taken_where_it_is_free_or_ones_own() -> None:
    assert page_path(None, PAPER) == Path(DEFAULT)
    write(Path(DEFAULT), PAPER)
    assert page_path(None, PAPER) == Path(DEFAULT)


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_beside_the_page_of_another_there_is_a_name_of_ones_own(other: PageOf) -> None:
    write(Path(DEFAULT), other)
    assert page_path(None, PAPER) == Path("report-paper-chgnet.html")
    write(Path("report-paper-chgnet.html"), PAPER)
    assert page_path(None, PAPER) == Path("report-paper-chgnet.html")


def test_a_page_of_before_that_names_no_file_is_the_campaigns_own() -> None:
    write(Path(DEFAULT), PageOf("paper", "chgnet"))
    for file in ("", "mine.yaml"):
        page = PageOf("paper", "chgnet", file=file)
        assert page_path(None, page) == Path(DEFAULT)


def test_two_files_with_campaigns_of_one_name_have_two_pages() -> None:
    one, other = (PageOf("test", "vasp", file=f"{name}.yaml") for name in "ab")
    write(page_path(None, one), one)
    assert page_path(None, other) == Path("report-b-vasp.html")
    assert page_path(None, one) == Path(DEFAULT)


def test_a_file_of_unknown_origin_is_not_taken_by_default() -> None:
    Path(DEFAULT).write_text("<html>notes</html>")
    assert page_path(None, PAPER) == Path("report-paper-chgnet.html")
    Path("report-paper-chgnet.html").write_text("mine")
    with pytest.raises(ResultsError, match="choose another file with -o"):
        page_path(None, PAPER)


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_named_file_that_is_the_page_of_another_is_refused(other: PageOf) -> None:
    named = write(Path("page.html"), other)
    with pytest.raises(ResultsError, match=f"the page of {other}, not of paper chgnet"):
        page_path(named, PAPER)
    assert page_path(named, other) == named


@pytest.mark.parametrize("name", ["x.pdf", "x.PNG", "out/x.csv"])
def test_a_report_is_html_by_its_name(name: str) -> None:
    with pytest.raises(ResultsError, match=r"a report is HTML: -o (out/)?x\.html"):
        refuse_format(Path(name))


@pytest.mark.parametrize("name", ["x.html", "x.HTM", "page"])
def test_any_other_name_is_taken_as_it_is(name: str) -> None:
    refuse_format(Path(name))
    assert page_path(Path(name), PAPER) == Path(name)
