"""A functional that a campaign's own tags change is not called by its preset alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workflows.campaign.calculation import Calculation
from workflows.records.document import TaskDocument
from workflows.results.labels import labels_of
from workflows.results.qualifiers import qualifiers

HERE = {"functional": "pbe_u", "hubbards": {"Mn": 5.96, "Ni": 4.5}}


@pytest.mark.parametrize(
    ("tags", "functional"),
    [
        ({}, "pbe_u"),
        ({"GGA": "PE", "ENCUT": 680, "ISMEAR": -5}, "pbe_u"),
        ({"GGA": "PS"}, "pbe_u, GGA = PS"),
        ({"METAGGA": "R2SCAN"}, "pbe_u, METAGGA = R2SCAN"),
        ({"LHFCALC": True}, "pbe_u, LHFCALC = True"),
        ({"IVDW": 12, "NUPDOWN": 36}, "pbe_u, IVDW = 12, NUPDOWN = 36"),
    ],
)
def test_a_tag_that_changes_the_functional_is_in_its_label(
    finished: Callable[..., TaskDocument],
    calculations: tuple[Calculation, ...],
    tags: dict[str, Any],
    functional: str,
) -> None:
    planned = finished(calculations[0]).settings
    settings = {**planned, **HERE, "incar": {**planned["incar"], **tags}}
    document = finished(calculations[0], settings=settings)
    labels = labels_of(document)
    assert labels["functional"] == functional
    said = [f"functional {functional}"] if functional != "pbe_u" else []
    assert list(qualifiers(labels)) == said
