"""One page that can be mailed: nothing is fetched, and nothing passes as DFT."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from pymatgen.core import Lattice

from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.errors import ResultsError
from workflows.records.document import Finding, State, TaskDocument
from workflows.report.page import report_html
from workflows.results.results import Results

Calculations = tuple[Calculation, ...]
Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]


class Page(HTMLParser):
    """Collects what a browser would fetch, and checks that tags are closed."""

    VOID = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        links = {"href", "src", "xlink:href", "srcset", "data", "action"}
        self.links += [value or "" for name, value in attrs if name in links]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def results(
    calculations: Calculations,
    finished: Finished,
    record: Project,
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    documents = [finished(c, step) for c in calculations for step in c.steps]
    return open_results(record(tmp_path_factory.mktemp("whole"), *documents))


@pytest.fixture(scope="module")
def html(results: Results, paper: Campaign) -> str:
    """The page of the paper's campaign, all of it finished."""
    return report_html(results, paper)


def without_scripts(html: str) -> str:
    return re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)


def without_date(html: str) -> str:
    return re.sub(r"Made \d{4}-\d\d-\d\d \d\d:\d\d UTC", "", html)


def test_the_page_is_whole(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert {"html", "title", "table", "svg", "figure"} <= page.tags


def test_a_browser_fetches_nothing(html: str) -> None:
    page = Page(html)
    allowed = ("#", "data:")
    assert [link for link in page.links if not link.startswith(allowed)] == []
    assert page.tags & {"link", "iframe", "object", "embed"} == set()
    own = without_scripts(html)
    assert "@import" not in own
    assert [u for u in re.findall(r"url\(([^)]*)\)", own) if u[0] != "#"] == []


def test_the_source_of_the_reference_values_is_named(html: str) -> None:
    assert "10.1002/aenm.202201119" in html


def test_the_table_can_be_taken_away_as_csv(html: str, results: Results) -> None:
    link = next(
        found for found in Page(html).links if found.startswith("data:text/csv;base64,")
    )
    text = base64.b64decode(link.removeprefix("data:text/csv;base64,")).decode()
    found = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=["nan"])
    series = results.series()
    assert list(found.columns) == list(series.columns)
    assert list(found["x"]) == list(series["x"])
    assert list(found["calculation_id"]) == list(series["calculation_id"])
    assert list(found["m_mn"]) == list(series["m_mn"])
    assert list(found["insertion"]) == list(series["insertion"])


def test_every_row_verdict_and_calculation_is_on_the_page(
    html: str, results: Results, calculations: Calculations
) -> None:
    for c in calculations:
        assert c.id in html
    for verdict in results.compare_to_paper():
        assert f'class="{verdict.status}"' in html
    assert html.count('class="PASS"') >= 9


def test_the_figures_hold_the_diamonds_and_the_origin(html: str) -> None:
    assert html.count("<svg") >= 3
    assert "paper (text)" in html
    assert html.count("engine vasp (6.4.2)") >= 4


def test_the_campaign_is_printed_with_every_default(
    html: str, results: Results
) -> None:
    for line in ("settled_volume: 0.003", "hubbard_u: paper", "c_strain: 0.02"):
        assert line in html
    assert "settled_volume" not in report_html(results, None)


def test_the_page_is_the_same_apart_from_the_date(
    results: Results, paper: Campaign
) -> None:
    pages = {without_date(report_html(results, paper)) for _ in range(2)}
    assert len(pages) == 1
    assert "UTC" not in without_scripts(pages.pop())


def test_numbers_of_vasp_carry_no_banner(html: str) -> None:
    assert 'class="banner' not in html
    assert "surrogate (CHGNet)" not in html
    assert "FAKE" not in html


def test_synthetic_numbers_say_so_on_the_page_and_in_every_figure(
    project: Project, paper: Campaign, calculations: Calculations, finished: Finished
) -> None:
    documents = [finished(c, step, fake=True) for c in calculations for step in c.steps]
    html = report_html(open_results(project(*documents)), paper)
    assert 'class="banner fake"' in html
    assert 'class="PASS">PASS (fake)<' in html
    assert ">PASS<" not in html
    figures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len([f for f in figures if "FAKE" in f]) >= 3


def test_numbers_of_the_surrogate_say_so_on_the_page_and_in_every_figure(
    project: Project, paper: Campaign, finished: Finished
) -> None:
    campaign = paper.override(engine="chgnet")
    documents = [finished(c, "relax", surrogate=True) for c in plan(campaign)]
    html = report_html(open_results(project(*documents)), campaign)
    assert "not from DFT" in html
    assert 'class="PASS">PASS (surrogate)<' in html
    assert ">PASS<" not in html
    figures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len([f for f in figures if "surrogate (CHGNet)" in f]) >= 3


