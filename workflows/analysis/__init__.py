"""Documents in, numbers out: one file for each quantity of the science.

>>> from workflows.analysis import lattice_ratios, valence_from_moment
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.analysis.lattice import lattice_ratios
    from workflows.analysis.valence import (
        expected_total_moment,
        expected_valence,
        valence_from_moment,
    )

__all__ = [
    "expected_total_moment",
    "expected_valence",
    "lattice_ratios",
    "valence_from_moment",
]

_HOME = {
    "expected_total_moment": "valence",
    "expected_valence": "valence",
    "lattice_ratios": "lattice",
    "valence_from_moment": "valence",
}


def __getattr__(name: str) -> Any:
    """Import numpy and pymatgen only when a name that needs them is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"workflows.analysis.{_HOME[name]}"), name)
