"""The input files beside the output of a run, as far as they can be read."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import StoreError, one_line
from workflows.vasp.incar_text import read_incar
from workflows.vasp.poscar import read_poscar
from workflows.vasp.run_files import VaspFiles, read_text

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Incar

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


def incar_from(text: str) -> Incar:
    """Return the values of an INCAR; of a tag that it has twice the first, as VASP.

    Raises
    ------
    ValueError
        It sets nothing.
    """
    found = read_incar(text)
    if not found.tags and not found.groups:
        raise ValueError("no tag in it")
    return found.values()


def read_incar_file(path: Path) -> Incar:
    """Return the values of the INCAR of a run that goes on; see :func:`incar_from`.

    Raises
    ------
    StoreError
        It sets nothing, or a tag has a text that is no value of it.
    OSError
        It cannot be read.
    """
    try:
        return incar_from(read_text(path))
    except OSError:
        raise
    except Exception as error:  # pymatgen raises whatever the text leads it to
        raise StoreError(
            f"{path}: cannot be read as an INCAR ({one_line(error)[:200]}): the disk "
            "lost a part of it, or it was edited; lnmo run --retry sets the directory "
            "aside and writes the inputs again"
        ) from None


def poscar_from(text: str) -> Structure:
    """Return the structure of a POSCAR that names its elements.

    Raises
    ------
    ValueError
        It does not, or it is no POSCAR.
    """
    return read_poscar(text).structure()
