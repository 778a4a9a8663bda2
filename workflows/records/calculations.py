"""Calculations kept beside the LaunchPad, each once; Fireworks hold only a header.

A structure and its settings are ten kilobytes, the same in every step of a calculation.
In each Firework they would be copied at every query that FireWorks makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from workflows.atomic import parse_json
from workflows.campaign.calculation import Calculation
from workflows.errors import StoreError, printable, shortened

CALCULATION_COLLECTION = "lnmo_calculations"
"""Beside the LaunchPad's own collections: ``_id`` is the calculation's, and the
calculation is JSON text."""

HEADER = (
    "id",
    "engine",
    "x",
    "n_li",
    "formula",
    "insertion",
    "steps",
    "campaign",
    "variant",
    "reference",
)
"""Fields of a calculation in a Firework's spec: enough to list it."""

DAMAGE = (LookupError, TypeError, ValueError, AttributeError)
"""What comes of reading a calculation that a hand has changed."""


def keep(db: Any, calculations: Iterable[Mapping[str, Any]]) -> None:
    """Keep calculations, as ``Calculation.as_dict`` returns them; safe to repeat.

    ``db`` is the LaunchPad's database.
    """
    collection = db[CALCULATION_COLLECTION]
    for plain in calculations:
        text = json.dumps(plain, separators=(",", ":"))
        found = {"_id": plain["id"], "calculation": text}
        collection.replace_one({"_id": plain["id"]}, found, upsert=True)


def missing(db: Any, ids: Iterable[str]) -> set[str]:
    """Return which of these calculations the database does not have."""
    wanted = set(ids)
    asked = {"_id": {"$in": list(wanted)}}
    held = db[CALCULATION_COLLECTION].find(asked, {"_id": 1})
    return wanted - {each["_id"] for each in held}


def header(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a calculation that a Firework's spec holds."""
    return {name: plain[name] for name in HEADER}


def is_whole(plain: Mapping[str, Any]) -> bool:
    """Return whether it is a whole calculation, as earlier Fireworks hold it."""
    return "structure" in plain


def fetch(db: Any, plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole calculation of a header; a whole one is returned as it is.

    Raises
    ------
    StoreError
        The database does not have it, or what it has is damaged.
    """
    return dict(plain) if is_whole(plain) else _kept(db, plain)[0]


def calculation_of(db: Any, plain: Mapping[str, Any]) -> Calculation:
    """Return the calculation of a header, or a whole one; raises as `fetch` does."""
    if not is_whole(plain):
        return _kept(db, plain)[1]
    try:
        return Calculation.from_dict(plain)
    except DAMAGE as error:
        raise StoreError(
            f"calculation {plain['id']} is damaged in its Firework ({_short(error)}): "
            "restore the collection fireworks from a dump; or lnmo delete "
            f"{plain['campaign']}, and submit it again"
        ) from None


def _kept(db: Any, plain: Mapping[str, Any]) -> tuple[dict[str, Any], Calculation]:
    found = db[CALCULATION_COLLECTION].find_one({"_id": plain["id"]})
    if found is None:
        raise StoreError(
            f"calculation {plain['id']} is not in {CALCULATION_COLLECTION}: was it "
            f"deleted? Submit {plain['campaign']} again (lnmo submit or lnmo run): "
            "that puts it back"
        )
    try:
        whole = parse_json(found["calculation"])
        calculation = Calculation.from_dict(whole)
        if calculation.id == plain["id"]:
            return whole, calculation
        problem = f"it is calculation {printable(shortened(calculation.id))}"
    except DAMAGE as error:
        problem = _short(error)
    where = CALCULATION_COLLECTION
    raise StoreError(
        f"calculation {plain['id']} in {where} is damaged ({problem}): restore it from "
        f"a dump; or remove it: db.{where}.deleteOne({{_id: "
        f"{json.dumps(plain['id'])}}}), then submit {plain['campaign']} again"
    )


def _short(error: Exception) -> str:
    return printable(shortened(f"{type(error).__name__}: {error}", 80))


def forget(db: Any, ids: Iterable[str]) -> None:
    """Delete calculations by id."""
    db[CALCULATION_COLLECTION].delete_many({"_id": {"$in": list(ids)}})
