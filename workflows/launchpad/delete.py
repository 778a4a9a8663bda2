"""``lnmo delete``: one campaign, told first, and never outside the data directory.

FireWorks' ``delete_wflows --ldirs`` removes whatever directory a launch ran in, which
may be the project itself; here only directories that are named by ids are removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.errors import StoreError
from workflows.records.database import Database

if TYPE_CHECKING:
    from fireworks import LaunchPad

BUSY = ("RESERVED", "RUNNING")


def deletable(launchpad: LaunchPad, root: Path, campaign: str) -> dict[str, Any]:
    """Return what belongs to a campaign alone.

    Returns
    -------
    dict
        campaign, calculations (ids), shared (ids), fw_ids, directories (paths).

    Raises
    ------
    StoreError
        A step is running or reserved; or a directory is a link out of the root.
    """
    from workflows.launchpad.steps import with_reseeds

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
        *(root / "calculations" / each for each in ids),
        *(root / "queue" / str(each) for each in fw_ids),
    ]
    return {
        "campaign": campaign,
        "calculations": ids,
        "shared": sorted(shared),
        "fw_ids": fw_ids,
        "directories": [_inside(p, root) for p in places if p.exists()],
    }


def delete(launchpad: LaunchPad, database: Database, found: Mapping[str, Any]) -> None:
    """Delete what :func:`deletable` returned: the database first, so nothing starts."""
    from workflows.launchpad.embedded import in_one_save
    from workflows.records.store import COLLECTION

    fw_ids, ids = list(found["fw_ids"]), list(found["calculations"])
    with in_one_save(launchpad):
        launchpad.fireworks.delete_many({"fw_id": {"$in": fw_ids}})
        launchpad.workflows.delete_many({"metadata.calculation_id": {"$in": ids}})
        launchpad.launches.delete_many({"fw_id": {"$in": fw_ids}})
        _leave(launchpad, found["shared"], found["campaign"])
    if not database.embedded:
        documents = launchpad.db[COLLECTION]
        documents.delete_many({"calculation_id": {"$in": ids}})
    for path in found["directories"]:
        shutil.rmtree(_inside(path, database.root))


def _leave(launchpad: LaunchPad, shared: Sequence[str], campaign: str) -> None:
    if shared:
        launchpad.workflows.update_many(
            {"metadata.calculation_id": {"$in": list(shared)}},
            {"$pull": {"metadata.campaigns": campaign}},
        )


def _inside(path: Path, root: Path) -> Path:
    """Refuse a path that is, or leads, outside the data directory."""
    top = root.resolve()
    if path.is_symlink() or not path.resolve().is_relative_to(top) or path == top:
        raise StoreError(
            f"{path}: leads outside the data directory {top}; nothing was deleted. "
            "Remove the link by hand if it is to go"
        )
    return path
