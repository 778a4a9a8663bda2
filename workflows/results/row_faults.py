"""What the numbers of a row prove against it, whatever findings were recorded.

A document of an earlier version, of another engine or of a foreign run may carry no
finding. So the row itself is asked: moments of single sites, valences, order, gap,
energy, sites, composition.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workflows.analysis.band_gap import NO_GAP
from workflows.analysis.ions import (
    LNMO_LARGEST_NI4,
    LNMO_SMALLEST,
    OXYGEN,
    TURNED,
)
from workflows.analysis.lnmo import units_in, x_of
from workflows.analysis.valence import CLUSTER_GAP
from workflows.campaign.calculation import NO_INSERTION
from workflows.campaign.magnetic_order import AFM_MN
from workflows.campaign.sections import above, same_x
from workflows.checks.total_moment import impossible_total

Row = Mapping[str, Any]

EQUAL_MN_STD = 0.025
"""muB; sites within 0.05 muB of each other have at most this standard deviation."""
TOTAL = 0.1
"""muB per 56-atom cell, from the spin-only total."""
LARGEST_NI = 2.0
"""muB; Ni2+ has two unpaired electrons, and no ion of nickel has more."""
UNLIKE_NI = CLUSTER_GAP
"""muB between the sites of nickel where all have one valence: at x = 0 and from 1 on.

