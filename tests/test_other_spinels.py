"""Other spinels from campaign to page: plan, fake run, sites, and no verdict.

Everything is asked of the command, as a user does; only VASP is another program.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.places import TOP

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
SMALL_DOS = {"common": {"NEDOS": 301}}


@dataclass(frozen=True)
class Case:
    """A compound at x = 1, and what its runs must show."""

    formula: str
    ordering: str
    magmom: dict[str, float]
    valences: dict[str, list[int]]
    told: str

    def campaign(self) -> dict[str, Any]:
        metals = [e for e in self.magmom if e not in {"Li", "O"}]
        return {
            "name": "c",
            "host": {"formula": self.formula, "ordering": self.ordering},
            "x": [1],
            "lithium_reference": False,
            "vasp": {
                "dos_at": [],
                "steps": ["static"],
                "hubbard_u": {metal: 4.0 for metal in metals},
                "magmom": self.magmom,
                "potcar": {e: e for e in self.magmom},
                "incar": SMALL_DOS,
            },
        }


CASES = {
    case.formula: case
    for case in (
        Case(
            "LiCoMnO4",
            "disordered",
            {"Li": 0, "Co": 0.6, "Mn": 4, "O": 0},
            {"Co": [3] * 8, "Mn": [4] * 8},
            "8 Co3+, 8 Mn4+",
        ),
        Case(
            "LiFe0.5Mn1.5O4",
            "P4_332",
            {"Li": 0, "Fe": 5, "Mn": 4, "O": 0},
            {"Fe": [3] * 4, "Mn": [3] * 4 + [4] * 8},
            "4 Fe3+, 4 Mn3+, 8 Mn4+",
        ),
        Case(
            "LiCrMnO4",
            "disordered",
            {"Li": 0, "Cr": 3, "Mn": 4, "O": 0},
            {"Cr": [3] * 8, "Mn": [4] * 8},
            "8 Cr3+, 8 Mn4+",
        ),
        Case(
            "LiV2O4",
            "none",
            {"Li": 0, "V": 2, "O": 0},
            {"V": [3] * 8 + [4] * 8},
            "8 V3+, 8 V4+",
        ),
    )
}


def lnmo(place: Path, *words: str) -> str:
    own = ("LNMO_", "FAKE_VASP_", "PMG_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(own)}
    command = {"LNMO_VASP_CMD": f"{sys.executable} {FAKE}", "LNMO_POLL_SECONDS": "0.1"}
    done = forked.lnmo(*words, cwd=place, env={**kept, **command})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("formula", CASES)
def test_a_spinel_goes_from_its_campaign_to_a_page_without_verdicts(
    formula: str, tmp_path: Path
) -> None:
    case = CASES[formula]
    shutil.copy(TOP / "launchpad.yaml", tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(case.campaign()), "utf-8")
    assert "x=1" in lnmo(tmp_path, "plan", "c.yaml")
    lnmo(tmp_path, "run", "c.yaml")

    sites = json.loads(
        lnmo(tmp_path, "results", "c.yaml", "--table", "sites", "--json")
    )
    found: dict[str, list[float]] = {}
    for row in sites["rows"]:
        if row["element"] in case.valences:
            found.setdefault(row["element"], []).append(row["valence_balanced"])
            assert row["rho"] is not None  # it has an octahedron
            assert row["n_t2g"] > 0  # and an occupation matrix
            assert row["balance_margin"] > 0.05
    assert {e: sorted(q) for e, q in found.items()} == case.valences
    by_threshold = Counter(
        (row["element"], row["valence"])
        for row in sites["rows"]
        if row["element"] in case.valences
    )
    wanted = Counter((e, q) for e, qs in case.valences.items() for q in qs)
    assert by_threshold == wanted

    table = lnmo(tmp_path, "results", "c.yaml", "--table", "series", "--json")
    (series,) = json.loads(table)["rows"]
    assert series["valences"] == case.told
    for metal in case.valences:
        assert series[f"m_{metal.lower()}"] >= 0
    assert series["findings"] == ""
    if "Fe" in case.valences:
        assert series["orbital_order"] == "dz2 along c on 4 of 12 Mn"

    lnmo(tmp_path, "report", "c.yaml")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "the paper is on LixNi0.5Mn1.5O4" in page
    text = re.sub(r"<script.*?</script>|<style.*?</style>", "", page, flags=re.DOTALL)
    for word in ("PASS", "FAIL", "NOT_COMPUTED", "verdicts.csv", "experiment, x = 1"):
        assert word not in text
    for metal in case.valences:
        assert f"|m| {metal}<br>" in text
    assert case.told in text
