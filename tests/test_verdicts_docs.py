"""docs/verdicts.md names every check with its limits, and every finding."""

from __future__ import annotations

import re

from tests.places import TOP
from workflows.results.gates import EFFECTS
from workflows.results.paper import compare_to_paper
from workflows.results.verdict import Status

PAGE = (TOP / "docs" / "verdicts.md").read_text("utf-8").replace("\\|", "|")


def section(head: str) -> str:
    return PAGE.partition(f"## {head}")[2].partition("\n## ")[0]


def test_every_check_is_there_with_its_limits_and_their_reason() -> None:
    limits = section("The limits")
    checks = compare_to_paper([])
    for v in checks:
        assert v.why, v.check
        passes = f"{v.tolerance} {v.unit}".rstrip()
        assert f"| `{v.check}` | {passes} | {v.why} |" in limits
    assert limits.count("\n| `") == len(checks)


def test_every_finding_is_there_with_the_rows_it_stands_against() -> None:
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", section("What stands"), re.MULTILINE)
    listed = {
        name: rest for names, rest in rows for name in re.findall(r"`(\w+)`", names)
    }
    assert set(listed) == set(EFFECTS)
    for name, effect in EFFECTS.items():
        word = {
            5: "every row",
            3: "rows on moments",
            1: "rows on the lattice",
            0: "no row",
        }[len(effect.rows)]
        assert listed[name].startswith(word), name


def test_every_outcome_is_there() -> None:
    found = re.findall(r"^\| ([A-Z_]+) \|", section("The outcome"), re.MULTILINE)
    assert found == list(Status)
