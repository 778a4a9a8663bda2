"""The figure of docs/reproduction.md: moments over x, and the d states at x = 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.results.results import Results


def draw(
    found: Results,
    rows: Sequence[Mapping[str, Any]],
    paper: Mapping[float, Mapping[str, str]],
    where: Path,
) -> None:
    """Draw the moments over x, and the states of the d electrons at x = 2."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "lnmo", "svg.fonttype": "path", "font.size": 9}
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="tight")
    for element, colour in (("Ni", "#1b6ca8"), ("Mn", "#b5482a")):
        own = [r for r in rows if r["insertion"] != "tet_8b"]
        xs = [float(r["x"]) for r in own]
        values = [float(r[f"m_{element.lower()}"]) for r in own]
        left.plot(xs, values, "o-", color=colour, label=f"{element}, DFT+U (GPAW)")
        other = [float(r[f"m_{element.lower()}_geometry"]) for r in own]
        left.plot(xs, other, "s:", color=colour, mfc="w", label=f"{element}, CHGNet")
        stated = [(x, float(v[element])) for x, v in paper.items() if v[element]]
        left.plot(*zip(*stated, strict=True), "x", color=colour, ms=9, mew=2)
    left.plot([], [], "kx", ms=9, mew=2, label="Shimizu et al. 2022 (VASP)")
    left.set(xlabel="x in LixNi0.5Mn1.5O4", ylabel="mean |m|, muB", ylim=(0, 4.2))
    left.legend(fontsize=7)
    frame = found.pdos(x=2, insertion="oct_16c_rocksalt", by="t2g_eg", smooth=0)
    for name, colour in (
        *(("Mn t2g", "#b5482a"), ("Mn eg", "#e8a27c")),
        *(("Ni t2g", "#1b6ca8"), ("Ni eg", "#86b9dd")),
    ):
        line = {"color": colour, "lw": 1}
        right.plot(frame["energy"], frame[f"{name} up"], label=name, **line)
        right.plot(frame["energy"], -frame[f"{name} down"], **line)
    right.axvline(0, color="0.6", lw=0.8)
    right.set(xlim=(-9, 5), xlabel="E - E_F, eV", ylabel="states/eV per cell")
    right.set_title("x = 2, 16c; DFT+U (GPAW), geometry CHGNet", fontsize=8)
    right.legend(fontsize=7)
    figure.savefig(where, metadata={"Date": None})
