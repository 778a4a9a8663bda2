"""``host: {file: cell.cif}``: the file read, and what of the host follows from it.

The one place of a campaign that reads a second file. Afterwards the campaign holds the
crystal, and formula, order, a and u are those of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from structures.values import MOST_REPEATS
from workflows.atomic import read_regular_bytes
from workflows.errors import CampaignError, one_line, printable, shortened

if TYPE_CHECKING:
    from structures.crystal_host import OwnHost

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
    from workflows.campaign.host_reader import read_crystal
    from workflows.campaign.messages import explained

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
    except ValueError as error:  # StructuresError among them
        where = printable(shortened(name, 80)) if name is not None else "crystal"
        told = (
            explained(error, Crystal)
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise CampaignError(f"{source}: {where}: {one_line(told)}") from None
    kept = {key: value for key, value in host.items() if key != "file"}
    return {**kept, **derived, "crystal": crystal.model_dump(mode="json")}


def _mapped(crystal: Any, host: Mapping[str, Any]) -> OwnHost:
    from workflows.campaign.host_crystal import mapped

    times, ion = host.get("supercell"), host.get("ion")
    whole = (
        isinstance(times, list | tuple)
        and len(times) == 3
        and all(type(n) is int and 1 <= n <= MOST_REPEATS for n in times)
    )
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
