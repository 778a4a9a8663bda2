"""The table over x against what Shimizu et al. (2022) state, row by row.

Reference values and tolerances: the paper's text (10.1002/aenm.202201119) where
it gives a number; the tolerances are ours. A check whose rows are missing or not
finished is NOT_COMPUTED with the reason, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from workflows.analysis.lnmo import is_the_papers
from workflows.results.paper_statements import CHECKS, ORDER, Check, Row, voltage_checks
from workflows.results.paper_trends import (
    cubic_below_one,
    fim_below_fm,
    growing_above_one,
    mn3_sites,
)
from workflows.results.verdict import (
    FINISHED,
    Status,
    Verdict,
    ids_of,
    rated,
    remarks,
    row_at,
    tolerance_of,
)

NO_LITHIUM = "no lithium metal reference was calculated"


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
        [*_verdicts(rows, mu_li, no_voltage), fim_below_fm(orders or {})],
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
    verdicts.append(cubic_below_one(rows))
    verdicts += [growing_above_one(rows, model) for model in models]
    verdicts += [mn3_sites(rows, model) for model in models]
    if mu_li is None:
        verdicts += [_not_computed(c, no_voltage) for c in voltage_checks(0.0)]
    return verdicts


def _judge(check: Check, rows: Sequence[Row], model: str) -> Verdict:
    found: list[Row] = []
    reason = ""
    for x in check.at:
        row = row_at(rows, x, model)
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
        tolerance=tolerance_of(check),
        status=rated(value, check.passes, check.warns),
        reason=reason or remarks(found),
        calculations=ids_of(found),
        headline=check.headline,
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


def _not_computed(check: Check, why: str) -> Verdict:
    return Verdict(
        check=check.name,
        statement=check.statement,
        insertion="",
        value=None,
        unit=check.unit,
        reference=check.reference,
        tolerance=tolerance_of(check),
        status=Status.NOT_COMPUTED,
        reason=why,
        calculations=(),
        headline=check.headline,
    )
