"""Results of runs that were made elsewhere: their order of atoms, and their files.

The files stay where they are. What is read from them later, a density of states, must
be of the files that the result was read from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.atomic import open_regular
from workflows.errors import ResultsError
from workflows.records.document import Collected, TaskDocument

if TYPE_CHECKING:
    from pymatgen.core import Structure


def hashes_of(paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of files by their names."""
    found = {}
    for path in paths:
        with open_regular(path) as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def structure_as_run(document: TaskDocument) -> Structure:
    """Return the final structure in the order of the atoms in the files of the run."""
    assert document.structure is not None
    if document.collected is None:
        return document.structure
    return reordered(document.structure, _order_as_run(document.collected))


def sites_as_run(document: TaskDocument, values: Sequence[float]) -> list[float]:
    """Return one recorded value for each atom in the order of the files of the run."""
    if document.collected is None:
        return list(values)
    return [values[i] for i in _order_as_run(document.collected)]


def _order_as_run(collected: Collected) -> list[int]:
    place = {there: here for here, there in enumerate(collected.order)}
    return [place[i] for i in range(len(place))]


def reordered(structure: Structure, order: Sequence[int]) -> Structure:
    """Return a structure whose i-th site is the site ``order[i]`` of the given one."""
    from pymatgen.core import Structure

    properties = {
        name: [values[i] for i in order]
        for name, values in structure.site_properties.items()
    }
    return Structure(
        structure.lattice,
        [structure[i].species for i in order],
        [structure[i].frac_coords for i in order],
        site_properties=properties,
    )


def refuse_changed(document: TaskDocument) -> None:
    """Refuse the files of a collected run that are others than those it was read from.

    Raises
    ------
    ResultsError
        A file is gone or has other contents.
    """
    if document.collected is None:
        return
    place = Path(document.collected.path)
    try:
        now = hashes_of([place / name for name in document.collected.files])
    except OSError as error:
        raise ResultsError(
            f"{place}: a collected run whose files are gone ({error.strerror}): bring "
            "them back there"
        ) from None
    changed = [n for n, own in document.collected.files.items() if now[n] != own]
    if changed:
        raise ResultsError(
            f"{place}: {', '.join(changed)} changed since the run was collected: the "
            "recorded result is of other files; lnmo delete its calculation and "
            "collect again"
        )
