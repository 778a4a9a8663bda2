"""The input files beside the output of a run, as far as they can be read."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from workflows.vasp.incar_text import read_incar as read_statements
from workflows.vasp.run_files import VaspFiles, read_text

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Incar

UNREADABLE = object()

COMMENT = re.compile("[#!].*")


def read_input(files: VaspFiles, name: str, reader: Any) -> Any:
    """Return what an input file says, None if there is none, or UNREADABLE."""
    path = files.find(name)
    if path is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return reader(read_text(path))
    except Exception:  # pymatgen raises whatever the broken file leads it to
        return UNREADABLE


def incar_from(text: str) -> dict[str, Any]:
    """Read an INCAR; of a tag that it has twice VASP takes the first, pymatgen not."""
    found = dict(read_incar(text))
    written = read_statements(text)
    for tag in written.later:
        found.update(read_incar(f"{tag} = {written.tags[tag]}"))
    return found


def poscar_from(text: str) -> Structure:
    """Read a POSCAR or CONTCAR; ``named`` tells whether it names its elements.

    That of VASP 4 does not, POTCAR has them.
    """
    from pymatgen.io.vasp import Poscar

    poscar = Poscar.from_str(text)
    poscar.structure.properties["named"] = poscar.true_names
    return poscar.structure


def kpoints_from(text: str) -> Any:
    """Read a KPOINTS with comments on any line, of which pymatgen bears few."""
    from pymatgen.io.vasp import Kpoints

    title, *lines = text.splitlines()
    return Kpoints.from_str("\n".join([title, *(COMMENT.sub("", t) for t in lines)]))


def potential(titel: str) -> str:
    """Return the name of a potential, ``Mn_pv`` of ``PAW_PBE Mn_pv 02Aug2007``."""
    return [*titel.split(), "", ""][1]


DOUBLE_PRECISION = re.compile(
    r"(?<![\w.])([-+]?(?:\d+\.?\d*|\.\d+))[dD]([-+]?\d+)(?![\w.])"
)


def read_incar(text: str) -> Incar:
    """Read an INCAR, numbers as Fortran has them: ``1.0D-7`` too."""
    from pymatgen.io.vasp import Incar

    return Incar.from_str(DOUBLE_PRECISION.sub(r"\1E\2", text))
