"""The orbital order is reported, and orbitals that do not fit their bonds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pymatgen.core import Structure

from tests.places import DATA
from workflows import parse_run
from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.campaign.calculation import Calculation
from workflows.checks.orbitals import orbital_findings
from workflows.checks.run_result import RunResult
from workflows.records.document import TaskDocument

ROOT = 3**0.5 / 2
ALONG = {"a": (-0.5, ROOT), "b": (-0.5, -ROOT), "c": (1.0, 0.0)}
"""dz2 along an axis, in z2 and x2-y2."""


def occupied(site: int, axis: str, filled: float = 0.95) -> OnsiteOccupation:
    z2, x2 = ALONG[axis]
    up = [[0.95 * (i == j) for j in range(5)] for i in range(5)]
    for i, one in ((2, z2), (4, x2)):
        for j, other in ((2, z2), (4, x2)):
            up[i][j] = 0.4 * (i == j) + (filled - 0.4) * one * other
    down = [[0.05 * (i == j) for j in range(5)] for i in range(5)]
    return OnsiteOccupation(site, 2, *(tuple(map(tuple, m)) for m in (up, down)))


@pytest.fixture
def cell(calculations: Sequence[Calculation]) -> Structure:
    """x = 2 on 16c, 5 % longer along c: every octahedron is stretched along it."""
    (own,) = (c for c in calculations if c.insertion == "oct_16c_rocksalt")
    structure = own.structure.copy()
    a, b, c = structure.lattice.abc
    structure.lattice = type(structure.lattice).orthorhombic(a, b, 1.05 * c)
    return structure


def manganese(cell: Structure) -> list[int]:
    return [i for i, site in enumerate(cell) if site.specie.symbol == "Mn"]


def found(cell: Structure, own: Sequence[OnsiteOccupation]) -> dict[str, str]:
    result = RunResult(
        cell, occupations=own, supercell=((1, 0, 0), (0, 1, 0), (0, 0, 1))
    )
    return {f.id: f.message for f in orbital_findings(result)}


def test_the_order_is_counted_over_the_ions_of_the_element(cell: Structure) -> None:
    sites = manganese(cell)
    three = [occupied(i, "c") for i in sites[:8]]
    four = [occupied(i, "c", filled=0.4) for i in sites[8:]]
    assert found(cell, three + four) == {"orbital_order": "dz2 along c on 8 of 12 Mn"}


def test_orbitals_against_the_long_bonds_are_named(cell: Structure) -> None:
    sites = manganese(cell)
    own = [occupied(i, "c") for i in sites[:6]] + [occupied(i, "a") for i in sites[6:8]]
    messages = found(cell, own)
    assert messages["orbital_order"] == (
        "dz2 along c on 6 of 8 Mn, dz2 along a on 2 of 8 Mn"
    )
    assert messages["orbital_mismatch"].startswith(
        f"Mn #{sites[6]} dz2 along a, bonds z elongated; Mn #{sites[7]} dz2 along a"
    )


def test_nothing_is_said_of_ions_without_a_preferred_orbital(cell: Structure) -> None:
    assert found(cell, [occupied(i, "c", filled=0.4) for i in manganese(cell)]) == {}
    assert found(cell, []) == {}


def test_an_octahedron_without_distortion_contradicts_no_orbital(
    calculations: Sequence[Calculation],
) -> None:
    cubic = next(c.structure for c in calculations if c.x == 1)
    messages = found(cubic, [occupied(i, "a") for i in manganese(cubic)])
    assert messages == {"orbital_order": "dz2 along a on 12 of 12 Mn"}


@pytest.mark.parametrize(
    "name",
    [
        "MgMn2O4_static_ferromagnetic",
        "MgMn2O4_static_antiferromagnetic",
        "MgMn2O4_relax_ferromagnetic",
    ],
)
def test_real_mgmn2o4_has_dz2_along_c_on_all_mn(name: str) -> None:
    document = parse_run(DATA / name)
    assert [(f.id, f.severity, f.message) for f in document.findings] == [
        ("orbital_order", "info", "dz2 along c on 4 of 4 Mn")
    ]


def test_a_site_that_the_structure_lacks_is_passed_over(cell: Structure) -> None:
    own = [occupied(manganese(cell)[0], "c"), occupied(999, "c")]
    assert found(cell, own) == {"orbital_order": "dz2 along c on 1 of 1 Mn"}


def test_the_matrices_come_back_from_a_stored_document() -> None:
    document = parse_run(DATA / "MgMn2O4_static_ferromagnetic")
    stored = TaskDocument.model_validate_json(document.model_dump_json())
    assert stored.occupations == document.occupations
    older = document.plain()
    del older["occupations"]
    assert TaskDocument.model_validate(older).occupations is None


def test_a_relaxed_cell_may_have_any_orientation(cell: Structure) -> None:
    sites = manganese(cell)
    own = [occupied(i, "c") for i in sites]
    result = RunResult(cell, occupations=own)  # nobody described the cell
    messages = {f.id: f.message for f in orbital_findings(replace(result))}
    assert messages == {"orbital_order": "dz2 along c on 12 of 12 Mn"}
