"""The LaunchPad on a MongoDB, as lnmo uses it, and that of one ``lnmo run``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fireworks import Firework, FWorker, LaunchPad, Workflow

from workflows.errors import StoreError
from workflows.launchpad.file_lock import OwnershipLost
from workflows.records.opened_data import OpenedData

BUSY = ["RUNNING", "RESERVED"]


class MongoLaunchPad(LaunchPad):  # type: ignore[misc]
    """FireWorks' LaunchPad: no wait for a lost Workflow, no old copy for a later one.

    FireWorks reads a Firework, changes it in memory and writes it as a whole. A process
    that was stopped in between, and was declared dead, would put its old copy in the
    place of its successor's. The launches of a Firework become more, and are archived,
    and never less: so a copy that lacks one is known to be old.
    """

    _refreshing = False

    def checkout_fw(
        self, fworker: FWorker, launch_dir: str, *args: Any, **kw: Any
    ) -> Any:
        """Check out; None, None if another process took the Firework meanwhile."""
        try:
            return super().checkout_fw(fworker, launch_dir, *args, **kw)
        except (_Taken, FireworkTaken) as taken:
            own = {"launch_id": {"$in": list(taken.args[1])}, "state": {"$in": BUSY}}
            self.launches.update_many(own, {"$set": {"state": "FIZZLED"}})
            return None, None

    def _refresh_wf(self, fw_id: int) -> None:
        """Refresh; FireWorks alone waits five minutes for the lock of a lost Workflow.

        Raises
        ------
        WorkflowLost
            No Workflow holds this Firework.
        FireworkTaken
            Another process has changed a Firework meanwhile.
        """
        refuse_lost(self, fw_id)
        self._refreshing = True
        try:
            super()._refresh_wf(fw_id)
        except _Taken as taken:
            raise FireworkTaken(*taken.args) from None
        finally:
            self._refreshing = False

    def _update_wf(self, wf: Workflow, updated_ids: Iterable[int]) -> None:
        try:
            super()._update_wf(wf, updated_ids)
        except _Taken as taken:
            if self._refreshing:  # which would make a Firework FIZZLED for an Exception
                raise
            raise FireworkTaken(*taken.args) from None

    def _upsert_fws(
        self, fws: list[Firework], reassign_all: bool = False
    ) -> dict[int, int]:
        new = [each for each in fws if reassign_all or each.fw_id < 0]
        for each in sorted(fws, key=lambda each: each.fw_id):
            if each not in new:
                self._replace(each.to_db_dict())
        found: dict[int, int] = super()._upsert_fws(new, reassign_all) if new else {}
        return found

    def _replace(self, new: Mapping[str, Any]) -> None:
        """Replace a Firework unless a launch of it is not known to the new one."""
        one, names = {"fw_id": new["fw_id"]}, ("launches", "archived_launches")
        archived = set(new["archived_launches"])
        known = archived | set(new["launches"])
        while True:
            now = self.fireworks.find_one(one, {"_id": 0, **dict.fromkeys(names, 1)})
            if now is None:
                raise _Taken(f"Firework {new['fw_id']} was deleted meanwhile", known)
            if not (set(now[names[0]]) <= known and set(now[names[1]]) <= archived):
                own = known - set(now[names[0]]) - set(now[names[1]])
                raise _Taken(
                    f"another process has taken Firework {new['fw_id']} meanwhile", own
                )
            if self.fireworks.find_one_and_replace({**one, **now}, dict(new)):
                return


class _Taken(BaseException):
    """As `FireworkTaken`; for an Exception FireWorks makes the Firework FIZZLED."""


class FireworkTaken(StoreError):
    """A Firework was changed by another process; nothing of this one was written."""

    def __str__(self) -> str:
        """Return what was taken, without the launches."""
        return f"{self.args[0]}; nothing was changed"


def refuse_lost(launchpad: LaunchPad, fw_id: int) -> None:
    """Refuse to change a Firework that no Workflow holds.

    Raises
    ------
    WorkflowLost
        With the cure.
    """
    if launchpad.workflows.find_one({"nodes": fw_id}, {"_id": 1}) is None:
        raise WorkflowLost(
            f"no Workflow holds Firework {fw_id}: the collection workflows was lost, "
            "or is older than the rest. Records stay; type lnmo reconcile --fix, then "
            "submit again"
        )


class WorkflowLost(StoreError):
    """A Firework is alone; FireWorks cannot change its state."""


class OwnedMongo(MongoLaunchPad):
    """FireWorks' LaunchPad, which hands nothing out without its data directory.

    Attributes
    ----------
    owner
        The data directory as it was opened; None before that.
    """

    owner: OpenedData | None = None

    def checkout_fw(
        self, fworker: FWorker, launch_dir: str, *args: Any, **kw: Any
    ) -> Any:
        """Check out.

        Raises
        ------
        OwnershipLost
            The data directory is no longer the one that was opened.
        """
        if self.owner is not None and (problem := self.owner.problem()):
            raise OwnershipLost(problem)
        return super().checkout_fw(fworker, launch_dir, *args, **kw)
