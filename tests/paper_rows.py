"""Rows of the series with the numbers of the paper, for tests of its verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from workflows.results.paper import compare_to_paper
from workflows.results.verdict import Verdict

MODEL = "tet_8b"
Rows = dict[float, dict[str, Any]]


def row(x: float, insertion: str = "", **numbers: Any) -> dict[str, Any]:
    """A finished calculation with the numbers of the paper."""
    above = max(x - 1, 0.0)
    ratio = 1 + 0.06 * above
    return {
        **{"x": x, "state": "DONE", "calculation_id": f"id-{x:g}", "findings": ""},
        "insertion": insertion or (MODEL if x > 1 else "none"),
        "formula": f"Li{8 * x:g}Ni4Mn12O32" if x else "Ni4Mn12O32",
        "formula_units": 8,
        **{"m_ni": 0.5 + 1.2 * min(x, 1), "m_mn": 3.2 + 0.5 * above},
        "m_mn_std": 0.75 * (above * (2 / 3) * (1 - above * 2 / 3)) ** 0.5,
        **{"a": 8.2, "b": 8.2, "c": 8.2 * ratio, "c_unique": ratio},
        **{"unique_axis": "c", "c_strain": 0.02 * (x > 1)},
        "lattice_class": "tetragonal, elongated" if above else "cubic",
        **{"start_strain": 0.01, "cell_relaxed": True},
        "ended_as": insertion or (MODEL if x > 1 else "none"),
        **{"volume_fu": 64 * (1 + 0.06 * x), "gap": 0.4},
        **{"m_mn3_min": 3.9, "m_mn3_max": 3.95, "n_mn3": 8 * above},
        **{"m_ni_signed": -0.5 - 1.2 * min(x, 1), "m_mn_signed": 3.2 + 0.5 * above},
        "n_mn3_gap": 8 * above if above else math.nan,
        **{"n_mn3_expected": 8 * above, "n_anomalous": 0, "mixed_sign": False},
        **{"engine": "vasp", "engine_version": "6.4.2", "functional": "pbe_u"},
        **{"hubbard_u": "Mn 5.96, Ni 4.5", "geometry": "vasp"},
        **{"surrogate": False, "fake": False},
        **numbers,
    }


def series(*changed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the paper states at x = 0, 0.5, ... 2, with some rows replaced."""
    rows = {x: row(x) for x in (0, 0.5, 1, 1.5, 2)}
    return list((rows | {r["x"]: dict(r) for r in changed}).values())


def verdict(rows: list[dict[str, Any]], check: str, model: str = MODEL) -> Verdict:
    found = [
        v
        for v in compare_to_paper(rows)
        if v.check == check and v.insertion in {"", model}
    ]
    assert len(found) == 1
    return found[0]
