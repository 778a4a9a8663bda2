"""Figures for a manuscript: their width, their fonts, their style, from real DFT+U."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib import rc_context, rcParams, rcParamsDefault
from matplotlib import style as styles

from tests.places import TESTS
from workflows.errors import ResultsError, StoreError
from workflows.records.store import FileResults
from workflows.report.chart import Chart
from workflows.report.collect import Collection, collect
from workflows.report.draw_matplotlib import draw
from workflows.report.draw_plotly import plotly_figure
from workflows.report.figure_files import write_figures
from workflows.report.figure_request import figure_request, inches
from workflows.report.style_file import problem_of_numbers
from workflows.results.results import Results

NO_LATEX = pytest.mark.skipif(
    shutil.which("latex") is not None, reason="LaTeX is installed: the style is right"
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    source = TESTS / "data" / "gpaw" / "dft"
    root = shutil.copytree(source, tmp_path_factory.mktemp("gpaw") / "dft")
    return Results(FileResults(Path(root)))


@pytest.fixture(scope="module")
def found(results: Results) -> Collection:
    return collect(results)


def chart(found: Collection, key: str) -> Chart:
    (one,) = (c for c in found.charts if c.key == key)
    return one


@pytest.mark.parametrize("only", ["2e", "2d", "pdos"])
def test_a_figure_has_the_width_and_the_fonts_that_were_asked_for(
    results: Results, tmp_path: Path, only: str
) -> None:
    asked = figure_request([only], "8.5cm", ["pdf", "eps"], None)
    pdf, eps = write_figures(results, tmp_path / "figures", asked)
    content = pdf.read_bytes()
    (box,) = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", content)
    assert float(box[0]) == pytest.approx(8.5 / 2.54 * 72, abs=0.01)
    assert b"/Type3" not in content
    assert b"/CIDFontType2" in content
    assert b"/FontFile2" in content
    drawn = eps.read_text("latin-1")
    assert "/FontType 42 def" in drawn
    assert "/FontType 3 def" not in drawn


def test_a_style_changes_what_it_names_and_nothing_after(
    results: Results, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.mplstyle"
    mine.write_text("font.size: 6\naxes.facecolor: ffeedd  # a comment\n", "utf-8")
    before = dict(rcParams)
    asked = figure_request(["2e"], "8.5cm", ["svg"], str(mine))
    (written,) = write_figures(results, tmp_path, asked)
    assert "#ffeedd" in written.read_text("utf-8")
    assert dict(rcParams) == before


def test_a_figure_without_numbers_is_named_with_the_reason_and_nothing_is_written(
    results: Results, tmp_path: Path
) -> None:
    asked = figure_request(["2e", "pdos"], None, ["pdf"], None)
    early = results.select(x=[0])
    with pytest.raises(ResultsError, match=r"^pdos: no numbers .*fig2e-moments"):
        write_figures(early, tmp_path / "figures", asked)
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"only": ["2g"]}, "--only 2g: no such figure"),
        ({"only": ["moment"]}, "did you mean moments?"),
        ({"only": ["fig2e-moment"]}, "did you mean fig2e-moments?"),
        ({"width": "8.5"}, "such as 8.5cm"),
        ({"width": "8.5 parsec"}, "such as 8.5cm"),
        ({"width": "-8cm"}, "a length with cm"),
        ({"width": "nan cm"}, "a length with cm"),
        ({"width": "85cm"}, "85 cm (limits 4 and 60)"),
        ({"width": "8.5mm"}, "0.85 cm (limits 4 and 60)"),
        ({"formats": ["pfd"]}, "did you mean pdf?"),
        ({"formats": ["jpg"]}, "there are: pdf, svg, png, eps"),
        ({"style": "mine.mplstyle"}, "no such file"),
        ({"style": "ggplt"}, "did you mean ggplot?"),
    ],
)
def test_a_word_that_is_none_is_answered_with_the_nearest(
    asked: dict[str, object], told: str
) -> None:
    usual: dict[str, object] = {"only": (), "width": None, "formats": (), "style": None}
    with pytest.raises(ResultsError) as refused:
        figure_request(**(usual | asked))  # type: ignore[arg-type]
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("font.siez: 6", "font.siez is not a key (did you mean font.size?)"),
        ("font.size: large-ish", "cannot be read"),
        ("axes.xmargin: -0.5", "cannot be read (Key axes.xmargin: Value must be >-0.5"),
        ("# a: b\naxes.zmargin: nan", "cannot be read (Key axes.zmargin: Value must"),
        ("path.simplify_threshold: 1_0", "(Key path.simplify_threshold: Value must be"),
        ("lines.linewidth: nan", "lines.linewidth = nan is not a finite number"),
        ("axes.titlepad: inf", "axes.titlepad = inf is not a finite number"),
        ("font.size: -5", "font.size = -5 (limits 1 and 100 pt)"),
        ("font.size: 1e9", "font.size = 1e+09 (limits 1 and 100 pt)"),
        ("axes.labelsize: 0", "axes.labelsize = 0 (limits 1 and 100 pt)"),
        ("figure.dpi: 1e9", "(limits 10 and 2400 dots per inch)"),
        ("savefig.dpi: -1", "(limits 10 and 2400 dots per inch)"),
        ("xtick.major.size: -3", "(limits 0 and 100 pt)"),
        ("grid.alpha: 2", "grid.alpha = 2 (limits 0 and 1)"),
        ("legend.numpoints: 1000000000", "legend.numpoints = 1e+09 (limits 1 and"),
        ("legend.handlelength: 1e12", "(limits -100 and 100)"),
        ("lines.dashed_pattern: 3, -inf", "lines.dashed_pattern = -inf is not"),
        ('axes.prop_cycle: cycler("linewidth", [1, -2])', "linewidth = -2 (limits 0"),
        ("figure.figsize: 1e6, 1", "figure.figsize = 1e+06 (limits 0.5 and 100 in"),
        ("font.size: 6\nfont.size: 7", "font.size is given twice; keep one"),
    ],
)
def test_a_mistake_in_a_style_is_named(tmp_path: Path, line: str, told: str) -> None:
    mine = tmp_path / "mine.mplstyle"
    mine.write_text(line + "\n", "utf-8")
    with pytest.raises(ResultsError) as refused:
        figure_request([], None, [], str(mine))
    assert told in str(refused.value)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("text.usetex: True", marks=NO_LATEX),
        'axes.prop_cycle: cycler("color", [])',
        "font.size: 100",
    ],
)
def test_a_style_that_fails_only_while_drawing_is_blamed(
    results: Results, tmp_path: Path, line: str
) -> None:
    mine = tmp_path / "mine.mplstyle"
    mine.write_text(line + "\n", "utf-8")
    asked = figure_request(["2e"], None, ["png"], str(mine))
    with pytest.raises(ResultsError, match=r"--style .*mine\.mplstyle: matplotlib"):
        write_figures(results, tmp_path / "out", asked)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("font.size", float("nan"), "font.size = nan is not a finite number; correct"),
        ("figure.dpi", 1e9, r"figure.dpi = 1e\+09 .limits 10 and 2400"),
        pytest.param(
            "text.usetex", True, "matplotlib cannot draw with it", marks=NO_LATEX
        ),
    ],
)
def test_a_matplotlibrc_that_no_figure_can_be_drawn_with_is_blamed(
    results: Results,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    value: object,
    told: str,
) -> None:
    """It was read when matplotlib was imported."""
    (tmp_path / "matplotlibrc").write_text(f"{key}: {value}\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    asked = figure_request(["2e"], None, ["png"], None)
    with (
        rc_context({key: value}),
        pytest.raises(ResultsError, match=f"matplotlibrc: {told}"),
    ):
        write_figures(results, tmp_path / "out", asked)
    assert not (tmp_path / "out").exists()


def test_a_place_for_no_files_is_refused_before_anything_is_drawn(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drawn(*_: object) -> None:
        raise AssertionError("drawn")

    monkeypatch.setattr("workflows.report.figure_files._figures", drawn)
    monkeypatch.setattr("workflows.report.figure_files.collect", drawn)
    for place in (Path(os.devnull), Path(os.devnull) / "x", tmp_path / ("x" * 300)):
        with pytest.raises(StoreError, match=r"cannot be written \(.*\): .*choose a"):
            write_figures(results, place)


@pytest.mark.parametrize(
    ("put", "told"),
    [
        (os.mkfifo, "is a FIFO, not a file of a style"),
        (Path.mkdir, "is a directory, not a file of a style"),
        (lambda path: path.symlink_to("gone"), "is a link to gone, which is not there"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a file"),
    ],
)
def test_a_style_that_is_no_file_is_named(
    tmp_path: Path, put: Callable[[Path], None], told: str
) -> None:
    put(tmp_path / "mine.mplstyle")
    with pytest.raises(ResultsError) as refused:
        figure_request([], None, [], str(tmp_path / "mine.mplstyle"))
    assert told in str(refused.value)


def test_the_styles_of_matplotlib_and_their_numbers_pass() -> None:
    for name, values in styles.library.items():
        assert problem_of_numbers(values) == "", name
    assert problem_of_numbers(rcParamsDefault) == ""


def test_names_are_taken_as_people_write_them() -> None:
    for name in ("2e", "2E", "fig2e", "Fig. 2e", "moments", "fig2e-moments"):
        assert figure_request([name], None, [], None).only == ("fig2e-moments",)
    assert figure_request(["2f"], None, [], None).only == (
        *("fig2f-lattice", "fig2f-ratio"),
    )
    assert figure_request([], None, [".PDF", "pdf"], None).formats == ("pdf",)


@pytest.mark.parametrize("length", ["8.5cm", "85 mm", "3.346456693in", "240.94488pt"])
def test_a_width_is_the_same_in_every_unit(length: str) -> None:
    assert inches(length) == pytest.approx(8.5 / 2.54, rel=1e-6)


def test_arrows_say_which_spin_is_drawn_upwards(found: Collection) -> None:
    for key in ("pdos", "pdos-t2g-eg"):
        one = chart(found, key)
        figure = draw(one)
        for axes in figure.axes:
            arrows = [t for t in axes.texts if getattr(t, "arrow_patch", None)]
            ends = [(arrow.xyann[1], arrow.xy[1]) for arrow in arrows]
            assert [tip > tail for tail, tip in ends] == [True, False]
        told = [a["text"] for a in plotly_figure(one)["layout"]["annotations"]]
        assert told.count("<b>↑</b>") == told.count("<b>↓</b>") == len(one.panels)


def test_the_legend_has_one_entry_for_each_thing(found: Collection) -> None:
    wanted = {
        "fig2e-moments": ["Mn", "Ni", "oct_16c_rocksalt", "paper (text)"],
        "fig2f-lattice": ["a", "b", "c", "oct_16c_rocksalt", "experiment, x = 1"],
    }
    for key, names in wanted.items():
        one = chart(found, key)
        (legend,) = draw(one).legends
        assert [text.get_text() for text in legend.get_texts()] == names
        shown = [t["name"] for t in plotly_figure(one)["data"] if t["showlegend"]]
        assert shown == names


def test_a_figure_whose_data_are_cut_is_left_out_with_a_word(tmp_path: Path) -> None:
    source = TESTS / "data" / "gpaw" / "dft"
    root = Path(shutil.copytree(source, tmp_path / "dft"))
    for packed in root.glob("calculations/*/dos/result.json.gz"):
        packed.write_bytes(packed.read_bytes()[:1000])
    told: list[str] = []
    asked = figure_request([], "8.5cm", ["svg"], None)
    written = write_figures(
        Results(FileResults(root)), tmp_path / "figures", asked, told.append
    )
    assert "pdos" not in {path.stem for path in written}
    lines = [line for line in told if line.startswith("left out: densities of states")]
    assert any("result.json is cut or damaged" in line for line in lines)
