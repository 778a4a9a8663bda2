"""The tables of results as a terminal shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from workflows.analysis.ions import ion_of_series
from workflows.cli.fitted_table import Part, fitted
from workflows.cli.tables import coloured, is_missing, number
from workflows.counts import count_of
from workflows.results.hosts import member_name
from workflows.results.origin import origin_of_numbers
from workflows.results.results import records
from workflows.results.series_table import metals_of
from workflows.results.verdict import models_of, overall, short_reason

if TYPE_CHECKING:
    import pandas as pd

    from workflows.results.verdict import Verdict

SHOWN_ROWS = 400
"""Rows of a table in a terminal; a file gets all."""
ALWAYS = frozenset(
    {"x", "insertion", "state", "ended_as", "findings", "reason", "status", "label"}
)
"""Columns that no terminal is too narrow for."""
ONCE = frozenset({("verdicts", "reason")})
"""Columns of tables in which a text that repeats is said once, with its count."""
FEW = 3
"""Reasons that stand in one line."""
PAPER = "against Shimizu et al. 2022 (10.1002/aenm.202201119)"
Row = Mapping[str, Any]


def series_table(series: pd.DataFrame, screen: Console) -> Table:
    """Show the table over x."""
    rows = records(series)
    ion = ion_of_series((str(row["formula"]), row["n_li"]) for row in rows)

    def part(head: str, cell: Callable[[Row], str | Text], rank: int) -> Part:
        return Part(head, tuple(map(cell, rows)), rank=rank)

    def text(head: str, cell: Callable[[Row], str | Text]) -> Part:
        return Part(head, tuple(map(cell, rows)), folds=True)

    hosts = any(member_name(str(row["host"])) for row in rows)
    parts = [
        part("x", lambda r: f"{r['x']:g}", 0),
        *([text("host", lambda r: r["host"])] if hosts else []),
        text("insertion", lambda r: r["insertion"]),
        text("state", lambda r: coloured(r["state"])),
        part("E eV/f.u.", lambda r: number(r["energy_per_fu"], 3), 4),
        *(
            part(f"|m| {e}", partial(_spread, name=f"m_{e.lower()}"), 1)
            for e in metals_of(series)
        ),
        part("a", lambda r: number(r["a"], 3), 5),
        part("b", lambda r: number(r["b"], 3), 5),
        part("c", lambda r: number(r["c"], 3), 5),
        part("c/ab", lambda r: number(r["c_ratio"], 4), 3),
        part("unique/others", _unique, 2),
        part("V A^3", lambda r: number(r["volume"], 1), 3),
        part("of", lambda r: f"{r['n_orderings']}/{r['n_planned']}", 2),
        text(f"{ion} ends on", lambda r: r["li_sites"]),
        Part("starts", tuple(str(r["starts"]) for r in rows), folds=True, rank=2),
        text("note", lambda r: Text(r["findings"], style="yellow")),
    ]
    kept = [p for p in parts if not p.rank or any(str(cell) for cell in p.cells)]
    caption = origin_of_numbers(series)
    return fitted(kept, screen, title="results over x", caption=caption)


def _unique(row: Row) -> str:
    """Write the unique axis over the mean of the others, and which axis it is."""
    ratio = number(row["c_unique"], 4)
    cubic = str(row["lattice_class"]).startswith("cubic")
    return f"{ratio} {row['unique_axis']}" if ratio and not cubic else ratio


def verdict_table(verdicts: Sequence[Verdict], screen: Console) -> Table | Text:
    """Show the verdicts against the paper; one line if there is nothing to judge."""
    if all(v.value is None for v in verdicts):
        reasons = list(dict.fromkeys(short_reason(v) for v in verdicts))
        why = "; ".join(reasons[:FEW]) + ("; ..." if len(reasons) > FEW else "")
        return Text(
            f"{PAPER}: none of {count_of(len(verdicts), 'statement')} is judged, {why}"
        )
    verdicts, together = _alike(verdicts)
    parts = [
        Part("statement", tuple(v.statement for v in verdicts), folds=True),
        Part("model", tuple(v.insertion for v in verdicts), folds=True),
        Part("ours", tuple(v.shown for v in verdicts)),
        Part("unit", tuple(v.unit for v in verdicts), folds=True, rank=2),
        Part("paper", tuple(v.reference for v in verdicts), folds=True, rank=1),
        Part("passes", tuple(v.tolerance for v in verdicts), folds=True, rank=3),
        Part("verdict", tuple(coloured(v.status) for v in verdicts), folds=True),
        Part("note", tuple(short_reason(v) for v in verdicts), folds=True),
    ]
    why = "why a row passes or not, and its limits: docs/verdicts.md"
    if together:
        why = f"{together}, see --table verdicts; {why}"
    return fitted(parts, screen, title=PAPER, caption=why)


def _alike(verdicts: Sequence[Verdict]) -> tuple[list[Verdict], str]:
    """Leave out the statements that one reason keeps from being judged; count them."""
    reasons = Counter(short_reason(v) for v in verdicts if v.value is None)
    many = {reason: n for reason, n in reasons.items() if n > FEW}
    kept = [v for v in verdicts if v.value is not None or short_reason(v) not in many]
    told = [f"{n} statements are NOT_COMPUTED: {reason}" for reason, n in many.items()]
    return kept, "; ".join(told)


def said_once(column: Sequence[str]) -> list[str]:
    """Return the cells of a column, one that comes again and again only the first time.

    Examples
    --------
    >>> said_once(["no x = 2", "no x = 2", "", "no x = 2", "no x = 1"])
    ['no x = 2 (3 rows)', '', '', '', 'no x = 1']
    """
    times = Counter(filter(None, column))
    seen: set[str] = set()
    cells = []
    for cell in column:
        many = f" ({times[cell]} rows)" if times[cell] > 1 else ""
        cells.append("" if cell in seen or not cell else f"{cell}{many}")
        seen.add(cell)
    return cells


def overall_lines(verdicts: Sequence[Verdict]) -> Text:
    """Show the verdict over all headline rows, a line for each insertion model."""
    lines = []
    for model in models_of(verdicts):
        name = f"overall, {model}: " if model else "overall: "
        lines.append(Text.assemble(name, coloured(overall(verdicts, model))))
    return Text("\n").join(lines)


def plain_table(frame: pd.DataFrame, name: str, screen: Console) -> Table:
    """Show any table by the columns that are meant for a screen."""
    own = frame.attrs.get("shown", list(frame.columns))
    columns = [c for c in own if c in frame.columns]
    units = frame.attrs.get("units", {})
    notes = [f"{c}: {units[c]}" for c in columns if c in units]
    if smoothing := frame.attrs.get("smoothing"):
        notes.append(f"smoothing: {smoothing}")
    if len(frame) > SHOWN_ROWS:
        notes.append(f"{SHOWN_ROWS} of {len(frame)} rows; --csv gives all")
    shown = frame[columns].head(SHOWN_ROWS)
    parts = [
        Part(
            column,
            tuple(
                said_once([_text(value) for value in shown[column]])
                if (name, column) in ONCE
                else map(_text, shown[column])
            ),
            folds=frame[column].dtype.kind not in "fiu",
            rank=0 if column in ALWAYS or not place else place,
        )
        for place, column in enumerate(columns)
    ]
    return fitted(parts, screen, title=name, caption="; ".join(notes))


def _text(value: Any) -> str:
    if is_missing(value):
        return ""
    if isinstance(value, bool) or (hasattr(value, "dtype") and value.dtype == bool):
        return "yes" if value else ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _spread(row: Row, name: str) -> str:
    if is_missing(row.get(name)):
        return ""
    return f"{row[name]:.2f}±{row[f'{name}_std']:.2f}"
