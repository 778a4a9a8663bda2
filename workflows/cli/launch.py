"""``lnmo launch``: submit queue jobs for Fireworks that are ready."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.cluster.launch import Submitted, check_paths, launch, planned
from workflows.records.database import Database

if TYPE_CHECKING:
    pass

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def launch_verb(
    database: Database, *, max_jobs: int | None, dry_run: bool, as_json: bool
) -> int:
    """Submit, print; 1 if the scheduler refused one."""
    from workflows.cluster.profile import read_profile
    from workflows.launchpad.mongodb import connected
    from workflows.launchpad.opening import refuse_embedded

    refuse_embedded(database)
    profile = read_profile(database)
    if max_jobs is not None:
        profile = replace(profile, max_jobs=max_jobs)
    check_paths(database)
    if dry_run and database.launchpad["host"] in LOOPBACK:
        host = database.launchpad["host"]
        print(
            f"lnmo: note: host: {host} is, on a compute node, that node itself",
            file=sys.stderr,
        )
    with connected(database) as pad:
        if dry_run:
            found, full = planned(pad, database, profile), False
        else:
            found, full = launch(pad, database, profile)
    if as_json:
        print(json.dumps([vars(each) for each in found], indent=1))
    else:
        _tell(found, full=full, dry_run=dry_run)
    for each in found:
        if each.refused:
            print(f"lnmo: {each.name}: refused: {each.refused}", file=sys.stderr)
    return 1 if any(each.refused for each in found) else 0


def _tell(found: list[Submitted], *, full: bool, dry_run: bool) -> None:
    if dry_run:
        shown: set[str] = set()
        for each in found:
            print(f"would submit {each.fw_id} {each.name}")
            if each.step not in shown:
                shown.add(each.step)
                print("".join(f"    {line}\n" for line in each.script.splitlines()))
        print(f"dry run: {len(found)} jobs would be submitted, none was")
        return
    taken = [each for each in found if each.job_id is not None]
    for each in taken:
        print(f"job {each.job_id}: {each.fw_id} {each.name}")
    if full:
        print(f"{len(taken)} jobs submitted; the queue is as full as allowed (-m)")
    elif taken:
        print(f"{len(taken)} jobs submitted")
    elif not found:
        print("nothing is READY for this worker; see lnmo status")
