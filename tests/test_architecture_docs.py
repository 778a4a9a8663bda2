"""docs/architecture.md lists every setting of the machine that the code reads."""

from __future__ import annotations

import re

from tests.places import TOP
from workflows.cluster.profile import ENV_KEYS, OWN_KEYS

PAGE = (TOP / "docs" / "architecture.md").read_text("utf-8")
SECTION = PAGE.partition("### The machine")[2].partition("\n## ")[0]
OURS_ALONE = {"LNMO_RUN_DIRECTORY"}
"""Set by us for us: the mark of a VASP that we started."""


def test_every_variable_that_is_read_is_in_the_table() -> None:
    code = "".join(p.read_text("utf-8") for p in (TOP / "workflows").rglob("*.py"))
    named = set(re.findall(r'"(LNMO_[A-Z_]+)"', code))
    numbers = {f"LNMO_{n.upper()}" for n in re.findall(r'number\(\S+ "(\w+)"', code)}
    listed = set(re.findall(r"`(LNMO_\w+)`", SECTION))
    assert listed == (named | numbers) - OURS_ALONE


def test_every_key_of_the_profile_is_in_the_section() -> None:
    missing = [key for key in (*ENV_KEYS, *OWN_KEYS) if f"`{key}`" not in SECTION]
    assert missing == []
