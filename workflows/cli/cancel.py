"""``lnmo cancel`` and ``lnmo rerun``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workflows.cli.selection import Chosen
from workflows.cluster.cancel_rerun import Done, cancel, rerun
from workflows.records.database import Database

if TYPE_CHECKING:
    pass


def cancel_verb(
    database: Database, chosen: Chosen, *, dry_run: bool, as_json: bool
) -> int:
    """Cancel what was chosen, Fireworks and jobs."""
    from workflows.cluster.profile import read_profile
    from workflows.launchpad.lease import lease
    from workflows.launchpad.opening import queue_launchpad, refuse_embedded

    refuse_embedded(database)
    chosen.must_choose("cancel")
    profile = read_profile(database)
    with queue_launchpad(database) as pad, lease(pad, f"queue {profile.name}") as held:
        wanted = chosen.of_fireworks(pad)
        done = cancel(pad, profile, wanted, dry_run=dry_run, held=held)
    return _tell(done, as_json=as_json, dry_run=dry_run, nothing="nothing to cancel")


def rerun_verb(
    database: Database, chosen: Chosen, *, dead: bool, dry_run: bool, as_json: bool
) -> int:
    """Run failed or cancelled steps again; 1 if one was refused."""
    from workflows.cluster.profile import read_profile
    from workflows.launchpad.lease import lease
    from workflows.launchpad.opening import queue_launchpad, refuse_embedded

    refuse_embedded(database)
    chosen.must_choose("rerun")
    profile = read_profile(database)
    with queue_launchpad(database) as pad, lease(pad, f"queue {profile.name}") as held:
        wanted = chosen.of_fireworks(pad)
        done = rerun(
            *(pad, database, profile, wanted), dead=dead, dry_run=dry_run, held=held
        )
    return _tell(done, as_json=as_json, dry_run=dry_run, nothing="nothing to run again")


def _tell(done: Sequence[Done], *, as_json: bool, dry_run: bool, nothing: str) -> int:
    if as_json:
        print(json.dumps([vars(each) for each in done], indent=1))
    else:
        for each in done:
            print(f"{each.fw_id} {each.name}: {each.refused or each.did}")
        if not done:
            print(nothing)
        elif dry_run:
            print("dry run: nothing was changed")
    return 1 if any(each.refused for each in done) else 0
