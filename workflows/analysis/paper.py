"""The table over x against what Shimizu et al. (2022) state, row by row.

Reference values and tolerances: the paper's text (10.1002/aenm.202201119) where
it gives a number; the tolerances are ours. A check whose rows are missing or not
finished is NOT_COMPUTED with the reason, never guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from workflows.analysis.paper_checks import (
    CHECKS,
    INF,
    ORDER,
    POSITIVE,
    Check,
    Row,
    voltage_checks,
)

NO_LITHIUM = "no lithium metal reference was calculated"
NO_ORDERS = (
    "needs x = 1 in both orders, with signed moments; here: {}. "
    "lnmo run magnetic-order; lnmo compare magnetic-order"
)
MN3_MOMENT = (3.7, 4.1)
"""muB, at every Mn3+ site of x = 2."""
_ABOVE_08 = (0.8 + 1e-9, INF)  # 0.8 itself, however it is rounded, does not pass


class Status(StrEnum):
    """Outcome of one check."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_COMPUTED = "NOT_COMPUTED"


@dataclass(frozen=True)
class Verdict:
    """One statement of the paper, and what the rows say to it.

    Attributes
    ----------
    check
        Name of the check.
    statement
        What the paper says, or what follows from it.
    insertion
        Insertion model of the x > 1 rows used; empty where none is.
    value
        Ours; None if not computed.
    unit
        Of value and reference.
    reference
        The paper's value.
    tolerance
        The range that passes, and the one that only warns.
    status
        The outcome.
    reason
        Why it is not computed, or what to bear in mind.
    calculations
        Ids of the rows used.
    headline
        Whether the overall verdict needs it.
    """

    check: str
    statement: str
    insertion: str
    value: float | None
    unit: str
    reference: str
    tolerance: str
    status: Status
    reason: str
    calculations: tuple[str, ...]
    headline: bool


FINISHED = ("DONE", "NEEDS_REVIEW")


def compare_to_paper(
    rows: Sequence[Row],
    *,
    mu_li: float | None = None,
    no_voltage: str = NO_LITHIUM,
    orders: Mapping[str, float] | None = None,
) -> tuple[Verdict, ...]:
    """Judge a series, one row for each x and insertion model.

    Parameters
    ----------
    rows
        Rows of one series table (``Results.series``), as mappings.
    mu_li
        Energy of bcc lithium with the same settings, eV per atom; None if there is
        none.
    no_voltage
        Why there is none.
    orders
        Lowest energy of each magnetic order at x = 1, eV per formula unit; see
        :func:`energies_by_order`.

    Returns
    -------
    tuple of Verdict
        A check that uses x = 2 appears once for each insertion model there is. Of
        another spinel none is computed.
    """
    verdicts = sorted(
        [*_verdicts(rows, mu_li, no_voltage), _fim_below_fm(orders or {})],
        key=lambda v: (ORDER.index(v.check), v.insertion),
    )
    strangers = [f for row in rows if not is_the_papers(f := str(row["formula"]))]
    if not strangers:
        return tuple(verdicts)
    why = f"the paper is on LixNi0.5Mn1.5O4, the results on {strangers[0]}"
    none = Status.NOT_COMPUTED
    return tuple(replace(v, value=None, status=none, reason=why) for v in verdicts)


def _verdicts(
    rows: Sequence[Row], mu_li: float | None, no_voltage: str
) -> list[Verdict]:
    models = sorted({str(r["insertion"]) for r in rows if r["x"] > 1}) or [""]
    voltages = () if mu_li is None else voltage_checks(mu_li)
    verdicts = [
        _judge(check, rows, model)
        for check in (*CHECKS, *voltages)
        for model in (models if max(check.at) > 1 else [""])
    ]
    verdicts.append(_cubic_below_one(rows))
    verdicts += [_growing_above_one(rows, model) for model in models]
    verdicts += [_mn3_sites(rows, model) for model in models]
    if mu_li is None:
        verdicts += [_not_computed(c, no_voltage) for c in voltage_checks(0.0)]
    return verdicts


def overall(verdicts: Sequence[Verdict], insertion: str) -> Status:
    """Return whether the moments and lattice rows agree, for one insertion model."""
    statuses = {
        v.status for v in verdicts if v.headline and v.insertion in {"", insertion}
    }
    for status in (Status.FAIL, Status.NOT_COMPUTED, Status.WARN):
        if status in statuses:
            return status
    return Status.PASS


