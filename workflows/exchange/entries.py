"""Records -> ``entries.json``, pymatgen's ComputedStructureEntry.

``monty.serialization.loadfn("entries.json")`` reads them. Energies are as computed, no
correction is applied. ``parameters`` has what a correction scheme asks for: run type, U
by element, POTCAR titles. A scheme such as ``MaterialsProject2020Compatibility`` is
fitted to VASP at one U; so the run type of every other engine, of a surrogate and of a
fake is one that it refuses.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.exchange.record import Record

if TYPE_CHECKING:
    from pymatgen.entries.computed_entries import ComputedStructureEntry

FILE = "entries.json"
RUN_TYPES = {
    "pbe": "GGA",
    "pbe_u": "GGA",
    "pbesol_u": "PBEsol",
    "r2scan": "R2SCAN",
    "r2scan_u": "R2SCAN",
    "hse06": "HSE06",
}
"""Functional by its name in a campaign -> pymatgen's word; U is added to it."""


def write_entries(records: Sequence[Record], directory: Path) -> None:
    """Write the entries of the records, in their order, as one JSON list."""
    from monty.json import MontyEncoder

    entries = [entry_of(record) for record in records]
    text = json.dumps(entries, cls=MontyEncoder, indent=1, allow_nan=False)
    (directory / FILE).write_text(f"{text}\n", "utf-8")


def entry_of(record: Record) -> ComputedStructureEntry:
    """Return a record as an entry; labels are in ``data``, and in ``parameters``."""
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    own = record.document
    data = {
        **record.labels,
        "warning": record.warning,
        "formula_units": own.formula_units,
        "total_magnetization": own.total_magnetization,
        "absolute_moments": record.absolute_moments,
        "bandgap": own.bandgap,
    }
    return ComputedStructureEntry(
        record.structure(),
        record.energy,
        parameters=_parameters(record),
        data=data,
        entry_id=record.name,
    )


def _parameters(record: Record) -> dict[str, Any]:
    """Return what a correction scheme looks at.

    Without recorded POTCARs there is no ``potcar_symbols``, and a scheme that asks for
    them refuses. Hashes are those of no library: the content of a POTCAR is not kept.
    """
    own, labels = record.document, record.labels
    hubbards = {element: u for element, u in own.hubbards.items() if u}
    potcars = {
        "potcar_symbols": list(own.potcar.values()),
        "potcar_spec": [{"titel": t, "hash": None} for t in own.potcar.values()],
    }
    return {
        "run_type": run_type(record),
        "is_hubbard": bool(hubbards),
        "hubbards": hubbards,
        **(potcars if own.potcar else {}),
        "software": own.engine,
        **{k: labels[k] for k in ("engine_version", "fake", "surrogate", "functional")},
    }


def run_type(record: Record) -> str:
    """Return pymatgen's run type, such as ``GGA+U``.

    Of VASP with a functional of ours as it is. Anything else is named by what it is, a
    word that no correction scheme accepts.
    """
    own, functional = record.document, str(record.labels["functional"])
    kind = RUN_TYPES.get(functional, functional or "unknown")
    if any(own.hubbards.values()) or own.hubbard_j:
        kind += "+U and J" if own.hubbard_j else "+U"
    if record.labels["fake"]:
        return f"fake, no {kind}"
    if record.labels["surrogate"]:
        return f"surrogate, {functional}"
    return kind if own.engine == "vasp" else f"{kind} of {own.engine}"
