"""``lnmo compare``: the variants of a study beside each other, against the first one.

Every number is computed within its own variant; what is compared is what a conclusion
rests on: moments, c/a, voltages, and energies where they have a common zero. The
limits are those within which a referee calls a setting converged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from workflows.analysis.hull import HOST_ATOMS
from workflows.analysis.ions import METALS, working_ion
from workflows.campaign.sections import same_x
from workflows.errors import ResultsError
from workflows.results.columns import Column, frame_of, number
from workflows.results.comparable import host_formula
from workflows.results.energy_zero import why_apart
from workflows.results.hosts import HOST, by_host, host_of
from workflows.results.labels import LABELS, ORDER, STATE_LABELS
from workflows.results.results import records
from workflows.results.series_table import other_moments
from workflows.results.statement_counts import statement_frame
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

    from workflows.campaign.calculation import Calculation
    from workflows.results.results import Results

MOMENT_LIMIT = 0.02
"""muB, largest change of a mean moment in a converged setting."""
NUMBERS = ("m_ni", "m_mn", "c_unique")
"""Columns of which a change from the first variant is given."""

LIMITS = {
    **{"energy": 1.0, "c_unique": 0.002, "volts": 20.0},
    **{f"m_{element.lower()}": MOMENT_LIMIT for element in METALS},
}
"""Largest change of a converged setting: meV/atom, 1, mV, muB."""

CELLS = (
    Column("variant", shown=True),
    Column("x", "ions per formula unit", shown=True),
    *STATE_LABELS,
    number("energy_per_fu", "eV per formula unit"),
    number(
        "d_energy",
        "meV per atom, against the first variant; NaN if they must not be subtracted",
        shown=True,
    ),
    number("m_ni", "muB, mean |m|", shown=True),
    number("d_m_ni", "muB, against the first variant", shown=True),
    number("m_mn", "muB, mean |m|", shown=True),
    number("d_m_mn", "muB, against the first variant", shown=True),
    number("c_unique", "unique axis over the mean of the other two", shown=True),
    number("d_c_unique", "against the first variant", shown=True),
    Column("unique_axis"),
    number("a", "A, pseudo-cubic"),
    number("b", "A, pseudo-cubic"),
    number("c", "A, pseudo-cubic"),
    Column("lattice_class"),
    number("volume", "A^3, conventional cell", shown=True),
    number("d_volume", "%, against the first variant", shown=True),
    number("m_total", "muB per cell", shown=True),
    replace(ORDER, shown=True),
    HOST,
    number("gap", "eV; 0 for a metal", shown=True),
    Column("findings", "what stands against the row", shown=True),
    Column("calculation_id"),
    *LABELS,
)
VOLTAGES = (
    Column("variant", shown=True),
    *STATE_LABELS,
    Column("x1", "ions per formula unit", shown=True),
    Column("x2", "ions per formula unit", shown=True),
    number("volts", "V against lithium metal, average between two x", shown=True),
    number("d_volts", "mV, against the first variant", shown=True),
    Column(
        "findings", "what stands against either end, or against the metal", shown=True
    ),
    *LABELS,
)

MAKERS = ("engine", "engine_version", "fake", "surrogate")
"""Labels of recorded numbers that energies must share to be subtracted."""

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
    statements
        One row for each statement of the paper: in how many variants it holds.
    missing
        Why a variant has no voltage, or is not compared.
    """

    first: str
    cells: pd.DataFrame
    voltages: pd.DataFrame
    statements: pd.DataFrame
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
        Calculations of each variant: they tell which energies may be subtracted.

    Raises
    ------
    ResultsError
        One variant holds results that do not compare among themselves.
    """
    first = next(iter(results))
    series = {name: records(found.series()) for name, found in results.items()}
    others = other_moments(row for rows in series.values() for row in rows)
    more = tuple(c.name for c in others if not c.name.endswith(("_std", "_signed")))
    cells = []
    apart: dict[str, str] = {}
    for name, rows in series.items():
        for row in rows:
            same_host = [r for r in series[first] if _same_atoms(r, row)]
            partner = _partner(row, same_host, ("x", "insertion"))
            pair = {first: (partner, planned[first]), name: (row, planned[name])}
            why = _why_apart(pair) if partner and name != first else ""
            if why:
                apart[why] = name
            cells.append(_cell(row, name, partner, not why, (*NUMBERS, *more)))
    averages, missing = _averages(results)
    of_host = {name: _hosts(calculations) for name, calculations in planned.items()}
    voltages = []
    for name, rows in averages.items():
        same = averages.get(first, ()) if of_host[name] == of_host[first] else ()
        voltages += [_voltage(row, name, _partner(row, same, _SPAN)) for row in rows]
    verdicts = {name: found.compare_to_paper() for name, found in results.items()}
    columns = (*CELLS, *(column for name in more for column in _moment(name)))
    frames = (
        frame_of(cells, columns),
        frame_of(voltages, VOLTAGES),
        statement_frame(verdicts),
    )
    hosts = (
        f"{name} is of another host or ion than {first}, so it has no differences "
        "from it"
        for name in results
        if of_host[name] != of_host[first]
    )
    energies = (
        f"energies of {name} are not subtracted from those of {first}: {why}"
        for why, name in apart.items()
    )
    return Comparison(first, *frames, (*hosts, *energies, *missing))


def same_as_before(planned: Mapping[str, Sequence[Calculation]]) -> dict[str, str]:
    """Return the variants that are the calculations of an earlier one, and of which.

    What they change means nothing to their engine: a surrogate has no cutoff, no k
    points, no U and no magnetic order. A reference counts too: voltages rest on it.
    """
    first: dict[frozenset[str], str] = {}
    found = {}
    for name, calculations in planned.items():
        ids = frozenset(c.id for c in calculations)
        if first.setdefault(ids, name) != name:
            found[name] = first[ids]
    return found


def keys_of(change: Mapping[str, Any], within: str = "") -> tuple[str, ...]:
    """Return the keys that a variant changes, sections joined by dots.

    Examples
    --------
    >>> keys_of({"vasp": {"incar": {"common": {"ENCUT": 600}}, "kpoints": [2, 2, 2]}})
    ('vasp.incar.common.ENCUT', 'vasp.kpoints')
    """
    found: list[str] = []
    for key, value in change.items():
        name = f"{within}.{key}" if within else key
        nested = isinstance(value, Mapping) and key not in {"hubbard_u", "magmom"}
        found += keys_of(value, name) if nested else (name,)
    return tuple(found)


_SPAN = ("insertion", "x1", "x2")


def _hosts(calculations: Sequence[Calculation]) -> frozenset[tuple[str, str]]:
    """Return the compositions that a variant takes ions in and out of, and the ions."""
    cells = [c for c in calculations if not c.reference]
    ions = {working_ion(c.formula, c.n_li) for c in cells} - {""}
    hosts = {_host(c.formula, c.n_li) for c in cells}
    return frozenset((host, ion) for host in hosts for ion in ions or {""})


@cache
def _host(formula: str, n_ions: int | None) -> str:
    """Return the composition of a host, whatever the order of its elements."""
    from pymatgen.core import Composition

    return str(Composition(host_formula(formula, n_ions)).reduced_formula)


def _same_atoms(row: Row, other: Row) -> bool:
    """Tell whether two cells at one x are of one composition."""
    hosts, ions = [], set()
    for each in (row, other):
        hosts.append(_host(each["formula"], each["n_li"]))
        ions.add(working_ion(each["formula"], each["n_li"]))
    return hosts[0] == hosts[1] and len(ions - {""}) < 2


def _why_apart(pair: Mapping[str, tuple[Row, Sequence[Calculation]]]) -> str:
    """Say why the energies of two rows of the same atoms must not be subtracted."""
    (one, own), (two, its) = pair.values()
    first, other = pair
    for label in MAKERS:
        if one[label] != two[label]:
            return f"{label}: {one[label]} in {first}; {two[label]} in {other}"
    return why_apart(_planned(one, own), _planned(two, its), (first, other))


def _planned(row: Row, calculations: Sequence[Calculation]) -> Calculation:
    """Return what was planned of a row; a re-seed has all but the start of another."""
    cells = [c for c in calculations if not c.reference]
    there = [c for c in cells if c.x is not None and same_x(c.x, row["x"])]
    return next((c for c in cells if c.id == row["calculation_id"]), there[0])


def _partner(row: Row, among: Rows, keys: Sequence[str]) -> Row:
    """Return the row of the first variant at the same place, or nothing.

    Nothing as well if one of the two has not finished: then there is no difference. Of
    an ensemble it is the row of the same arrangement of the metals.
    """
    if row["state"] not in FINISHED:
        return {}
    same = [
        other
        for other in among
        if all(other[key] == row[key] for key in keys) and other["state"] in FINISHED
    ]
    hosts = by_host(same)
    own = hosts.get(host_of(row), [] if len(hosts) > 1 else same)
    return next(iter(own), {})


def _difference(row: Row, other: Row, name: str) -> float:
    return float(row.get(name, math.nan)) - float(other.get(name, math.nan))


def _moment(name: str) -> tuple[Column, Column]:
    """Describe the columns of another metal than Ni and Mn."""
    return (
        number(name, "muB, mean |m|", shown=True),
        number(f"d_{name}", "muB, against the first variant", shown=True),
    )


def _cell(
    row: Row, variant: str, first: Row, shares_zero: bool, names: Sequence[str]
) -> Row:
    energy = 1000 * _difference(row, first, "energy_per_fu")
    return {
        **row,
        "variant": variant,
        "d_energy": energy / (HOST_ATOMS + row["x"]) if shares_zero else None,
        "d_volume": 100 * (row["volume"] / first.get("volume", math.nan) - 1),
        **{f"d_{name}": _difference(row, first, name) for name in names},
    }


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
    notes = (
        f"no voltage of {', '.join(names)}: {why}" for why, names in missing.items()
    )
    return found, tuple(notes)
