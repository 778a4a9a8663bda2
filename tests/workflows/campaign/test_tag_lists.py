"""What a campaign says of a tag is what INCAR holds, whatever form it is written in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows import load_campaign
from workflows.campaign.presets import SPECIES_TAGS
from workflows.campaign.tag_lists import LISTS_OF_WORDS, SWITCHES, as_values
from workflows.campaign.value_limits import wrong_tag
from workflows.campaign.write_tree import write_campaign as write_tree
from workflows.errors import CampaignError
from workflows.vasp.incar_text import incar_as_text, incar_with, read_incar
from workflows.vasp.known_tags import known_tags

WriteCampaign = Callable[..., Path]
LISTS = sorted(
    tag
    for tag, kind in known_tags().items()
    if kind == "list" and tag not in {*SPECIES_TAGS, *LISTS_OF_WORDS}
)
NUMBERS = {
    "1d-3 2D-3": (0.001, 0.002),
    "1.0d0": (1.0,),
    "1.0d0 2*1": (1.0, 1.0, 1.0),
    ".5, -.25 +1.E1": (0.5, -0.25, 10.0),
    "2*3*-1 0": (-1.0,) * 6 + (0.0,),
}
NO_NUMBERS = [
    *("1/3 1/3 0.5", "0x10", "1_000", "nan", "inf", "abc", "0.5 0.5 0.5 comment"),
    *("1d", "2*", "*2", "0*1", "T", "1e400", "3e9", "1.2.3", "999999*0", "--1"),
]


def incar_line(path: Path, where: Path, tag: str) -> str:
    write_tree(load_campaign(path), where)
    return read_incar(next(where.rglob("INCAR")).read_text("utf-8")).tags[tag]


def of_tags(**tags: Any) -> dict[str, Any]:
    return {"x": [1], "vasp": {"incar": {"common": tags}}}


def test_every_list_that_pymatgen_knows_is_written_as_the_campaign_has_it(
    write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    logical = {"T .FALSE. 2*true": "True False True True"}
    for number, (text, wanted) in enumerate(NUMBERS.items()):
        tags = {tag: text for tag in LISTS if tag not in SWITCHES}
        tags |= {tag: next(iter(logical)) for tag in SWITCHES}
        path = write_campaign(of_tags(**tags))
        where = tmp_path / f"in-{number}"
        write_tree(load_campaign(path), where)
        found = read_incar(next(where.rglob("INCAR")).read_text("utf-8"))
        for tag in LISTS:
            if tag in SWITCHES:
                assert found.tags[tag] == next(iter(logical.values()))
            else:
                assert found.numbers(tag) == wanted, tag
                assert len(found.tags[tag].replace("\\", " ").split()) == len(wanted)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_word_that_vasp_does_not_read_is_refused_in_every_list(text: str) -> None:
    for tag in LISTS:
        if tag not in SWITCHES:
            assert wrong_tag(tag, text), tag
            assert wrong_tag(tag, [0.5, text]), tag


def test_a_list_of_true_and_false_takes_nothing_else() -> None:
    assert wrong_tag("LATTICE_CONSTRAINTS", ".T. F 1") != ""
    assert wrong_tag("LATTICE_CONSTRAINTS", [1, 0, 1]) != ""
    assert wrong_tag("LATTICE_CONSTRAINTS", [True, False, True]) == ""


def test_a_refused_list_is_one_message_with_word_and_tag(
    write_campaign: WriteCampaign,
) -> None:
    told = r"DIPOL \(under common\): '1/3' in '1/3 1/3 0.5' is not a number"
    with pytest.raises(CampaignError, match=told):
        load_campaign(write_campaign(of_tags(DIPOL="1/3 1/3 0.5")))


@pytest.mark.parametrize("word", ["nan", "inf", "1_000", "infinity"])
def test_a_number_of_python_alone_is_refused_where_the_type_is_not_known(
    word: str,
) -> None:
    for tag in ("CMBJE", "VDW_C6AU", "ML_NEW"):
        assert "is not a number that VASP reads" in wrong_tag(tag, f"1.0 {word}")


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("METAGGA", "R2SCAN"),
        ("ALGO", "VeryFast"),
        ("LOCPROJ", "1 : s : Hy"),
        ("CMBJE", "1D-3 2"),
        ("SYSTEM", "true to 1d-3"),
    ],
)
def test_a_text_keeps_its_letters(
    tag: str, text: str, write_campaign: WriteCampaign, tmp_path: Path
) -> None:
    path = write_campaign(of_tags(**{tag: text}))
    assert incar_line(path, tmp_path / "in", tag) == text


def test_a_text_and_its_list_are_the_same_calculation(
    write_campaign: WriteCampaign,
) -> None:
    one, other = (
        load_campaign(write_campaign(of_tags(ROPT=value))).vasp.incar
        for value in ("1d-3 2*2d-3", [0.001, 0.002, 0.002])
    )
    assert one == other
    assert as_values("ROPT", 0.5) == 0.5


def test_tags_of_the_machine_leave_the_others_as_they_were_written() -> None:
    long = " ".join(f"{n}.5" for n in range(40))
    text = incar_as_text({"LOCPROJ": "1 : s : Hy", "FERWE": long, "ISTART": 1})
    again = incar_with(text, {"NCORE": 4, "ISTART": 0})
    found = read_incar(again)
    assert found.tags["LOCPROJ"] == "1 : s : Hy"
    assert found.numbers("FERWE") == tuple(n + 0.5 for n in range(40))
    assert (found.tags["NCORE"], found.tags["ISTART"]) == ("4", "0")
