"""What the outputs say was applied is compared element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workflows.calculation import Calculation
from workflows.comparability import refuse_mixture, refuse_reference
from workflows.errors import ResultsError
from workflows.summary import Summary, summarize
from workflows.taskdoc import State, TaskDocument


@pytest.fixture
def pair(
    calculations: tuple[Calculation, ...], finished: Callable[..., TaskDocument]
) -> Callable[..., list[Summary]]:
    """Two finished steps, each with changes of its own."""

    def make(one: dict[str, Any], other: dict[str, Any]) -> list[Summary]:
        changed = zip(calculations, (one, other), strict=False)
        return [summarize(finished(c, **changes)) for c, changes in changed]

    return make


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            {"potcar": {"Mn": "PAW_PBE Mn_pv 02Aug2007"}},
            {"potcar": {"Mn": "PAW_PBE Mn 06Sep2000"}},
            r"POTCAR of Mn: PAW_PBE Mn_pv 02Aug2007 \| PAW_PBE Mn 06Sep2000",
        ),
        (
            {"hubbards": {"Ni": 5.96, "Mn": 4.5}},
            {"hubbards": {"Ni": 4.5, "Mn": 5.96}},
            r"U of Ni: 5.96 eV \| 4.5 eV",
        ),
    ],
)
def test_an_element_with_two_potcars_or_two_u_is_refused(
    pair: Callable[..., list[Summary]],
    one: dict[str, Any],
    other: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ResultsError, match=message):
        refuse_mixture(pair(one, other))
    refuse_mixture(pair(one, one))


def test_an_element_that_one_of_them_lacks_is_no_difference(
    pair: Callable[..., list[Summary]],
) -> None:
    both = {"Mn": "PAW_PBE Mn_pv 02Aug2007", "Li": "PAW_PBE Li_sv 10Sep2004"}
    refuse_mixture(pair({"potcar": {"Mn": both["Mn"]}}, {"potcar": both}))


def test_what_has_no_structure_is_not_compared(
    pair: Callable[..., list[Summary]],
) -> None:
    started = {"structure": None, "state": State.TRUNCATED, "engine_version": ""}
    refuse_mixture(pair({}, started))


def test_a_metal_has_a_mesh_spin_and_u_of_its_own(
    pair: Callable[..., list[Summary]],
) -> None:
    own = {"kpoints": [17, 17, 17], "ISPIN": 1, "LMAXMIX": 2, "hubbards": {}}
    of_cell = {"kpoints": [3, 3, 3], "ISPIN": 2, "LMAXMIX": 4, "hubbards": {"Ni": 6.0}}
    cell, metal = pair(
        {"settings": {**of_cell, "PREC": "accurate"}},
        {"settings": {**own, "PREC": "accurate"}},
    )
    refuse_reference([cell.document], metal.document)
    cell, metal = pair(
        {"settings": {**of_cell, "PREC": "accurate"}},
        {"settings": {**own, "PREC": "normal"}},
    )
    with pytest.raises(ResultsError, match="setting PREC: 'accurate'"):
        refuse_reference([cell.document], metal.document)
