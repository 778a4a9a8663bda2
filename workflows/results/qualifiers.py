"""Qualifiers of a verdict that is not DFT with the paper's functional, U and order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflows.campaign.magnetic_order import FIM
from workflows.results.labels import SURROGATE_FUNCTIONAL, of_a_surrogate, paper_u
from workflows.results.magnetic_orders import in_words

DFT_ENGINES = frozenset({"vasp", "gpaw"})
"""Engines that are DFT; a verdict names any other engine, or that none is recorded."""
PAPER_FUNCTIONALS = frozenset({"pbe_u", "pbe", SURROGATE_FUNCTIONAL.lower()})
"""Names, lower case, of PBE; whether U was added is in ``hubbard_u``."""


def qualifiers(labels: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the outcome of a verdict has to say beside PASS or FAIL.

    Parameters
    ----------
    labels
        Of :func:`~workflows.results.labels.combined`.

    Returns
    -------
    tuple of str
        Empty for DFT with the functional, the U and the magnetic order of the paper.
    """
    engines = _parts(labels, "engine")
    if not any(engines) and not labels.get("state"):
        return ()  # of nothing that was calculated
    found = ["fake"] if labels.get("fake") else []
    if labels.get("surrogate"):
        return (*found, "surrogate")
    strange = [e for e in engines if e not in DFT_ENGINES]
    found += [f"engine {e}" if e else "engine not recorded" for e in strange]
    found += _geometry_in_words(engines, _parts(labels, "geometry"))
    names = _parts(labels, "functional")
    others = " | ".join(n for n in names if n and n.lower() not in PAPER_FUNCTIONALS)
    found += [f"functional {others}"] if others else []
    found += [] if all(names) else ["functional not recorded"]
    values = _parts(labels, "hubbard_u")
    u = " | ".join(value for value in values if value)
    found += [f"U {u}"] if u not in {"", paper_u()} else []
    found += [] if all(values) else ["U not recorded"]
    orders = _parts(labels, "ended_order")
    found += [in_words(order) for order in orders if order not in {"", FIM}]
    return (*found, *filter(None, [str(labels.get("lax_settings") or "")]))


def _parts(labels: Mapping[str, Any], name: str) -> list[str]:
    """Return the values that the rows behind a number have, an empty one included."""
    return str(labels.get(name) or "").split(" | ")


def _geometry_in_words(engines: Sequence[str], geometries: Sequence[str]) -> list[str]:
    """Say whose geometry the electrons stand on, where it is not their own engine's."""
    found = ["surrogate geometry"] if any(map(of_a_surrogate, geometries)) else []
    for name in geometries:
        if not name:
            found.append("geometry not recorded")
        elif name not in engines and not of_a_surrogate(name):
            found.append(f"geometry of {name}")
    return found
