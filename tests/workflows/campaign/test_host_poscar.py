"""A POSCAR of a crystal is read as VASP reads it, or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from structures import spinel_host
from tests.workflows.campaign.crystal_files import written
from workflows.campaign.host_crystal import crystal_of
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError

COUNTS = "8 4 12 32"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (COUNTS, "8 4 1_2 32", "'8 4 1_2 32': expected the number"),
        (COUNTS, "8 4 \u0661\u0662 32", "expected the number"),
        (COUNTS, "8 4 -12 32", "expected the number"),
        (COUNTS, "8 4 12", "4 symbols and 3 counts"),
        (COUNTS, "7 4 12 32", "a position follows the 55"),
        (COUNTS, "9 4 12 32", "56 positions for 57 atoms"),
        (COUNTS, "8 4 12 999999999", "more than 1000000"),
        ("Li Ni Mn O", "Li Ni Mn Xx", "Xx is not an element"),
        ("0.125", "0.1_25", "is none"),
        ("0.125", "nan", "is none"),
        ("0.1250000000000000", "1e300", "no position within"),
        ("8.1699999999999999", "8_0", "scale and lattice expected"),
        ("8.1699999999999999", "1e200", "no volume|no crystal"),
        ("\n1.0\n", "\n-1e9\n", "more than 100 A"),
        ("\n1.0\n", "\n1.0 1.0\n", "line 2 begins with 1 1, and VASP takes one"),
        ("\n1.0\n", "\n1.0 0.5 a scale\n", "line 2 begins with 1 0.5, and VASP"),
        ("\n1.0\n", "\n1 1 1 1\n", "line 2 begins with 1 1 1 1, and VASP"),
        ("\n1.0\n", "\n-1.0 -1.0 -1.0\n", "line 2 begins with -1 -1 -1, and VASP"),
        ("\n1.0\n", "\n1.0 -1.0 -1.0\n", "or three above 0: correct it"),
        ("\n1.0\n", "\n1.0 0.0 1.0\n", "or three above 0: correct it"),
    ],
)
def test_a_poscar_is_read_as_vasp_reads_it_or_not_at_all(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = spinel_host().structure.to(fmt="poscar")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    whole = "\n".join(lines) + "\n"
    assert old in whole
    path = written(tmp_path, whole.replace(old, new, 1), "POSCAR")
    with pytest.raises(CampaignError, match=told):
        read_crystal(path)


def vasp4(label: str = "{}", *, selective: bool = False) -> str:
    """A POSCAR without elements on line 6, each behind its positions."""
    lines = spinel_host().structure.to(fmt="poscar").splitlines()
    flags = "T T F " if selective else ""
    rows = [" ".join(row.split()[:3]) for row in lines[8:]]
    ends = [label.format(row.split()[3]) for row in lines[8:]]
    rows = [f"{row} {flags}{end}" for row, end in zip(rows, ends, strict=True)]
    kind = ["Selective", "direct"] if selective else ["direct"]
    return "\n".join([*lines[:5], lines[6], *kind, *rows, ""])


@pytest.mark.parametrize("selective", [False, True])
@pytest.mark.parametrize("label", ["{}", "{}1", "{}2+ ! ideal"])
def test_elements_behind_the_positions_of_a_vasp_4_poscar_are_read(
    label: str, selective: bool, tmp_path: Path
) -> None:
    path = written(tmp_path, vasp4(label, selective=selective), "POSCAR")
    assert crystal_of(read_crystal(path)) == crystal_of(spinel_host().structure)


@pytest.mark.parametrize("selective", [False, True])
@pytest.mark.parametrize(
    ("form", "shown"),
    [("{}", "Mn"), ("{}1", "Mn1"), ("{}4+ ! x", "Mn4+"), ("{},spin=5", "Mn")],
)
def test_a_label_behind_a_position_against_line_6_is_refused_with_both(
    form: str, shown: str, selective: bool, tmp_path: Path
) -> None:
    lines = vasp4(form, selective=selective).splitlines()
    symbols = spinel_host().structure.to(fmt="poscar").splitlines()[5]
    assert symbols.split() == ["Li", "Ni", "Mn", "O"]
    lines.insert(5, symbols)
    right = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    assert crystal_of(read_crystal(right)) == crystal_of(spinel_host().structure)
    nickel = next(i for i, line in enumerate(lines) if i > 7 and " Ni" in line)
    lines[nickel] = lines[nickel].replace(" Ni", " Mn")
    wrong = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    told = f"atom 9 is Ni by line 6 and {re.escape(shown)} by the label behind its"
    with pytest.raises(CampaignError, match=told):
        read_crystal(wrong)


@pytest.mark.parametrize("label", ["", "8a", "x", "Oh", "{}_1", "{} {}", "! Fe", "D1"])
def test_words_behind_the_positions_that_are_no_other_element_say_nothing(
    label: str, tmp_path: Path
) -> None:
    lines = vasp4(label.replace("{} {}", "{0} {0}")).splitlines()
    lines.insert(5, "Li Ni Mn O")
    path = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    assert crystal_of(read_crystal(path)) == crystal_of(spinel_host().structure)


@pytest.mark.parametrize("change", ["missing", "mixed", "comment", "flags", "two"])
def test_elements_that_are_not_one_for_each_block_are_refused(
    change: str, tmp_path: Path
) -> None:
    text = {
        "missing": vasp4().replace(" Ni\n", "\n", 1),
        "mixed": vasp4().replace(" Ni\n", " Mn\n", 1),
        "comment": vasp4("! {}"),
        "flags": vasp4("F F F"),
        "two": vasp4("{} 8a"),
    }[change]
    with pytest.raises(CampaignError, match="write them on line 6"):
        read_crystal(written(tmp_path, text, "POSCAR"))


@pytest.mark.parametrize("scale", ["1.0 ! A", "1.0 1.0 1.0", "-545.338 volume"])
def test_a_scale_that_vasp_takes_is_read(scale: str, tmp_path: Path) -> None:
    text = spinel_host().structure.to(fmt="poscar").replace("\n1.0\n", f"\n{scale}\n")
    found = read_crystal(written(tmp_path, text, "POSCAR"))
    assert found.volume == pytest.approx(8.17**3, rel=1e-4)
