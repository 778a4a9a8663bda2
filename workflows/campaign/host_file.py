"""``host: {file: cell.cif}``: the file read, and what of the host follows from it.

The one place of a campaign that reads a second file. Afterwards the campaign holds the
crystal, and formula, order, a and u are those of it.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.atomic import read_regular_bytes
from workflows.errors import CampaignError, one_line, printable, shortened

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures.crystal_host import OwnHost

MOST_BYTES = 20_000_000
SAME_LENGTH = 1e-4
"""A, or units of a: the host's a and u and those of its crystal agree this well."""
FIXED = ("a", "u")


def with_crystals(raw: Mapping[str, Any], folder: Path, source: str) -> dict[str, Any]:
    """Read the files that a campaign's host, and those of its variants, name.

    Parameters
    ----------
    raw
        A campaign as its file has it; what is wrong with it is left to its validation.
    folder
        Paths are relative to it.
    source
        The campaign file, for messages.

    Returns
    -------
    dict
        The same with ``host.crystal`` for ``host.file``, and formula, ordering, a and u
        that follow from it.

    Raises
    ------
    CampaignError
        The file is not there, is no crystal, or no spinel; or the campaign says
        otherwise than the crystal.
    """
    found = dict(raw)
    if isinstance(raw.get("host"), Mapping):
        found["host"] = _resolved(raw["host"], folder, f"{source}: host")
    variants = raw.get("variants")
    if isinstance(variants, Mapping):
        base = found["host"] if isinstance(raw.get("host"), Mapping) else {}
        ion = {"ion": base["ion"]} if base.get("ion") else {}
        found["variants"] = {
            name: {
                **own,
                "host": _resolved({**ion, **own["host"]}, folder, f"{source}: {name}"),
            }
            if isinstance(own, Mapping) and isinstance(own.get("host"), Mapping)
            else own
            for name, own in variants.items()
        }
    return found


def _resolved(host: Mapping[str, Any], folder: Path, source: str) -> dict[str, Any]:
    from workflows.campaign.host_crystal import Crystal, crystal_of

    name, given = host.get("file"), host.get("crystal")
    if name is None and given is None:
        return dict(host)
    if name is not None and given is not None:
        raise CampaignError(f"{source}: file and crystal are both given; keep one")
    if name is not None and not isinstance(name, str):
        raise CampaignError(
            f"{source}: file = {name!r}: expected the path of a crystal"
        )
    if host.get("primitive"):
        raise CampaignError(
            f"{source}: the cell is that of the crystal; remove primitive (supercell "
            "repeats it)"
        )
    try:
        if name is not None:
            path = folder / name
            crystal = crystal_of(
                read_crystal(path),
                source=path.name,
                sha256=hashlib.sha256(read_regular_bytes(path)).hexdigest(),
            )
        else:
            crystal = Crystal.model_validate(given)
        own = _mapped(crystal, host)
        derived = _derived(own, host)
    except CampaignError as error:
        raise CampaignError(f"{source}: {error}") from None
    except ValueError as error:  # StructuresError, ValidationError
        where = name if name is not None else "crystal"
        raise CampaignError(f"{source}: {where}: {one_line(error)}") from None
    kept = {key: value for key, value in host.items() if key != "file"}
    return {**kept, **derived, "crystal": crystal.model_dump(mode="json")}


def _mapped(crystal: Any, host: Mapping[str, Any]) -> OwnHost:
    from workflows.campaign.host_crystal import mapped

    times, ion = host.get("supercell"), host.get("ion")
    whole = isinstance(times, list | tuple) and len(times) == 3
    return mapped(
        crystal,
        tuple(times) if whole and times is not None else None,
        ion if isinstance(ion, str) else None,
    )


