"""Any VASP runs, ours or not -> one page: what they are, and what is not judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workflows.analysis.ions import METALS
from workflows.counts import count_of
from workflows.report.downloads import Download, download
from workflows.report.page import (
    DrawnChart,
    as_script,
    drawn_in_page,
    plot_data,
    plotly_script,
    template,
)
from workflows.report.provenance import versions_of
from workflows.report.run_charts import USABLE, RunCharts, run_charts
from workflows.report.thinning import first_of
from workflows.results.any_run import AnyRun, any_runs_table, kind_of
from workflows.results.columns import Column, frame_of
from workflows.results.origin import FAKE
from workflows.results.results import records
from workflows.results.site_table import SITES, site_rows

Row = dict[str, Any]

RUNS = 60
"""Runs whose settings, findings and sites are listed; the table has all."""
ATOMS = 150
"""Cations of one run that are listed."""
OPEN = 3
"""Runs up to which their sites are open from the start."""
FILES = {
    "runs": "one run",
    "sites": "one atom of one run",
    "findings": "one finding of one run",
    "pdos": "one energy of one density of states",
}
FINDINGS = ("run", "severity", "id", "message", "cure")


@dataclass(frozen=True)
class ShownRun:
    """One run as the template shows it.

    Attributes
    ----------
    key
        Anchor in the page.
    name, short
        Where it is, and its last part.
    row
        As in the table of runs.
    moments
        Element -> mean and spread in words.
    made
        Functional and U.
    facts
        Name and value of what else is known.
    findings
        With their cures, gravest first.
    atoms
        Rows of cations, and a sentence if some are left out.
    oxygen
        What is said of the anions.
    incar
        Tags as asked, one a line.
    open
        Whether the sites are open from the start.
    """

    key: str
    name: str
    short: str
    row: Row
    moments: dict[str, str]
    made: str
    facts: list[tuple[str, str]]
    findings: list[Row]
    atoms: tuple[list[Row], str]
    oxygen: str
    incar: str
    open: bool


def runs_html(
    runs: Sequence[AnyRun], title: str, sentence: str = "", unread: Sequence[str] = ()
) -> str:
    """Return the page.

    Parameters
    ----------
    runs
        In the order of the page; at least one.
    title
        What they are.
    sentence
        Whether their energies may be subtracted; empty for one run.
    unread
        Places that hold no run that could be read, and why.

    Returns
    -------
    str
        HTML with its style, scripts and tables inside; a browser fetches nothing.
        Densities of states are read from the directories of the runs.
    """
    table = any_runs_table(runs)
    rows = records(table)
    origin = origin_of_runs(rows)
    found = run_charts(runs, origin)
    elements = [e for e in METALS if table[f"m_{e.lower()}"].notna().any()]
    every = [
        _shown(number, run, row, elements, is_open=len(runs) <= OPEN)
        for number, (run, row) in enumerate(zip(runs, rows, strict=True))
    ]
    shown, left_out = first_of(every, RUNS, "runs", "runs.csv and sites.csv, below")
    charts = [drawn_in_page(chart) for chart in found.charts]
    return template("runs.html.j2").render(
        title=title,
        origin=origin,
        rows=rows,
        fake=sum(bool(row["fake"]) for row in rows),
        surrogate=sum(bool(row["surrogate"]) for row in rows),
        sentence=f"{sentence[:1].upper()}{sentence[1:]}",
        unread=list(unread),
        elements=elements,
        runs=every,
        shown=shown,
        left_out=left_out,
        charts=charts,
        missing=found.missing,
        plots=_plots(charts),
        plotly=plotly_script() if charts else "",
        downloads=_downloads(runs, table, found),
        versions=versions_of([run.document for run in runs]),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def origin_of_runs(rows: Sequence[Row]) -> str:
    """Return what made the numbers of any runs, one line.

    Parameters
    ----------
    rows
        Of :func:`workflows.results.any_run.any_runs_table`.
    """
    engines = sorted({row["engine_version"] for row in rows if row["engine_version"]})
    kinds = list(dict.fromkeys(map(kind_of, rows)))
    several = f"{kinds[0]} and {count_of(len(kinds) - 1, 'other setting')}"
    settings = kinds[0] if len(kinds) == 1 else several
    made = f"VASP {', '.join(engines)}: " if engines else ""
    fake = f"; {FAKE}" if all(row["fake"] for row in rows) else ""
    return f"{made}{settings}{fake}"


def _plots(charts: Sequence[DrawnChart]) -> Any:
    return as_script({drawn.chart.key: plot_data(drawn.chart) for drawn in charts})


def _shown(
    number: int, run: AnyRun, row: Row, elements: Sequence[str], *, is_open: bool
) -> ShownRun:
    sites = site_rows(run.document)
    cations = [site for site in sites if site["element"] not in {"O", "F", "S"}]
    directory = run.directory
    return ShownRun(
        key=f"run-{number}",
        name=run.name,
        short=run.short,
        row=row,
        moments={e: _spread(row, e) for e in elements},
        made=", ".join(filter(None, (row["functional"], _u(row)))),
        facts=_facts(run, row),
        findings=run.findings,
        atoms=first_of(cations, ATOMS, "cations", "sites.csv, below"),
        oxygen=_anions(sites),
        incar="\n".join(
            f"{tag} = {value}" for tag, value in sorted(directory.incar.tags.items())
        )
        if directory is not None and directory.asked
        else "",
        open=is_open,
    )


def _spread(row: Row, element: str) -> str:
    mean, std = row[f"m_{element.lower()}"], row[f"m_{element.lower()}_std"]
    return f"{mean:.2f} ± {std:.2f}" if _known(mean) else ""


def _u(row: Row) -> str:
    found = str(row["hubbard_u"])
    return {"": "U not known", "none": "no U"}.get(found, f"U {found} eV")


def _known(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _anions(sites: Sequence[Row]) -> str:
    """Say how large the moments of the anions are."""
    sizes: dict[str, list[float]] = {}
    for site in sites:
        if site["element"] in {"O", "F", "S"}:
            sizes.setdefault(site["element"], []).append(abs(site["magnetization"]))
    told = []
    for element, moments in sizes.items():
        largest = max((m for m in moments if not math.isnan(m)), default=None)
        size = "moments not known" if largest is None else f"|m| up to {largest:.2f} μB"
        told.append(f"{len(moments)} {element}: {size}")
    return "; ".join(told) or "no anions"


def _facts(run: AnyRun, row: Row) -> list[tuple[str, str]]:
    """Return what is known of a run, name and value, in the order of the page."""
    document = run.document
    potcars = ", ".join(document.potcar.values())
    by_spin = (document.bandgap_up, document.bandgap_down)
    spins = "" if None in by_spin else " (up {:.2f}, down {:.2f})".format(*by_spin)
    last = "" if str(document.state) in USABLE else ", last whole step only"
    numbers = (
        ("ENCUT", row["encut"], "{:.0f} eV"),
        ("energy", row["energy"], "{:.5f} eV per cell, of this run alone" + last),
        ("total moment", _without_sign_of_zero(row["m_total"]), "{:.2f} μB per cell"),
        ("gap", row["gap"], "{:.2f} eV" + spins + ", on the k mesh of this run"),
        ("largest force", row["max_force"], "{:.3f} eV/Å"),
        ("pressure", row["pressure"], "{:.1f} kbar"),
    )
    words = [
        ("functional", row["functional"] or "not known"),
        ("U", _u(row).removeprefix("U ")),
        ("POTCAR", potcars),
        ("k mesh", row["kpoints"]),
        ("PREC", row["prec"]),
        *((n, form.format(v)) for n, v, form in numbers if _known(v)),
        ("ionic steps", str(document.n_ionic_steps or "")),
        ("shape", _shape(row)),
        ("octahedra", row["octahedra"]),
        ("orbital order", row["orbital_order"]),
        ("custodian changed", count_of(len(document.corrections), "time")),
        ("version", document.engine_version),
    ]
    silent = {"", "0 times"}
    return [(name, str(value)) for name, value in words if value not in silent]


def _without_sign_of_zero(value: Any) -> Any:
    return round(value, 2) + 0.0 if _known(value) else value


def _shape(row: Row) -> str:
    if not _known(row["a"]):
        return "not a spinel's cell: no pseudo-cubic lengths"
    held = "" if row["cell_relaxed"] else "; this run held its cell"
    return f"{row['lattice_class']}{held}"


def _downloads(runs: Sequence[AnyRun], table: Any, found: RunCharts) -> list[Download]:
    import pandas as pd

    sites = [
        {"run": run.name, **site} for run in runs for site in site_rows(run.document)
    ]
    own = [column for column in SITES if column.name not in _OF_A_PLAN]
    columns = [Column("run", "directory, and suffix of the run"), *own]
    tables = {
        "runs": table,
        "sites": frame_of(sites, columns),
        "findings": pd.DataFrame(
            [f for run in runs for f in run.findings], columns=list(FINDINGS)
        ),
        **({"pdos": found.densities} if found.densities is not None else {}),
    }
    return [
        download(name, what, tables[name], digits=6 if name == "pdos" else None)
        for name, what in FILES.items()
        if name in tables and len(tables[name])
    ]


_OF_A_PLAN = frozenset(
    {"x", "calculation_id", "label", "role", "insertion", "ended_as", "initial_site"}
)
"""Columns of sites that a run without a plan does not have."""
