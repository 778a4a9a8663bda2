"""What a person gives in a Python shell: checked, and named if it is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from structures.errors import StructuresError
from structures.starts import symmetry_broken_start
from workflows import open_results
from workflows.analysis.valence import valence_from_moment
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import vasp_inputs
from workflows.errors import InputError, LnmoError, ResultsError
from workflows.records.document import TaskDocument
from workflows.results.results import Results


@pytest.fixture
def results(
    project: Callable[..., Path],
    finished: Callable[..., TaskDocument],
    calculations: tuple[Calculation, ...],
) -> Results:
    return open_results(project(*(finished(c) for c in calculations)))


def test_one_x_is_as_good_as_a_list_of_it(results: Results) -> None:
    assert [d.x for d in results.select(x=1).headers()] == [1]
    assert [d.x for d in results.select(x=[1]).headers()] == [1]
    assert set(results.select(x=()).series()["x"]) == set(results.series()["x"])


@pytest.mark.parametrize("ask", ["select", "sites", "structure", "lowest", "pdos"])
@pytest.mark.parametrize("x", ["1", math.nan, math.inf, [["1"]], True])
def test_what_is_no_number_is_named(results: Results, ask: str, x: Any) -> None:
    with pytest.raises(ResultsError, match=r"^x = "):
        getattr(results, ask)(x=x)


NO_VALUES: tuple[Any, ...] = (
    *(math.nan, math.inf, 10**400, 10**5000, -1, 1.5, True, None, 1e300),
    *("", "zzz", "a\0b", b"x", [], [[1]], ["x"], {}, (), {1}, object()),
    np.array([1.0, 2.0]),
)
"""What a person may give by mistake; each is refused in words, or taken for a value."""


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        *(("select", each) for each in ("x", "engine", "variant")),
        *(("series", each) for each in ("average", "temperature")),
        ("sites", "x"),
        ("electrode", "insertion"),
        *(("structure", each) for each in ("x", "insertion")),
        *(("lowest", each) for each in ("x", "insertion")),
        *(
            ("pdos", each)
            for each in ("x", "by", "smooth", "mode", "align", "insertion", "window_ev")
        ),
    ],
)
def test_no_value_of_an_argument_is_a_traceback(
    results: Results, ask: str, name: str
) -> None:
    at = {"x": 1} if ask in {"structure", "lowest", "pdos"} else {}
    for value in NO_VALUES:
        with suppress(LnmoError):
            getattr(results, ask)(**{**at, name: value})


def test_an_electrode_of_a_model_that_is_not_there_is_none_of_another(
    results: Results,
) -> None:
    with pytest.raises(
        ResultsError, match=r"insertion = 'tet8b' \(did you mean tet_8b"
    ):
        results.electrode("tet8b")


@pytest.mark.parametrize("ask", ["select", "sites", "structure", "lowest", "pdos"])
@pytest.mark.parametrize("x", [3, -1, 0.9999999])
def test_an_x_without_a_result_is_never_an_empty_answer(
    results: Results, ask: str, x: float
) -> None:
    with pytest.raises(ResultsError, match=rf"x = {x}.* there is"):
        getattr(results, ask)(x=x)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"smooth": "10"}, "smooth = '10': give a whole number, 0 or above"),
        ({"smooth": math.nan}, "smooth = nan"),
        ({"window_ev": 0}, "window_ev = 0: give a number above 0"),
        ({"insertion": 3}, "insertion = 3: give a text"),
    ],
)
def test_options_of_a_density_are_named(
    results: Results, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(ResultsError, match=told):
        results.pdos(1, **asked)


def test_other_words_are_named(results: Results) -> None:
    with pytest.raises(ResultsError, match="engine = 3: give a text"):
        results.select(engine=3)  # type: ignore[arg-type]
    with pytest.raises(ResultsError, match="temperature = '300'"):
        results.series(average="boltzmann", temperature="300")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("step", "asked", "told"),
    [
        ("statc", {}, "step 'statc'.*static.*the calculation has relax, static"),
        ("static", {"magnetization": [math.nan] * 56}, "is not a number"),
        ("static", {"efermi": math.inf}, "efermi = inf"),
        ("static", {"structure": "Zn"}, "Zn has no POTCAR in the campaign"),
        ("static", {"structure": {"Li": 0.5, "Na": 0.5}}, "shared by several elements"),
    ],
)
def test_inputs_are_refused_with_what_is_wrong(
    calculations: tuple[Calculation, ...], step: str, asked: dict[str, Any], told: str
) -> None:
    calculation = next(c for c in calculations if c.x == 1)
    if "structure" in asked:
        changed = calculation.structure.copy()
        changed.replace(0, asked["structure"])
        asked = {"structure": changed}
    with pytest.raises(InputError, match=told):
        vasp_inputs(calculation, step, **asked)


def test_moments_of_numpy_are_taken_as_a_list_of_them(
    calculations: tuple[Calculation, ...],
) -> None:
    calculation = next(c for c in calculations if c.x == 1)
    moments = [0.5] * len(calculation.structure)
    made = [
        vasp_inputs(calculation, "static", magnetization=each).incar["MAGMOM"]
        for each in (moments, np.array(moments))
    ]
    assert list(made[0]) == list(made[1])


def test_no_number_is_no_valence_and_no_start(
    calculations: tuple[Calculation, ...],
) -> None:
    for moment in (math.inf, -math.inf, math.nan):
        assert valence_from_moment("Mn", moment).valence is None
    start = calculations[0].structure
    for wrong in (math.nan, math.inf):
        with pytest.raises(StructuresError, match="finite"):
            symmetry_broken_start(start, displacement=wrong, seed=0)
        with pytest.raises(StructuresError, match="finite"):
            symmetry_broken_start(start, c_strain=wrong, seed=0)
