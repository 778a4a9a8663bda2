"""``lnmo delete``: remove a campaign from the LaunchPad and from the disk."""

from __future__ import annotations

from typing import Annotated

import typer

from workflows.cli.options import CampaignName, JsonOption, LaunchpadOption
from workflows.cli.output import print_json


def delete(
    campaign: CampaignName,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="really delete; without it, only list what would be deleted",
        ),
    ] = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Delete what one campaign alone has submitted, results and all."""
    from workflows.campaign.campaign import load_campaign
    from workflows.launchpad import delete as deletion
    from workflows.launchpad.opening import owned
    from workflows.records.database import read_database

    database = read_database(launchpad)
    name = load_campaign(campaign).name
    with owned(database) as (pad, _):
        found = deletion.deletable(pad, database.root, name)
        if yes:
            deletion.delete(pad, database, found)
    if json:
        print_json({**found, "deleted": yes})
        return
    ids, shared = found["calculations"], found["shared"]
    for path in found["directories"]:
        print(path)
    verb = "deleted" if yes else "would be deleted"
    print(f"{len(ids)} calculations of campaign {name}, with these directories, {verb}")
    if shared:
        print(f"{len(shared)} that other campaigns share stay")
    if ids and not yes:
        print(f"nothing was changed; to delete: lnmo delete {campaign} --yes")
