"""What the paper states, as checks of the table over x; tolerances are ours.

Numbers: the text of Shimizu et al. (2022), 10.1002/aenm.202201119. Voltages,
volumes, the lattice parameter, the gap at x = 1 and the magnetic order are measured;
the paper computes none of them, so no overall verdict needs them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from workflows.analysis.band_gap import NO_GAP
from workflows.analysis.voltage import average_voltage
from workflows.results.gates import Kind
from workflows.results.row_faults import Row
from workflows.results.statement import INF, Statement


@dataclass(frozen=True)
class Check(Statement):
    """A statement whose value is a function of the rows at some x.

    Attributes
    ----------
    at
        x of the rows that `value` is given, in this order.
    value
        Rows -> ours.
    kind
        Which findings stand against it, see :mod:`workflows.results.gates`.
    missing
        Why there may be no value though the rows have finished.
    """

    at: tuple[float, ...]
    value: Callable[[Sequence[Row]], float]
    kind: Kind
    missing: str


def _change(column: str) -> Callable[[Sequence[Row]], float]:
    return lambda rows: _number(rows[1], column) - _number(rows[0], column)


def _at(column: str) -> Callable[[Sequence[Row]], float]:
    return lambda rows: _number(rows[0], column)


def _mn3_moment(rows: Sequence[Row]) -> float:
    """Moment of the 8 Mn3+ at x = 2 if the other 4 Mn keep the moment of x = 1."""
    return (12 * _number(rows[1], "m_mn") - 4 * _number(rows[0], "m_mn")) / 8


def _volume_change(rows: Sequence[Row]) -> float:
    return 100 * (_number(rows[1], "volume_fu") / _number(rows[0], "volume_fu") - 1)


def _number(row: Row, column: str) -> float:
    """Return a number of a row, NaN where a calculation does not give it."""
    return float(row.get(column, math.nan))


def _mean_length(rows: Sequence[Row]) -> float:
    return float(sum(rows[0][axis] for axis in "abc") / 3)


SPHERES = "a moment in a PAW sphere shifts with the radius of the sphere and with U"
NI_2 = f"{SPHERES}; Ni3+ has 1.0 to 1.1, far below the range that warns"
NI_4 = (
    "Ni4+ depends strongly on U (0.29 in CHGNet, trained at U(Ni) 6.2 eV); Ni3+ has "
    "1.0 to 1.1"
)
NI_CHANGE = "two thirds of the paper's change is Ni4+ against Ni2+; half of it is Ni3+"
SAME = f"no change of valence; {SPHERES}"
MN = f"{SPHERES}; Mn4+ and Mn3+ lie 0.75 apart"
MN_CHANGE = "8 of 12 Mn reduced give 8/12 of 0.75, +0.5; 5 give 0.3 and 11 give 0.7"
MN3 = "between Mn4+ (3.2) and Mn2+ (4.6), with the spread that U of 4 to 6 eV makes"
VOLUME = (
    "experiment: 11 to 13 % (the paper's reference 53); PBE+U overestimates a by 0.5 "
    "to 1.6 %, not equally at both ends"
)
LENGTH = "measured: 8.17 A; PBE+U overestimates a by 0.5 to 1.6 %"
WIDE = (
    "below SIGMA (0.05 eV) levels on both sides are partly filled; below the printed "
    "digits of the eigenvalues there is no gap"
)
GAP_1 = (
    "transport shows an insulator; the size of a PBE+U gap depends on U, so only its "
    f"existence is judged; {WIDE}"
)
GAP_2 = (
    "Mn3+ and Mn4+ on separate sites open a gap; without one the state is "
    f"delocalised or symmetrised; {WIDE}"
)
VOLTS = (
    "the paper's values are measured; U shifts a calculated voltage by tenths of a "
    "volt (lnmo run u-sensitivity)"
)

NO_MOMENTS = "no moments of {} were read, or one of them is not a number"
NO_CELL = "the cell was not relaxed, by a limit that proves a minimum"
NO_LEVELS = "the engine gives no eigenvalues, or they were not read"
NO_ENERGY = "no energy was read"
SMALL_GAP = 0.05
"""eV, SIGMA of the packaged campaigns: levels closer to E_F are filled partly."""


def _moment(element: str) -> tuple[Kind, str]:
    return "moments", NO_MOMENTS.format(element)


_NI, _MN = _moment("Ni"), _moment("Mn")
_CELL: tuple[Kind, str] = ("lattice", NO_CELL)
_LEVELS: tuple[Kind, str] = ("gap", NO_LEVELS)
_ENERGY: tuple[Kind, str] = ("energy", NO_ENERGY)
_INSULATING, _ALMOST = (SMALL_GAP, INF), (NO_GAP, INF)

CHECKS = (
    Check("m_ni_x1", "mean |m| of Ni at x = 1", "muB", "1.7",
           (1.55, 1.85), (1.4, 2.0), NI_2, (1.0,), _at("m_ni"), *_NI),
    Check("m_ni_x0", "mean |m| of Ni at x = 0", "muB", "0.5",
           (0.1, 0.75), (0.0, 1.1), NI_4, (0.0,), _at("m_ni"), *_NI),
    Check("m_ni_1_to_0", "change of |m| of Ni from x = 1 to 0", "muB", "-1.2",
           (-INF, -0.8), (-INF, -0.5), NI_CHANGE, (1.0, 0.0), _change("m_ni"), *_NI),
    Check("m_ni_1_to_2", "change of |m| of Ni from x = 1 to 2", "muB",
           '0 ("does not vary")', (-0.15, 0.15), (-0.15, 0.15), SAME, (1.0, 2.0),
           _change("m_ni"), *_NI),
    Check("m_mn_x1", "mean |m| of Mn at x = 1", "muB", "3.2",
           (3.0, 3.4), (3.0, 3.4), MN, (1.0,), _at("m_mn"), *_MN),
    Check("m_mn_x2", "mean |m| of Mn at x = 2", "muB", "3.7",
           (3.5, 3.9), (3.5, 3.9), MN, (2.0,), _at("m_mn"), *_MN),
    Check("m_mn_1_to_2", "change of |m| of Mn from x = 1 to 2", "muB", "+0.5",
           (0.3, 0.7), (0.3, 0.7), MN_CHANGE, (1.0, 2.0), _change("m_mn"), *_MN),
    Check("m_mn_1_to_0", "change of |m| of Mn from x = 1 to 0", "muB",
           "0 (none stated)", (-0.2, 0.2), (-0.2, 0.2), SAME, (1.0, 0.0),
           _change("m_mn"), *_MN),
    Check("m_mn3_x2", "moment of Mn3+ implied at x = 2 (8 of 12 Mn)", "muB", "3.95",
           (3.7, 4.1), (3.7, 4.1), MN3, (1.0, 2.0), _mn3_moment, *_MN),
    Check("volume_0_to_2", "volume change from x = 0 to 2", "%", "11-13 (experiment)",
           (8.0, 18.0), (8.0, 18.0), VOLUME, (0.0, 2.0), _volume_change, *_CELL,
           headline=False),
    Check("a_x1", "lattice parameter at x = 1: (a+b+c)/3", "A", "8.17 (experiment)",
           (8.15, 8.35), (8.15, 8.35), LENGTH, (1.0,), _mean_length, *_CELL,
           headline=False),
    Check("gap_x1", "insulating at x = 1: band gap", "eV", "about 0.4 (transport)",
           _INSULATING, _ALMOST, GAP_1, (1.0,), _at("gap"), *_LEVELS, headline=False),
    Check("gap_x2", "insulating at x = 2: band gap", "eV", "> 0 (Mn3+ and Mn4+)",
           _INSULATING, _ALMOST, GAP_2, (2.0,), _at("gap"), *_LEVELS),
)  # fmt: skip


ORDER = (
    "m_ni_x1",
    "m_ni_x0",
    "m_ni_1_to_0",
    "m_ni_1_to_2",
    "m_mn_x1",
    "m_mn_x2",
    "m_mn_1_to_2",
    "m_mn_1_to_0",
    "m_mn3_x2",
    "m_mn3_sites_x2",
    "charge_order_x2",
    "gap_x2",
    "c_ratio_to_x1",
    "c_ratio_x2",
    "c_ratio_trend",
    "volume_0_to_2",
    "a_x1",
    "voltage_0_to_1",
    "voltage_1_to_2",
    "gap_x1",
    "fim_below_fm",
)
"""Names of the checks, as a reader wants them: moments, charge, lattice, the rest."""


def voltage_checks(mu_li: float) -> tuple[Check, ...]:
    """Average voltages of either side of x = 1, from the energies at its ends."""

    def volts(rows: Sequence[Row]) -> float:
        (x1, e1), (x2, e2) = ((r["x"], float(r["energy_per_fu"])) for r in rows[:2])
        return average_voltage(x1, e1, x2, e2, mu_li)

    return (
        Check("voltage_0_to_1", "voltage from x = 0 to 1", "V", "4.7",
               (4.3, 5.1), (4.3, 5.1), VOLTS, (0.0, 1.0), volts, *_ENERGY,
               headline=False),
        Check("voltage_1_to_2", "voltage from x = 1 to 2", "V", "2.8",
               (2.4, 3.2), (2.4, 3.2), VOLTS, (1.0, 2.0), volts, *_ENERGY,
               headline=False),
    )  # fmt: skip
