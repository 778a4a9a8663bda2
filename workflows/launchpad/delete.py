"""Delete one campaign, and nothing outside the data directory.

FireWorks' ``delete_wflows --ldirs`` removes the directory a launch ran in, whatever it
is: it may be the project itself. Here only directories named by ids are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fireworks import LaunchPad

from workflows.errors import StoreError
from workflows.launchpad.embedded import in_one_save
from workflows.launchpad.steps import QUEUE_DIRECTORY, with_reseeds
from workflows.records.calculations import forget
from workflows.records.database import Database
from workflows.records.file_store import CALCULATIONS
from workflows.records.mongo_store import COLLECTION

BUSY = ("RESERVED", "RUNNING")


def deletable(launchpad: LaunchPad, root: Path, campaign: str) -> dict[str, Any]:
    """Return what belongs to a campaign alone.

    Keys: campaign, calculations (ids), shared (ids), fw_ids, directories (paths).

    Raises
    ------
    StoreError
        A step is running or reserved; or a directory is a link out of the root.
    """
    own: list[Mapping[str, Any]] = []
    shared = []
    fields = {"_id": 0, "metadata": 1, "nodes": 1}
    for found in launchpad.workflows.find({"metadata.campaigns": campaign}, fields):
        if len(found["metadata"]["campaigns"]) > 1:
            shared.append(found["metadata"]["calculation_id"])
        else:
            own.append(found)
    fw_ids = sorted(n for found in own for n in found["nodes"])
    busy = launchpad.fireworks.find_one(
        {"fw_id": {"$in": fw_ids}, "state": {"$in": list(BUSY)}},
        {"name": 1, "state": 1},
    )
    if busy is not None:
        raise StoreError(
            f"{busy['name']} is {busy['state']}; first: lnmo cancel {campaign}, and "
            "lnmo reconcile --fix until nothing runs"
        )
    planned = (found["metadata"]["calculation_id"] for found in own)
    ids = sorted(with_reseeds(launchpad, planned))
    places = [
        *(root / CALCULATIONS / each for each in ids),
        *(root / QUEUE_DIRECTORY / str(each) for each in fw_ids),
    ]
    return {
        "campaign": campaign,
        "calculations": ids,
        "shared": sorted(shared),
        "fw_ids": fw_ids,
        "directories": [_checked(p, root) for p in places if p.exists()],
    }


def delete(launchpad: LaunchPad, database: Database, found: Mapping[str, Any]) -> None:
    """Delete what :func:`deletable` returned: database first, so nothing starts."""
    fw_ids, ids = list(found["fw_ids"]), list(found["calculations"])
    with in_one_save(launchpad):
        launchpad.fireworks.delete_many({"fw_id": {"$in": fw_ids}})
        launchpad.workflows.delete_many({"metadata.calculation_id": {"$in": ids}})
        launchpad.launches.delete_many({"fw_id": {"$in": fw_ids}})
        forget(launchpad.db, ids)
        _leave_campaign(launchpad, found["shared"], found["campaign"])
    if not database.embedded:
        documents = launchpad.db[COLLECTION]
        documents.delete_many({"calculation_id": {"$in": ids}})
    for path in found["directories"]:
        shutil.rmtree(_checked(path, database.root))


def _leave_campaign(launchpad: LaunchPad, shared: Sequence[str], campaign: str) -> None:
    if shared:
        launchpad.workflows.update_many(
            {"metadata.calculation_id": {"$in": list(shared)}},
            {"$pull": {"metadata.campaigns": campaign}},
        )


def _checked(path: Path, root: Path) -> Path:
    """Return the path; reject one that is, or leads, outside the data directory."""
    top = root.resolve()
    if path.is_symlink() or not path.resolve().is_relative_to(top) or path == top:
        raise StoreError(
            f"{path}: leads outside the data directory {top}; nothing was deleted. "
            "Remove the link by hand if you want to"
        )
    return path
