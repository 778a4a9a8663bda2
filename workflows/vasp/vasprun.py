"""Opening the files of a VASP run, whole or cut, through pymatgen where it can."""

from __future__ import annotations

import math
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from workflows.errors import StoreError
from workflows.vasp.convergence import ground_state
from workflows.vasp.equality import flat
from workflows.vasp.file_ends import CLOSING
from workflows.vasp.hubbard import largest_u, own_j, u_by_element
from workflows.vasp.outcar_steps import OutcarBody, read_outcar
from workflows.vasp.parts import Potential
from workflows.vasp.poscar import read_poscar
from workflows.vasp.run_files import VaspFiles, plain_file, read_text
from workflows.vasp.vasprun_form import other_element, refuse_namespaces

LAST_STEP = "</calculation>"
_CYCLE = re.compile(r"<scstep>.*?</scstep>", re.DOTALL)
_STEPS = re.compile(r"(</?calculation>)|<energy>(.*?)</energy>", re.DOTALL)
_VALUES = re.compile(r'<i name="(\w+)">\s*(\S+)\s*</i>')


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
    StoreError
        It has a form that VASP does not write.
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
            run = _prepared(run, partial(read_text, path))
            return _ending_at_its_last_step(run) if cut else run
        except Exception:  # pymatgen raises whatever a broken file leads it to
            if not cut:
                raise
    return None


def _prepared(run: Any, text: Callable[[], str]) -> Any:
    """Leave each cycle its ground state, and add the steps of a learned force field.

    By the last electronic step of a cycle pymatgen mends the energy of the ionic one.
    """
    if run is None:
        return None
    run.incar.update({tag: _bare(value) for tag, value in run.incar.items()})
    for step in run.ionic_steps:
        step["electronic_steps"] = ground_state(step, run.parameters)
    if run.incar.get("ML_LMLFF"):
        run.ionic_steps = _with_learned(run, text())
    return run


def _ending_at_its_last_step(run: Any) -> Any:
    """Give a cut run, which lacks the structure at its end, that of its last step."""
    if run is not None and run.ionic_steps:
        last = run.ionic_steps[-1].get("structure")
        run.final_structure = last or run.final_structure
    return run


def _bare(value: Any) -> Any:
    """Leave out the comment that VASP 5 keeps behind a word in INCAR."""
    return re.split("[#!(]", value)[0].strip() if isinstance(value, str) else value


def _with_learned(run: Any, text: str) -> list[dict[str, Any]]:
    """Return all ionic steps of a run with a learned force field, in order.

    vasprun.xml has the steps of the force field outside of ``<calculation>``; pymatgen
    keeps their structures and forces, not always their energies.
    """
    cycles = iter(run.ionic_steps)
    steps: list[dict[str, Any]] = []
    within = False
    for match in _STEPS.finditer(_CYCLE.sub("", text)):
        if match[1]:
            within = match[1] == "<calculation>"
            continue
        energies = {name: float(value) for name, value in _VALUES.findall(match[2])}
        found: dict[str, Any] = next(cycles, {}) if within else {}
        more = run.md_data[len(steps)] if len(steps) < len(run.md_data) else {}
        steps.append(
            {**more, "electronic_steps": [], **energies, **found, "learned": not within}
        )
    return steps


@cache
def _reader() -> Any:
    """Return pymatgen's ``Vasprun`` without its own judgement of convergence.

    It judges while it reads, and fails on a number as ALGO and on steps without an
    electronic cycle.
    """
    from pymatgen.io.vasp import Vasprun

    unjudged = {"converged_electronic": True, "converged_ionic": True}
    return type("Vasprun", (Vasprun,), unjudged)


def _whole(path: Path) -> Any:
    refuse_namespaces(path)
    try:
        with plain_file(path) as plain:
            return _reader()(str(plain), parse_dos=False, parse_potcar_file=False)
    except ValueError as error:
        if told := other_element(path, error):
            raise told from None
        if "***" not in str(error):
            raise
        return _mended(read_text(path), cut=False)


def final_energy(run: Any) -> float:
    """Return the energy that a ``Vasprun`` ends with, sigma -> 0, eV, number or not."""
    if run.ionic_steps and run.ionic_steps[-1].get("learned"):
        return float(run.ionic_steps[-1].get("e_0_energy", math.nan))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an infinite one, and of one that is absent
        return float(run.final_energy)


def asked_hubbards(run: Any) -> dict[str, float]:
    """Return U - J from vasprun.xml, which has what was asked for each species."""
    blocks, columns, _ = _asked_u(run)
    return largest_u(u_by_element(blocks, columns) or {})


def asked_own_j(run: Any) -> dict[str, float]:
    """Return J, where it counts by itself, from vasprun.xml."""
    return own_j(*_asked_u(run))


def _asked_u(
    run: Any,
) -> tuple[list[str], list[Sequence[float] | None], float | None]:
    """Return the elements of the blocks, LDAUL, LDAUU and LDAUJ, and LDAUTYPE."""
    values = {**run.parameters, **run.incar}
    columns = [values.get(tag) for tag in ("LDAUL", "LDAUU", "LDAUJ")]
    blocks = [Potential.titled(str(titel)).element for titel in run.potcar_symbols]
    if not values.get("LDAU") or not all(isinstance(c, list) for c in columns):
        columns = [None] * 3
    form = flat([values.get("LDAUTYPE")])[:1]
    return blocks, columns, form[0] if form else None


def titels(run: Any) -> dict[str, str]:
    """Return the TITEL of the POTCAR of each element in a ``Vasprun``."""
    potentials = map(Potential.titled, map(str, run.potcar_symbols))
    return {potential.element: potential.titel for potential in potentials}


def _mended(text: str, *, cut: bool) -> Any:
    """Read a vasprun.xml that pymatgen refuses.

    Of one that is cut, the ionic steps that are complete; and an integer that did not
    fit its field (``KINTER`` of some builds of VASP 5.4) as 0.
    """
    whole, closed, _ = text.rpartition(LAST_STEP)
    if not closed:
        return None
    kept = f"{whole}{closed}\n{CLOSING}\n" if cut else text
    kept = re.sub(r'(type="int" name="\w+">)\s*\*+\s*<', r"\g<1>0<", kept)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "vasprun.xml"
        path.write_text(kept, "utf-8")
        return _reader()(
            str(path), parse_dos=False, parse_eigen=not cut, parse_potcar_file=False
        )


def read_structure(path: Path | None, *, species: Sequence[str] = ()) -> Any:
    """Return the structure in a POSCAR or CONTCAR, None if it cannot be read.

    `species` names the atoms of a file that does not.
    """
    if path is None:
        return None
    try:
        return read_poscar(read_text(path)).structure(species)
    except (ValueError, OSError, StoreError):
        return None
