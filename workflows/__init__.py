"""How LixNi0.5Mn1.5O4 structures are computed, and what came back.

>>> from workflows import load_campaign, plan, open_results, parse_run
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workflows.campaign.campaign import load_campaign
    from workflows.campaign.from_name import plan
    from workflows.engines import parse_run
    from workflows.exchange.to_flow import to_flow
    from workflows.report.shell import open_results

__all__ = ["load_campaign", "open_results", "parse_run", "plan", "to_flow"]

_HOME = {
    "load_campaign": "workflows.campaign.campaign",
    "open_results": "workflows.report.shell",
    "parse_run": "workflows.engines",
    "plan": "workflows.campaign.from_name",
    "to_flow": "workflows.exchange.to_flow",
}


def __getattr__(name: str) -> Any:
    """Import pymatgen and pandas only when a name that needs them is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
