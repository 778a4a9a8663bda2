"""Records -> one CIF each: P1, magCIF moments, and the labels as ``_lnmo_`` items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workflows.exchange.record import Record


def write_cifs(records: Sequence[Record], directory: Path) -> None:
    """Write a file a record; fake and surrogate are in its name, too."""
    for record in records:
        (directory / file_name(record)).write_text(cif_text(record), "utf-8")


def file_name(record: Record) -> str:
    """Return a name such as ``x1.25-tet_8b-0123456789ab-fake.cif``."""
    return f"{'-'.join(_words(record))}.cif"


def _words(record: Record) -> list[str]:
    labels = record.labels
    x = labels["x"]
    words = [f"x{x:g}" if x is not None else str(labels["reference"])]
    if x is not None and x > 1:
        words.append(str(labels["insertion"]))
    marks = [name for name in ("fake", "surrogate") if labels[name]]
    return [*words, record.name.removeprefix("lnmo-"), *marks]


def cif_text(record: Record) -> str:
    """Return the CIF of a record.

    A moment without a sign is no moment of magCIF: |m| stands in a loop of its own.
    """
    from pymatgen.io.cif import CifFile, CifWriter

    structure = record.bare_structure()
    if record.moments is not None:
        structure.add_site_property("magmom", record.moments)
    written = CifWriter(structure, write_magmoms=record.moments is not None)
    (block,) = written.cif_file.data.values()
    block.header = "_".join(("lnmo", *_words(record)))[:74]
    block.data |= {f"_lnmo_{name}": _word(v) for name, v in record.labels.items()}
    block.data["_lnmo_energy_eV_per_cell"] = repr(record.energy)
    if record.absolute_moments is not None:
        loop = ["_lnmo_moment_site_label", "_lnmo_moment_absolute_muB"]
        block.data[loop[0]] = list(block.data["_atom_site_label"])
        block.data[loop[1]] = [f"{m:.6f}" for m in record.absolute_moments]
        block.loops.append(loop)
    if record.moments is not None:
        _without_symmetry(block)
    first = f"# {record.warning}\n" if record.warning else ""
    return f"{first}{CifFile({block.header: block})}\n"


def _without_symmetry(block: Any) -> None:
    """Say that no magnetic symmetry was looked for: the identity alone."""
    loop = [
        "_space_group_symop_magn_operation.id",
        "_space_group_symop_magn_operation.xyz",
    ]
    block.data |= {loop[0]: ["1"], loop[1]: ["x,y,z,+1"]}
    block.loops.append(loop)


def _word(value: object) -> str:
    """Return a CIF value: ``.`` where there is none, yes and no."""
    if value is None or value == "":
        return "."
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
