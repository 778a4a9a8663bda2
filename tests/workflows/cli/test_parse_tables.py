"""``lnmo parse --table``: sites and lattice of runs that nobody described to us."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from rich.text import Text

from tests.places import DATA
from workflows.cli.evidence_table import print_evidence
from workflows.cli.parse_tables import show_tables
from workflows.cli.tables import console, make_table
from workflows.engines.vasp.parse import parse_vasp
from workflows.errors import ResultsError

MGMN2O4 = DATA / "MgMn2O4_static_ferromagnetic"


def test_the_lattice_of_a_foreign_spinel_is_that_of_its_cubic_axes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    relaxed = DATA / "MgMn2O4_relax_ferromagnetic"
    assert show_tables([MGMN2O4, relaxed], "lattice", as_json=True, as_csv=False) == 0
    table = json.loads(capsys.readouterr().out)
    static, relax = table["rows"]
    assert static["c_ratio"] == pytest.approx(1.139, abs=5e-4)
    assert (static["unique_axis"], static["octahedra"]) == ("c", "4 Mn z elongated")
    assert static["orbital_order"] == "dz2 along c on 4 of 4 Mn"
    # a static run relaxed nothing; a run with ISIF = 3 did, by its own files
    assert (static["cell_relaxed"], relax["cell_relaxed"]) == (False, True)
    assert relax["c_ratio"] == pytest.approx(static["c_ratio"], abs=1e-4)
    assert table["units"]["a"].startswith("A")


def test_the_sites_of_a_foreign_spinel_have_moments_valences_and_octahedra(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show_tables([MGMN2O4], "sites", as_json=False, as_csv=True) == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    manganese = frame[frame["element"] == "Mn"]
    assert len(frame) == 14
    assert set(manganese["valence"]) == set(manganese["valence_balanced"]) == {3}
    assert set(manganese["jt_mode"]) == {"z elongated"}
    assert set(manganese["eg_orbital"]) == {"dz2"}
    assert manganese["magnetization"].to_numpy() == pytest.approx(3.845, abs=1e-3)
    assert set(frame["dir_name"]) == {str(MGMN2O4)}


def test_what_is_no_spinel_has_a_row_without_lengths(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = [DATA / "NiO_static", DATA / "Li_metal_vasp5"]
    show_tables(runs, "lattice", as_json=True, as_csv=False)
    rows = json.loads(capsys.readouterr().out)["rows"]
    nickel, lithium = rows[0], rows[-1]
    for row in rows:
        assert row["a"] is row["c_ratio"] is row["volume_fu"] is None
        assert row["lattice_class"] == ""
    assert (nickel["octahedra"], lithium["octahedra"]) == ("1 Ni undistorted", "")


def test_a_run_that_did_not_converge_is_in_the_table_and_in_the_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    paths = [tmp_path / "nothing", DATA / "V2O5_unconverged", MGMN2O4]
    assert show_tables(paths, "lattice", as_json=True, as_csv=False) == 1
    told = capsys.readouterr()
    states = [row["state"] for row in json.loads(told.out)["rows"]]
    assert states == ["UNCONVERGED", "DONE"]
    assert "nothing: no such file" in told.err
    assert "UNCONVERGED" in told.err


def test_a_terminal_gets_the_columns_that_fit_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show_tables([MGMN2O4], "sites", as_json=False, as_csv=False) == 0
    told = capsys.readouterr().out
    assert "dz2" in told
    assert "elongated" in told


NIO = DATA / "NiO_static"
HOLE = "O #1 +0.90 muB (limit 0.25): a hole on oxygen, or a wrong state"


def test_findings_stand_below_the_table_run_by_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_tables([MGMN2O4, NIO], "sites", as_json=False, as_csv=False)
    told = capsys.readouterr().out.splitlines()
    run = told.index(f"{NIO} (NiO_static)")
    assert told[run - 1] == "    info orbital_order: dz2 along c on 4 of 4 Mn"
    assert told[run + 2].startswith(f"    warning oxygen_moment: {HOLE}")


def test_findings_are_in_json_and_beside_a_csv(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_tables([NIO], "lattice", as_json=True, as_csv=False)
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {"wrong_valence", "oxygen_moment"} <= {f["id"] for f in found}
    assert {(f["dir_name"], f["run"]) for f in found} == {(str(NIO), "NiO_static")}
    show_tables([NIO], "lattice", as_json=False, as_csv=True)
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert f"warning oxygen_moment: {HOLE}" in told.err


def test_an_unknown_table_is_refused_by_the_nearest_name() -> None:
    with pytest.raises(ResultsError, match=r"'latice' of a directory.*lattice"):
        show_tables([MGMN2O4], "latice", as_json=False, as_csv=False)


HOSTILE = (
    "esc\x1b[31mred",
    "title\x1b]0;mine\x07",
    "c1\x9b31m",
    "a\nzz  DONE  -9.9",
    "\u202eENOD",
    os.fsdecode(b"bytes\xff"),
)


@pytest.mark.parametrize("as_csv", [False, True], ids=["terminal", "CSV"])
@pytest.mark.parametrize("table", ["sites", "lattice", "explain"])
def test_control_characters_of_a_directory_are_shown_and_not_sent(
    table: str, as_csv: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [tmp_path / name for name in HOSTILE]
    for run in runs:
        shutil.copytree(MGMN2O4, run)
        if table == "explain":
            print_evidence(parse_vasp(run))
    if table != "explain":
        show_tables(runs, table, as_json=False, as_csv=as_csv)
    told = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in told)
    told.encode()
    assert not any(line.startswith("zz") for line in told.splitlines())


def test_a_screen_shows_control_characters_of_whatever_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table = make_table("title\x1b[2J")
    table.add_column("head\x9b")
    table.add_row(Text("cell\x1b[31m", style="bold"))
    for each in (table, "text\x1b]0;mine\x07", Text("one\x1b[31m\ntwo")):
        console().print(each)
    told = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in told)
    assert "one\\x1b[31m\ntwo" in told
