"""Voltage curves and hulls -> voltage against capacity, and what is stable.

The two sides of x = 1 are different reactions, and insertion models are never joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workflows.analysis.ions import FIXED, LITHIUM, metal_name
from workflows.analysis.lnmo import FORMULA
from workflows.analysis.voltage import capacity
from workflows.campaign.calculation import NO_INSERTION
from workflows.report.chart import PAPER, Chart, Panel, Trace
from workflows.report.series_charts import FALLBACK, STYLES, ions_per_formula

if TYPE_CHECKING:
    import pandas as pd

PAPER_PLATEAUS = {(0.0, 1.0): 4.7, (1.0, 2.0): 2.8}
"""Between which x, volts against lithium that the paper measures."""
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
COLOURS = {
    NO_INSERTION: "#0072b2",
    "tet_8b": "#d55e00",
    "oct_16c_rocksalt": "#cc79a7",
}
OTHER = "#4d8f6f"
MILLI = 1000.0


def voltage_chart(voltage: pd.DataFrame, origin: str) -> Chart:
    """Show voltage against capacity from x = 0, the paper's plateaus beside.

    Parameters
    ----------
    voltage
        ``Results.voltage``: steps between hull vertices, V against lithium metal.
    origin
        What made the numbers, one line.
    """
    steps = _sides(voltage[voltage["kind"] == "step"])
    host = voltage.attrs.get("capacity_of", FORMULA)
    ion = str(voltage.attrs.get("ion", LITHIUM))
    traces = [
        _staircase(own, host, ion, hosts=steps["host"].nunique())
        for _, own in steps.groupby(["insertion", "host"])
    ]
    traces = list(_said_once(traces))
    plateaus = PAPER_PLATEAUS if host == FORMULA else {}
    ends = [(capacity(x1), capacity(x2)) for x1, x2 in plateaus]
    for number, (pair, volts) in enumerate(zip(ends, plateaus.values(), strict=True)):
        label = "paper, measured" if number == 0 else ""
        note = f"the paper, measured: {volts:g} V"
        traces.append(
            Trace(label, pair, (volts, volts), PAPER, line="dash", notes=(note, note))
        )
    charge = FIXED[ion]
    couple = f"{ion}/{ion}{'⁺' if charge == 1 else '²⁺'}"
    mass = host.translate(SUBSCRIPTS)
    quantity = f"capacity from x = 0, mAh per g of {mass}"
    paper = (
        " Dashed: plateaus the paper measures, 4.7 V below x = 1 and 2.8 V above; it "
        "computes none."
    )
    return Chart(
        key="voltage",
        title="Voltage against capacity",
        caption="Steps between the stable compositions of each side of x = 1, from "
        "static energies of the cathode and of " + metal_name(ion) + ", without PV and "
        "entropy." + (paper if plateaus else ""),
        origin=origin,
        panels=(
            Panel(
                quantity, f"V against {couple}", tuple(traces), y_range=_around(traces)
            ),
        ),
    )


def hull_chart(hull: pd.DataFrame, origin: str, *, paper: bool = True) -> Chart:
    """Show formation energies and the lower hull, a panel for each range of x.

    Parameters
    ----------
    hull
        ``Results.hull``: every finished ordering, eV per formula unit.
    origin
        What made the numbers, one line.
    paper
        Whether it is of the paper's crystal.
    """
    ranges = sorted(set(hull["range"]), key=_ends)
    ranges.sort(key=lambda name: _ends(name)[1] - _ends(name)[0])
    return Chart(
        key="hull",
        title="Formation energy and hull",
        caption="Against the two ends of each range of x, every finished arrangement a "
        "point; lines join the stable ones. A hull over both sides of x = 1 joins "
        "different reactions."
        + (" The paper states no formation energy." if paper else ""),
        origin=origin,
        panels=tuple(_hull_panel(hull[hull["range"] == name], name) for name in ranges),
        columns=max(1, min(3, len(ranges))),
        height=0.72,
    )


def _staircase(steps: pd.DataFrame, host: str, ion: str, *, hosts: int) -> Trace:
    model = str(steps["insertion"].iloc[0])
    corners: list[tuple[float, float, str]] = []
    for row in steps.sort_values("x1").to_dict("records"):
        note = f"x = {row['x1']:g} to {row['x2']:g}: {row['volts']:.3f} V"
        note += _ended(row, ion) + (f", {row['host']}" if hosts > 1 else "")
        for x in (row["x1"], row["x2"]):
            corners.append((capacity(x, host), float(row["volts"]), note))
    capacities, volts, notes = zip(*corners, strict=True)
    return Trace(
        label=_name(model),
        x=capacities,
        y=volts,
        colour=COLOURS.get(model, OTHER),
        marker=STYLES.get(model, FALLBACK)[0],
        line="solid",
        notes=notes,
        size=4.0,
    )


def _sides(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out a range that spans x = 1 where its upper side is there by itself."""
    upper = {place for name, place in _places(rows) if _ends(name)[0] >= 1}
    keep = [
        not (_ends(name)[0] < 1 < _ends(name)[1] and place in upper)
        for name, place in _places(rows)
    ]
    return rows[keep]


