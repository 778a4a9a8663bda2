"""structures.json against the rules of the OPTIMADE specification."""

from __future__ import annotations

import json
import re
from functools import reduce
from math import gcd
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Structure
from pymatgen.io.optimade import OptimadeStructureAdapter

from workflows.exchange.optimade import FILE, OWN_FIELDS, PREFIX, write_optimade
from workflows.exchange.record import Record

from .conftest import KINDS

PART = re.compile(r"([A-Z][a-z]?)(\d*)")
STANDARD = {
    *("elements", "nelements", "elements_ratios", "chemical_formula_descriptive"),
    *("chemical_formula_reduced", "chemical_formula_anonymous", "dimension_types"),
    *("nperiodic_dimensions", "lattice_vectors", "cartesian_site_positions"),
    *("nsites", "species", "species_at_sites", "structure_features"),
    *("last_modified", "immutable_id"),
}


@pytest.fixture(params=KINDS)
def answered(
    request: pytest.FixtureRequest,
    samples: dict[str, tuple[Record, ...]],
    tmp_path: Path,
) -> tuple[tuple[Record, ...], dict[str, Any]]:
    write_optimade(samples[request.param], tmp_path)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (tmp_path / FILE).read_text("utf-8")
    return samples[request.param], json.loads(text, parse_constant=refuse)


def test_the_answer_has_the_form_of_a_structures_request(
    answered: tuple[tuple[Record, ...], dict[str, Any]],
) -> None:
    records, answer = answered
    assert set(answer) == {"data", "meta"}
    meta = answer["meta"]
    assert meta["api_version"].startswith("1.")
    assert meta["query"] == {"representation": "/structures"}
    assert meta["more_data_available"] is False
    assert meta["provider"]["prefix"] == "lnmo"
    assert [each["id"] for each in answer["data"]] == [r.name for r in records]
    assert {each["type"] for each in answer["data"]} == {"structures"}


def test_every_standard_property_obeys_its_rule(
    answered: tuple[tuple[Record, ...], dict[str, Any]],
) -> None:
    for each in answered[1]["data"]:
        own = each["attributes"]
        assert set(own) == STANDARD | {f"{PREFIX}{name}" for name in OWN_FIELDS}
        elements, counts = own["elements"], own["species_at_sites"]
        assert elements == sorted(set(counts))
        assert own["nelements"] == len(elements) == len(own["elements_ratios"])
        assert own["elements_ratios"] == pytest.approx(
            [counts.count(e) / len(counts) for e in elements]
        )
        assert sum(own["elements_ratios"]) == pytest.approx(1)
        assert own["nsites"] == len(counts) == len(own["cartesian_site_positions"])
        divisor = reduce(gcd, (counts.count(e) for e in elements))
        reduced = [(e, counts.count(e) // divisor) for e in elements]
        assert own["chemical_formula_reduced"] == "".join(
            e + (str(n) if n > 1 else "") for e, n in reduced
        )
        anonymous = [
            int(n or 1) for _, n in PART.findall(own["chemical_formula_anonymous"])
        ]
        assert anonymous == sorted((n for _, n in reduced), reverse=True)
        assert own["dimension_types"] == [1, 1, 1]
        assert own["nperiodic_dimensions"] == 3
        assert [len(row) for row in own["lattice_vectors"]] == [3, 3, 3]
        assert own["structure_features"] == []
        assert [s["name"] for s in own["species"]] == elements
        for species in own["species"]:
            assert species["chemical_symbols"] == [species["name"]]
            assert species["concentration"] == [1.0]
        stamp = own["last_modified"]
        assert stamp is None or re.fullmatch(r"\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ", stamp)


def test_the_structure_and_the_labels_come_back(
    answered: tuple[tuple[Record, ...], dict[str, Any]],
) -> None:
    records, answer = answered
    for record, each in zip(records, answer["data"], strict=True):
        own = each["attributes"]
        plain = {k: v for k, v in own.items() if not k.startswith(PREFIX)}
        found = OptimadeStructureAdapter.get_structure(
            {"id": each["id"], "attributes": {**plain, "last_modified": ""}}
        )
        assert isinstance(found, Structure)
        assert found.matches(record.bare_structure())
        assert found.species == record.bare_structure().species
        assert own["_lnmo_energy"] == record.energy
        assert own["_lnmo_magnetization"] == record.moments
        assert {k: own[f"_lnmo_{k}"] for k in record.labels} == dict(record.labels)


def test_every_own_field_is_described(
    answered: tuple[tuple[Record, ...], dict[str, Any]],
) -> None:
    described = answered[1]["meta"]["_lnmo_fields"]
    for each in answered[1]["data"]:
        own = {k for k in each["attributes"] if k.startswith(PREFIX)}
        assert own == set(described)
    assert all(described.values())
