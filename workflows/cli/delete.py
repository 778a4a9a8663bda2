"""``lnmo delete``: remove a campaign from the LaunchPad and from the disk."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workflows.cli.examples import epilog
from workflows.cli.options import json_option, launchpad_option, named_campaign
from workflows.cli.output import note, print_json
from workflows.counts import count_of
from workflows.errors import CampaignError, StoreError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.campaign.campaign import Campaign
    from workflows.records.database import Database
    from workflows.records.document import TaskDocument


@click.command(epilog=epilog("delete"))
@named_campaign
@click.option(
    "--yes",
    is_flag=True,
    help="really delete; without it, only list what would be deleted",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="also what the campaign no longer plans, and results older than its entry",
)
@launchpad_option
@json_option
def delete(
    campaign: str,
    yes: bool,
    everything: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Delete what this campaign alone has submitted, with its results.

    Two things stay without --all: calculations that the campaign does not plan today
    (it was edited, or another file has a campaign of that name), and results older than
    the LaunchPad's entry of the campaign (it cannot know which campaigns share them).
    """
    from workflows.campaign.campaign import load_campaign
    from workflows.cli.selection import Selection, at_launchpad
    from workflows.launchpad import delete as deletion
    from workflows.launchpad.deleted import deletion_lock, returned, told
    from workflows.launchpad.embedded import EmbeddedLaunchPad
    from workflows.launchpad.opening import owned

    project = Selection(None, launchpad=launchpad, or_embedded=True, new_data=False)
    database = project.database()
    chosen = load_campaign(campaign)
    name = chosen.name
    with owned(database) as (pad, _), ExitStack() as stack:
        alone = isinstance(pad, EmbeddedLaunchPad)  # under its lock nobody else runs
        confirm = None
        if yes:
            confirm = stack.enter_context(deletion_lock(database, pad))
            back = told(returned(pad, database.root, confirm))
            if back:
                note(back)
        recorded, planned = None, None
        if not everything:
            recorded = deletion.first_recorded(_documents(database))
            kinds = deletion.submitted_kinds(pad, name)
            planned = _planned(chosen, kinds, database.root)
        found = deletion.deletable(
            pad, database.root, name, recorded, planned, alone=alone
        )
        _refuse_living_jobs(pad, database, found["fw_ids"])
        if yes and isinstance(pad, EmbeddedLaunchPad):
            pad.return_lost()
        if confirm is not None:
            deletion.delete(pad, database, found, confirm)
    if json:
        print_json({**found, "deleted": yes})
        return
    at = at_launchpad(launchpad)
    ids, shared = found["calculations"], found["shared"]
    old, unplanned = found["older"], found["unplanned"]
    for path in found["directories"]:
        print(path)
    verb = "deleted" if yes else "would be deleted"
    print(
        f"{count_of(len(ids), 'calculation')} of campaign {name}, with these "
        f"directories, {verb}"
    )
    if shared:
        print(
            count_of(
                len(shared),
                "that other campaigns share stays",
                "that other campaigns share stay",
            )
        )
    if metals := found["needed"]:
        print(
            count_of(
                len(metals),
                "reference that calculations named so need stays",
                "references that calculations named so need stay",
            )
        )
    if unplanned:
        print(
            f"{count_of(len(unplanned), f'named {name} stays', f'named {name} stay')} "
            f"({', '.join(unplanned[:3])}"
            f"{', ...' if unplanned[3:] else ''}): {campaign} does not plan them "
            "today; it was edited, or another file has a campaign of this name"
        )
    if old:
        print(
            f"{len(old)} with results older than this LaunchPad's entry of {name} "
            "stay: the LaunchPad cannot know whether another campaign shares them"
        )
    if (old or unplanned) and not everything:
        print(f"to take those too: lnmo delete {shlex.quote(campaign)} --all{at}")
    if ids and not yes:
        words = " --all" if everything else ""
        again = f"lnmo delete {shlex.quote(campaign)}{words} --yes{at}"
        print(f"nothing was changed; to delete: {again}")


def _refuse_living_jobs(
    pad: LaunchPad, database: Database, fw_ids: Sequence[int]
) -> None:
    """Ask this site's queue, where there is one, for jobs that were given up."""
    from workflows.cluster.profile import ADAPTER_FILE, read_profile
    from workflows.cluster.step_status import jobs_of_earlier_launches

    if database.embedded or not database.path.with_name(ADAPTER_FILE).exists():
        return
    profile = read_profile(database)
    wanted = {"fw_id": {"$in": list(fw_ids)}}
    living = jobs_of_earlier_launches(pad, profile.scheduler(), profile.name, wanted)
    for fw_id, job in living.items():
        raise StoreError(
            f"job {job} of an earlier launch of step {fw_id} is still alive; first: "
            f"lnmo cancel --fw-id {fw_id}. Then type this again; nothing was deleted"
        )


def _planned(
    campaign: Campaign, kinds: Mapping[str, Collection[float]], root: Path
) -> set[str]:
    """Return the ids that a campaign plans today, with engine and x as submitted."""
    from workflows.records.plan_cache import kept_plan

    ids: set[str] = set()
    for engine, x in kinds.items():
        for own in (campaign.x, tuple(sorted(x))):
            with suppress(CampaignError):  # plans none of these any more
                asked = campaign.override(engine=engine, x=own)
                ids |= {each.id for each in kept_plan(asked, root, keep=False)}
    return ids


def _documents(database: Database) -> Iterator[TaskDocument]:
    from workflows.records.store import results_store

    return (each.document for each in results_store(database).summaries())