def _places(rows: pd.DataFrame) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the range of each row, with its insertion model and host."""
    places = zip(rows["insertion"], rows["host"], strict=True)
    return zip(rows["range"], places, strict=True)


def _ends(name: str) -> tuple[float, float]:
    low, _, high = name.partition("..")
    return float(low), float(high)


def _hull_panel(rows: pd.DataFrame, name: str) -> Panel:
    traces = []
    for _, own in rows.groupby(["insertion", "host"]):
        traces += _hull_traces(own.sort_values("x"), hosts=rows["host"].nunique())
    traces = list(_said_once(traces))
    low, high = _ends(name)
    margin = 0.04 * (high - low)
    return Panel(
        ions_per_formula(rows),
        "formation energy, meV/f.u.",
        tuple(traces),
        title=f"x = {low:g} to {high:g}",
        x_range=(low - margin, high + margin),
        zero_y=True,
    )


def _said_once(traces: Iterable[Trace]) -> Iterator[Trace]:
    """Give each label to the first trace that has it: the hosts share a model's."""
    said: set[str] = set()
    for trace in traces:
        yield replace(trace, label="") if trace.label in said else trace
        said.add(trace.label)


def _hull_traces(rows: pd.DataFrame, *, hosts: int) -> list[Trace]:
    model = str(rows["insertion"].iloc[0])
    colour, marker = COLOURS.get(model, OTHER), STYLES.get(model, FALLBACK)[0]
    stable = rows[rows["on_hull"]]
    notes = tuple(
        _place(row) + (f", {row['host']}" if hosts > 1 else "")
        for row in rows.to_dict("records")
    )
    return [
        Trace("", _numbers(stable["x"]), _scaled(stable), colour, line="solid"),
        Trace(
            label=_name(model),
            x=_numbers(rows["x"]),
            y=_scaled(rows),
            colour=colour,
            marker=marker,
            hollow=tuple(not on for on in rows["on_hull"]),
            notes=notes,
        ),
    ]


def _place(row: dict[Any, Any]) -> str:
    note = f"x = {row['x']:g}, {MILLI * row['formation']:.1f} meV per formula unit, "
    note += "stable" if row["on_hull"] else f"{row['e_above_hull']:.1f} meV/atom above"
    return f"{note}, {row['calculation_id']}"


def _ended(row: dict[Any, Any], ion: str) -> str:
    ends = [str(row[name]) for name in ("ended_as1", "ended_as2")]
    moved = [end for end in ends if end not in {"", NO_INSERTION, row["insertion"]}]
    name = metal_name(ion).removesuffix(" metal")
    return f", {name} ended as {' and '.join(dict.fromkeys(moved))}" if moved else ""


def _name(model: str) -> str:
    return "up to x = 1" if model == NO_INSERTION else model


def _numbers(column: pd.Series) -> tuple[float, ...]:
    return tuple(float(value) for value in column)


def _scaled(rows: pd.DataFrame) -> tuple[float, ...]:
    return tuple(MILLI * float(value) for value in rows["formation"])


def _around(traces: list[Trace]) -> tuple[float, float]:
    """Leave room above and below, and 0 out of sight: volts are read, not areas."""
    found = [y for trace in traces for y in trace.y]
    return min(found, default=0.0) - 0.3, max(found, default=5.0) + 0.3
