"""CIF files: pymatgen reads their moments, and they are labelled."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import PeriodicSite, Structure
from pymatgen.electronic_structure.core import Magmom
from pymatgen.io.cif import CifFile, CifParser

from workflows.exchange.cif import cif_text, file_name, write_cifs
from workflows.exchange.record import Record

from .conftest import KINDS

pytestmark = pytest.mark.filterwarnings(
    "ignore:Issues encountered while parsing CIF", "ignore:.*fractional coordinates"
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_cell_and_the_moments_come_back(
    samples: dict[str, tuple[Record, ...]], kind: str, tmp_path: Path
) -> None:
    write_cifs(samples[kind], tmp_path)
    assert len(list(tmp_path.iterdir())) == len(samples[kind])
    for record in samples[kind]:
        path = tmp_path / file_name(record)
        (found,) = CifParser(path).parse_structures(primitive=False)
        own = record.bare_structure()
        np.testing.assert_allclose(found.lattice.abc, own.lattice.abc, atol=1e-7)
        np.testing.assert_allclose(found.lattice.angles, own.lattice.angles, atol=1e-6)
        read = found.site_properties.get("magmom", [0] * len(found))
        moments = [float(Magmom(m)) for m in read]
        at = [place_of(site, found) for site in own]
        assert sorted(at) == list(range(len(own)))  # pymatgen's parser sorts them
        expected = record.moments or [0.0] * len(own)
        assert [moments[i] for i in at] == pytest.approx(expected, abs=1e-7)
        assert ("_atom_site_moment" in path.read_text("utf-8")) is bool(record.moments)


def place_of(site: PeriodicSite, structure: Structure) -> int:
    """Find a site by element and place."""
    apart = structure.frac_coords - site.frac_coords
    near = np.abs(apart - np.round(apart)).max(axis=1) < 1e-7
    (found,) = np.flatnonzero(near)
    assert structure[found].specie == site.specie
    return int(found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_labels_are_items_of_the_block(
    samples: dict[str, tuple[Record, ...]], kind: str
) -> None:
    for record in samples[kind]:
        (block,) = CifFile.from_str(cif_text(record)).data.values()
        told = {name: str(block[f"_lnmo_{name}"]) for name in record.labels}
        assert told == {n: shown(value) for n, value in record.labels.items()}
        assert float(block["_lnmo_energy_eV_per_cell"]) == record.energy


def shown(value: object) -> str:
    if value is None or value == "":
        return "."
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def test_fake_and_surrogate_are_in_name_block_and_first_line(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    for kind, word in (("fake", "FAKE VASP"), ("surrogate", "surrogate (CHGNet)")):
        for record in samples[kind]:
            text = cif_text(record)
            assert text.startswith(f"# {word}")
            assert re.search(rf"^data_\S+_{kind}$", text, flags=re.MULTILINE)
            assert file_name(record).endswith(f"-{kind}.cif")


def test_a_moment_without_a_sign_has_a_loop_of_its_own(
    samples: dict[str, tuple[Record, ...]],
) -> None:
    for record in samples["surrogate"]:
        (block,) = CifFile.from_str(cif_text(record)).data.values()
        told = [float(value) for value in block["_lnmo_moment_absolute_muB"]]
        assert told == pytest.approx(record.absolute_moments, abs=1e-6)
        assert block["_lnmo_moment_site_label"] == block["_atom_site_label"]
