"""What the outputs say was applied is compared element by element."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Lattice

from workflows.campaign.calculation import Calculation
from workflows.errors import ResultsError
from workflows.records.document import State, TaskDocument
from workflows.records.summary import Summary, summarize
from workflows.results.comparable import k_spacing, refuse_mixture, refuse_reference


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
            r"POTCAR of Mn: PAW_PBE Mn 06Sep2000 \| PAW_PBE Mn_pv 02Aug2007",
        ),
        (
            {"hubbards": {"Ni": 5.96, "Mn": 4.5}},
            {"hubbards": {"Ni": 4.5, "Mn": 5.96}},
            r"U of Ni: 4.5 eV \| 5.96 eV",
        ),
        (
            {"hubbards": {"Mn": 3.9}, "hubbard_j": {"Mn": 1.0}},
            {"hubbards": {"Mn": 3.9}},
            r"U of Mn: 3.9 eV \| U 4.9 J 1 eV",
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


CELLS = {
    "cubic": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "long": ((2.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "primitive": ((0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0)),
}


def meshed(mesh: list[int], cell: str) -> dict[str, Any]:
    return {"settings": {"kpoints": mesh}, "supercell": CELLS[cell]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (([4, 4, 4], "cubic"), ([2, 4, 4], "long")),
        (([3, 3, 3], "cubic"), ([3, 3, 3], "cubic")),
        (([24, 24, 24], "cubic"), ([25, 25, 25], "cubic")),  # 4.2 % apart
        # |b| of the primitive cell is sqrt3 2pi/a: 7/4 = 1.75 is within 5 % of it
        (([4, 4, 4], "cubic"), ([7, 7, 7], "primitive")),
    ],
)
def test_one_spacing_is_another_mesh_in_another_cell(
    pair: Callable[..., list[Summary]],
    one: tuple[list[int], str],
    other: tuple[list[int], str],
) -> None:
    refuse_mixture(pair(meshed(*one), meshed(*other)))


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            ([3, 3, 3], "cubic"),
            ([4, 4, 4], "cubic"),
            r"0.256, 0.256, 0.256 1/A \(3x3x3 points, cell 1x1x1\) \| 0.192",
        ),
        (
            ([3, 3, 3], "cubic"),
            ([2, 3, 3], "long"),
            r"0.192, 0.256, 0.256 1/A \(2x3x3 points, cell 2x1x1\) \| 0.256",
        ),
        (([4, 4, 4], "cubic"), ([4, 4, 4], "long"), "cell 2x1x1"),
        (([19, 19, 19], "cubic"), ([20, 20, 20], "cubic"), "19x19x19"),  # 5.3 % apart
        (
            ([4, 4, 4], "cubic"),
            ([4, 4, 4], "primitive"),
            r"cell \(0, 0.5, 0.5\) \(0.5, 0, 0.5\) \(0.5, 0.5, 0\)",
        ),
    ],
)
def test_another_spacing_is_refused_by_its_name(
    pair: Callable[..., list[Summary]],
    one: tuple[list[int], str],
    other: tuple[list[int], str],
    message: str,
) -> None:
    with pytest.raises(ResultsError, match="differ in the spacing of k points") as told:
        refuse_mixture(pair(meshed(*one), meshed(*other)))
    assert re.search(message, str(told.value))


def test_the_spacing_of_a_cell_is_that_of_its_reciprocal_lattice() -> None:
    for cell in CELLS.values():
        matrix = np.asarray(cell) * 8.17
        lengths = Lattice(matrix).reciprocal_lattice.abc
        expected = [length / n for length, n in zip(lengths, (2, 3, 4), strict=True)]
        assert k_spacing((2, 3, 4), cell) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ({"Mn": 3.9}, {"Mn": 4.5}, r"setting U: Mn 3.9 \| Mn 4.5"),
        (["PBE_54", {"Mn": "a"}], ["PBE", {"Mn": "a"}], r"'PBE'\] \| \['PBE_54'"),
        (["PBE", {"Mn": "a"}], ["PBE", {"Mn": "b"}], r"setting U: Mn a \| Mn b"),
        ({"Mn": 3.9}, "none", r"setting U: 'none' \| \[\]"),
        (True, 1, r"setting U: 1 \| True"),
        ({"Mn": 3.9}, {"Mn": 3.9, "Ni": 6.0}, ""),
        ({"Mn": 4}, {"Mn": 4.0}, ""),
    ],
)
def test_a_setting_by_element_may_lack_an_element_and_agrees_in_the_others(
    pair: Callable[..., list[Summary]], one: Any, other: Any, message: str
) -> None:
    both = pair({"settings": {"U": one}}, {"settings": {"U": other}})
    if not message:
        refuse_mixture(both)
        return
    with pytest.raises(ResultsError, match=message):
        refuse_mixture(both)
