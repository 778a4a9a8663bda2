"""Figure 2d: the cells at x = 0, 1 and 2, drawn from documents."""

import pytest

from workflows.campaign.calculation import Calculation
from workflows.records.document import State, TaskDocument
from workflows.report.draw_matplotlib import as_svg
from workflows.report.structure_pictures import pictured, structures_figure


def document(calculation: Calculation, **changes: object) -> TaskDocument:
    content: dict[str, object] = {
        "calculation_id": calculation.id,
        "task_label": "relax",
        "x": calculation.x,
        "insertion": calculation.insertion,
        "formula": calculation.formula,
        "state": State.DONE,
        "engine": "vasp",
        "structure": calculation.structure,
        "energy": -1.0,
        "dir_name": "here",
    }
    return TaskDocument.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def documents(calculations: tuple[Calculation, ...]) -> list[TaskDocument]:
    return [document(calculation) for calculation in calculations]


def test_one_cell_is_chosen_for_each_x_and_model(documents: list[TaskDocument]) -> None:
    chosen = [(d.x, d.insertion) for d in pictured(documents)]
    expected = [(0, "none"), (1, "none"), (2, "oct_16c_rocksalt"), (2, "tet_8b")]
    assert chosen == expected


def test_what_did_not_finish_is_not_drawn(documents: list[TaskDocument]) -> None:
    broken = [d.model_copy(update={"state": State.UNCONVERGED}) for d in documents]
    assert pictured(broken) == []


def test_the_lowest_energy_is_drawn_where_there_are_several(
    calculations: tuple[Calculation, ...],
) -> None:
    high = document(calculations[0], energy=-1.0, dir_name="high")
    low = document(calculations[0], energy=-2.0, dir_name="low")
    assert [d.dir_name for d in pictured([low, high])] == ["low"]


def test_the_picture_says_what_it_shows_and_what_made_it(
    documents: list[TaskDocument],
) -> None:
    svg = as_svg(structures_figure(pictured(documents), "engine nobody's"))
    for told in ("engine nobody's", "x = 0", "x = 2, started as tet_8b", "Mn"):
        assert told in svg
