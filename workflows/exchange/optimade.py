"""Records -> ``structures.json``, the answer of an OPTIMADE ``/structures`` request.

Property names are those of OPTIMADE 1.2; ours begin with ``_lnmo_``, and their
descriptions are under ``meta``. No number is NaN.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflows.exchange.record import Record

FILE = "structures.json"
VERSION = "1.2.0"
PREFIX = "_lnmo_"
OWN_FIELDS = {
    "energy": "eV per cell, sigma -> 0",
    "magnetization": "site moments, muB, in the order of the sites; null where only "
    "|m| is known",
    "absolute_magnetization": "|m| of each site, muB, of an engine without signs",
    "total_magnetization": "muB per cell",
    "bandgap": "eV, both spins; 0 for a metal",
    "hubbards": "U_eff in eV by element, as applied",
    "warning": "empty, or why no number here is a result of DFT",
    "x": "ions (Li, Na or Mg) per formula unit; null of a reference",
    "reference": "Li for bcc lithium, empty for a cell",
    "calculation_id": "id of the calculation",
    "step": "step whose numbers these are",
    "campaign": "campaign that first planned it",
    "variant": "of the campaign, if it has some",
    "insertion": "where lithium above x = 1 was put",
    "state": "DONE, or NEEDS_REVIEW",
    "ended_as": "insertion model, or the sites, that Li ended on",
    "host": "arrangement of the metals on 16d",
    "ended_order": "magnetic order it ended in: fim (Ni against Mn), fm, afm_mn or "
    "mixed",
    "engine": "vasp, gpaw or chgnet",
    "engine_version": "as the engine prints it",
    "surrogate": "a machine-learned stand-in for DFT",
    "fake": "synthetic: no calculation at all",
    "functional": "name in the campaign",
    "hubbard_u": "U in eV by element, in words",
    "geometry": "engine that relaxed atoms and cell",
    "lax_settings": "settings laxer than the paper or the packaged presets",
    "findings": "ids of what stands against the result",
}
"""Name without prefix -> description with unit."""


def write_optimade(records: Sequence[Record], directory: Path) -> None:
    """Write the records as one OPTIMADE response."""
    answer = {
        "data": [structure_resource(record) for record in records],
        "meta": {
            "api_version": VERSION,
            "query": {"representation": "/structures"},
            "more_data_available": False,
            "data_returned": len(records),
            "provider": {
                "name": "lnmo",
                "description": "written by lnmo export; not a server",
                "prefix": PREFIX.strip("_"),
            },
            f"{PREFIX}fields": {f"{PREFIX}{k}": v for k, v in OWN_FIELDS.items()},
        },
    }
    text = json.dumps(answer, indent=1, allow_nan=False)
    (directory / FILE).write_text(f"{text}\n", "utf-8")


def structure_resource(record: Record) -> dict[str, Any]:
    """Return a record as a resource of type ``structures``."""
    from pymatgen.io.optimade import OptimadeStructureAdapter

    own = record.document
    made = OptimadeStructureAdapter.get_optimade_structure(record.bare_structure())
    attributes: dict[str, Any] = {**made["attributes"]}  # type: ignore[dict-item]
    attributes["species"] = [
        {"name": name, "chemical_symbols": [name], "concentration": [1.0]}
        for name in attributes["elements"]
    ]
    attributes["last_modified"] = _in_utc(own.completed_at)
    values = {
        **record.labels,
        "energy": record.energy,
        "magnetization": record.moments,
        "absolute_magnetization": record.absolute_moments,
        "total_magnetization": own.total_magnetization,
        "bandgap": own.bandgap,
        "hubbards": dict(own.hubbards),
        "warning": record.warning,
    }
    attributes |= {f"{PREFIX}{name}": values[name] for name in OWN_FIELDS}
    return {"type": "structures", "id": record.name, "attributes": attributes}


def _in_utc(stamp: str | None) -> str | None:
    """Return RFC 3339 as OPTIMADE has it: UTC, with a Z."""
    return None if stamp is None else stamp.replace("+00:00", "Z")
