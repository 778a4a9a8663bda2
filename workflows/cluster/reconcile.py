"""Bring database, queue and records into agreement, and remove what a kill left."""

from __future__ import annotations

from collections.abc import Callable

from fireworks import LaunchPad

from workflows.cluster.problems import blocked_job, still_running
from workflows.cluster.profile import Profile, asked_of
from workflows.cluster.repair import reason, repair
from workflows.cluster.step_report import StepReport
from workflows.cluster.step_status import StepStatus, step_statuses
from workflows.errors import StoreBusy, StoreError
from workflows.launchpad.copies import copy_again, lost_copies
from workflows.launchpad.deleted import RECONCILE, left_in_bin, put_back
from workflows.launchpad.halves import Half, halves, remove_halves
from workflows.launchpad.lease import lease
from workflows.launchpad.recovery import contradicted, return_recorded
from workflows.launchpad.stale_locks import LEFT, stale_locks, unlock
from workflows.launchpad.steps import steps_of
from workflows.launchpad.unfinished_updates import WHY, unfinished_updates
from workflows.records.database import Database


def reconcile(
    launchpad: LaunchPad,
    database: Database,
    profile: Profile | None,
    *,
    fix: bool,
    confirm_lease: Callable[[], None] = lambda: None,
) -> list[StepReport]:
    """Compare database and queue and, with ``fix``, repair what differs.

    ``profile`` is None where no queue is. ``confirm_lease`` is called before each
    change.

    Raises
    ------
    QueueError
        The scheduler does not answer.
    """
    found, asked = (
        _deleted(launchpad, database, confirm_lease, fix=fix),
        asked_of(profile),
    )
    for fw_id in stale_locks(launchpad):
        if fix:
            confirm_lease()
            unlock(launchpad, fw_id)
        found.append(StepReport(fw_id, "workflow", "unlock", LEFT, fix))
    broken: set[int] = set()
    for half in _halves(launchpad, fix=fix):
        broken.update(half.fw_ids)
        action = half.cure if half.busy else "remove"
        done = fix and not half.busy
        found.append(StepReport(half.fw_id, half.name, action, half.why, done))
    for fw_id in unfinished_updates(launchpad):
        if fw_id in broken:
            continue
        if fix:
            confirm_lease()
        done, why = fix, WHY
        try:
            if fix:
                launchpad._refresh_wf(fw_id)
        except StoreError as error:
            done, why = False, str(error)
        found.append(StepReport(fw_id, "workflow", "update", why, done))
    for status in step_statuses(
        launchpad,
        scheduler=asked.scheduler,
        worker=asked.worker,
        max_returns=asked.max_returns,
        wanted={},
    ):
        if status.fw_id in broken:
            continue  # FireWorks changes no half
        if status.action.acts:
            if fix:
                confirm_lease()
            try:
                done = fix and repair(launchpad, status, database.root)
            except StoreError as error:  # one that cannot be repaired stops no other
                found.append(_unrepaired(status, error))
                continue
            if fix and not done:
                continue  # it changed by itself in the meantime
            action, why = str(status.action), reason(status)
            found.append(StepReport(status.fw_id, status.name, action, why, done))
        elif held := blocked_job(status) or still_running(status):
            found.append(held)
    steps = steps_of(launchpad, {})
    for step in contradicted(database.root, steps):
        if step["fw_id"] in broken:
            continue
        if fix:
            confirm_lease()
        why = (
            f"{step['state']}, but its record says otherwise; its files are read first"
        )
        if not fix or return_recorded(launchpad, database.root, [step]):
            own = step["fw_id"], str(step["name"])
            found.append(StepReport(*own, "retry", why, done=fix))
    for step in lost_copies(launchpad, database.root, steps):
        if fix:
            confirm_lease()
        if not fix or copy_again(launchpad, database.root, step):
            why = "the database has lost its record, or has an older one"
            found.append(
                StepReport(step["fw_id"], str(step["name"]), "copy", why, done=fix)
            )
    return found


def _deleted(
    launchpad: LaunchPad,
    database: Database,
    confirm_lease: Callable[[], None],
    *,
    fix: bool,
) -> list[StepReport]:
    """Put back what an interrupted deletion moved aside; report the rest."""
    left = left_in_bin(database, launchpad)
    if fix and left:
        confirm_lease()
        put_back(database, launchpad)
    stays = left_in_bin(database, launchpad) if fix and left else left
    found = []
    for each in left:
        now = next((other for other in stays if other.name == each.name), None)
        curable = each.cure == RECONCILE
        if now is None:
            found.append(StepReport(each.fw_id, each.name, "restore", each.why))
        else:
            action = "restore" if curable and not fix else now.cure
            report = StepReport(now.fw_id, now.name, action, now.why, done=False)
            found.append(report)
    return found


def _unrepaired(status: StepStatus, error: StoreError) -> StepReport:
    action = str(status.action)
    return StepReport(status.fw_id, status.name, action, str(error), done=False)


def _halves(launchpad: LaunchPad, *, fix: bool) -> list[Half]:
    """Return what is left of Workflows, unless a submission is adding them now."""
    found = halves(launchpad)
    if not found or not fix:
        return found
    try:
        with lease(launchpad, "submit", patience=1.0):
            return remove_halves(launchpad)
    except StoreBusy:
        return []