def test_each_insertion_model_has_a_verdict_of_its_own(html: str) -> None:
    for model in ("tet_8b", "oct_16c_rocksalt"):
        assert f"With the insertion model <code>{model}</code>" in html


def test_verdict_figures_and_claims_come_first_in_that_order(html: str) -> None:
    own = without_scripts(html).partition("<main>")[2]
    places = [
        own.index(f'id="{name}"')
        for name in (
            *("verdict", "fig2e-moments", "fig2f-lattice", "beside", "verdicts"),
            *("series", "structures", "figures", "findings", "downloads"),
        )
    ]
    assert places == sorted(places)


def test_every_verdict_stands_in_one_table_alone(html: str, results: Results) -> None:
    own = without_scripts(html)
    table = own.partition('<table id="verdicts"')[2].partition("</table>")[0]
    judged = [v for v in results.compare_to_paper() if v.value is not None]
    assert len(re.findall(r"<b>[^<]+</b> <span", table)) == len(judged)
    assert "<li>" not in own


def test_every_row_has_its_cell_to_turn_and_to_take_away(
    html: str, results: Results
) -> None:
    ids = list(results.series()["calculation_id"])
    (views,) = re.findall(r'id="views">(.*?)</script>', html, re.DOTALL)
    assert list(json.loads(views)["cells"]) == ids
    table = html.partition('<table id="cells"')[2].partition("</table>")[0]
    assert table.count(">CIF</a>") == table.count(">POSCAR</a>") == len(ids)
    assert all(f"<code>{name}</code>" in table for name in ids)


def test_findings_are_told_once_with_their_place(
    project: Project, paper: Campaign, calculations: Calculations, finished: Finished
) -> None:
    left = Finding(id="li_left_site", severity="warning", message="all Li left <8b>")
    where = project(
        finished(calculations[5], findings=(left,)),
        finished(calculations[4], "relax"),
    )
    html = report_html(open_results(where), paper)
    assert html.count("all Li left &lt;8b&gt;") == 1
    assert "x = 1.25 tet_8b static" in html


def test_a_failed_step_is_shown_with_its_reason(
    project: Project, paper: Campaign, calculations: Calculations, finished: Finished
) -> None:
    broken = finished(
        calculations[0],
        "relax",
        state=State.TRUNCATED,
        reason="OUTCAR has no timing footer",
        structure=None,
        energy=None,
        magnetization=None,
    )
    html = report_html(open_results(project(broken)), paper)
    assert "OUTCAR has no timing footer" in html
    assert 'class="TRUNCATED"' in html
    assert ">nan<" not in html


def test_a_campaign_of_which_nothing_is_done_is_a_page_all_the_same(
    project: Project, paper: Campaign, calculations: Calculations
) -> None:
    html = report_html(open_results(project()).select(calculations), paper)
    assert html.count('class="PLANNED"') == 10
    assert re.findall(r"<td[^>]*>[^<]*±", html) == []
    assert Page(html).open == []


def test_a_mixture_gives_no_page(
    project: Project, paper: Campaign, calculations: Calculations, finished: Finished
) -> None:
    where = project(
        finished(calculations[0]), finished(calculations[4], engine_version="5.4.4")
    )
    with pytest.raises(ResultsError, match="engine_version"):
        report_html(open_results(where), paper)


@pytest.fixture
def manganese_spinel(
    write_campaign: Callable[..., Path], finished: Finished, project: Project
) -> str:
    """The page of LiMn2O4, on which the paper says nothing."""
    changes = {
        "host": {"formula": "LiMn2O4", "ordering": "none", "a": 8.25},
        "x": [0, 1],
        "vasp.hubbard_u": {"Mn": 3.9},
    }
    campaign = load_campaign(write_campaign(changes))
    documents = [finished(c, step) for c in plan(campaign) for step in c.steps]
    return report_html(open_results(project(*documents)), campaign)


def test_a_page_of_another_spinel_carries_nothing_of_the_paper_but_one_line(
    manganese_spinel: str,
) -> None:
    own = without_scripts(manganese_spinel)
    told = "the paper is on LixNi0.5Mn1.5O4, the results on "
    assert own.count(told) == 1
    body = own.partition("<main>")[2]
    assert body.index(told) < body.index('id="figures"') < body.index('id="table"')
    assert 'id="verdicts"' not in own
    assert "Do the claims" not in own
    assert 'id="beside"' not in own
    for word in ("paper (text)", "experiment, x = 1", "paper: cubic", "Figure 2"):
        assert word not in own, word
    assert "|m| Ni" not in own
    assert "|m| Mn" in own


