"""Write docs/columns.md: every column of every table, with its unit and its meaning.

``python docs/make/columns.py``. Names and units are those of the code's own column
tables; what the unit does not say is here, and a test asks that nothing is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from workflows.results.any_run import RUNS as ANY_RUNS
from workflows.results.columns import Column
from workflows.results.context_table import CONTEXT
from workflows.results.hull_voltage_tables import HULL, VOLTAGE
from workflows.results.labels import LABELS, STATE_LABELS
from workflows.results.parsed_runs_table import LATTICE
from workflows.results.run_table import RUNS
from workflows.results.series_table import SERIES
from workflows.results.side_by_side_table import SIDE_BY_SIDE
from workflows.results.site_table import SITES
from workflows.results.starts_table import STARTS
from workflows.results.statement_counts import STATEMENTS
from workflows.results.variants import CELLS, VOLTAGES
from workflows.results.verdict import VERDICT_COLUMNS

PAGE = Path(__file__).resolve().parents[1] / "columns.md"
TABLES: dict[str, tuple[str, Iterable[Column]]] = {
    "Series, over x": ("`lnmo results`, `results.series()`", SERIES),
    "Starts": ("`--table starts`, `results.starts()`", STARTS),
    "Sites": ("`--table sites`, `results.sites()`", SITES),
    "Runs": ("`--table runs`, `results.runs()`", RUNS),
    "Voltage": ("`--table voltage`, `results.voltage()`", VOLTAGE),
    "Hull": ("`--table hull`, `results.hull()`", HULL),
    "Verdicts": ("`--table verdicts`, `results.compare_to_paper()`", VERDICT_COLUMNS),
    "The paper and ours": ("`results.side_by_side()`, the page", SIDE_BY_SIDE),
    "Context": ("`--table context`, `results.context()`", CONTEXT),
    "Variants": ("`lnmo compare`, the cells", CELLS),
    "Voltages of variants": ("`lnmo compare`, the voltages", VOLTAGES),
    "Statements by variant": ("`lnmo compare`, the paper's statements", STATEMENTS),
    "Lattice of any run": ("`lnmo parse --table lattice DIR`", LATTICE),
    "Any runs, on a page": ("`lnmo report DIR`", ANY_RUNS),
}
MEANING = {
    "a_rel": "a of the row over a at x = 1, in the axes of the cell",
    "a_u": "a, b, c renamed cyclically until c is the unique axis",
    "ambiguous": "|m| is within the margin of two ions",
    "angle_variance": "(1/11) sum (theta - 90)^2 over the 12 angles",
    "baur": "distortion index",
    "c": "each supercell vector over its repeats, turned to the cubic axes",
    "calculation1": "id of the calculation at x1",
    "calculation2": "id of the calculation at x2",
    "calculation_id": "hash of structure, engine, settings and steps",
    "calculations": "ids of the calculations that the statement rests on",
    "campaign": "that first planned it",
    "capacity2": "n(Li) F / (3.6 M), F = 96485.33 C/mol, M of the formula at x = 1",
    "check": "name of the statement; see the limits in verdicts",
    "completed_at": "when the step ended, UTC",
    "corrections": "how often custodian intervened",
    "d_111": "a / sqrt 3 of the cube of the same volume",
    "dir_name": "directory of the run",
    "directory": "of the run, below the data directory",
    "e_above_hull": "E - E(hull at x), divided by the atoms",
    "e_spread": "E(highest) - E(lowest)",
    "efermi": "Fermi level of the run",
    "eg_axis": "cubic axis along which that orbital points",
    "eg_orbital": "the fuller eg orbital, from the occupation matrices",
    "element": "chemical symbol",
    "energy": "sigma -> 0",
    "energy_per_fu": "E(cell) / formula units in the cell",
    "engine": "vasp, gpaw or chgnet",
    "engine_version": "as the engine itself prints it; 1.0-fake of `lnmo-fake-vasp`",
    "fake": "made by `lnmo-fake-vasp`: no calculation at all",
    "final_site": "ideal site within 0.5 A of the ion after relaxation, or off-site",
    "finding_ids": "the same as ids: see runs",
    "findings": "ids, or words, of what stands against it: see runs",
    "formation": "E(x) - [(x2 - x) E(x1) + (x - x1) E(x2)] / (x2 - x1)",
    "formula": "contents of the cell",
    "formula_units": "in the cell",
    "functional": "name in the campaign, and every tag that makes it another one",
    "gap": "lowest empty less highest occupied level, both spins; 0 if they overlap",
    "headline": "whether the overall verdict rests on it",
    "initial_site": "ideal site where the ion was put",
    "ionic_steps": "taken",
    "jt_mode": "elongated, compressed or regular, and along which axis",
    "jt_order": "1: all axes parallel; 0: none in common",
    "label": "name of the site, such as Ni16d-3, the same from plan to result",
    "lattice_class": "cubic, tetragonal (elongated, compressed), orthorhombic; sheared",
    "magnetization": "in the sphere of the atom",
    "m_total_expected": "of the order that the final signs show",
    "max_force": "largest |F| on an atom",
    "mixed_sign": "Ni, or Mn, has moments of both signs",
    "n_li": "Li in the cell",
    "n_orderings": "Li arrangements and starts that finished at this x",
    "n_planned": "Li arrangements and starts that were planned at this x",
    "note": "what the row means",
    "on_hull": "whether it is a vertex of the hull",
    "permutation": "which of a, b, c became a_u, b_u, c_u",
    "phi": "atan2(q2, q3)",
    "pressure": "external pressure",
    "quadratic_elongation": "(1/6) sum (l/l_0)^2, l_0 = (3V/4)^(1/3)",
    "range": "0..1, 1..2 or 0..2",
    "kind": "step between two hull vertices, or average of the range",
    "li_sites": "ideal sites on which Li ended, counted",
    "reason": "why the state or the outcome is what it is",
    "reference": "the paper's value, or the measured one",
    "role": "site of the spinel at the start: 8a, 8b, 16c, 16d, 32e, 48f",
    "run": "empty: the only one",
    "site": "number of the atom in POSCAR, from 0",
    "state": "DONE, NEEDS_REVIEW, ...: see runs",
    "status": "PASS, WARN, FAIL, NOT_COMPUTED, and what qualifies it",
    "step": "relax, static, dos or geometry",
    "steps_done": "usable steps of those planned",
    "statement": "in words",
    "surrogate": "made by a machine-learned stand-in for DFT",
    "tolerance": "range that passes, range that warns",
    "unique_axis": "the length that deviates most from the mean of the other two",
    "unit": "of value",
    "value": "ours",
    "variant": "of the campaign",
    "volts": "-[E(x2) - E(x1) - (x2 - x1) E(Li)] / (x2 - x1), E per formula unit",
    "volume": "cell volume over its conventional cells",
    "why": "why the limits are where they are",
}
"""What the unit does not say: the formula, or what is counted."""
HEAD = """# Every column

Written by `python docs/make/columns.py` from the column tables of the code; a test
compares. A number that is not there is NaN (empty in CSV, null in JSON). What made the
numbers is in the first table, and in every other.

## In every table

"""


def page() -> str:
    """Return the page."""
    common = {c.name for c in (*LABELS, *STATE_LABELS)}
    parts = [HEAD, _table((*STATE_LABELS, *LABELS))]
    for title, (where, columns) in TABLES.items():
        own = [column for column in columns if column.name not in common]
        parts += [f"\n## {title}\n\n{where}\n\n", _table(own)]
    return "".join(parts)


def _table(columns: Iterable[Column]) -> str:
    rows = "".join(
        f"| `{c.name}` | {_cell(c.unit)} | {_cell(MEANING.get(c.name, ''))} |\n"
        for c in columns
    )
    return (
        f"| column | unit, and what it is | formula, or more |\n|---|---|---|\n{rows}"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(page() != PAGE.read_text("utf-8"))
    PAGE.write_text(page(), "utf-8")
