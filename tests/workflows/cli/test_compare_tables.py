"""Which changes of ``lnmo compare`` are yellow: those beyond a limit."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from workflows.cli.compare_tables import comparison_tables
from workflows.results.columns import names
from workflows.results.variants import CELLS, VOLTAGES, Comparison

YELLOW = "\x1b[33m"


def shown(**changes: float) -> str:
    """Print a table of two variants whose second differs by these changes."""
    same = dict.fromkeys(names(CELLS), 0.0) | {
        "insertion": "none",
        "state": "DONE",
        "ended_order": "fim",
        "surrogate": False,
        "fake": False,
        "findings": "",
    }
    cells = [{**same, "variant": "k-3"}, {**same, "variant": "k-4", **changes}]
    volts = dict.fromkeys(names(VOLTAGES), 0.0) | {"insertion": "none"}
    own = {key: value for key, value in changes.items() if key in names(VOLTAGES)}
    voltages = [{**volts, "variant": "k-3"}, {**volts, "variant": "k-4", **own}]
    tables = (pd.DataFrame(cells), pd.DataFrame(voltages), pd.DataFrame())
    found = Comparison("k-3", *tables, ())
    screen = Console(file=io.StringIO(), force_terminal=True, width=200)
    for table in comparison_tables(found, screen):
        screen.print(table)
    return screen.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize(
    ("name", "within", "beyond"),
    [
        ("d_energy", 0.99, 1.01),
        ("d_energy", -1.0, -1.01),
        ("d_m_ni", 0.019, 0.021),
        ("d_m_mn", -0.019, -0.021),
        ("d_c_unique", 0.0019, 0.0021),
        ("d_volts", 19.9, 20.1),
    ],
)
def test_a_change_is_yellow_beyond_its_limit_and_plain_within(
    name: str, within: float, beyond: float
) -> None:
    assert YELLOW not in shown(**{name: within})
    assert shown(**{name: beyond}).count(YELLOW) == 1
