"""Compute LixNi0.5Mn1.5O4 structures, and read the results.

>>> from lnmo import load_campaign, plan, open_results, parse_run
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.analysis import expected_valence, valence_from_moment
    from workflows.campaign.campaign import load_campaign
    from workflows.campaign.from_name import plan
    from workflows.campaign.inputs import vasp_inputs
    from workflows.checks.rules import check_directory
    from workflows.engines import parse_run
    from workflows.exchange.to_flow import to_flow
    from workflows.report.shell import open_results

__all__ = [
    "check_directory",
    "expected_valence",
    "load_campaign",
    "open_results",
    "parse_run",
    "plan",
    "to_flow",
    "valence_from_moment",
    "vasp_inputs",
]

_HOME = {
    "check_directory": "workflows.checks.rules",
    "expected_valence": "workflows.analysis",
    "load_campaign": "workflows.campaign.campaign",
    "open_results": "workflows.report.shell",
    "parse_run": "workflows.engines",
    "plan": "workflows.campaign.from_name",
    "to_flow": "workflows.exchange.to_flow",
    "valence_from_moment": "workflows.analysis",
    "vasp_inputs": "workflows.campaign.inputs",
}


def __getattr__(name: str) -> Any:
    """Import pymatgen and pandas only when a name that needs them is used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
