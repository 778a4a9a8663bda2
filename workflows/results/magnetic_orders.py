"""The magnetic order of a row: as its moments ended, else as it was planned.

The paper starts from Ni against Mn (``fim``). A result in another order is another
state: it is named behind an outcome as another U is, and numbers of two orders are not
subtracted without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflows.analysis.ions import TURNED
from workflows.campaign.magnetic_order import AFM_MN, FIM, FM
from workflows.campaign.sections import same_x
from workflows.results.row_faults import Row, ended_order, number, turned_parallel

MIXED = "mixed"
"""Both signs on one element, though that was not planned."""
WORDS: Mapping[str, str] = {
    FIM: "ferrimagnetic",
    FM: "ferromagnetic",
    AFM_MN: "antiferromagnetic Mn",
    MIXED: "moments up and down",
}


def order_of(row: Row) -> str:
    """Return ``fim``, ``fm``, ``afm_mn`` or ``mixed``; empty where nobody knows.

    By the final signs of the moments. Where those of nickel are too small to say it,
    as at x = 0, it is the planned order. A surrogate has no signs.
    """
    if row.get("surrogate"):
        return ""
    planned = str(row.get("magnetic_order") or "")
    if row.get("mixed_sign"):
        return AFM_MN if planned == AFM_MN else MIXED
    return ended_order(row) or ("" if turned_parallel(row) else planned)


def in_words(order: str) -> str:
    """Return an order as people name it; one that is not known as it is."""
    return WORDS.get(order, order)


def not_the_papers(row: Row) -> str:
    """Return what is wrong with the order of a row at x = 1; empty for nothing.

    The row at x = 1 is that of the lowest energy, and experiment has a ferrimagnet.
    """
    order = order_of(row)
    if order in {"", FIM} or not same_x(row["x"], 1):
        return ""
    return f"the lowest state is {in_words(order)}, not {in_words(FIM)}"


def several_orders(rows: Sequence[Row]) -> str:
    """Say that rows of which a change is taken are not in one order; empty if they are.

    Parallel Mn beside nickel without a moment (Ni4+) fit both ``fim`` and ``fm``.
    """
    told = {order_of(row): row["x"] for row in reversed(rows) if not _fits_both(row)}
    told.pop("", None)
    if len(told) < 2:
        return ""
    shown = (f"{in_words(order)} at x = {told[order]:g}" for order in reversed(told))
    return f"not one magnetic order: {', '.join(shown)}"


def _fits_both(row: Row) -> bool:
    small = abs(number(row, "m_ni_signed")) <= TURNED
    return small and not row.get("mixed_sign")
