"""The table over x against what Shimizu et al. (2022) state, row by row.

Reference values and tolerances: the paper's text (10.1002/aenm.202201119) where
it gives a number; the tolerances are ours. A check whose rows are missing or not
finished is NOT_COMPUTED with the reason, never guessed; one whose rows are in a wrong
electronic state, in a broken host, or to be reviewed is at best WARN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workflows.analysis.ions import host_in_words
from workflows.analysis.lnmo import is_the_papers
from workflows.campaign.sections import same_x
from workflows.results.gates import against
from workflows.results.hosts import by_host, host_of, number_of, weight_of
from workflows.results.judged_rows import (
    SAME_ENERGY,
    energy_of,
    judged_rows,
    models_in,
    row_at,
)
from workflows.results.labels import combined, foreign_geometry, whose_cell
from workflows.results.lax_settings import in_one
from workflows.results.lithium_energy import Reference, doubt_of
from workflows.results.magnetic_orders import order_of, several_orders
from workflows.results.paper_hosts import over_hosts
from workflows.results.paper_sites import charge_order, mn3_sites
from workflows.results.paper_statements import CHECKS, ORDER, Check, voltage_checks
from workflows.results.paper_trends import (
    cubic_below_one,
    fim_below_fm,
    growing_above_one,
    longer_at_two,
)
from workflows.results.row_faults import Row, ended_order
from workflows.results.verdict import FINISHED, Status, Verdict, doubts_of, joined

NO_LITHIUM = "no lithium metal reference was calculated"


def compare_to_paper(
    rows: Sequence[Row],
    *,
    lithium: Reference | None = None,
    no_voltage: str = NO_LITHIUM,
    orders: Mapping[str, Row] | None = None,
) -> tuple[Verdict, ...]:
    """Judge a series.

    Parameters
    ----------
    rows
        Rows of single calculations, or of one series table (``Results.series``), as
        mappings. Those of one x are grouped by the model that lithium ended as.
    lithium
        Bcc lithium with the same settings; None if there is none.
    no_voltage
        Why there is none.
    orders
        Lowest row of each magnetic order at x = 1; if None, of those among `rows`, see
        :func:`lowest_by_order`.

    Returns
    -------
    tuple of Verdict
        A check that uses x = 2 appears once for each insertion model there is. Of
        another spinel none is computed. Each arrangement of the metals is judged by
        itself; see :func:`~workflows.results.paper_hosts.over_hosts`.
    """
    strangers = [f for row in rows if not is_the_papers(f := str(row["formula"]))]
    hosts = by_host([] if strangers else rows) or {"": []}
    found = {
        host: [
            *_verdicts(judged_rows(own), lithium, no_voltage),
            fim_below_fm(_orders_of(own, orders)),
        ]
        for host, own in hosts.items()
    }
    one = next(iter(found.values()))
    weights = {host: weight_of(own[0]) for host, own in hosts.items() if own}
    verdicts = sorted(
        one if number_of(found) == 1 else over_hosts(found, weights),
        key=lambda v: (ORDER.index(v.check), v.insertion),
    )
    if not strangers:
        return tuple(verdicts)
    why = f"the paper is on LixNi0.5Mn1.5O4, the results on {host_in_words(strangers)}"
    none = Status.NOT_COMPUTED
    return tuple(replace(v, value=None, outcome=none, reason=why) for v in verdicts)


def _orders_of(
    rows: Sequence[Row], given: Mapping[str, Row] | None
) -> Mapping[str, Row]:
    """Return the lowest row of each order of one host, among those that are given."""
    if given is None:
        return lowest_by_order(rows)
    hosts = {host_of(row) for row in rows}
    return {o: row for o, row in given.items() if not hosts or host_of(row) in hosts}


def _verdicts(
    rows: Sequence[Row], lithium: Reference | None, no_voltage: str
) -> list[Verdict]:
    models = models_in(rows) or [""]
    verdicts = [
        _judge(check, rows, model)
        for check in CHECKS
        for model in (models if max(check.at) > 1 else [""])
    ]
    verdicts.append(cubic_below_one(rows))
    for judge in (longer_at_two, growing_above_one, mn3_sites, charge_order):
        verdicts += [judge(rows, model) for model in models]
    if lithium is None:
        return verdicts + [c.judged(None, say=no_voltage) for c in voltage_checks(0.0)]
    return verdicts + [
        _judge(check, rows, model, lithium)
        for check in voltage_checks(lithium.energy)
        for model in (models if max(check.at) > 1 else [""])
    ]


def _judge(
    check: Check, rows: Sequence[Row], model: str, lithium: Reference | None = None
) -> Verdict:
    found: list[Row] = []
    reason = ""
    for x in check.at:
        row = row_at(rows, x, model)
        reason = _unusable(check, row, x, model)
        if reason or row is None:
            break
        found.append(row)
    value = None if reason else _value(check, found)
    if value is not None and math.isnan(value):
        value, reason = None, check.missing
    of_metal = "" if lithium is None else doubt_of(lithium)
    doubts = joined(doubts_of(found, check.kind), several_orders(found), of_metal)
    labels = _labels(found, lithium)
    return check.judged(
        value, found, model=model, doubts=doubts, say=reason, labels=labels
    )


def _labels(found: Sequence[Row], lithium: Reference | None) -> dict[str, Any]:
    """Return the labels of rows; what lithium is of, a voltage is of as well."""
    labels = combined(found)
    if lithium is not None:
        for flag in ("surrogate", "fake"):
            labels[flag] = labels[flag] or bool(lithium.row.get(flag, False))
        lax = lithium.row.get("lax_settings")
        of_metal = [f"lithium: {part}" for part in str(lax or "").split(", ") if part]
        labels["lax_settings"] = in_one([labels["lax_settings"], *of_metal])
    return labels


def _value(check: Check, rows: Sequence[Row]) -> float:
    """Return the number of a check; NaN if a column is missing, as of a static run."""
    try:
        return check.value(rows)
    except KeyError:
        return math.nan


def _unusable(check: Check, row: Row | None, x: float, model: str) -> str:
    """Return why a row cannot be used; empty if it can."""
    label = f"x = {x:g}" + (f" {model}" if x > 1 and model else "")
    if row is None or row["state"] not in FINISHED:
        return f"{label} is {row['state'] if row else 'not in the series'}"
    if check.kind == "lattice" and foreign_geometry(row):
        return f"{label} has a cell that was {whose_cell(row)}"
    return ""


def lowest_by_order(rows: Sequence[Row]) -> dict[str, Row]:
    """Return the row of lowest energy at x = 1 of each magnetic order that was reached.

    By the final signs of the moments of Ni and Mn, whatever order was started from; a
    moment of next to nothing has no sign. Of two rows of one energy the one that
    nothing stands against is taken.

    Parameters
    ----------
    rows
        One for each calculation, of one engine and settings.

    Returns
    -------
    dict
        ``"fim"`` (Ni against Mn), ``"fm"``, ``"afm_mn"`` or ``"mixed"`` -> row.
    """
    found: dict[str, Row] = {}
    for row in sorted(rows, key=_energy_and_doubts):
        at_one = same_x(row["x"], 1) and row["state"] in FINISHED
        signs = bool(ended_order(row) or row.get("mixed_sign"))
        known = at_one and signs and not math.isinf(energy_of(row))
        if known and (order := order_of(row)):
            found.setdefault(order, row)
    return found


def _energy_and_doubts(row: Row) -> tuple[int | float, bool]:
    energy = energy_of(row)
    steps = energy if math.isinf(energy) else round(energy / SAME_ENERGY)
    return steps, bool(against(row, "energy"))
