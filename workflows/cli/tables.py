"""Tables for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from workflows.calculation import Calculation
from workflows.campaign import Campaign

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from workflows.analysis.verdict import Verdict
    from workflows.choices import Choice

COLOURS = {
    "DONE": "green",
    "COMPLETED": "green",
    "PASS": "green",
    "WARN": "yellow",
    "NEEDS_REVIEW": "yellow",
    "RUNNING": "cyan",
    "UNCONVERGED": "red",
    "TRUNCATED": "red",
    "FAILED": "red",
    "FAIL": "red",
    "FIZZLED": "red",
}
SURROGATE = "surrogate (CHGNet): ranks and demonstrates, does not conclude"
FAKE = "FAKE VASP: every number is synthetic, none is a calculation"


PIPED_WIDTH = 170
"""Columns of a table that goes to a file or a pipe."""


def console() -> Console:
    """Return a console as wide as the terminal, or wide enough in a pipe."""
    from rich.console import Console

    found = Console()
    return found if found.is_terminal else Console(width=PIPED_WIDTH)


def origin_of_numbers(frame: pd.DataFrame) -> str:
    """Say what made the numbers of a series, or of a table of runs; one line."""
    if not len(frame):
        return ""
    versions = ", ".join(sorted({v for v in frame["engine_version"] if v}))
    shown = f" ({versions})" if versions else ""
    engine = f"engine {', '.join(sorted(set(frame['engine'])))}{shown}"
    if frame["fake"].any():
        return f"{engine}: {FAKE}"
    return f"{engine}: {SURROGATE}" if frame["surrogate"].any() else engine


def plan_table(campaign: Campaign, calculations: Sequence[Calculation]) -> Table:
    """Show what would be calculated."""
    table = _table(f"campaign {campaign.name}, engine {campaign.engine}")
    for name in ("calculation", "cell", "Li on"):
        table.add_column(name)
    for name in ("distinct", "of raw", "kept", "Ewald eV/cell"):
        table.add_column(name, justify="right")
    for name in ("steps", "id"):
        table.add_column(name)
    for c in calculations:
        if c.reference:
            table.add_row(c.label, c.formula, *[""] * 5, " ".join(c.steps), c.id)
            continue
        ordering = c.ordering
        kept = f"{ordering['rank'] + 1} of {ordering['kept']}"
        table.add_row(
            *(c.label, c.formula, ordering["role"]),
            *(str(ordering["distinct"]), str(ordering["raw"]), kept),
            *(f"{ordering['ewald_energy']:.2f}", " ".join(c.steps), c.id),
        )
    return table


def ordering_row(choice: Choice) -> dict[str, Any]:
    """Describe the arrangements of one host at one x, in plain values.

    Energies are Ewald energies of formal charges, eV per cell.
    """
    found = choice.found
    energies = [ranked.ewald_energy for ranked in found.ranked]
    everything = [*energies, *found.dropped.energies]
    return {
        "x": found.x,
        "insertion": found.insertion,
        "host": choice.host_name,
        "host_weight": choice.host_weight,
        "role": found.role,
        "occupied_sites": found.n_occupied,
        "distinct": found.distinct,
        "raw": found.raw,
        "sampled": found.sampled,
        "ranked": len(everything),
        "kept": len(energies),
        "kept_ids": [list(ranked.occupied) for ranked in found.ranked],
        "degeneracies": [ranked.degeneracy for ranked in found.ranked],
        "ewald_lowest": min(everything),
        "ewald_spread": round(max(everything) - min(everything), 6),
        "ewald_gap_to_dropped": found.dropped.gap if found.dropped.count else None,
    }


def orderings_table(campaign: Campaign, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show which Li arrangement was taken, out of how many."""
    caption = "Ewald energies of formal charges, eV per cell, unrelaxed"
    table = _table(f"Li arrangements of campaign {campaign.name}", caption)
    for name in (
        "x",
        "insertion",
        "host",
        "on",
        "distinct",
        "of raw",
        "ranked",
        "kept",
    ):
        text = name in {"insertion", "host", "on"}
        table.add_column(name, justify="left" if text else "right")
    for name in ("lowest", "spread", "gap to dropped"):
        table.add_column(name, justify="right")
    if any("chgnet_energies" in row for row in rows):
        table.add_column("CHGNet (surrogate) of the kept, eV/cell")
    for row in rows:
        gap = row["ewald_gap_to_dropped"]
        ranked = f"{row['ranked']}{' sampled' if row['sampled'] else ''}"
        table.add_row(
            *(f"{row['x']:g}", row["insertion"], row["host"]),
            f"{row['occupied_sites']} {row['role']}",
            *(str(row["distinct"]), str(row["raw"]), ranked, str(row["kept"])),
            *(f"{row['ewald_lowest']:.3f}", f"{row['ewald_spread']:.3f}"),
            "" if gap is None else f"{gap:.3f}",
            *([_energies(row)] if "chgnet_energies" in row else []),
        )
    return table


