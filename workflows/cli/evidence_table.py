"""The table of ``lnmo parse --explain``: one line for each statement on a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from workflows.cli.tables import console
from workflows.engines.vasp.evidence import Evidence
from workflows.engines.vasp.explain_state import evidence_of
from workflows.errors import printable
from workflows.records.document import TaskDocument

MARKS = {
    True: Text("yes", style="green"),
    False: Text("no", style="red"),
    None: Text("?", style="dim"),
}
"""Mark of a statement: it holds, it does not, nothing here can prove it."""
DECIDES = Text("NO ->", style="bold red")
"""Mark of the statement that is the reason for the state."""


def evidence_record(document: TaskDocument) -> dict[str, Any]:
    """Return a run and its evidence as plain values."""
    return {
        "dir_name": document.dir_name,
        "task_label": document.task_label,
        "state": str(document.state),
        "reason": document.reason,
        "evidence": [asdict(row) for row in evidence(document)],
    }


def evidence(document: TaskDocument) -> tuple[Evidence, ...]:
    """Return the evidence on a run; only VASP runs have any."""
    return evidence_of(document) if document.engine == "vasp" else ()


def print_evidence(document: TaskDocument) -> None:
    """Print the state of a run, and a table of what it rests on."""
    screen = console()
    name = printable(f"{document.dir_name} ({document.task_label})")
    screen.print(Text.assemble(name, "  ", (str(document.state), "bold")))
    rows = evidence(document)
    if not rows:
        screen.print(Text(f"engine {document.engine}: no files of VASP to explain"))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("", "statement", "file", "where", "found", "limit", "if not"):
        table.add_column(head, no_wrap=not head)
    for row in rows:
        style = "bold" if row.decides else ""
        mark = DECIDES if row.decides else MARKS[row.holds]
        cells = (row.statement, row.file, row.place, row.value, row.limit, row.state)
        table.add_row(mark, *(Text(cell, style=style) for cell in cells))
    screen.print(table)
