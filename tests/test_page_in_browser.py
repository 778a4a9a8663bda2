"""The report as a reader opens it: from a file, in a browser, without a network."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser import Browser
from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.records.document import Finding, TaskDocument
from workflows.report.page import report_html
from workflows.results.results import Results

CELLS = """[...document.querySelectorAll('#series tbody tr:not(.note)')]
  .map(row => [...row.cells].map(cell => cell.textContent.trim()))"""


@pytest.fixture(scope="module")
def results(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    documents = [finished(c, step) for c in calculations for step in c.steps]
    return open_results(record(tmp_path_factory.mktemp("whole"), *documents))


@pytest.fixture(scope="module")
def browser(
    chromium: str,
    results: Results,
    paper: Campaign,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    place = tmp_path_factory.mktemp("browser")
    page = place / "report.html"
    page.write_text(report_html(results, paper), "utf-8")
    with Browser(chromium, place / "profile") as browser:
        browser.open(page)
        yield browser


def test_the_table_reads_as_the_series_does(browser: Browser, results: Results) -> None:
    cells = browser.run(CELLS)
    series = results.series()
    assert [(row[0], row[1], row[2]) for row in cells] == [
        (f"{r['x']:g}", r["insertion"], r["state"]) for _, r in series.iterrows()
    ]
    assert [row[4:6] for row in cells] == [
        [
            f"{r['m_ni']:.2f} ± {r['m_ni_std']:.2f}",
            f"{r['m_mn']:.2f} ± {r['m_mn_std']:.2f}",
        ]
        for _, r in series.iterrows()
    ]


def test_each_figure_is_drawn(browser: Browser) -> None:
    figures = browser.figures()
    assert set(figures) == {
        *("fig2d-structures", "fig2e-moments", "fig2f-lattice", "fig2f-ratio"),
        *("mn-valence", "hull"),
    }
    for name, figure in figures.items():
        assert figure["width"] > 300, name
        assert figure["height"] > 200, name
        assert figure["marks"] > 10, name
    plots = [name for name, figure in figures.items() if figure["live"]]
    assert set(plots) >= set(figures) - {"fig2d-structures"}
    assert figures["fig2e-moments"]["points"] == 9 + 9 + 1 + 1 + 5


def test_a_figure_can_be_zoomed(browser: Browser) -> None:
    plot = "document.querySelector('#fig2e-moments .plot')"
    drag = f"""(() => {{
      const area = {plot}.querySelector('.nsewdrag').getBoundingClientRect();
      return [area.x, area.y, area.width, area.height]; }})()"""
    before = browser.run(f"{plot}.layout.xaxis.range")
    browser.run(f"{plot}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    left, top, width, height = browser.run(drag)
    browser.drag(
        (left + 0.3 * width, top + 0.3 * height),
        (left + 0.6 * width, top + 0.7 * height),
    )
    after = browser.run(f"{plot}.layout.xaxis.range")
    assert before[0] < after[0] < after[1] < before[1]


def test_no_button_sends_anything_anywhere(browser: Browser) -> None:
    titles = "[...document.querySelectorAll('.modebar-btn')].map(b => b.dataset.title)"
    assert {*browser.run(titles)} == {
        *("Download plot", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes")
    }


def test_every_table_can_be_taken_away(browser: Browser, results: Results) -> None:
    first_lines = browser.run("""Promise.all(
      [...document.querySelectorAll('#downloads a[download$=csv]')].map(async link => {
        const text = atob(link.href.split(',')[1]);
        return [link.download, text.split('\\n')[0]]; }))""")
    columns = {name: line.split(",") for name, line in first_lines}
    assert {"series.csv", "sites.csv", "verdicts.csv", "findings.csv"} <= set(columns)
    assert columns["series.csv"] == list(results.series().columns)


CUT = """[...document.querySelectorAll('figure .plot text, table.stack td')]
  .filter(each => each.getBoundingClientRect().width > 0)
  .filter(each => { const box = each.getBoundingClientRect();
    return box.left < -1 || box.right > window.innerWidth + 1; })
  .map(each => each.textContent)"""


def test_no_label_is_cut_on_a_phone(browser: Browser) -> None:
    browser.resize(390, 844)
    browser.run("new Promise(done => setTimeout(done, 1500))")
    cut = browser.run(CUT)
    panels = browser.run("document.querySelector('#hull .plot').layout.xaxis.domain")
    browser.resize(1280, 900)
    browser.run("new Promise(done => setTimeout(done, 1500))")
    assert cut == []
    assert panels == [0, 1]


def test_paper_and_ink_are_exchanged_in_the_dark(browser: Browser) -> None:
    told = """[getComputedStyle(document.body).backgroundColor,
      document.querySelector('#fig2e-moments .plot').layout.paper_bgcolor]"""
    light = browser.run(told)
    scheme = {"name": "prefers-color-scheme"}
    browser.ask("Emulation.setEmulatedMedia", features=[scheme | {"value": "dark"}])
    browser.run("new Promise(done => setTimeout(done, 500))")
    dark = browser.run(told)
    browser.ask("Emulation.setEmulatedMedia", features=[scheme | {"value": "light"}])
    browser.run("new Promise(done => setTimeout(done, 500))")
    assert light == ["rgb(255, 255, 255)", "#ffffff"]
    assert dark == ["rgb(18, 22, 28)", "#12161c"]
    assert browser.run(told) == light


def test_the_page_prints_on_eight_sheets_at_most(
    browser: Browser, tmp_path: Path
) -> None:
    browser.pdf(tmp_path / "page.pdf")
    sheets = re.findall(rb"/Type\s*/Page\b", (tmp_path / "page.pdf").read_bytes())
    assert 3 <= len(sheets) <= 8


@pytest.mark.parametrize("width", [1280, 640, 390])
def test_the_page_is_no_wider_than_its_window(browser: Browser, width: int) -> None:
    browser.resize(width, 900)
    found = browser.run("document.documentElement.scrollWidth")
    browser.resize(1280, 900)
    assert found <= width


def test_nothing_was_asked_of_a_network_and_the_console_is_silent(
    browser: Browser,
) -> None:
    assert [u for u in browser.requests if not u.startswith(("file:", "data:"))] == []
    assert len([u for u in browser.requests if u.startswith("file:")]) == 1
    assert browser.complaints == []


def test_the_browser_of_these_tests_does_see_requests_and_errors(
    chromium: str, tmp_path: Path
) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<img src='http://nowhere.invalid/x.png'><script>nothing()</script>", "utf-8"
    )
    with Browser(chromium, tmp_path / "profile") as browser:
        browser.open(page)
    assert "http://nowhere.invalid/x.png" in browser.requests
    assert any("nothing is not defined" in told for told in browser.complaints)


NOTES = """[...document.querySelectorAll('tr.note div, .remark')].map(note => {
  note.scrollIntoView({block: 'center', behavior: 'instant'});
  const box = note.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(note);
  const text = range.getBoundingClientRect();
  return [note.textContent.trim(), text.left, text.right, box.height]; })"""


@pytest.fixture(scope="module")
def noted(
    chromium: str,
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Browser]:
    """A page on which rows have long notes."""
    moved = {"Li": {"8a": 3, "16c": 8, "48f": 5}, "Mn": {"16d": 11, "8b": 1}}
    findings = tuple(
        Finding(id=name, severity="warning", message="...")
        for name in ("li_left_site", "moment_collapsed", "relax_static_mismatch")
    )
    where = record(
        tmp_path_factory.mktemp("noted"),
        *(finished(c) for c in calculations[:-1]),
        finished(calculations[-1], findings=findings, final_sites=moved),
    )
    page = where / "report.html"
    page.write_text(report_html(open_results(where), None), "utf-8")
    with Browser(chromium, where / "profile") as browser:
        browser.open(page)
        yield browser


@pytest.mark.parametrize("width", [400, 640, 900, 1280, 1920])
def test_a_note_is_read_whole_at_every_width(noted: Browser, width: int) -> None:
    noted.resize(width, 900)
    notes = noted.run(NOTES)
    noted.resize(1280, 900)
    words = " ".join(note for note, *_ in notes)
    assert "host broken" in words
    assert "Li ends on 8 16c + 5 48f + 3 8a" in words
    assert "started as" in words
    assert len(notes) > 8
    for note, left, right, height in notes:
        assert 0 <= left < right <= width, note
        assert height > 10, note


def test_a_cell_is_drawn_when_it_comes_into_sight_and_another_when_chosen(
    noted: Browser,
) -> None:
    figure = "document.getElementById('fig2d-structures')"
    shown = f"{figure}.querySelector('.plot').data?.length ?? 0"
    assert noted.run(f"{figure}.querySelector('.still svg') !== null")
    noted.run(f"{figure}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
    wait = f"""new Promise(done => {{ const ask = () => {shown} ? done({shown})
      : setTimeout(ask, 200); ask(); }})"""
    assert noted.run(wait) > 4
    assert noted.run(f"{figure}.querySelectorAll('canvas').length") > 0
    first = noted.run("document.getElementById('cell-made').textContent")
    noted.run("""(() => { const choice = document.getElementById('cell');
      choice.selectedIndex = choice.options.length - 1;
      choice.dispatchEvent(new Event('change')); })()""")
    last = noted.run("document.getElementById('cell-made').textContent")
    assert first.startswith("x = 0,")
    assert last.startswith("x = 2 ")
    names = noted.run(f"{figure}.querySelector('.plot').data.map(trace => trace.name)")
    assert "Li" in names
