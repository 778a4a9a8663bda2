"""lnmo.db, read by ASE: the same cells and numbers, and no label lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.db import connect

from workflows.exchange.ase_db import FILE, pairs, write_ase_db
from workflows.exchange.record import Record

from .conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_gives_back_the_cell_the_energy_the_moments_and_the_labels(
    samples: dict[str, tuple[Record, ...]], kind: str, tmp_path: Path
) -> None:
    write_ase_db(samples[kind], tmp_path)
    rows = list(connect(tmp_path / FILE).select())
    assert len(rows) == len(samples[kind])
    for row, record in zip(rows, samples[kind], strict=True):
        atoms, structure = row.toatoms(), record.bare_structure()
        assert atoms.get_chemical_symbols() == [s.specie.symbol for s in structure]
        np.testing.assert_allclose(atoms.cell, structure.lattice.matrix, atol=1e-12)
        np.testing.assert_allclose(atoms.positions, structure.cart_coords, atol=1e-9)
        assert atoms.pbc.all()
        assert row.energy == record.energy
        assert row.key_value_pairs == pairs(record)
        if record.moments is None:
            assert "magmoms" not in row
            assert row.data["absolute_moments"] == record.absolute_moments
        else:
            np.testing.assert_array_equal(row.magmoms, record.moments)
        assert row.data["hubbards"] == record.document.hubbards
        assert row.data["warning"] == record.warning


def test_fake_and_surrogate_are_found_by_a_query(
    samples: dict[str, tuple[Record, ...]], tmp_path: Path
) -> None:
    together = [record for kind in KINDS for record in samples[kind]]
    write_ase_db(together, tmp_path)
    database = connect(tmp_path / FILE)
    counts = {kind: len(samples[kind]) for kind in KINDS}
    assert database.count(fake=True) == counts["fake"]
    assert database.count(surrogate=True) == counts["surrogate"]
    real = counts["gpaw"] + counts["vasp"]
    assert database.count(fake=False, surrogate=False) == real
    assert database.count(calculator="fake-vasp") == counts["fake"]
    assert database.count("x=1") > 0


@pytest.mark.parametrize("awkward", ["12", "1e5", "true", "3.0", "nan"])
def test_a_label_that_looks_like_a_number_stays_text(
    samples: dict[str, tuple[Record, ...]], awkward: str, tmp_path: Path
) -> None:
    first = samples["vasp"][0]
    labels = {**first.labels, "engine_version": awkward, "variant": awkward}
    write_ase_db([Record(first.document, labels)], tmp_path)
    row = connect(tmp_path / FILE).get(1)
    assert row.engine_version.strip("'") == awkward
    assert row.variant.strip("'") == awkward
