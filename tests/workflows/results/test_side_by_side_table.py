"""Paper, GPAW and CHGNet in one row: whose number is whose, from real documents."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.places import TESTS
from workflows.records.store import FileResults
from workflows.report.beside import columns_of, head, lines_of
from workflows.results.results import Results, records


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    source = TESTS / "data" / "gpaw" / "dft"
    root = shutil.copytree(source, tmp_path_factory.mktemp("gpaw") / "dft")
    return Results(FileResults(Path(root)))


@pytest.fixture(scope="module")
def table(results: Results) -> pd.DataFrame:
    return results.side_by_side()


def test_ours_are_those_of_the_table_over_x(
    results: Results, table: pd.DataFrame
) -> None:
    series = results.series()
    for name in ("x", "m_ni", "m_mn", "gap", "c_unique", "calculation_id", "findings"):
        assert list(table[name]) == list(series[name]), name


def test_those_of_the_geometry_are_chgnets_own(
    results: Results, table: pd.DataFrame
) -> None:
    for row in records(table):
        assert row["engine"] == "gpaw"
        assert row["geometry_version"].startswith("chgnet")
        (own,) = (
            d
            for d in results.documents()
            if (d.calculation_id, d.task_label) == (row["calculation_id"], "geometry")
        )
        assert own.structure is not None
        assert own.magnetization is not None
        sites = zip(own.structure, own.magnetization, strict=True)
        nickel = [abs(m) for site, m in sites if site.specie.symbol == "Ni"]
        assert row["m_ni_geometry"] == pytest.approx(sum(nickel) / len(nickel))
        assert row["m_ni_geometry"] != row["m_ni"]


def test_the_paper_says_nothing_where_it_says_nothing(table: pd.DataFrame) -> None:
    stated = {row["x"]: row["m_mn_paper"] for row in records(table)}
    assert math.isnan(stated[0.0])
    assert math.isnan(stated[0.5])
    assert (stated[1.0], stated[2.0]) == (3.2, 3.7)


def test_every_line_names_its_source_and_no_surrogate_passes_as_ours(
    table: pd.DataFrame,
) -> None:
    columns = columns_of(records(table))
    assert [head(row) for row in columns] == [
        *("x = 0", "x = 1", "x = 2, oct_16c_rocksalt"),
        "x = 2, tet_8b, ended on oct_16c_rocksalt",
    ]
    lines = lines_of(columns)
    sources = {line.source for line in lines}
    assert sources == {"paper", "gpaw", "chgnet"}
    shapes = [line for line in lines if "Å" in line.quantity]
    assert {line.source for line in shapes} == {"chgnet"}
    nickel = [line for line in lines[:3]]
    assert [line.source for line in nickel] == ["paper", "gpaw", "chgnet"]
    assert nickel[1].cells == ("0.20", "1.71", "1.70", "1.70")


def test_without_another_engine_there_is_no_line_of_it(table: pd.DataFrame) -> None:
    alone = table.assign(geometry="gpaw", geometry_version="", m_ni_geometry=math.nan)
    lines = lines_of(columns_of(records(alone)))
    assert {line.source for line in lines} == {"paper", "gpaw"}


def test_no_row_is_no_line() -> None:
    assert lines_of(()) == []
