"""Hosts that most tests share; a host is a value, so sharing is safe."""

import pytest

from structures import SpinelHost, spinel_host


@pytest.fixture(scope="session")
def host() -> SpinelHost:
    """The 56-atom P4_332 cell of LiNi0.5Mn1.5O4."""
    return spinel_host()


@pytest.fixture(scope="session")
def manganate() -> SpinelHost:
    """The 56-atom cell of LiMn2O4, Fd-3m."""
    return spinel_host("LiMn2O4", "none")
