"""docs/runs.md names every state and every finding that the code can give."""

from __future__ import annotations

import re

from tests.places import TOP
from workflows.records.document import State

PAGE = (TOP / "docs" / "runs.md").read_text("utf-8")
GIVEN = re.compile(r'(?:\bid=|\bwarn\(\s*)"([a-z_]+)"')
BY_NAME = {"no_outcar", "no_vasprun"}
"""Made of the name of the file that is missing."""


def test_every_finding_is_in_a_table_and_nothing_else() -> None:
    code = "".join(
        path.read_text("utf-8")
        for path in (TOP / "workflows").rglob("*.py")
        if "lint" not in path.parts
    )
    findings = PAGE.partition("## Findings")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in findings.splitlines() if line[:1] == "|"]
    listed = re.findall(r"`([a-z_]+)`", " ".join(rows))
    assert len(listed) == len(set(listed))
    assert set(listed) == set(GIVEN.findall(code)) | BY_NAME


def test_every_state_has_a_row() -> None:
    states = PAGE.partition("## States")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| ([A-Z_]+) \|", states, re.MULTILINE)) == set(State)