The gap that tells two valences of Mn apart; those of Ni are at least 0.5 apart.
"""


def seen_in(row: Row) -> tuple[str, ...]:
    """Return the findings that the numbers of a row prove by themselves."""
    found = (
        *_moved(row),
        *_valences(row),
        *_metallic(row),
        *_contradictory(row),
        *_moments(row),
        *_nickel(row),
        *_order(row),
        *_energy(row),
        *_contents(row),
    )
    return tuple(dict.fromkeys(found))


def exact_x(x: Any, formula: str) -> Any:
    """Return x as the atoms of the cell give it, where the two are the same.

    Of ``2 - 1e-10`` and 2 one is the other, and both stand in one group.
    """
    found = x_of(formula)
    return found if found is not None and x is not None and same_x(found, x) else x


def number(row: Row, name: str, default: float = math.nan) -> float:
    """Return a number of a row; the default where it has none, or NaN."""
    value = row.get(name)
    if value is None:
        return default
    return default if math.isnan(value) else float(value)


def _moved(row: Row) -> tuple[str, ...]:
    ended = str(row.get("ended_as") or "")
    planned = str(row.get("insertion") or NO_INSERTION)
    unknown = not ended and above(number(row, "x"), 1) and _finished(row)
    moved = ("li_left_site",) if ended and ended != planned else ()
    broken = ("host_broken",) if "16d" in str(row.get("li_sites") or "") else ()
    return moved + broken + (("sites_unknown",) if unknown else ())


def _finished(row: Row) -> bool:
    """Tell whether a row has a result: its energy, or a moment."""
    return not all(map(math.isnan, (number(row, "energy_per_fu"), _size(row, "mn"))))


def _valences(row: Row) -> tuple[str, ...]:
    """Compare the count of Mn3+, by threshold and by the gap, and the charge."""
    expected, counted = number(row, "n_mn3_expected"), number(row, "n_mn3")
    if math.isnan(expected) or math.isnan(counted):
        return ()
    wanted, split = round(expected), number(row, "n_mn3_gap")
    mixed = 0 < expected < 12 * number(row, "formula_units", 8) / 8
    if mixed and number(row, "m_mn_std", 1.0) <= EQUAL_MN_STD:
        return ("symmetrised",)
    apart = split == wanted if mixed else math.isnan(split)
    charged = _one_valence_of_ni(row) and number(row, "charge", 0) != 0
    return ("wrong_valence",) if counted != wanted or not apart or charged else ()


def _metallic(row: Row) -> tuple[str, ...]:
    x = number(row, "x")  # not a number for lithium metal
    at_an_end = same_x(x, 1) or same_x(x, 2)
    return ("metallic",) if at_an_end and number(row, "gap") <= NO_GAP else ()


def _contradictory(row: Row) -> tuple[str, ...]:
    """Compare gap and total; moments without signs may be of several spin axes."""
    total, gap = number(row, "m_total"), number(row, "gap")
    signed = not math.isnan(_signed(row, "mn"))
    if math.isnan(total) or not impossible_total(total, gap, None, collinear=signed):
        return ()
    return ("impossible_moment",)


def _moments(row: Row) -> tuple[str, ...]:
    found = ["moment_collapsed"] if number(row, "n_anomalous", 0) > 0 else []
    if row.get("mixed_sign") and row.get("magnetic_order") != AFM_MN:
        found.append("moment_flipped")
    off = abs(abs(number(row, "m_total")) - number(row, "m_total_expected"))
    if off > TOTAL * max(1.0, number(row, "formula_units", 8) / 8):
        found.append("total_moment")
    if number(row, "m_o_max", 0) > OXYGEN:
        found.append("oxygen_moment")
    known = not math.isnan(_size(row, "mn"))
    if known and not row.get("surrogate") and math.isnan(_signed(row, "mn")):
        found.append("unsigned_moments")
    return tuple(found)


def _nickel(row: Row) -> tuple[str, ...]:
    """Look at single sites of nickel, whose mean may be right by chance."""
    low, high = number(row, "m_ni_min"), number(row, "m_ni_max")
    x, found = number(row, "x"), []
    if high > LARGEST_NI or (same_x(x, 0) and high > LNMO_LARGEST_NI4):
        found.append("moment_too_large")
    if x > 0 and _one_valence_of_ni(row) and low < LNMO_SMALLEST["Ni"]:
        found.append("moment_collapsed")
    if _one_valence_of_ni(row) and high - low > UNLIKE_NI:
        found.append("unlike_nickel")
    return tuple(found)


def _one_valence_of_ni(row: Row) -> bool:
    """Tell whether charge balance gives all nickel one valence: 4+ at 0, 2+ from 1."""
    x = number(row, "x")
    return same_x(x, 0) or same_x(x, 1) or x > 1


def _order(row: Row) -> tuple[str, ...]:
    """Compare the order that the moments ended in with the one they were started in."""
    ended, planned = ended_order(row), row.get("magnetic_order")
    turned = ended and planned in {"fim", "fm"} and ended != planned
    return ("moment_flipped",) if turned or turned_parallel(row) else ()


def turned_parallel(row: Row) -> bool:
    """Tell whether Mn that was started up and down ended all one way."""
    planned = row.get("magnetic_order") == AFM_MN and not row.get("surrogate")
    known = not math.isnan(_signed(row, "mn"))
    return planned and known and not row.get("mixed_sign")


def ended_order(row: Row) -> str:
    """Return ``fim`` (Ni against Mn) or ``fm``; empty where a moment is too small.

    Nickel of 4+ has next to no moment, and its sign says nothing.
    """
    nickel, manganese = _signed(row, "ni"), _signed(row, "mn")
    if not min(abs(nickel), abs(manganese)) > TURNED:
        return ""
    return "fim" if nickel * manganese < 0 else "fm"


def _energy(row: Row) -> tuple[str, ...]:
    return ("positive_energy",) if number(row, "energy_per_fu") > 0 else ()


def _contents(row: Row) -> tuple[str, ...]:
    """Compare x and formula units with the atoms of the cell."""
    formula = str(row.get("formula") or "")
    x, units = x_of(formula), units_in(formula)
    if x is None or row.get("x") is None:
        return ()
    agree = same_x(x, row["x"]) and number(row, "formula_units", units or 0) == units
    return () if agree else ("wrong_contents",)


def _size(row: Row, element: str) -> float:
    return number(row, f"m_{element}")


def _signed(row: Row, element: str) -> float:
    return number(row, f"m_{element}_signed")
