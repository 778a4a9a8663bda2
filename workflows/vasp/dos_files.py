"""DOSCAR, the file that the paper's figures were made from.

Five header lines; then a block: a line EMAX EMIN NEDOS E_F 1.0, and NEDOS rows. The
first block is the total (energy, DOS, integrated DOS; two of each with spin), then
one block a site with the orbitals of `ORBITALS`, up and down in turn (vasp.at/wiki
DOSCAR; LORBIT = 11, no f states).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from workflows.analysis.band_gap import band_gap
from workflows.analysis.dos import ORBITALS, DensityOfStates, Origin, Values
from workflows.counts import count_of
from workflows.errors import LnmoError, ResultsError, one_line
from workflows.vasp.outcar_head import read_outcar_header
from workflows.vasp.run_files import VaspFiles, plain_file, read_lines, run_files
from workflows.vasp.shared_settings import shared_settings
from workflows.vasp.vasprun import asked_hubbards, asked_own_j, titels
from workflows.vasp.vasprun_form import other_element, refuse_namespaces

HEADER_LINES = 5

_LOST_E = re.compile(r"(\d)([+-]\d{3})")
"""Fortran drops the E of an exponent of three digits: 0.1234-100."""


def read_doscar(path: Path, *, nsw: int) -> DensityOfStates:
    """Read a DOSCAR, packed or not.

    Parameters
    ----------
    path
        The file.
    nsw
        NSW of the run, which the file does not tell.

    Raises
    ------
    ValueError
        It is cut, or its columns are not those of a collinear run without f states.
    """
    lines = (line.decode("utf-8", "replace").rstrip("\n") for line in read_lines(path))
    atoms = int(next(lines).split()[0])
    lengths = _lengths(next(lines, ""))
    list(islice(lines, HEADER_LINES - 2))
    efermi, whole = _block(path, lines)
    spins = {3: 1, 5: 2}.get(whole.shape[1], 0)
    if not spins:
        raise ValueError(
            f"{path}: {count_of(whole.shape[1], 'column')} in the total, not 3 or 5"
        )
    sites: list[Values] = []
    for _ in range(atoms):
        block = _block(path, lines, optional=not sites)[1]
        if not block.size:
            break
        sites.append(block[:, 1:])
    columns = sites[0].shape[1] if sites else 0
    if columns not in (0, spins * len(ORBITALS)):
        raise ValueError(
            f"{path}: {count_of(columns, 'column')} at a site, not "
            f"{spins * len(ORBITALS)}: "
            "written with LORBIT = 10, f states or spin-orbit coupling"
        )
    shape = (len(sites), len(whole), columns // spins, spins)
    projected = np.array(sites).reshape(shape)
    return DensityOfStates(
        energies=whole[:, 0],
        total=whole[:, 1 : 1 + spins].T,
        integrated=whole[:, 1 + spins :].T,
        projected=projected.transpose(0, 2, 3, 1),
        orbitals=ORBITALS if sites else (),
        efermi=efermi,
        nsw=nsw,
        origin=Origin(lengths=lengths),
    )


def _lengths(line: str) -> tuple[float, ...]:
    """Read the lengths of the lattice vectors, A: the volume of an atom, a, b, c in m.

    Empty where the line holds something else, as that of other programs does.
    """
    try:
        _, *metres, _ = map(float, line.split())
    except ValueError:
        return ()
    return tuple(1e10 * each for each in metres) if len(metres) == 3 else ()


def _block(
    path: Path, lines: Iterator[str], *, optional: bool = False
) -> tuple[float, Values]:
    """Read one header and its rows; nothing at the end of the file, if it may end."""
    header = next(lines, "").split()
    if not header and optional:
        return 0.0, np.empty((0, 0))
    try:
        number, efermi = int(header[2]), float(header[3])
        rows = [
            [float(word) for word in _LOST_E.sub(r"\1E\2", line).split()]
            for line in islice(lines, number)
        ]
        values = np.array(rows, dtype=float)
    except (ValueError, IndexError):
        raise ValueError(f"{path}: not a DOSCAR, or one that is cut") from None
    if len(values) != number:
        raise ValueError(
            f"{path}: cut after {len(values)} of {count_of(number, 'row')}"
        )
    return efermi, values


def read_vasprun_dos(path: Path) -> DensityOfStates:
    """Read the density of states of a vasprun.xml, packed or not.

    Raises
    ------
    ValueError
        There is no density of states in it.
    StoreError
        It has a form that VASP does not write.
    """
    from pymatgen.io.vasp import Vasprun

    refuse_namespaces(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of POTCARs we do not keep
        try:
            with plain_file(path) as plain:
                run = Vasprun(str(plain), parse_potcar_file=False, parse_dos=True)
        except ValueError as error:
            raise other_element(path, error) or error from None
    whole = not getattr(run, "dos_has_errors", False) and run.tdos is not None
    if whole and run.eigenvalues is not None and run.efermi is not None:
        spins = sorted(run.tdos.densities, key=lambda spin: -spin.value)
        names = [o.name for o in run.pdos[0]] if run.pdos else []
        projected = [
            [[site[o][spin] for spin in spins] for o in site] for site in run.pdos
        ]
        return DensityOfStates(
            energies=np.asarray(run.tdos.energies, dtype=float),
            total=np.array([run.tdos.densities[spin] for spin in spins]),
            integrated=np.array([run.idos.densities[spin] for spin in spins]),
            projected=np.array(projected, dtype=float),
            orbitals=tuple("dx2" if name == "dx2_y2" else name for name in names),
            efermi=float(run.efermi),
            nsw=int(run.parameters.get("NSW", 0)),
            nelect=float(run.parameters["NELECT"]),
            levels=band_gap(run.eigenvalues),
            origin=Origin(
                structure=run.final_structure,
                settings=shared_settings(run.parameters),
                hubbards=asked_hubbards(run),
                hubbard_j=asked_own_j(run),
                potcar=titels(run),
            ),
        )
    raise ValueError(f"{path}: holds no density of states")


def read_density(directory: Path) -> DensityOfStates:
    """Read the density of states of a run directory; vasprun.xml before DOSCAR.

    Raises
    ------
    ResultsError
        There is none, it is cut, or it is an average over ionic steps (NSW > 0).
    """
    plain = (found for found in run_files(directory) if found.suffix == "")
    return read_density_of(next(plain, VaspFiles(directory, "", {})))


def read_density_of(files: VaspFiles) -> DensityOfStates:
    """Read the density of states of one run, whatever its suffix.

    Raises
    ------
    ResultsError
        As :func:`read_density`.
    """
    vasprun, doscar = files.find("vasprun.xml"), files.find("DOSCAR")
    path = vasprun or doscar
    if path is None:
        raise ResultsError(f"{files.directory}: no vasprun.xml and no DOSCAR")
    try:
        dos = read_vasprun_dos(path) if vasprun else read_doscar(path, nsw=_nsw(files))
    except ResultsError:
        raise
    except (ValueError, OSError, SyntaxError, LnmoError) as error:
        raise ResultsError(f"{path}: {error}") from None
    except Exception as error:  # pymatgen raises whatever a form it lacks leads it to
        why = f"{type(error).__name__}: {one_line(error)}"
        raise ResultsError(f"{path}: its states cannot be read ({why})") from None
    refuse_relaxation(dos, path)
    return dos


def refuse_relaxation(dos: DensityOfStates, path: Path) -> None:
    """Refuse what VASP has added up over ionic steps.

    Raises
    ------
    ResultsError
        NSW is not 0.
    """
    if dos.nsw > 0:
        raise ResultsError(
            f"{path}: the density of states of a relaxation (NSW = {dos.nsw}) is that "
            "of no structure: VASP adds it up over the ionic steps. Take that of a run "
            "with NSW = 0"
        )


def _nsw(files: VaspFiles) -> int:
    outcar = files.find("OUTCAR")
    found = read_outcar_header(outcar).nsw if outcar is not None else None
    if found is None:
        raise ResultsError(
            f"{files.directory}: DOSCAR does not tell whether it is of a relaxation, "
            "and there is no OUTCAR beside it that does"
        )
    return found
