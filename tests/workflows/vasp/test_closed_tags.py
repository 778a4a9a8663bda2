"""Values of tags with a closed set: what VASP has passes in every form it accepts."""

from __future__ import annotations

import gzip

import pytest

from tests.places import DATA
from workflows.campaign.value_limits import wrong_tag
from workflows.vasp.closed_tags import values_of_vasp
from workflows.vasp.incar_text import read_incar

GOOD = {
    "GGA": ("PE", "Ps", "91", "LIBXC", "--", "'PE'"),
    "METAGGA": ("R2SCAN", "Scan", "SCAN_X", "None", "--", "MBJ"),
    "PREC": ("Accurate", "A", "acc", "normal", "Single", "SingleN"),
    "ALGO": ("F", "V", "Very_Fast", "VeryFast", "fast", "All", "Gw0", "EVGW0R", "CHI"),
    "LREAL": ("Auto", "A", "O", ".FALSE.", "T", "False", ".true."),
    "LDAUTYPE": ("1", "2", "4", "2.0"),
    "ISMEAR": ("-5", "0", "1", "2", "-14"),
    "LORBIT": ("11", ".TRUE."),
    "IVDW": ("0", "12", "202"),
    "IBRION": ("-1", "44"),
}
BAD = {
    "GGA": ("QQ", "PBE", "5"),
    "METAGGA": ("SCNA", "PE"),
    "PREC": ("Zzz", "1"),
    "PRECFOCK": ("Very",),
    "ALGO": ("Zzz", "38"),
    "LREAL": ("5", "Yes"),
    "LDAUTYPE": ("7", "0"),
    "ISMEAR": ("-6",),
    "IALGO": ("99",),
    "IBRION": ("4", "13"),
    "ICHARG": ("3",),
    "LORBIT": ("3",),
    "IVDW": ("5", "100"),
    "ISYM": ("4",),
}


@pytest.mark.parametrize("tag", GOOD)
def test_what_vasp_has_passes(tag: str) -> None:
    assert [values_of_vasp(tag, value) for value in GOOD[tag]] == [""] * len(GOOD[tag])


@pytest.mark.parametrize("tag", BAD)
def test_what_vasp_has_not_is_told_with_what_it_has(tag: str) -> None:
    for value in BAD[tag]:
        assert values_of_vasp(tag, value), value


@pytest.mark.parametrize(
    ("tag", "value", "told"),
    [
        ("GGA", "QQ", "'QQ' is no value that VASP has; there is --, 03, "),
        ("PREC", "Zzz", "there is Accurate, Normal, Single, Low, Medium, High"),
        ("ALGO", "Zzz", "there is Normal, VeryFast, Fast, "),
        ("LREAL", 5, "5 is no value that VASP has; there is .TRUE., .FALSE., Auto, On"),
        ("LREAL", "Yes", "there is .TRUE., .FALSE., Auto, On"),
        ("LDAUTYPE", 7, "7 is no value that VASP has; there is 1, 2, 3, 4"),
        ("IVDW", 5, "there is 0, 1, 2, 3, 4, 10, "),
    ],
)
def test_a_campaign_with_such_a_value_is_refused(
    tag: str, value: object, told: str
) -> None:
    assert told in wrong_tag(tag, value)


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("LREAL", False),
        ("LREAL", "A"),
        ("GGA", "PS"),
        ("GGA", 91),
        ("PREC", "acc"),
        ("LDAUTYPE", 2),
        ("ALGO", None),
    ],
)
def test_a_campaign_with_a_value_of_vasp_is_not(tag: str, value: object) -> None:
    assert wrong_tag(tag, value) == ""


def test_no_incar_of_a_real_run_has_a_strange_value() -> None:
    told = {}
    for path in DATA.rglob("INCAR*"):
        packed = path.suffix == ".gz"
        content = gzip.decompress(path.read_bytes()) if packed else path.read_bytes()
        tags = read_incar(content.decode(errors="replace")).tags
        for tag, text in tags.items():
            if values_of_vasp(tag, text):
                told[f"{path.relative_to(DATA)}: {tag}"] = text
    assert told == {}