def test_another_metal_has_its_moments_in_the_table_and_the_chart(
    project: Project, finished: Finished, calculations: Calculations
) -> None:
    c = next(c for c in calculations if c.x == 1)
    cobalt = c.structure.copy()
    cobalt.replace_species({"Ni": "Co"})
    document = finished(c)
    assert document.structure is not None
    changed = document.model_copy(
        update={
            "structure": cobalt,
            "formula": "Li8Co4Mn12O32",
            "magnetization": tuple(
                {"Li": 0.0, "Co": 0.05, "Mn": 3.2, "O": 0.0}[s.specie.symbol]
                for s in cobalt
            ),
        }
    )
    html = report_html(open_results(project(changed)), None)
    assert "|m| Co<br>" in html
    assert "|m| Ni<br>" not in html
    assert '<section id="context"' not in html


def test_the_paper_s_own_page_still_has_them(html: str) -> None:
    for word in ("paper (text)", "experiment, x = 1", "paper: cubic", "Figure 2d"):
        assert word in html, word
    assert 'id="verdicts"' in html
    assert "|m| Ni" in html


def test_the_paper_s_measurements_stand_beside_the_results(html: str) -> None:
    section = html.partition('<section id="context"')[2].partition("</section>")[0]
    text = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    assert "DFT, NDP and EELS of the paper do not agree on one x" in text
    for row in ("NDP, interface 1.027", "EELS, film 2.000", "EELS, interface 2.860"):
        assert row in text
    assert "PASS" not in text
    assert "FAIL" not in text
    assert 'download="context.csv"' in html


def test_every_limit_has_its_reason_on_the_page(html: str, results: Results) -> None:
    text = unescape(html.partition('id="limits"')[2].partition("</details>")[0])
    for v in results.compare_to_paper():
        assert v.why in text
        assert v.tolerance in text


def test_a_page_says_the_u_of_its_numbers_and_that_of_the_paper(
    project: Project, calculations: Calculations, finished: Finished, html: str
) -> None:
    assert "engine vasp (6.4.2), U Mn 5.96, Ni 4.5 eV" in html
    assert "(the paper:" not in html
    other = {"hubbards": {"Mn": 3.9, "Ni": 6.2}}
    documents = [finished(c, **other) for c in calculations]
    page = report_html(open_results(project(*documents)), None)
    assert "U Mn 3.9, Ni 6.2 eV (the paper: Mn 5.96, Ni 4.5 eV)" in page
    assert "PASS (U Mn 3.9, Ni 6.2)" in page
    assert ">PASS<" not in page


LABELLED = (
    "engine",
    "engine_version",
    "surrogate",
    "fake",
    "functional",
    "hubbard_u",
    "insertion",
    "state",
    "ended_as",
)


def test_every_download_says_what_made_its_numbers(html: str) -> None:
    links = re.findall(r'download="([\w-]+)\.csv" href="data:text/csv;base64,', html)
    texts = re.findall(r'href="data:text/csv;base64,([^"]*)"', html)
    assert {"series", "sites", "runs", "hull", "verdicts", "findings"} <= set(links)
    for name, text in zip(links, texts, strict=True):
        head = base64.b64decode(text).decode().splitlines()[0].split(",")
        wanted = LABELLED[:6] if name == "findings" else LABELLED
        assert set(wanted) <= set(head), name


def test_an_elongation_is_said_with_its_axis(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    lying = calculations[4].structure.copy()
    lying.lattice = Lattice.orthorhombic(8.6, 8.1, 8.1)
    page = report_html(
        open_results(project(finished(calculations[4], structure=lying))), None
    )
    assert "tetragonal, elongated along a" in page
    assert ">tetragonal, elongated<" not in page


@pytest.mark.parametrize(
    "text",
    [
        "<!--<script>",
        "</script><script>alert(1)</script>",
        "</SCRIPT >",
        "<![CDATA[",
        "a<b & 'c' \u2028",
    ],
)
def test_no_string_ends_or_opens_a_script_of_the_page(
    calculations: Calculations,
    finished: Finished,
    project: Project,
    paper: Campaign,
    text: str,
) -> None:
    made = [finished(c, engine_version=text) for c in calculations]
    html = report_html(open_results(project(*made)), paper)
    (plots,) = re.findall(
        r'<script type="application/json" id="plots">(.*?)</script>', html, re.DOTALL
    )
    assert "<" not in plots
    found = json.loads(plots)
    assert len(found) >= 5
    assert text in json.dumps(found, ensure_ascii=False)
    assert not Page(html).open
