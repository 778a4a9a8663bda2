"""A cell that cannot hold x: the message has YAML that works, typed back here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from pymatgen.core import Lattice, Structure

from workflows.campaign.campaign import load_campaign
from workflows.campaign.cell_cure import possible, repeats_for
from workflows.campaign.plan import plan
from workflows.errors import CampaignError

CURE = re.compile(r"write (?:(host: \{.*\}) or )?(x: \[.*\])$")
HOSTS = {
    "primitive file": "{file: primitive.cif}",
    "primitive formula": "{formula: LiMn2O4, ordering: none, a: 8.25, primitive: true}",
    "primitive file of another ion": "{file: primitive.cif, ion: Na}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sites = [[0, 0, 0], [0.625] * 3, [0.3882] * 3]
    cubic = Structure.from_spacegroup(
        "Fd-3m", Lattice.cubic(8.25), ["Li", "Mn", "O"], sites
    )
    cubic.get_primitive_structure().to(filename=str(tmp_path / "primitive.cif"))
    return tmp_path


def write(folder: Path, host: str, x: str = "") -> Path:
    path = folder / "mine.yaml"
    path.write_text(
        f"host: {host}\n{x}\nstart: {{single: true}}\n"
        "vasp: {hubbard_u: {Mn: 3.9, Ni: 6}}\n"
    )
    return path


def cures(path: Path) -> tuple[str | None, str]:
    with pytest.raises(CampaignError) as refused:
        plan(load_campaign(path))
    found = CURE.search(str(refused.value))
    assert found is not None, refused.value
    return found[1], found[2]


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_what_the_message_says_to_write_is_planned(folder: Path, host: str) -> None:
    larger, xs = cures(write(folder, host, "x: [0, 0.25, 1]"))
    assert larger is not None
    whole = plan(load_campaign(write(folder, larger[6:], "x: [0, 0.25, 1]")))
    assert [c.x for c in whole if not c.reference] == [0, 0.25, 1]
    few = plan(load_campaign(write(folder, host, xs)))
    assert [c.x for c in few if not c.reference] == [0, 1]


def test_the_default_list_of_x_is_named_as_a_primitive_cell_holds_it(
    folder: Path,
) -> None:
    larger, xs = cures(write(folder, HOSTS["primitive file"]))
    assert yaml.safe_load(xs) == {"x": [0, 0.5, 1, 1.5, 2]}
    assert larger == "host: {file: primitive.cif, supercell: [1, 1, 2]}"


def test_no_supercell_is_named_where_none_can_be_built(folder: Path) -> None:
    larger, xs = cures(write(folder, "{ordering: ensemble}", "x: [0, 0.3]"))
    assert (larger, xs) == (None, "x: [0, 0.25]")


def test_repeats_are_the_fewest_and_as_even_as_they_can_be() -> None:
    assert [repeats_for([1 / n], 2) for n in (2, 4, 8, 16, 10)] == [
        *((1, 1, 1), (1, 1, 2), (1, 2, 2), (2, 2, 2), (1, 1, 5)),
    ]
    assert repeats_for([0.123], 2) is None
    assert possible([0.1, 0.12, 2], 8) == [0.125, 2]
