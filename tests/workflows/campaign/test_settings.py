"""Settings that scale with the cell: the k mesh keeps its spacing, not its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from structures import spinel_host
from workflows.campaign.campaign import Campaign
from workflows.campaign.settings import engine_settings

STEPS = ("relax", "static", "dos")


@pytest.mark.parametrize(
    ("cell", "relax", "dos"),
    [
        ({}, [3, 3, 3], [5, 5, 5]),
        ({"supercell": (2, 1, 1)}, [2, 3, 3], [3, 5, 5]),
        ({"supercell": (2, 2, 2)}, [2, 2, 2], [3, 3, 3]),
        # Reciprocal vectors of the primitive cell are sqrt(3) longer: 5.2, 8.7.
        ({"primitive": True}, [6, 6, 6], [9, 9, 9]),
    ],
)
def test_a_cell_of_any_shape_keeps_the_spacing_of_the_conventional_mesh(
    paper: Campaign, cell: dict[str, object], relax: list[int], dos: list[int]
) -> None:
    host = spinel_host("LiNi0.5Mn1.5O4", "R-3m", **cell)  # type: ignore[arg-type]
    found = engine_settings(paper, host, host.structure, STEPS)["kpoints"]
    assert found == {"relax": relax, "static": relax, "dos": dos}
    lengths = host.lattice.reciprocal_lattice_crystallographic.abc
    spacing = np.array(lengths) / found["relax"]
    assert (spacing <= 1 / (3 * host.a) + 1e-9).all()
