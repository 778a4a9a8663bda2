"""What is left out of a large campaign's page, and that it is said."""

from __future__ import annotations

import base64
import gzip
import io

import numpy as np
import pandas as pd

from workflows.report.downloads import LARGEST, download
from workflows.report.thinning import few_of_each, first_of, lowest_points


def hull(number: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "range": "0..1",
            "insertion": "none",
            "host": "P4_332",
            "e_above_hull": rng.uniform(1, 50, number),
            "on_hull": False,
        }
    )
    frame.loc[number - 1, ["e_above_hull", "on_hull"]] = (0.0, True)
    return frame


def test_a_short_list_is_shown_whole_without_a_word() -> None:
    assert first_of([1, 2], 2, "steps", "runs.csv") == ([1, 2], "")


def test_the_points_nearest_the_hull_are_kept_and_all_that_lie_on_it() -> None:
    whole = hull(1000)
    kept, told = lowest_points(whole, 100)
    assert told == " Showing 100 of 1,000 points: those nearest the hull."
    assert kept["on_hull"].sum() == 1
    left_out = whole.drop(kept.index)
    assert left_out["e_above_hull"].min() >= kept["e_above_hull"].max()


def test_each_range_keeps_points_of_its_own() -> None:
    both = pd.concat([hull(200), hull(5).assign(range="1..2")], ignore_index=True)
    kept, _ = lowest_points(both, 10)
    assert dict(kept["range"].value_counts()) == {"0..1": 10, "1..2": 5}


def test_findings_of_one_kind_are_told_once_and_counted() -> None:
    alike = [{"severity": "info", "id": "a", "message": f"{n} kbar"} for n in range(9)]
    graver = [
        {"severity": "error", "id": "b", "message": f"{n} lost"} for n in range(7)
    ]
    shown = few_of_each([*graver, *alike])
    assert [f["id"] for f in shown] == ["b"] * 5 + ["a"]
    assert shown[-1]["message"] == "0 kbar (and 8 more of this kind: findings.csv)"
    assert shown[4]["message"] == "4 lost (and 2 more of this kind: findings.csv)"
    assert alike[0]["message"] == "0 kbar"


def read(href: str) -> pd.DataFrame:
    kind, _, text = href.partition(";base64,")
    content = base64.b64decode(text)
    if kind == "data:application/gzip":
        content = gzip.decompress(content)
    return pd.read_csv(io.BytesIO(content))


def test_a_short_table_is_plain_csv_with_every_row() -> None:
    table = pd.DataFrame({"x": range(100)})
    made = download("runs", "", table)
    assert made.name == "runs.csv"
    assert (made.rows, made.of) == (100, 100)
    assert read(made.href).equals(table)


def test_a_long_table_is_compressed_and_a_very_long_one_cut() -> None:
    numbers = np.random.default_rng(1).normal(size=(40_000, 4))
    table = pd.DataFrame(numbers, columns=list("abcd"))
    made = download("sites", "", table)
    assert made.name == "sites.csv.gz"
    assert made.of == 40_000
    assert 0 < made.rows < made.of
    assert made.kilobytes * 1000 <= LARGEST + 1000
    assert np.allclose(read(made.href), numbers[: made.rows])