def _judge(check: Check, rows: Sequence[Row], model: str) -> Verdict:
    found: list[Row] = []
    reason = ""
    for x in check.at:
        row = _row(rows, x, model)
        if row is None or row["state"] not in FINISHED:
            label = f" {model}" if x > 1 and model else ""
            reason = (
                f"x = {x:g}{label} is {row['state'] if row else 'not in the series'}"
            )
            break
        found.append(row)
    value = None if reason else check.value(found)
    if value is not None and math.isnan(value):
        value, reason = None, check.missing
    return Verdict(
        check=check.name,
        statement=check.statement,
        insertion=model,
        value=value,
        unit=check.unit,
        reference=check.reference,
        tolerance=_tolerance(check),
        status=_status(value, check.passes, check.warns),
        reason=reason or _remarks(found),
        calculations=_ids(found),
        headline=check.headline,
    )


def _cubic_below_one(rows: Sequence[Row]) -> Verdict:
    found = [row for row in rows if row["x"] <= 1 and _has_relaxed_cell(row)]
    worst = max(found, key=lambda row: abs(row["c_ratio"] - 1), default=None)
    value = None if worst is None else float(worst["c_ratio"])
    return Verdict(
        check="c_ratio_to_x1",
        statement="cubic for x <= 1: c/((a+b)/2), the worst x",
        insertion="",
        value=value,
        unit="",
        reference="1",
        tolerance="0.995..1.005, warns 0.99..1.01",
        status=_status(value, (0.995, 1.005), (0.99, 1.01)),
        reason="no finished x with a relaxed cell"
        if worst is None
        else f"worst at x = {worst['x']:g}",
        calculations=_ids(found),
        headline=True,
    )


def _growing_above_one(rows: Sequence[Row], model: str) -> Verdict:
    found = sorted(
        (row for row in rows if _has_relaxed_cell(row) and _from_one_up(row, model)),
        key=lambda row: row["x"],
    )
    value = _spearman([row["c_ratio"] for row in found]) if len(found) > 2 else None
    return Verdict(
        check="c_ratio_trend",
        statement="c/((a+b)/2) grows with x above 1 (Spearman rho)",
        insertion=model,
        value=value,
        unit="",
        reference="> 0",
        tolerance="> 0.8",
        status=_status(value, _ABOVE_08, _ABOVE_08),
        reason="needs 3 finished x >= 1" if value is None else _remarks(found),
        calculations=_ids(found),
        headline=value is not None,
    )


def _mn3_sites(rows: Sequence[Row], model: str) -> Verdict:
    """Judge every Mn that reads as 3+, by the one furthest from the middle."""
    low, high = MN3_MOMENT
    row = _row(rows, 2.0, model)
    done = row is not None and row["state"] in FINISHED
    ends = (
        [float(row[f"m_mn3_{end}"]) for end in ("min", "max")] if row and done else []
    )
    read = [m for m in ends if not math.isnan(m)]
    value = max(read, key=lambda m: abs(m - (low + high) / 2), default=None)
    if row is None or not done:
        state = "not in the series" if row is None else row["state"]
        reason = f"x = 2 {model} is {state}".replace("  ", " ")
    elif value is None:
        reason = "no Mn at x = 2 reads as 3+ by its moment"
    else:
        count = f"{row['n_mn3']:g} Mn read as 3+, {row['n_mn3_expected']:g} expected"
        reason = "; ".join(part for part in (count, _remarks([row])) if part)
    return Verdict(
        check="m_mn3_sites_x2",
        statement="moment of every Mn3+ at x = 2: the site furthest off",
        insertion=model,
        value=value,
        unit="muB",
        reference="3.95 (implied)",
        tolerance=_range(MN3_MOMENT),
        status=_status(value, MN3_MOMENT, MN3_MOMENT),
        reason=reason,
        calculations=_ids([row]) if row is not None and done else (),
        headline=False,
    )


