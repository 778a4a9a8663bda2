"""A table on a narrow terminal: nothing is cut, and what is hidden is named."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.cli.compare import show_comparison
from workflows.cli.fitted_table import Part, fitted
from workflows.cli.selection import Selection
from workflows.cli.terminal_tables import (
    overall_lines,
    plain_table,
    series_table,
    verdict_table,
)
from workflows.records.document import Finding, State, TaskDocument
from workflows.results.results import Results
from workflows.results.verdict import verdict_frame

WIDTHS = (60, 80, 100, 170, 300)


def printed(make: Callable[[Console], Any], width: int) -> str:
    screen = Console(width=width, file=io.StringIO(), legacy_windows=False)
    screen.print(make(screen))
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def results(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Results:
    left = Finding(id="li_left_site", severity="warning", message="...")
    moved = {"Li": {"8a": 3, "16c": 8, "48f": 5}}
    documents = [finished(c) for c in calculations[:-1]]
    documents.append(
        finished(
            calculations[-1],
            findings=(left,),
            final_sites=moved,
            state=State.NEEDS_REVIEW,
        )
    )
    where = record(tmp_path_factory.mktemp("narrow"), *documents)
    return open_results(where)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_series_keeps_states_models_sites_and_notes(
    results: Results, width: int
) -> None:
    series = results.series()
    text = printed(lambda screen: series_table(series, screen), width)
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    assert "..." not in text
    heads = " ".join(text.splitlines()[1:4]).split()
    assert {"insertion", "state", "note"} <= set(heads)
    whole = ("NEEDS_REVIEW",) if width > 60 else ()
    for word in (*whole, "oct_16", "48f", "left", "site"):
        assert word in text, word


def test_what_is_hidden_at_80_columns_is_named_with_the_way_to_see_it(
    results: Results,
) -> None:
    series = results.series()
    narrow = printed(lambda screen: series_table(series, screen), 80)
    told = " ".join(narrow.split())
    assert "hidden at 80 columns: E eV/f.u., a, b, c" in told
    assert "a wider terminal, --csv or --json shows them" in told
    assert "hidden at" not in printed(lambda s: series_table(series, s), 220)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_ever_cut(width: int) -> None:
    numbers = tuple(f"{value:+.4f}" for value in (0.0, -0.1234, 12345.6789))
    parts = [
        Part("variant", ("reference", "encut-600", "k-4"), folds=True),
        *(Part(f"column {n}", numbers, rank=n) for n in range(1, 12)),
        Part("note", ("a note of several words " * 5,) * 3, folds=True),
    ]
    text = printed(lambda s: fitted(parts, s, title="numbers"), width)
    found = [word for word in text.split() if word[0] in "+-" and word[1:2].isdigit()]
    assert set(found) == set(numbers)
    assert text.count("several") == 15
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_verdicts_keep_status_and_note(results: Results, width: int) -> None:
    verdicts = results.compare_to_paper()
    text = printed(lambda screen: verdict_table(verdicts, screen), width)
    assert "…" not in text
    assert squeezed(text).count("needs") >= 3
    assert "verdict" in text
    lines = str(overall_lines(verdicts))
    assert "overall, 3 8a + 5 48f + 8 16c" in lines or "overall, " in lines


@pytest.mark.parametrize("name", ["sites", "runs", "hull"])
def test_every_other_table_keeps_the_state_and_the_model(
    results: Results, name: str
) -> None:
    frame = getattr(results, name)()
    text = printed(lambda screen: plain_table(frame, name, screen), 80)
    head = text.splitlines()[1]
    assert "state" in head
    assert "ended_as" in head or "ended_as" in squeezed(text)
    assert "hidden at 80 columns" in " ".join(text.split())
    assert "…" not in text


def test_the_verdicts_as_a_table_keep_status_and_reason(results: Results) -> None:
    frame = verdict_frame(results.compare_to_paper())
    text = printed(lambda screen: plain_table(frame, "verdicts", screen), 80)
    assert "status" in text
    assert "reason" in text


STUDIES = {
    "convergence": ("vasp.incar.common.ENCUT", "vasp.kpoints"),
    "u-sensitivity": ("vasp.hubbard_u",),
    "magnetic-order": ("start.magnetic_order",),
}


@pytest.mark.parametrize(("study", "unknown"), STUDIES.items())
def test_a_study_that_the_surrogate_cannot_make_is_refused_with_what_it_does_not_know(
    project: Callable[..., Path], study: str, unknown: tuple[str, ...]
) -> None:
    from workflows.errors import CampaignError

    chosen = Selection(study, engine="chgnet", launchpad=project())
    with pytest.raises(CampaignError) as caught:
        show_comparison(chosen, as_json=False, as_csv=False)
    told = str(caught.value)
    assert f"campaign {study}: engine chgnet ignores " in told
    assert all(key in told for key in unknown)
    assert "--engine vasp" in told


def test_a_study_that_the_surrogate_can_make_is_compared(
    project: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = Selection("ordering", engine="chgnet", launchpad=project())
    show_comparison(chosen, as_json=True, as_csv=False)
    assert len(json.loads(capsys.readouterr().out)["cells"]) > 3
