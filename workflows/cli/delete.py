"""``lnmo delete``: remove calculations from the LaunchPad and the disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from workflows.campaign.campaign import load_campaign
from workflows.launchpad.delete import deletable, delete
from workflows.records.database import Database

if TYPE_CHECKING:
    pass


def delete_verb(database: Database, name: str, *, yes: bool, as_json: bool) -> None:
    """Delete a campaign's Workflows, documents and directories; told only if not yes.

    Raises
    ------
    StoreError
        A step of it is running or reserved, or a directory lies outside.
    """
    from workflows.launchpad.opening import owned

    campaign = load_campaign(name).name
    with owned(database) as (pad, _):
        found = deletable(pad, database.root, campaign)
        if yes:
            delete(pad, database, found)
    if as_json:
        print(json.dumps({**found, "deleted": yes}, indent=1, default=str))
        return
    ids, shared = found["calculations"], found["shared"]
    for path in found["directories"]:
        print(path)
    verb = "deleted" if yes else "would be deleted"
    print(
        f"{len(ids)} calculations of campaign {campaign}, with these directories, "
        f"{verb}"
    )
    if shared:
        print(f"{len(shared)} that other campaigns share stay")
    if ids and not yes:
        print(f"nothing was changed; to delete: lnmo delete {name} --yes")
