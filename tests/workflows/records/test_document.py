"""Task documents: read back as written, strict in their fields, with a unit on each."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from workflows.campaign.calculation import Calculation
from workflows.engines.protocol import identity
from workflows.records.document import Finding, State, TaskDocument


@pytest.fixture
def document(calculations: tuple[Calculation, ...]) -> TaskDocument:
    c = calculations[4]
    return TaskDocument(
        **identity(c, "static"),
        state=State.NEEDS_REVIEW,
        reason="ENCUT was 520, ran as 600",
        findings=(Finding(id="inputs_changed", severity="warning", message="ENCUT"),),
        structure=c.structure,
        initial_structure=c.structure,
        final_sites={"Li": {"8a": 8}},
        energy=-412.5,
        magnetization=tuple(0.1 * i for i in range(56)),
        settings={"potcar": ["PBE_54", {"Li": "Li_sv"}], "kpoints": [3, 3, 3]},
        dir_name="calculations/abc/static",
    )


def test_a_document_survives_json(document: TaskDocument) -> None:
    again = TaskDocument.model_validate_json(document.model_dump_json())
    assert again == document


def test_a_document_survives_a_database_that_knows_plain_json_only(
    document: TaskDocument,
) -> None:
    plain = json.loads(json.dumps(document.model_dump(mode="json")))
    assert TaskDocument.model_validate(plain) == document


def test_the_structure_keeps_its_roles_and_labels(document: TaskDocument) -> None:
    again = TaskDocument.model_validate_json(document.model_dump_json())
    assert again.structure is not None
    assert document.structure is not None
    assert again.structure.site_properties == document.structure.site_properties


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="energie"):
        TaskDocument(
            task_label="static",
            formula="O2",
            state=State.DONE,
            engine="vasp",
            dir_name=".",
            energie=1.0,
        )


def test_a_document_of_an_earlier_version_is_read_without_what_is_gone(
    document: TaskDocument,
) -> None:
    former = json.dumps(document.model_dump(mode="json") | {"restarts": 3})
    assert TaskDocument.model_validate_json(former).plain() == document.plain()


def test_a_state_that_does_not_exist_is_refused(document: TaskDocument) -> None:
    plain = document.model_dump(mode="json") | {"state": "FINISHED"}
    with pytest.raises(ValidationError, match="state"):
        TaskDocument.model_validate(plain)


def test_only_done_and_reviewable_results_are_used_further() -> None:
    assert {state for state in State if state.usable} == {
        State.DONE,
        State.NEEDS_REVIEW,
    }


def test_every_physical_number_has_its_unit_in_its_description() -> None:
    physical = (
        *("energy", "energy_per_atom", "efermi", "magnetization", "max_force"),
        *("total_magnetization", "hubbards", "pressure_kbar", "run_seconds"),
        *("structure", "initial_structure"),
    )
    for name in physical:
        description = TaskDocument.model_fields[name].description or ""
        assert any(
            word in {"eV", "eV/atom", "eV/A", "muB", "kbar", "A", "s"}
            for word in description.replace(",", " ").replace(";", " ").split()
        ), name


def test_every_field_but_the_counted_ones_is_described() -> None:
    bare = {n for n, f in TaskDocument.model_fields.items() if not f.description}
    assert bare <= {"n_ionic_steps", "findings"}