def _derived(own: OwnHost, host: Mapping[str, Any]) -> dict[str, Any]:
    """Return what follows from the crystal; refuse what the campaign says otherwise."""
    from structures.crystal_host import OWN

    read = own.host
    wrong = {key: value for key, value in host.items() if _differs(own, key, value)}
    if wrong:
        said = ", ".join(f"{key}: {value}" for key, value in wrong.items())
        order = "" if own.partial else f", ordering: {OWN}"
        raise CampaignError(
            f"{said} is not what the crystal has (formula: {read.formula}, a: "
            f"{read.a:g}, u: {read.u:g}{order}): remove {', '.join(wrong)}"
        )
    ordering = host.get("ordering") or ("disordered" if own.partial else OWN)
    return {
        "formula": read.formula,
        "ordering": ordering,
        "a": read.a,
        "u": read.u,
    }


def _differs(own: OwnHost, key: str, value: Any) -> bool:
    """Say whether a key of the host, if it is given, contradicts the crystal."""
    from structures.crystal_host import OWN
    from structures.formula import parse_formula, with_ion

    if value is None:
        return False
    if key == "formula":
        asked = parse_formula(with_ion(str(value), own.host.chemistry.ion))
        return dict(asked.metals) != dict(own.host.chemistry.metals)
    if key == "ordering":
        return not own.partial and value != OWN
    if key in FIXED and isinstance(value, int | float):
        return abs(value - float(getattr(own.host, key))) > SAME_LENGTH
    return False


def read_crystal(path: Path) -> Structure:
    """Read a crystal: CIF, POSCAR and what else pymatgen reads, else what ASE reads.

    Raises
    ------
    CampaignError
        There is no such file, or neither of them reads it as a crystal with a cell.
    """
    from pymatgen.core import Structure

    try:
        there = path.is_file()
        size = path.stat().st_size if there else 0
    except (OSError, ValueError) as error:  # a name that no file can have, a loop
        raise CampaignError(
            f"file: {printable(shortened(path, 80))} cannot be looked at "
            f"({shortened(getattr(error, 'strerror', None) or error)}); give the path "
            "of a crystal"
        ) from None
    if not there:
        raise CampaignError(
            f"file: {printable(path)} is not a file; paths are relative to the "
            "campaign file"
        )
    if size > MOST_BYTES:
        raise CampaignError(
            f"file: {printable(path)} has more than {MOST_BYTES // 10**6} MB"
        )
    problems = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of CIF dialects; what is read is checked
        for reader in (Structure.from_file, _read_with_ase):
            try:
                found = reader(path)
            except Exception as error:  # a parser may raise anything
                problems.append(one_line(error) or type(error).__name__)
            else:
                if isinstance(found, Structure) and len(found):
                    _refuse_impossible(found, path)
                    return found
                problems.append("no crystal with a cell")
    raise CampaignError(
        f"file: {printable(path)} is not read as a crystal (pymatgen: "
        f"{problems[0][:150]}; ASE: {problems[1][:150]}); give a CIF, a POSCAR "
        "or another file with a cell"
    )


def _refuse_impossible(found: Structure, path: Path) -> None:
    from workflows.campaign.host_crystal import MOST_SITES, without_volume

    shown = f"file: {printable(path)}"
    if len(found) > MOST_SITES:
        raise CampaignError(
            f"{shown} has {len(found)} sites, more than {MOST_SITES}: give the cell "
            "that is repeated, and host: {supercell: ...} to repeat it"
        )
    if problem := without_volume(found.lattice.matrix.tolist(), len(found)):
        raise CampaignError(f"{shown}: {problem}")
    for number, row in enumerate(found.frac_coords.tolist(), start=1):
        if not all(map(math.isfinite, row)):
            raise CampaignError(f"{shown}: atom {number} has no position")


def _read_with_ase(path: Path) -> Structure:
    from ase.io import read
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = read(path)
    if isinstance(atoms, list):
        raise ValueError("several crystals")
    if not (all(atoms.pbc) and atoms.cell.rank == 3):
        raise ValueError("no periodic cell")
    found: Structure = AseAtomsAdaptor.get_structure(atoms)
    return found
