"""The calculation that the tests of VASP's engine run."""

from __future__ import annotations

import pytest

from workflows.campaign.calculation import Calculation


@pytest.fixture
def one(calculations: tuple[Calculation, ...]) -> Calculation:
    """Return the paper's calculation at x = 1."""
    return next(c for c in calculations if c.x == 1)
