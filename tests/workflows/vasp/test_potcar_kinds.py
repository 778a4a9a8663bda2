"""What a data set must be: against pymatgen's statistics of VASP's own libraries."""

from __future__ import annotations

import re

import pytest
from monty.serialization import loadfn
from pymatgen.io.vasp.inputs import POTCAR_STATS_PATH

from workflows.vasp.parts import Potential
from workflows.vasp.potcar_kinds import family_of, kind_problem

STATISTICS = loadfn(POTCAR_STATS_PATH)
LATER = ("PBE_52", "PBE_52_W_HASH", "PBE_54", "PBE_54_W_HASH", "PBE_64")
LDA = ("LDA_52", "LDA_52_W_HASH", "LDA_54", "LDA_54_W_HASH", "LDA_64")


@pytest.mark.parametrize("name", [*LATER, *LDA])
def test_every_data_set_that_vasp_gives_is_of_its_family(name: str) -> None:
    """The titles of the statistics have no spaces; H_AE is no PAW set of LDA."""
    refused = []
    for title, entries in STATISTICS[name].items():
        for entry in entries:
            symbol = entry["symbol"]
            word = re.match(r"PAW_PBE|PAW_GGA|PAW|AE|H", title)
            head = Potential(
                symbol,
                f"{word[0] if word else title} {symbol}",
                lexch=entry["LEXCH"],
                vrhfin=entry["VRHFIN"].partition(":")[0],
                ultrasoft=False,
            )
            if problem := kind_problem(head, symbol, family_of(name)):
                refused.append((symbol, problem))
    assert [symbol for symbol, _ in refused if symbol != "H_AE"] == []


@pytest.mark.parametrize("name", [*LATER, "PBE"])
@pytest.mark.parametrize(
    "change",
    [{"lexch": "CA"}, {"lexch": "91"}, {"ultrasoft": True}, {"titel": "US Mn"}],
)
def test_another_functional_and_an_ultrasoft_one_are_not(
    name: str, change: dict[str, str]
) -> None:
    good = {"titel": "PAW_PBE Mn", "lexch": "PE", "vrhfin": "Mn", "ultrasoft": False}
    assert kind_problem(Potential("Mn", **good), "Mn", family_of(name)) == ""  # type: ignore[arg-type]
    bad = Potential("Mn", **{**good, **change})  # type: ignore[arg-type]
    assert kind_problem(bad, "Mn", family_of(name)) != ""


def test_a_family_nobody_knows_is_judged_by_its_element_alone() -> None:
    head = Potential("Mn", "XX Mn", vrhfin="Fe")
    assert family_of("MINE") is None
    assert "VRHFIN = Fe" in kind_problem(head, "Mn", None)
