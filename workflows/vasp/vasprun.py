"""Opening the files of a VASP run, whole or cut, through pymatgen where it can."""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.vasp.convergence import ground_state
from workflows.vasp.file_ends import CLOSING
from workflows.vasp.outcar_steps import OutcarBody, read_outcar
from workflows.vasp.run_files import VaspFiles, plain_file, read_text

if TYPE_CHECKING:
    from pymatgen.core import Structure

LAST_STEP = "</calculation>"


def open_outcar(files: VaspFiles, *, cut: bool) -> OutcarBody | None:
    """Read OUTCAR; None if there is none, or if it is `cut` before it says anything."""
    path = files.find("OUTCAR")
    if path is None:
        return None
    try:
        return read_outcar(read_text(path), name=path.name)
    except Exception:  # a damaged file may hold anything
        if cut:
            return None
        raise


def open_vasprun(files: VaspFiles, *, cut: bool) -> Any:
    """Read vasprun.xml as pymatgen's ``Vasprun``; of a `cut` one the whole steps.

    Raises
    ------
    Exception
        Whatever pymatgen makes of a damaged file; if `cut`, nothing is raised.
    """
    path = files.find("vasprun.xml")
    if path is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of POTCARs we do not keep
        try:
            run = _mended(read_text(path), cut=True) if cut else _whole(path)
            return _without_response(run)
        except Exception:  # pymatgen raises whatever a broken file leads it to
            if not cut:
                raise
    return None


def _without_response(run: Any) -> Any:
    """Leave each cycle its ground state, by whose last step pymatgen mends energies."""
    for step in run.ionic_steps if run is not None else ():
        step["electronic_steps"] = ground_state(step, run.parameters)
    return run


def _whole(path: Path) -> Any:
    from pymatgen.io.vasp import Vasprun

    try:
        with plain_file(path) as plain:
            return Vasprun(str(plain), parse_dos=False, parse_potcar_file=False)
    except ValueError as error:
        if "***" not in str(error):
            raise
        return _mended(read_text(path), cut=False)


def final_energy(run: Any) -> float:
    """Return the energy that a ``Vasprun`` ends with, sigma -> 0, eV, number or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an infinite one, and of one that is absent
        return float(run.final_energy)


def _mended(text: str, *, cut: bool) -> Any:
    """Read a vasprun.xml that pymatgen refuses.

    Of one that is cut, the ionic steps that are complete; and an integer that did not
    fit its field (``KINTER`` of some builds of VASP 5.4) as 0.
    """
    from pymatgen.io.vasp import Vasprun

    whole, closed, _ = text.rpartition(LAST_STEP)
    if not closed:
        return None
    kept = f"{whole}{closed}\n{CLOSING}\n" if cut else text
    kept = re.sub(r'(type="int" name="\w+">)\s*\*+\s*<', r"\g<1>0<", kept)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vasprun.xml"
        path.write_text(kept, "utf-8")
        return Vasprun(
            str(path), parse_dos=False, parse_eigen=not cut, parse_potcar_file=False
        )


def read_poscar(path: Path | None) -> Structure | None:
    """Return the structure in a POSCAR or CONTCAR, None if it cannot be read."""
    from pymatgen.io.vasp import Poscar

    if path is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a POSCAR leaves open
            return Poscar.from_str(read_text(path)).structure
    except Exception:  # pymatgen raises even a warning for a file that was cut
        return None
