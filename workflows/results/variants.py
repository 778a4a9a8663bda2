"""``lnmo compare``: the variants of a study beside each other, against the first one.

Every number is computed within its own variant; what is compared is what a conclusion
rests on: moments, c/a, voltages, and energies where they have a common zero. The
limits are those within which a referee calls a setting converged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.analysis.hull import HOST_ATOMS
from workflows.errors import ResultsError
from workflows.results.results import records

if TYPE_CHECKING:
    import pandas as pd

    from workflows.campaign.calculation import Calculation
    from workflows.results.results import Results

NUMBERS = ("m_ni", "m_mn", "c_ratio")

LIMITS = {"energy": 1.0, "m_ni": 0.02, "m_mn": 0.02, "c_ratio": 0.002, "volts": 20.0}
"""Largest change of a converged setting: meV/atom, muB, muB, 1, mV."""

UNITS = {
    "energy_per_fu": "eV per formula unit",
    "d_energy": "meV per atom, against the first variant; NaN if they share no zero",
    "d_volts": "mV, against the first variant",
    "volts": "V against lithium metal, average between two x",
    "m_ni": "muB, mean |m|",
    "m_mn": "muB, mean |m|",
    "c_ratio": "c/((a+b)/2)",
    "m_total": "muB per cell",
    "ended_order": "fim (Ni against Mn), fm, or mixed, by the final signs",
    "volume": "A^3, conventional cell",
    "gap": "eV; 0 for a metal",
}

COLUMNS = (
    *("variant", "x", "insertion", "state", "energy_per_fu", "d_energy"),
    *(part for name in NUMBERS for part in (name, f"d_{name}")),
    *("m_total", "ended_order", "volume", "gap", "surrogate", "fake"),
    "calculation_id",
)

VOLTAGE_COLUMNS = ("variant", "insertion", "x1", "x2", "volts", "d_volts")

ENERGY_ZERO = ("functional", "hubbards", "potcar", "potcar_functional")
"""Settings that total energies must share to be subtracted."""

Row = dict[str, Any]

Rows = Sequence[Row]


@dataclass(frozen=True)
class Comparison:
    """The variants of a study, beside each other.

    Attributes
    ----------
    first
        The variant the others are compared with.
    cells
        One row for each variant, x and insertion model; units in ``attrs["units"]``.
    voltages
        One row for each variant and range of x.
    missing
        Why a variant has no voltage.
    """

    first: str
    cells: pd.DataFrame
    voltages: pd.DataFrame
    missing: tuple[str, ...]


def compare_variants(
    results: Mapping[str, Results], planned: Mapping[str, Sequence[Calculation]]
) -> Comparison:
    """Compare the variants of a study with the first of them.

    Parameters
    ----------
    results
        Of each variant alone; the first is the one the others are compared with.
    planned
        Calculations of each variant: they tell which energies have a common zero.

    Raises
    ------
    ResultsError
        One variant holds results that do not compare among themselves.
    """
    import pandas as pd

    first = next(iter(results))
    zeros = {name: _zero(planned[name]) for name in results}
    series = {name: records(found.series()) for name, found in results.items()}
    cells = [
        _cell(row, name, _partner(row, series[first], ("x", "insertion")), shares)
        for name, rows in series.items()
        for shares in [zeros[name] == zeros[first]]
        for row in rows
    ]
    averages, missing = _averages(results)
    voltages = [
        _voltage(row, name, _partner(row, averages.get(first, ()), _SPAN))
        for name, rows in averages.items()
        for row in rows
    ]
    frame = pd.DataFrame(cells, columns=list(COLUMNS))
    frame.attrs["units"] = dict(UNITS)
    volts = pd.DataFrame(voltages, columns=list(VOLTAGE_COLUMNS))
    volts.attrs["units"] = dict(UNITS)
    return Comparison(first, frame, volts, missing)


_SPAN = ("insertion", "x1", "x2")


def _zero(calculations: Sequence[Calculation]) -> list[Any]:
    cells = [c.settings for c in calculations if not c.reference]
    return [[settings.get(key) for key in ENERGY_ZERO] for settings in cells]


def _partner(row: Row, among: Rows, keys: Sequence[str]) -> Row:
    """Return the row of the first variant at the same place, or nothing."""
    same = (r for r in among if all(r[key] == row[key] for key in keys))
    return next(same, {})


def _difference(row: Row, other: Row, name: str) -> float:
    return float(row[name]) - float(other.get(name, float("nan")))


def _cell(row: Row, variant: str, first: Row, shares_zero: bool) -> Row:
    energy = 1000 * _difference(row, first, "energy_per_fu")
    return {
        **row,
        "variant": variant,
        "d_energy": energy / (HOST_ATOMS + row["x"]) if shares_zero else None,
        **{f"d_{name}": _difference(row, first, name) for name in NUMBERS},
        "ended_order": _ended_order(row),
    }


def _ended_order(row: Row) -> str:
    """Name the order the moments ended in; nothing where they have no sign."""
    product = row["m_ni_signed"] * row["m_mn_signed"]
    if product != product or row["surrogate"]:
        return ""
    if row["mixed_sign"]:
        return "mixed"
    return "fim" if product < 0 else "fm" if product > 0 else ""


def _voltage(row: Row, variant: str, first: Row) -> Row:
    return {
        **row,
        "variant": variant,
        "d_volts": 1000 * _difference(row, first, "volts"),
    }


def _averages(
    results: Mapping[str, Results],
) -> tuple[dict[str, list[Row]], tuple[str, ...]]:
    found: dict[str, list[Row]] = {}
    missing: dict[str, list[str]] = {}
    for name, own in results.items():
        try:
            rows = records(own.voltage())
        except ResultsError as error:
            missing.setdefault(str(error), []).append(name)
            continue
        found[name] = [r for r in rows if r["kind"] == "average"]
    told = (
        f"no voltage of {', '.join(names)}: {why}" for why, names in missing.items()
    )
    return found, tuple(told)