def energies_by_order(rows: Sequence[Row]) -> dict[str, float]:
    """Return the lowest energy at x = 1 of each magnetic order that was reached.

    By the final signs of the moments of Ni and Mn, whatever order was started from.

    Parameters
    ----------
    rows
        One for each calculation, of one engine and settings.

    Returns
    -------
    dict
        ``"fim"`` (Ni against Mn) or ``"fm"`` -> energy, eV per formula unit.
    """
    found: dict[str, float] = {}
    for row in rows:
        product = row.get("m_ni_signed", 0.0) * row.get("m_mn_signed", 0.0)
        known = row["x"] == 1 and row["state"] in FINISHED and not row["surrogate"]
        if not known or not product or row["mixed_sign"]:
            continue
        order = "fim" if product < 0 else "fm"
        energy = float(row["energy_per_fu"])
        found[order] = min(energy, found.get(order, math.inf))
    return found


def _fim_below_fm(orders: Mapping[str, float]) -> Verdict:
    both = {"fim", "fm"} <= set(orders)
    value = 1000 * (orders["fim"] - orders["fm"]) if both else None
    below = (-INF, -POSITIVE)
    there = ", ".join(sorted(orders)) or "neither"
    return Verdict(
        check="fim_below_fm",
        statement="ferrimagnetic below ferromagnetic at x = 1: E(fim) - E(fm)",
        insertion="",
        value=value,
        unit="meV per formula unit",
        reference="< 0 (experiment: ferrimagnet)",
        tolerance="< 0",
        status=_status(value, below, below),
        reason="" if both else NO_ORDERS.format(there),
        calculations=(),
        headline=False,
    )


def _has_relaxed_cell(row: Row) -> bool:
    return row["state"] in FINISHED and not math.isnan(row["c_ratio"])


def _from_one_up(row: Row, model: str) -> bool:
    return bool(row["x"] == 1 or (row["x"] > 1 and row["insertion"] == model))


def _ids(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(str(row["calculation_id"]) for row in rows)


def _not_computed(check: Check, why: str) -> Verdict:
    return Verdict(
        check=check.name,
        statement=check.statement,
        insertion="",
        value=None,
        unit=check.unit,
        reference=check.reference,
        tolerance=_tolerance(check),
        status=Status.NOT_COMPUTED,
        reason=why,
        calculations=(),
        headline=check.headline,
    )


def _row(rows: Sequence[Row], x: float, model: str) -> Row | None:
    for row in rows:
        if abs(row["x"] - x) < 1e-9 and (x <= 1 or row["insertion"] == model):
            return row
    return None


def _status(
    value: float | None, passes: tuple[float, float], warns: tuple[float, float]
) -> Status:
    if value is None:
        return Status.NOT_COMPUTED
    if passes[0] <= value <= passes[1]:
        return Status.PASS
    return Status.WARN if warns[0] <= value <= warns[1] else Status.FAIL


def _tolerance(check: Check) -> str:
    shown = _range(check.passes)
    return (
        shown
        if check.warns == check.passes
        else f"{shown}, warns {_range(check.warns)}"
    )


def _range(limits: tuple[float, float]) -> str:
    low, high = limits
    if low == -INF:
        return f"<= {high:g}"
    if low == POSITIVE:
        return "> 0"
    return f">= {low:g}" if high == INF else f"{low:g}..{high:g}"


def _remarks(rows: Sequence[Row]) -> str:
    told = []
    for row in rows:
        own = [row["findings"]] if row.get("findings") else []
        if row["state"] == "NEEDS_REVIEW":
            own.append("needs review")
        if row.get("n_orderings", 1) < row.get("n_planned", 1):
            own.append(f"{row['n_orderings']} of {row['n_planned']} starts finished")
        if own:
            told.append(f"x = {row['x']:g}: {', '.join(own)}")
    return "; ".join(told)


@cache
def is_the_papers(formula: str) -> bool:
    """Tell a cell of LixNi0.5Mn1.5O4 from another spinel."""
    found = {e: int(n or 1) for e, n in re.findall(r"([A-Z][a-z]?)(\d*)", formula)}
    nickel = found.get("Ni", 0)
    others = {e: n for e, n in found.items() if e != "Li"}
    return others == {"Ni": nickel, "Mn": 3 * nickel, "O": 8 * nickel}


def _spearman(values: Sequence[float]) -> float:
    """Rank correlation of values with their position."""
    from scipy.stats import spearmanr

    if len(set(values)) == 1:
        return 0.0  # undefined; a constant does not grow
    return float(spearmanr(range(len(values)), values).statistic)
