"""Moments of manganese, site by site -> its valences over x.

The paper's text has Mn4+ become Mn3+ above x = 1; charge balance says how many,
8(x - 1) in the 56-atom cell. The map shows on which sites.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.analysis.lnmo import expected_mn3
from workflows.analysis.valence import AMBIGUOUS, SiteValence, valence_from_moment
from workflows.campaign.calculation import NO_INSERTION
from workflows.report.chart import Chart, Panel, Trace
from workflows.report.series_charts import (
    COLOURS,
    FALLBACK,
    STYLES,
    X_RANGE,
    ions_per_formula,
    of_the_paper,
)
from workflows.results.hosts import member_name
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    import pandas as pd

KINDS: dict[int | None, tuple[str, str]] = {
    4: ("Mn⁴⁺", "#9ecbea"),
    3: ("Mn³⁺", "#f2bd52"),
    2: ("Mn²⁺", "#e08a4a"),
    None: ("anomalous", "#b5bcc6"),
}
"""Valence -> name and colour; light, since a moment is written on it."""
BALANCE = "#5b6675"
COUNTED = ((0.0, 0.0), (1.0, 0.0), (2.0, 8.0))
"""Corners of max(0, 8(x - 1)), Mn3+ in the 56-atom cell."""


def valence_chart(series: pd.DataFrame, sites: pd.DataFrame, origin: str) -> Chart:
    """Map the valence of each Mn over x, and count Mn3+ against 8(x - 1).

    Parameters
    ----------
    series
        Table over x (``Results.series``): which results are drawn.
    sites
        One row for each atom (``Results.sites``); moments in muB.
    origin
        What made the numbers, one line.
    """
    shown = series[series["state"].isin(FINISHED)].reset_index(drop=True)
    manganese = sites[(sites["element"] == "Mn") & sites["magnetization"].notna()]
    manganese = manganese[manganese["calculation_id"].isin(shown["calculation_id"])]
    return Chart(
        key="mn-valence",
        title="Valence of manganese, site by site",
        caption="Left: |m| of each Mn in μB, its valence by thresholds at 2.60, 3.55 "
        f"and 4.25 μB, which depend on U; open where within {AMBIGUOUS:g} μB of one. "
        "Right: the Mn³⁺ so counted"
        + (
            ", against what charge balance asks for above x = 1, where the paper has "
            "Mn⁴⁺ reduced."
            if of_the_paper(series)
            else "."
        ),
        origin=origin,
        panels=(_map(shown, manganese), _counts(shown, manganese)),
        columns=2,
        height=0.8,
    )


def _map(shown: pd.DataFrame, manganese: pd.DataFrame) -> Panel:
    labels = sorted(set(manganese["label"]), key=_natural)
    columns = {c: float(n) for n, c in enumerate(shown["calculation_id"])}
    found: dict[int | None, list[tuple[float, float, SiteValence, str, str]]] = {}
    for row in manganese.to_dict("records"):
        moment = abs(row["magnetization"])
        site = valence_from_moment("Mn", moment)
        place = (columns[row["calculation_id"]], float(labels.index(row["label"])))
        note = f"{row['label']}, x = {row['x']:g}, {moment:.3f} μB, "
        note += f"{site.margin:.2f} from the threshold"
        word = f"{moment:.2f}"
        found.setdefault(site.valence, []).append((*place, site, word, note))
    return Panel(
        "x, and where the ions were put",
        "Mn site",
        tuple(_cells(kind, found[kind]) for kind in KINDS if kind in found),
        x_range=(-0.6, max(len(columns) - 0.4, 0.6)),
        y_range=(-0.7, max(len(labels) - 0.3, 0.7)),
        x_ticks=tuple(
            (float(n), _column(row)) for n, row in enumerate(shown.to_dict("records"))
        ),
        y_ticks=tuple((float(n), label) for n, label in enumerate(labels)),
    )


def _cells(
    kind: int | None, cells: list[tuple[float, float, SiteValence, str, str]]
) -> Trace:
    name, colour = KINDS[kind]
    return Trace(
        label=name,
        x=tuple(cell[0] for cell in cells),
        y=tuple(cell[1] for cell in cells),
        colour=colour,
        marker="square",
        hollow=tuple(cell[2].ambiguous for cell in cells),
        words=tuple(cell[3] for cell in cells),
        notes=tuple(cell[4] for cell in cells),
        size=15.0,
    )


def _counts(shown: pd.DataFrame, manganese: pd.DataFrame) -> Panel:
    traces = []
    if len(manganese) and _is_the_cell(manganese):
        xs, ys = zip(*COUNTED, strict=True)
        traces.append(Trace("charge balance: 8(x − 1)", xs, ys, BALANCE, line="dash"))
    for model in dict.fromkeys(shown["insertion"]):
        rows = shown[shown["insertion"] == model]
        points = [
            point
            for row in rows.itertuples()
            if (point := _count(row.x, row.calculation_id, manganese)) is not None
        ]
        if points:
            traces.append(
                Trace(
                    label="Mn³⁺ counted"
                    + ("" if model == NO_INSERTION else f", {model}"),
                    x=tuple(x for x, _, _ in points),
                    y=tuple(y for _, y, _ in points),
                    colour=COLOURS["Mn"],
                    marker=STYLES.get(model, FALLBACK)[0],
                    notes=tuple(note for _, _, note in points),
                )
            )
    most = max(manganese.groupby("calculation_id").size(), default=12)
    return Panel(
        ions_per_formula(shown),
        "Mn³⁺ in the cell",
        tuple(traces),
        x_range=X_RANGE,
        y_range=(-0.05 * most, 1.05 * most),
    )


def _count(
    x: float, calculation_id: str, manganese: pd.DataFrame
) -> tuple[float, float, str] | None:
    own = manganese[manganese["calculation_id"] == calculation_id]
    if not len(own):
        return None
    found = [valence_from_moment("Mn", m) for m in own["magnetization"]]
    number = sum(site.valence == 3 for site in found)
    unsure = sum(site.ambiguous for site in found)
    note = f"x = {x:g}: {number} Mn³⁺ of {len(found)} Mn, {unsure} near a threshold"
    if _is_the_cell(manganese):
        note += f"; charge balance: {expected_mn3(x):g}"
    return float(x), float(number), note


def _is_the_cell(manganese: pd.DataFrame) -> bool:
    """Tell the paper's 12 Mn to a cell, for which 8(x - 1) is derived."""
    return set(manganese.groupby("calculation_id").size()) == {12}


def _column(row: dict[Any, Any]) -> str:
    """Name a column by x, the model without the kind of its sites, and the host."""
    _, _, model = str(row["insertion"]).partition("_")
    words = (f"{row['x']:g}", model.replace("_", " "), member_name(row["host"]))
    return " ".join(filter(None, words))


def _natural(label: str) -> tuple[str, int]:
    letters = label.rstrip("0123456789")
    return letters, int(label[len(letters) :] or 0)
