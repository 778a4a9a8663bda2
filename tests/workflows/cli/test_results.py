"""``lnmo results --table``: the shell's tables on a command line."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.places import DATA
from workflows import cli, load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.cli.result_tables import show_outcome
from workflows.cli.selection import Selection
from workflows.cli.table_request import TableName
from workflows.records.document import TaskDocument
from workflows.results.csv_text import csv_text
from workflows.vasp.dos_files import read_vasprun_dos

GAAS = DATA / "GaAs_all_files"
Lnmo = Callable[..., tuple[int, str, str]]


@pytest.fixture
def where(
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    project: Callable[..., Path],
) -> Path:
    """x = 0 and 1 finished, the latter with a density of states, of another crystal.

    All have its settings: what differs in a series is refused.
    """
    chosen = [c for c in calculations if c.x in (0, 1)]
    run = read_vasprun_dos(GAAS / "vasprun.xml.gz").origin
    same: dict[str, Any] = {"settings": run.settings, "hubbards": {}}
    own = {"efermi": 4.0261044, "bandgap": 1.2279, "nelect": 18.0}
    own |= {"structure": run.structure, "magnetization": (0.0, 0.0)}
    dos = finished(chosen[1], "dos", **same, **own)
    others = (finished(c, s, **same) for c in chosen for s in c.steps[:2])
    place = project(*others, dos)
    shutil.copy(GAAS / "vasprun.xml.gz", place / "lnmo-data" / dos.dir_name)
    return place


@pytest.fixture
def lnmo(
    where: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lnmo:
    monkeypatch.chdir(where)
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lnmo", "results", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return call


@pytest.mark.parametrize("name", ["sites", "runs", "hull", "series"])
def test_a_table_as_csv_is_that_of_the_shell(
    lnmo: Lnmo, where: Path, name: str
) -> None:
    code, out, _ = lnmo("--table", name, "--csv")
    assert code == 0
    found = pd.read_csv(io.StringIO(out))
    expected = getattr(open_results(where), name)()
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected) > 0


def test_json_has_the_units_and_null_for_what_is_missing(lnmo: Lnmo) -> None:
    code, out, _ = lnmo("--table", "sites", "--json")
    found = json.loads(out, parse_constant=pytest.fail)
    assert code == 0
    assert found["units"]["rho"] == "A, sqrt(q2^2 + q3^2)"
    lithium = next(row for row in found["rows"] if row["element"] == "Li")
    assert (lithium["rho"], lithium["final_site"]) == (None, "8a")


def test_people_get_the_columns_that_fit_with_their_units(lnmo: Lnmo) -> None:
    code, out, _ = lnmo("--table", "hull")
    assert code == 0
    assert "e_above_hull: meV per atom" in " ".join(out.split())
    for name in ("sites", "runs", "verdicts"):
        assert lnmo("--table", name)[0] == 0


@pytest.fixture
def two_engines(
    where: Path, finished: Callable[..., TaskDocument], record: Callable[..., Path]
) -> Path:
    (one, *_) = plan(load_campaign("paper").override(engine="chgnet", x=[1]))
    document = finished(one, one.steps[-1], engine_version="0.4.2", surrogate=True)
    return record(where, document)


@pytest.mark.usefixtures("two_engines")
def test_runs_of_two_engines_stand_in_one_list_and_in_no_series(lnmo: Lnmo) -> None:
    code, out, _ = lnmo("--table", "runs")
    assert code == 0
    assert "engine chgnet, vasp (0.4.2, 6.4.2): surrogate" in " ".join(out.split())
    assert lnmo("--table", "series")[0] == 2


def test_csv_changes_text_that_no_terminal_may_get_and_nothing_else() -> None:
    rows = {
        "dir_name": ["a\x1b[2Jb", 'plain, "quoted"', None],
        "count": pd.Series([1, None, 3], dtype=object),
        "energy": [0.1 + 0.2, float("nan"), -1.0],
        "ok": [True, False, True],
    }
    table = pd.DataFrame(rows).set_axis([7, 7, 7])
    before = table.copy(deep=True)
    told = csv_text(table)
    assert told == table.to_csv(index=False).replace("\x1b", "\\x1b")
    pd.testing.assert_frame_equal(table, before)
    assert csv_text(table.iloc[:0]) == "dir_name,count,energy,ok\n"
    assert csv_text(table, number_format="%.2g").splitlines()[1].endswith(",1,0.3,True")


def test_after_a_run_a_table_that_cannot_be_made_is_a_note(
    two_engines: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(two_engines)
    assert show_outcome(Selection(None)) == 1
    assert capsys.readouterr().err.startswith("lnmo: no table: ")


def test_a_density_of_states_is_asked_for_by_x_and_kind(lnmo: Lnmo) -> None:
    words = ("--x", "1", "--table", "pdos", "--by", "orbital", "--align", "vbm")
    code, out, err = lnmo(*words, "--smooth", "4", "--json")
    assert (code, out) == (2, "")
    assert "4 points of this grid span 0.45 eV (limit 0.3" in err
    code, out, _ = lnmo(*words, "--window-ev", "0.45", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["about"]["smoothing"].startswith("adjacent average of 4 points")
    assert found["about"]["window_ev"] == pytest.approx(4 * 0.112742, abs=1e-5)
    assert found["units"]["energy"] == "eV, from the highest occupied level"
    assert "Ga d up" in found["rows"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--table", "forces"),
            "there is no table 'forces' (did you mean series?); known: series, starts",
        ),
        (("--table", "pdos"), "add it, such as --x 1"),
        (("--table", "pdos", "--x", "1", "--by", "atom"), "--by atom: one of element"),
        (("--table", "pdos", "--x", "0.5"), "no result at x = 0.5; there"),
        (("--table", "voltage"), "no lithium metal reference was calculated"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_exit_code_2(
    lnmo: Lnmo, words: tuple[str, ...], message: str
) -> None:
    code, out, err = lnmo(*words)
    assert (code, out) == (2, "")
    assert err.startswith("lnmo: ")
    assert err.count("\n") == 1
    assert message in err


def test_the_boltzmann_average_is_a_series(lnmo: Lnmo) -> None:
    code, out, _ = lnmo("--boltzmann", "--json")
    assert code == 0
    assert json.loads(out)["about"]["average"] == "Boltzmann, 300 K"


def test_every_table_is_named_in_the_help(lnmo: Lnmo) -> None:
    help_text = " ".join(lnmo("--help")[1].split())
    assert all(name in help_text for name in TableName)
