"""The page of runs that nobody planned: everything as run, nothing judged."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.cli.report_runs import read_runs, sentence_of
from workflows.records.document import State
from workflows.report.run_charts import run_charts
from workflows.report.runs_page import runs_html
from workflows.results.any_run import AnyRun, any_runs_table, ions_of

OXIDE, LITHIUM, MAGNESIUM, BAD, NICKEL = (
    "Mn8O16",
    "LiMn8O16_first",
    "MgMn2O4_static_ferromagnetic",
    "LiVO3_U_on_lithium",
    "NiO_static",
)


@pytest.fixture(scope="module")
def runs() -> dict[str, AnyRun]:
    names = (OXIDE, LITHIUM, MAGNESIUM, BAD, NICKEL)
    found = read_runs([DATA / name for name in names]).runs
    return dict(zip(names, found, strict=True))


@pytest.fixture(scope="module")
def page(runs: dict[str, AnyRun]) -> str:
    found = list(runs.values())
    return runs_html(found, "VASP runs", sentence_of(found), ["gone: no such place"])


def words(html: str) -> str:
    """Return what a reader sees."""
    for element in ("script", "style", "svg"):
        html = re.sub(rf"<{element}.*?</{element}>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_each_run_is_there_as_it_was_run(runs: dict[str, AnyRun]) -> None:
    table = any_runs_table(list(runs.values())).set_index("formula")
    columns = ["state", "x", "functional", "hubbard_u", "encut", "kpoints"]
    shown = {
        formula: " ".join(map(str, row))
        for formula, *row in table[columns].itertuples()
    }
    assert shown == {
        "Mn8O16": "DONE 0.0 PBE none 520.0 4x4x3",
        "Li1Mn8O16": "DONE 0.25 PBE none 520.0 4x4x3",
        "Mg2Mn4O8": "DONE 1.0 PBEsol Mn 3.9 680.0 4x4x4",
        "V8Li8O24": "TRUNCATED nan PBE Li 3.25 520.0 2x3x4",
        "Ni1O1": "DONE nan PBE Ni 6.2 520.0 3x3x3",
    }


def test_an_empty_host_has_x_0_beside_runs_of_one_ion(runs: dict[str, AnyRun]) -> None:
    oxide, lithium, magnesium = runs[OXIDE], runs[LITHIUM], runs[MAGNESIUM]
    assert ions_of([oxide, lithium]) == ["Li", "Li"]
    assert ions_of([oxide, magnesium]) == ["Mg", "Mg"]
    # of two ions, nobody knows whose host it is
    assert ions_of([oxide, lithium, magnesium]) == ["", "Li", "Mg"]
    assert ions_of([oxide]) == [""]
    assert any_runs_table([oxide, lithium])["x"].tolist() == [0.0, 0.25]


def test_the_page_has_state_lattice_moments_valences_findings(page: str) -> None:
    seen = words(page)
    for told in (
        "Li1Mn8O16 0.250 Li 2.75 ± 0.02",
        "8.132 8.132 9.266 1.1394 1.1394 c",
        "PBEsol, U Mn 3.9 eV 680",
        "2 Mn 3.85 3 3 z elongated 1.173 dz2 along c",
        "Li8: U 3.25 eV, LDAUL 2; it has no open d or f shell",
        "closed but lacks the final positions",
        "-280.56733 eV per cell, of this run alone, last whole step only",
        "gone: no such place",
    ):
        assert told in seen, told
    assert re.search(r"Mn8O16 DONE \d+ Mn8O16 ", seen)  # with its findings


def test_nothing_is_judged_and_no_energy_compared(page: str) -> None:
    seen = words(page)
    assert "No plan." in seen
    assert "No verdict." in seen
    assert "These 5 energies must not be subtracted: ENCUT, functional" in seen
    assert not re.search(r"\b(PASS|WARN|FAIL|NOT_COMPUTED)\b", seen)
    assert "Shimizu" not in seen


def test_the_page_fetches_nothing_and_is_small(page: str) -> None:
    without = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', without)
    assert len(page) < 8_000_000


def test_runs_of_different_settings_share_no_symbol_and_no_line(
    runs: dict[str, AnyRun],
) -> None:
    drawn = run_charts([runs[LITHIUM], runs[MAGNESIUM], runs[BAD]], "made by")
    moments, lattice, states = drawn.charts
    (panel,) = moments.panels
    points = [trace for trace in panel.traces if trace.x]
    assert [(t.x, t.marker, t.line) for t in points] == [
        ((0.25,), "circle", ""),
        ((1.0,), "square", ""),
    ]
    legend = [trace.label for trace in panel.traces if not trace.x]
    assert legend == ["PBE, no U, 520 eV", "PBEsol, U Mn 3.9 eV, 680 eV"]
    assert panel.x_title == "x, Li or Mg per formula unit"
    assert len(lattice.panels[0].traces) == 3 * 2 + 2
    assert "Mg2Mn4O8, MgMn2O4_static_ferromagnetic" in states.panels[0].title


def test_runs_that_did_not_finish_are_in_no_figure(runs: dict[str, AnyRun]) -> None:
    lithium = runs[LITHIUM]
    cut = AnyRun(lithium.document.model_copy(update={"state": State.TRUNCATED}))
    drawn = run_charts([cut, runs[MAGNESIUM]], "made by")
    assert [chart.key for chart in drawn.charts] == ["pdos"]
    assert drawn.missing[0].what == "moments and lattice over x"


def test_markup_in_a_path_stays_text(tmp_path: Path) -> None:
    place = tmp_path / "<b>runs</b>"
    shutil.copytree(DATA / OXIDE, place)
    html = runs_html(read_runs([place]).runs, "<i>mine</i>")
    assert "<b>runs" not in html
    assert "<i>mine" not in html