def _energies(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{energy:.3f}" for energy in row["chgnet_energies"])


def status_table(steps: Iterable[Mapping[str, Any]]) -> Table:
    """Show the states of the Fireworks, one line a calculation."""
    table = _table("status")
    for name in ("calculation", "id", "steps"):
        table.add_column(name)
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for step in steps:
        grouped.setdefault(step["calculation_id"], []).append(step)
    for calculation_id, own in grouped.items():
        label = str(own[0]["name"]).rpartition(" ")[0]
        states = Text("  ").join(
            Text.assemble(f"{s['step']} ", coloured(str(s["state"]))) for s in own
        )
        table.add_row(label, calculation_id, states)
    return table


def series_table(series: pd.DataFrame) -> Table:
    """Show the table over x."""
    table = _table("results over x", caption=origin_of_numbers(series))
    heads = ("x", "insertion", "state", "E eV/f.u.", "|m| Ni", "|m| Mn", "a", "b", "c")
    for name in (*heads, "c/ab", "V A^3", "of", "Li ends on", "note"):
        text = name in {"insertion", "state", "Li ends on", "note"}
        table.add_column(name, justify="left" if text else "right", no_wrap=not text)
    for found in series.to_dict("records"):
        row = {str(name): value for name, value in found.items()}
        table.add_row(
            *(f"{row['x']:g}", row["insertion"], coloured(row["state"])),
            _number(row["energy_per_fu"], 3),
            *(_spread(row, "m_ni"), _spread(row, "m_mn")),
            *(_number(row[axis], 3) for axis in "abc"),
            *(_number(row["c_ratio"], 4), _number(row["volume"], 1)),
            f"{row['n_orderings']}/{row['n_planned']}",
            *(row["li_sites"], Text(row["findings"], style="yellow")),
        )
    return table


def verdict_table(verdicts: Sequence[Verdict]) -> Table | Text:
    """Show the verdicts against the paper; one line if one reason says it of all."""
    title = "against Shimizu et al. 2022 (10.1002/aenm.202201119)"
    reasons = {v.reason if v.value is None else "" for v in verdicts}
    if len(reasons) == 1 and "" not in reasons:
        none = f"none of {len(verdicts)} statements is judged, {reasons.pop()}"
        return Text(f"{title}: {none}")
    table = _table(title)
    for name in ("statement", "model", "ours", "paper", "passes", "verdict", "note"):
        table.add_column(name, justify="right" if name == "ours" else "left")
    for v in verdicts:
        ours = "" if v.value is None else f"{v.value:.3f} {v.unit}".strip()
        table.add_row(
            *(v.statement, v.insertion, ours, v.reference, v.tolerance),
            *(coloured(str(v.status)), short_reason(v)),
        )
    return table


def short_reason(verdict: Verdict) -> str:
    """Return the reason; of what is not computed without the cure after the colon."""
    if verdict.value is not None:
        return verdict.reason
    return verdict.reason.partition(": ")[0]


def warn_once(console: Console, calculations: Iterable[Calculation | Choice]) -> None:
    """Print every note once."""
    for note in dict.fromkeys(note for c in calculations for note in c.notes):
        console.print(f"note: {note}", style="yellow", highlight=False)


def coloured(state: str) -> Text:
    """Colour a state or a verdict."""
    return Text(state, style=COLOURS.get(state, ""))


def _table(title: str, caption: str = "") -> Table:
    return Table(
        title=title, caption=caption, box=None, pad_edge=False, header_style="bold"
    )


def _number(value: float, digits: int) -> str:
    return "" if value != value else f"{value:.{digits}f}"


def _spread(row: Mapping[str, Any], name: str) -> str:
    if row[name] != row[name]:
        return ""
    return f"{row[name]:.2f}±{row[f'{name}_std']:.2f}"
