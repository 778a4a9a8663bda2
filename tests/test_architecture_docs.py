"""docs/architecture.md is drawn from the tree: packages, files, machine settings."""

from __future__ import annotations

import re
import tomllib

from tests.places import TOP
from workflows.cluster.fworker_file import ENV_KEYS
from workflows.cluster.profile import OWN_KEYS

PAGE = (TOP / "docs" / "architecture.md").read_text("utf-8")
SECTION = PAGE.partition("### The machine")[2].partition("\n## ")[0]
ROW = re.compile(r"^\| `([\w/.]+)` \|", re.MULTILINE)
OURS_ALONE = {"LNMO_RUN_DIRECTORY"}
"""Set by us for us: the mark of a VASP that we started."""


def test_every_variable_that_is_read_is_in_the_table() -> None:
    code = "".join(p.read_text("utf-8") for p in (TOP / "workflows").rglob("*.py"))
    named = set(re.findall(r'"(LNMO_[A-Z_]+)"', code))
    numbers = {
        f"LNMO_{n.upper()}"
        for n in re.findall(r'number\((?:env|\{\}|fworker\S+), "(\w+)"', code)
    }
    listed = set(re.findall(r"`(LNMO_\w+)`", SECTION))
    assert listed == (named | numbers) - OURS_ALONE


def test_every_key_of_the_profile_is_in_the_section() -> None:
    missing = [key for key in (*ENV_KEYS, *OWN_KEYS) if f"`{key}`" not in SECTION]
    assert missing == []


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:workflows|structures|docs)/[\w/.]+\.\w+)`", PAGE))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (TOP / name).is_file()] == []


def test_the_files_of_the_picture_are_there() -> None:
    picture = PAGE.split("```")[1]
    named = set(re.findall(r"(?<![\w.])([a-z_]+(?:/[a-z_]+)*\.py)", picture))
    assert len(named) > 10
    assert [n for n in sorted(named) if not (TOP / "workflows" / n).is_file()] == []


def test_the_packages_are_those_of_the_tree_in_the_order_of_the_contract() -> None:
    table = PAGE.partition("## Packages")[2].partition("\n## ")[0]
    listed = [name.removesuffix("/").removesuffix(".py") for name in ROW.findall(table)]
    config = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
    floors, *_ = config["tool"]["importlinter"]["contracts"]
    ordered = [name for floor in floors["layers"] for name in floor.split(" | ")]
    found = {
        path.stem
        for path in (TOP / "workflows").iterdir()
        if not path.name.startswith("_")
    }
    assert listed == ordered
    assert set(listed) == found


def test_the_readme_names_every_package() -> None:
    text = (TOP / "README.md").read_text("utf-8")
    section = text.partition("## Where things are")[2]
    listed = set(re.findall(r"`(\w+)/`", section)) - {"structures", "workflows"}
    packages = {p.parent.name for p in (TOP / "workflows").glob("*/__init__.py")}
    assert packages <= listed
