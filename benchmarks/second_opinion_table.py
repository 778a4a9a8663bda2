"""The comparison of two codes, from what ``second_opinion.py`` kept. Pure but reading.

A row holds two numbers of the same meaning and the difference that is allowed; whether
they agree is computed from these. What is allowed does not come from these runs: a
moment in spheres depends on their radii, and earlier pressures of NiO differed by 1 GPa
(GPAW 23.3; Quantum ESPRESSO 23.4 by stress, 24.3 by differences).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
KEPT = TOP / "tests/data/second_opinion/result.json"
EV_PER_A3 = 160.21766208
"""Pressure of 1 eV/A^3, GPa."""
TOTAL, SPHERE, PRESSURE, GAP = 0.01, 0.05, 1.0, 0.1
"""Allowed differences: muB of a cell, muB of a sphere, GPa, eV."""


@dataclass(frozen=True)
class Row:
    """One quantity by both codes."""

    quantity: str
    gpaw: float
    abinit: float
    allowed: float
    unit: str

    @property
    def difference(self) -> float:
        """ABINIT minus GPAW."""
        return self.abinit - self.gpaw

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what is allowed; never if not a number."""
        return abs(self.difference) <= self.allowed


def read_kept() -> dict[str, Any]:
    """Return what is kept; empty if nothing is."""
    try:
        found: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    except OSError:
        return {}
    return found


def nickel_oxide(runs: Mapping[str, Any]) -> list[Row]:
    """Compare NiO: moments, pressure by stress and by differences of energy, gap."""
    one, other = runs["NiO"]["gpaw"], runs["NiO"]["abinit"]
    return [
        Row("total moment", *both(one, other, "total_moment"), TOTAL, "μB"),
        Row("moment of Ni", one["moments"][0], other["moments"][0], SPHERE, "μB"),
        Row("pressure, stress", *both(one, other, "pressure"), PRESSURE, "GPa"),
        Row(
            "pressure, differences",
            by_differences(runs, "gpaw"),
            by_differences(runs, "abinit"),
            PRESSURE,
            "GPa",
        ),
        Row("gap", *both(one, other, "gap"), GAP, "eV"),
    ]


def lnmo(
    one: Mapping[str, Any], other: Mapping[str, Any], symbols: Sequence[str]
) -> list[Row]:
    """Compare LNMO at x = 1; moments are means over the sites of an element."""
    rows = [Row("total moment", *both(one, other, "total_moment"), TOTAL, "μB")]
    for element in ("Ni", "Mn"):
        pair = [mean(run["moments"], symbols, element) for run in (one, other)]
        rows.append(Row(f"moment of {element}", *pair, SPHERE, "μB"))
    return [
        *rows,
        Row("pressure, stress", *both(one, other, "pressure"), PRESSURE, "GPa"),
        Row("gap", *both(one, other, "gap"), GAP, "eV"),
    ]


def by_differences(runs: Mapping[str, Any], code: str) -> float:
    """Return -dE/dV of NiO by the central difference of two strained cells, GPa."""
    small, large = (runs[f"NiO-{size}"] for size in ("small", "large"))
    energy = large[code]["energy"] - small[code]["energy"]
    return -EV_PER_A3 * energy / (large["volume"] - small["volume"])


def both(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Return a number of both codes."""
    return one[name], other[name]


def mean(moments: Sequence[float], symbols: Sequence[str], element: str) -> float:
    """Return the mean signed moment of an element's sites, muB."""
    own = [m for m, s in zip(moments, symbols, strict=True) if s == element]
    return sum(own) / len(own)


def comparison(found: Mapping[str, Any]) -> dict[str, list[Row]]:
    """Return the rows by cell, with the cutoffs in its name.

    Raises
    ------
    KeyError
        A run is not there. A cell that was not computed at all is left out.
    """
    from second_opinion_points import document, recorded

    runs = found["runs"]
    nio = runs["NiO"]
    cells = {f"NiO, {cutoffs(nio['gpaw'], nio['abinit'])}": nickel_oxide(runs)}
    if "LNMO" in runs:
        record = document()
        one, other = recorded(record), runs["LNMO"]["abinit"]
        name = f"Li2NiMn3O8 (x = 1, 14 atoms), {cutoffs(one, other)}"
        cells[name] = lnmo(one, other, record["structure"]["species"])
    return cells


def cutoffs(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Name the plane waves of both."""
    return f"GPAW {one['cutoff']:g} eV, ABINIT {other['cutoff']:g} eV"


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table of Markdown."""
    lines = ["|  | GPAW | ABINIT | difference | allowed | agree |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    lines += [
        f"| {r.quantity}, {r.unit} | {r.gpaw:.3f} | {r.abinit:.3f} | "
        f"{r.difference:+.3f} | {r.allowed:g} | {'yes' if r.agrees else '**no**'} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def series(runs: Mapping[str, Any]) -> str:
    """Return the pressure of NiO by stress, by cutoff and U: what moves it."""
    lines = ["| NiO, pressure by stress, GPa | GPAW | ABINIT | difference |"]
    lines.append("| --- | --- | --- | --- |")
    for name, run in runs.items():
        if not name.startswith("NiO") or name.endswith(("small", "large")):
            continue
        own = run["gpaw"]
        told = f"U {run['u']:g} eV, {own['cutoff']:g} eV"
        if "abinit" in run:
            one, other = both(own, run["abinit"], "pressure")
            lines.append(f"| {told} | {one:.2f} | {other:.2f} | {other - one:+.2f} |")
        else:
            told += ", d occupations to ABINIT's radius"
            lines.append(f"| {told} | {own['pressure']:.2f} |  |  |")
    return "\n".join(lines) + "\n"


def made_by(found: Mapping[str, Any]) -> str:
    """Say what made the numbers: versions, data sets, date, processor time."""
    runs = found["runs"]
    nio = runs["NiO"]
    codes = [run[c] for run in runs.values() for c in ("gpaw", "abinit") if c in run]
    paw = ", ".join(f"{e} {v[:8]}" for e, v in sorted(found["paw_md5"].items()))
    return (
        f"ABINIT {nio['abinit']['version']} against GPAW {nio['gpaw']['version']}, "
        f"{found['made']}, {sum(c['cpu_seconds'] for c in codes):.0f} s of processor "
        f"time on one core; PAW data sets of gpaw-data (md5 {paw})."
    )


def report(found: Mapping[str, Any]) -> str:
    """Return every table, with what made it."""
    tables = [
        f"{name}:\n\n{markdown(rows)}" for name, rows in comparison(found).items()
    ]
    return "\n".join([made_by(found) + "\n", *tables, series(found["runs"])])
