"""pymatgen reads entries.json; Materials Project's corrections judge it rightly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from monty.serialization import loadfn
from pymatgen.entries.compatibility import (
    CompatibilityError,
    MaterialsProject2020Compatibility,
)
from pymatgen.entries.computed_entries import ComputedStructureEntry

from workflows.exchange.entries import FILE, entry_of, write_entries
from workflows.exchange.record import Record, records_of
from workflows.results.results import Results

from .conftest import KINDS, MP_U, POTCARS

pytestmark = pytest.mark.filterwarnings("ignore:.*oxidation states for Entry")


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_gives_back_what_was_written(
    samples: dict[str, tuple[Record, ...]], kind: str, tmp_path: Path
) -> None:
    write_entries(samples[kind], tmp_path)
    entries = loadfn(tmp_path / FILE)
    assert [e.entry_id for e in entries] == [r.name for r in samples[kind]]
    for entry, record in zip(entries, samples[kind], strict=True):
        assert isinstance(entry, ComputedStructureEntry)
        assert entry.structure == record.structure()
        assert entry.structure.site_properties.get("magmom") == record.moments
        assert entry.energy == record.energy
        assert entry.correction == 0
        assert {k: entry.data[k] for k in record.labels} == dict(record.labels)
        assert entry.parameters["fake"] is record.labels["fake"]
        assert entry.parameters["surrogate"] is record.labels["surrogate"]
        u = {e: v for e, v in record.document.hubbards.items() if v}
        assert entry.parameters["hubbards"] == u
        assert entry.parameters["is_hubbard"] is bool(u)


def corrected(entry: ComputedStructureEntry) -> list[Any]:
    return MaterialsProject2020Compatibility().process_entries(
        [entry], on_error="raise", inplace=False
    )


def first_entry(results: Results) -> ComputedStructureEntry:
    return entry_of(next(r for r in records_of(results) if r.labels["x"] == 1))


def test_vasp_at_the_u_of_materials_project_is_accepted(
    made: Callable[..., Results],
) -> None:
    entry = first_entry(made(hubbards=MP_U, potcar=POTCARS))
    (accepted,) = corrected(entry)
    names = {each.name for each in accepted.energy_adjustments}
    assert names == {
        "MP2020 anion correction (oxide)",
        "MP2020 GGA/GGA+U mixing correction (Mn)",
        "MP2020 GGA/GGA+U mixing correction (Ni)",
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hubbards": {"Mn": 5.96, "Ni": 4.5}}, "Invalid U value of .* on "),
        ({"hubbards": {}}, "Invalid U value of 0.0 on "),
        ({"potcar": {**POTCARS, "Li": "PAW_PBE Li 17Jan2003"}}, "Incompatible POTCAR"),
        ({"fake": True, "engine_version": "1.0-fake"}, "invalid run type fake"),
        ({"surrogate": True, "engine": "chgnet"}, "invalid run type surrogate"),
        ({"engine": "gpaw"}, r"invalid run type GGA\+U of gpaw"),
        ({"settings": {"functional": "r2scan_u"}}, r"invalid run type R2SCAN\+U"),
        ({"settings": {"functional": "pbesol_u"}}, r"invalid run type PBEsol\+U"),
        (
            {"settings": {"functional": "pbe_u", "incar": {"IVDW": 11}}},
            r"invalid run type pbe_u, IVDW = 11\+U",
        ),
        ({"settings": {}}, r"invalid run type unknown\+U"),
    ],
)
def test_anything_else_is_refused_for_its_own_reason(
    made: Callable[..., Results], changes: dict[str, Any], reason: str
) -> None:
    entry = first_entry(made(**{"hubbards": MP_U, "potcar": POTCARS, **changes}))
    with pytest.raises(CompatibilityError, match=reason):
        corrected(entry)


def test_without_recorded_potcars_nothing_is_accepted(
    made: Callable[..., Results],
) -> None:
    entry = first_entry(made(hubbards=MP_U, potcar={}))
    with pytest.raises((CompatibilityError, KeyError)):
        corrected(entry)


def test_none_of_the_real_and_fake_samples_is_accepted(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    cells = [r for kind in KINDS for r in samples[kind] if not r.document.reference]
    entries = [entry_of(record) for record in cells]
    judge = MaterialsProject2020Compatibility()
    assert judge.process_entries(entries, on_error="ignore") == []
