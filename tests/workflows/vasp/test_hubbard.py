"""U - J by block and by element from LDAUL, LDAUU and LDAUJ."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs import edited, unpacked
from workflows.engines.vasp.parse import parse_vasp
from workflows.exchange.entries import run_type
from workflows.exchange.record import Record
from workflows.results.labels import labels_of
from workflows.results.u_in_words import u_in_words
from workflows.vasp.hubbard import largest_u, own_j, u_by_block, u_by_element


def test_a_negative_shell_has_no_u() -> None:
    assert u_by_block([2, -1, 2], [3.9, 5.0, 6.2], [0, 0, 1]) == [3.9, 0.0, 5.2]


def test_each_block_of_an_element_keeps_its_own_u() -> None:
    found = u_by_element(["Fe", "O", "Fe"], ([2, -1, 2], [4.0, 0, 5.3], [0, 0, 0]))
    assert found == {"Fe": (4.0, 5.3), "O": (0.0,)}
    assert largest_u(found) == {"Fe": 5.3}


@pytest.mark.parametrize("column", [None, [], [0.0], [0.0, 0.0, 0.0]])
def test_a_column_that_does_not_fit_the_blocks_gives_nothing(
    column: list[float] | None,
) -> None:
    assert u_by_element(["Mn", "O"], ([2, -1], [3.9, 0.0], column)) is None
    assert u_by_element(["Mn", "O"], ([2, -1], [3.9, 0.0], [0.0, 0.0])) is not None


@pytest.mark.parametrize("form", [1, 4])
def test_j_counts_by_itself_but_in_the_form_of_dudarev(form: int) -> None:
    blocks, columns = ["Mn", "O", "Mn"], ([2, -1, 2], [4.9, 1, 4.9], [1.0, 1, 0.9])
    assert own_j(blocks, columns, form) == {"Mn": 1.0}
    assert own_j(blocks, columns, 2) == {}
    assert own_j(blocks, columns, None) == {}, "2 is the default"
    assert own_j(blocks, (*columns[:2], None), form) == {}


@pytest.mark.parametrize(
    ("form", "expected"), [(1, {}), (2, {}), (3, {"Mn": 0.0}), (4, {"Mn": 0.0})]
)
def test_a_j_of_zero_is_no_dudarev_in_the_forms_that_never_are(
    form: int, expected: dict[str, float]
) -> None:
    blocks, columns = ["Mn", "O", "Ni"], ([2, -1, 2], [3.9, 5, 0], [0.0, 0, 0])
    assert own_j(blocks, columns, form) == expected
    words = "Mn U 3.9 J 0" if expected else "Mn 3.9"
    assert u_in_words({"Mn": 3.9}, own_j(blocks, columns, form)) == words


@pytest.mark.parametrize("alone", ["", "OUTCAR", "vasprun.xml"])
def test_form_4_without_j_is_not_labelled_as_dudarev(
    tmp_path: Path, alone: str
) -> None:
    place = unpacked("MgMn2O4_static_ferromagnetic", tmp_path)
    (place / "INCAR").unlink()
    edited(place / "OUTCAR", r"(LDAUTYPE *= *)2", r"\g<1>4")
    edited(place / "vasprun.xml", r'(name="LDAUTYPE"> *)2', r"\g<1>4")
    if alone:
        other = {"OUTCAR": "vasprun.xml", "vasprun.xml": "OUTCAR"}[alone]
        (place / other).unlink()
    assert labels_of(parse_vasp(place))["hubbard_u"] == "Mn U 3.9 J 0"


def test_a_j_as_large_as_its_u_is_a_correction() -> None:
    assert u_in_words({}, {"Mn": 1.0}) == "Mn U 1 J 1"
    assert u_in_words({"Ni": 6.2, "Mn": 3.9}, {"Mn": 1.0}) == "Mn U 4.9 J 1, Ni 6.2"


@pytest.mark.parametrize("alone", ["", "OUTCAR", "vasprun.xml"])
def test_a_run_of_another_form_is_labelled_by_u_and_j(
    tmp_path: Path, alone: str
) -> None:
    place = unpacked("MgMn2O4_static_ferromagnetic", tmp_path)
    before = labels_of(parse_vasp(place))["hubbard_u"]
    (place / "INCAR").unlink()
    for pattern, new in (
        (r"(LDAUTYPE *= *)2", r"\g<1>1"),
        (r"(LDAUU *= *)0(\.0)? +3\.9 +0", r"\g<1>0\2  4.9  0"),
        (r"(LDAUJ *= *)0(\.0)? +0", r"\g<1>0\2  1"),
    ):
        edited(place / "OUTCAR", pattern, new)
    xml = place / "vasprun.xml"
    edited(xml, r'(name="LDAUTYPE"> *)2', r"\g<1>1")
    edited(xml, r'(name="LDAUU"> *0\.0+ *)3\.9', r"\g<1>4.9")
    edited(xml, r'(name="LDAUJ"> *0\.0+ *)0\.0', r"\g<1>1.0")
    if alone:
        other = {"OUTCAR": "vasprun.xml", "vasprun.xml": "OUTCAR"}[alone]
        (place / other).unlink()
    document = parse_vasp(place)
    assert (before, labels_of(document)["hubbard_u"]) == ("Mn 3.9", "Mn U 4.9 J 1")
    assert (document.hubbards, document.hubbard_j) == ({"Mn": 3.9}, {"Mn": 1.0})
    pbe = {"functional": "pbe_u", "fake": False, "surrogate": False}
    assert run_type(Record(document, pbe)) == "GGA+U and J", "no scheme knows it"
