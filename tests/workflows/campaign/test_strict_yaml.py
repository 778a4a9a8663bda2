"""What a campaign file holds is read as a person reads it, or refused."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from workflows.campaign import strict_yaml
from workflows.campaign.campaign import load_campaign
from workflows.errors import CampaignError

BASE = "name: t\nx: [1]\n"


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    mark = b"\xef\xbb\xbf"
    for marks in (mark, mark + mark):
        path.write_bytes(marks + BASE.encode())
        assert load_campaign(path).name == "t"


@pytest.mark.parametrize("text", ["a: 1\n\ufeffb: 2", "a: 1\nb: \ufeff2"])
def test_a_byte_order_mark_that_nobody_sees_is_named_with_its_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"line 2: a byte order mark \(U\+FEFF\)"):
        strict_yaml.load(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("520", 520),
        ("-3", -3),
        ("0", 0),
        ("1e-6", 1e-6),
        (".520E+03", 520.0),
        ("5.", 5.0),
        (".inf", math.inf),
        ("yes", True),
        ("2024-01-01", "2024-01-01"),
        ("0x208", "0x208"),
        ("0520", "0520"),
        ("8:40", "8:40"),
        ("5_20", "5_20"),
        ("1:30.5", "1:30.5"),
    ],
)
def test_numbers_are_decimal_and_everything_else_stays_text(
    text: str, value: object
) -> None:
    found = strict_yaml.load(f"key: {text}")["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("!!int ''", "cannot be read as !!int"),
        ("!!int '0x'", "cannot be read as !!int"),
        ("!!bool maybe", "cannot be read as !!bool"),
        ("!!float abc", "cannot be read as !!float"),
        ("!!timestamp abc", "the tag !!timestamp"),
        ("!!set {1}", "the tag !!set"),
        ("!!binary aGk=", "the tag !!binary"),
        ("!!python/object/apply:os.getpid []", "the tag !!python"),
        ("!own 1", "the tag !own"),
        ("1" * 5000, "a number of over 400 characters"),
        ("{<<: {a: 1}, <<: {b: 2}}", "'<<' is given twice"),
        ("[1\nb: 2", "not YAML: line"),
    ],
)
def test_a_value_that_is_none_is_one_line_with_its_place(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="line") as error:
        strict_yaml.load(f"key: {text}")
    assert why in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("str: 5", "unknown key str"),
        ('"\\e[31mred": 6', "unknown key"),
        ("vasp: {'a[b]': 6}", "unknown key vasp.a[b]"),
        ("host: {a: yes}", "host.a = yes: expected a number"),
        ("start: {c_strain: no}", "start.c_strain = no: expected a number"),
        ("orderings: {keep: yes}", "orderings.keep = yes: expected a number"),
        ("vasp: {reseed: yes}", "vasp.reseed = yes: expected a number"),
        ("vasp: {hubbard_u: {Mn: '1_0', Ni: 6}}", "expected a number"),
        ("vasp: {kpoints: [0x3, 3, 3]}", "expected a number"),
        ("vasp: {kpoints: [3, 3, 3, 3]}", "expected 3 values, found 4"),
        ("vasp: {incar: {common: {ENCUT: 0520}}}", "'0520' is not a number"),
        ("vasp: {incar: {common: {ENCUT: 8:40}}}", "'8:40' is not a number"),
        ("vasp: {incar: {common: {LWAVE: 'yes'}}}", "neither true nor false"),
        ("vasp: {incar: {common: {ALGO: no}}}", "False is not a word"),
        ("vasp: {incar: {common: {ALGO: ' '}}}", "is empty; null deletes"),
        ("vasp: {incar: {common: {ALGO: Fäst}}}", "accents"),
        ("vasp: {incar: {common: {RWIGS: [yes]}}}", "True is not a number"),
        ("vasp: {incar: {common: {RWIGS: []}}}", "empty list; null deletes"),
        ("vasp: {incar: {common: {LDAU: no}}}", "write hubbard_u: none"),
        (f"vasp: {{incar: {{common: {{SYSTEM: {'s' * 999}}}}}}}", "999 characters"),
        ("variants: {" + "? " + "v" * 200 + " : {}}", "expected a shorter name"),
    ],
)
def test_the_refusal_names_key_value_and_what_is_expected(
    tmp_path: Path, lines: str, why: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{BASE}{lines}\n", "utf-8")
    with pytest.raises(CampaignError) as error:
        load_campaign(path)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_number_in_quotes_is_that_number(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"{BASE}vasp: {{hubbard_u: {{Mn: '4', Ni: 6}}}}\n", "utf-8")
    assert load_campaign(path).vasp.hubbards() == {"Mn": 4.0, "Ni": 6.0}
