"""Records -> ``lnmo.db``, a database of ASE: ``ase db lnmo.db fake=False``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflows.exchange.record import Record

FILE = "lnmo.db"


def write_ase_db(records: Sequence[Record], directory: Path) -> None:
    """Write one row a record.

    Energy (eV per cell, sigma -> 0) and signed moments (muB) are results of the row's
    calculator. The labels are key-value pairs; what has no value is left out. |m|
    without a sign and the settings are in ``data``.
    """
    from ase.db import connect

    with connect(directory / FILE, type="db", serial=True) as database:
        for record in records:
            data = {
                "settings": record.document.settings,
                "hubbards": record.document.hubbards,
                "hubbard_j": record.document.hubbard_j,
                "potcar": record.document.potcar,
                "absolute_moments": record.absolute_moments,
                "warning": record.warning,
            }
            database.write(_atoms(record), key_value_pairs=pairs(record), data=data)


def _atoms(record: Record) -> Any:
    from ase.calculators.singlepoint import SinglePointCalculator
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = AseAtomsAdaptor.get_atoms(record.bare_structure(), msonable=False)
    results: dict[str, Any] = {"energy": record.energy}
    if record.moments is not None:
        results["magmoms"] = record.moments
    atoms.calc = SinglePointCalculator(atoms, **results)
    fake = "fake-" if record.labels["fake"] else ""
    atoms.calc.name = f"{fake}{record.document.engine}"
    return atoms


def pairs(record: Record) -> dict[str, Any]:
    """Return the key-value pairs of a row: ``calculation`` and the labels."""
    own = {k: v for k, v in record.labels.items() if k != "calculation_id"}
    own = {"calculation": record.name, **own}
    return {k: _stored(k, v) for k, v in own.items() if v is not None and v != ""}


def _stored(key: str, value: Any) -> Any:
    """Quote text that ASE would take for a number, and so refuse."""
    from ase.db.core import check

    try:
        check({key: value})
    except ValueError:
        return f"'{value}'"
    return value
