"""Structures, moments and energies in, numbers out: one file for each quantity.

``lnmo`` holds what is true of LixNi0.5Mn1.5O4 alone. May import: ``structures``. Reads
no file; independent of engines, databases and tables.

>>> from workflows.analysis import lattice_ratios, valence_from_moment
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.analysis.jahn_teller import jahn_teller_modes
    from workflows.analysis.lattice import lattice_ratios
    from workflows.analysis.lnmo import expected_total_moment, expected_valence
    from workflows.analysis.smoothing import adjacent_average
    from workflows.analysis.valence import valence_from_moment
    from workflows.analysis.voltage import capacity, voltage_steps

__all__ = [
    "adjacent_average",
    "capacity",
    "expected_total_moment",
    "expected_valence",
    "jahn_teller_modes",
    "lattice_ratios",
    "valence_from_moment",
    "voltage_steps",
]

_HOME = {
    "adjacent_average": "smoothing",
    "capacity": "voltage",
    "expected_total_moment": "lnmo",
    "expected_valence": "lnmo",
    "jahn_teller_modes": "jahn_teller",
    "lattice_ratios": "lattice",
    "valence_from_moment": "valence",
    "voltage_steps": "voltage",
}


def __getattr__(name: str) -> Any:
    """Import numpy and pymatgen only when a name that needs them is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"workflows.analysis.{_HOME[name]}"), name)
