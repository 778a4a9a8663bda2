"""The input files beside the output of a run, as far as they can be read."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from workflows.audit import read_incar
from workflows.engines.vasp.files import VaspFiles, read_text

if TYPE_CHECKING:
    from pymatgen.core import Structure

UNREADABLE = object()


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
    """Read an INCAR."""
    return dict(read_incar(text))


def poscar_from(text: str) -> Structure:
    """Read a POSCAR or CONTCAR."""
    from pymatgen.io.vasp import Poscar

    return Poscar.from_str(text).structure


def potential(titel: str) -> str:
    """Return the name of a potential, ``Mn_pv`` of ``PAW_PBE Mn_pv 02Aug2007``."""
    return [*titel.split(), "", ""][1]
