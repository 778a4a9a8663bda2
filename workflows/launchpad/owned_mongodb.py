"""The LaunchPad on a MongoDB, as lnmo uses it, and that of one ``lnmo run``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fireworks import Firework, FWorker, LaunchPad, Workflow
from fireworks.core.launchpad import LockedWorkflowError
from pymongo.errors import PyMongoError

from workflows.errors import StoreBusy, StoreError
from workflows.launchpad.counters import begin
from workflows.launchpad.file_lock import OwnershipLost
from workflows.launchpad.launch_owner import UNENDED
from workflows.launchpad.unfinished_updates import refreshed
from workflows.launchpad.workflow_lock import (
    WorkflowLock,
    locked_for_minutes,
    refuse_lost,
)
from workflows.records.opened_data import OpenedData

TRIES = 5
"""How often a refresh begins again because another process was faster."""


class FireworkTaken(StoreError):
    """A Firework was changed by another process; nothing of this one was written."""

    def __str__(self) -> str:
        """Return what was taken, without the launches."""
        return f"{self.args[0]}; nothing was changed"


class ChangedMeanwhile(FireworkTaken):
    """The state of a Firework, or its Workflow, is not as it was read."""


class MongoLaunchPad(LaunchPad):  # type: ignore[misc]
    """FireWorks' LaunchPad: no wait for a lost Workflow, no old copy for a later one.

    FireWorks reads a Firework, changes it in memory and writes it as a whole. A process
    that was stopped in between, and was declared dead, would put its old copy in the
    place of its successor's. The launches of a Firework become more, and are archived,
    and never less: so a copy that lacks one is known to be old. A Workflow is written
    only by who has its lock.
    """

    _lock: WorkflowLock | None = None
    _taking = False

    def checkout_fw(
        self, fworker: FWorker, launch_dir: str, *args: Any, **kw: Any
    ) -> Any:
        """Check out; None, None if another process took the Firework meanwhile."""
        self._taking = True
        try:
            return super().checkout_fw(fworker, launch_dir, *args, **kw)
        except FireworkTaken as taken:
            left = {"launch_id": {"$in": list(taken.args[1])}}
            own = {**left, "state": {"$in": list(UNENDED)}}
            self.launches.update_many(own, {"$set": {"state": "FIZZLED"}})
            return None, None
        finally:
            self._taking = False

    @contextmanager
    def alone(self, fw_id: int) -> Iterator[None]:
        """Keep other processes from changing the Workflow of a Firework.

        Raises
        ------
        WorkflowLost
            No Workflow holds it.
        LockedWorkflowError
            Another process has changed it for minutes.
        """
        refuse_lost(self, fw_id)
        with WorkflowLock(self, fw_id) as lock:
            before, self._lock = self._lock, lock
            try:
                yield
            finally:
                self._lock = before

    def add_wf(
        self, wf: Workflow | Firework, reassign_all: bool = True
    ) -> dict[int, int]:
        """Add a Workflow of ours, unless its calculation has one.

        Looking and adding are one command, and the Fireworks come second. So a process
        that was stopped, and wakes after another one has added it, adds nothing.

        Raises
        ------
        StoreBusy
            Another process has it, or has removed what was added.
        """
        if not isinstance(wf, Workflow) or "calculation_id" not in wf.metadata:
            return dict(super().add_wf(wf, reassign_all))
        for root in wf.root_fw_ids:
            wf.id_fw[root].state = wf.fw_states[root] = "READY"
        fireworks = sorted(wf.id_fw.values(), key=lambda each: each.fw_id)
        first = self.get_new_fw_id(quantity=len(fireworks))
        new = {each.fw_id: n for n, each in enumerate(fireworks, first)}
        wf._reassign_ids(new)
        for each in fireworks:
            each.fw_id = new[each.fw_id]
        own = str(wf.metadata["calculation_id"])
        # an upsert by equality would write this key beside the metadata: a conflict
        same = {"metadata.calculation_id": {"$gte": own, "$lte": own}}
        added = {"$setOnInsert": wf.to_db_dict()}
        if self.workflows.update_one(same, added, upsert=True).upserted_id is None:
            raise _submitted_twice(own)
        self.fireworks.insert_many([each.to_db_dict() for each in fireworks])
        if self.workflows.find_one({"nodes": first}, {"_id": 1}) is None:
            numbers = {"fw_id": {"$in": list(new.values())}, "launches": []}
            self.fireworks.delete_many(numbers)
            raise _submitted_twice(own)
        return new

    def get_new_fw_id(self, quantity: int = 1) -> int:
        """Return the next fw_id; counters that were lost begin above what is there."""
        self._count_again()
        return int(super().get_new_fw_id(quantity))

    def get_new_launch_id(self) -> int:
        """Return the next launch_id, as :meth:`get_new_fw_id` does."""
        self._count_again()
        return int(super().get_new_launch_id())

    def _count_again(self) -> None:
        if self.fw_id_assigner.find_one({}, {"_id": 1}) is None:
            begin(self)

    def get_wf_by_fw_id_lzyfw(self, fw_id: int) -> Workflow:
        """Return the Workflow of a Firework, with the states that its Fireworks have.

        The Workflow remembers the states as well, but a killed process may have changed
        them in the Fireworks alone.
        """
        return self._read(fw_id)[0]

    def _read(self, fw_id: int) -> tuple[Workflow, dict[int, str]]:
        """Return a Workflow, and the states that it remembers."""
        workflow = super().get_wf_by_fw_id_lzyfw(fw_id)
        told = dict(workflow.fw_states)
        asked = {"fw_id": {"$in": list(workflow.id_fw)}}
        found = self.fireworks.find(asked, {"_id": 0, "fw_id": 1, "state": 1})
        states = {each["fw_id"]: each["state"] for each in found}
        workflow.fw_states = {**told, **states}
        if self._lock is not None:
            self._lock.states = states
        return workflow, told

    def _refresh_wf(self, fw_id: int) -> None:
        """Refresh a Firework and what comes after it, from what the database has now.

        Raises
        ------
        WorkflowLost
            No Workflow holds this Firework; FireWorks alone waits five minutes.
        FireworkTaken
            Another process has changed a Firework meanwhile.
        StoreBusy
            Another process has had the lock for minutes. A check-out goes on: only what
            the Workflow remembers of it is old.
        PyMongoError
            The database does not answer. The next refresh does all of it.
        """
        for again in reversed(range(TRIES)):
            try:
                with self.alone(fw_id):
                    workflow, told = self._read(fw_id)
                    self._update_wf(workflow, refreshed(workflow, told, fw_id))
                return
            except LockedWorkflowError:
                if self._taking:
                    return
                raise locked_for_minutes(fw_id) from None
            except ChangedMeanwhile:
                if not again:
                    raise
            except (StoreError, PyMongoError):
                raise
            except Exception as error:  # as FireWorks does: it cannot be read
                fizzled = {"$set": {"state": "FIZZLED"}}
                self.fireworks.update_one({"fw_id": fw_id}, fizzled)
                raise RuntimeError(f"Error refreshing workflow: {error}") from error

    def _update_wf(self, wf: Workflow, updated_ids: Iterable[int]) -> None:
        """Write what has changed, if this process has the lock of the Workflow.

        Raises
        ------
        FireworkTaken
            Another process has changed a Firework meanwhile.
        """
        new = self._upsert_fws([wf.id_fw[each] for each in updated_ids])
        wf._reassign_ids(new)
        locked = True if self._lock is None else self._lock.token
        old = next(each for each in wf.id_fw if each not in new.values())
        document = wf.to_db_dict()
        del document["metadata"]  # another campaign may be noted there meanwhile
        own = {"nodes": old, "locked": locked}
        if self.workflows.find_one_and_update(own, {"$set": document}):
            return
        added = {"fw_id": {"$in": list(new.values())}, "launches": []}
        self.fireworks.delete_many(added)
        raise ChangedMeanwhile(
            f"another process has changed the Workflow of Firework {old} meanwhile", ()
        )

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
        states = self._lock.states if self._lock is not None else {}
        fields = {"_id": 0, "state": 1, **dict.fromkeys(names, 1)}
        while True:
            now = self.fireworks.find_one(one, fields)
            if now is None:
                raise FireworkTaken(
                    f"Firework {new['fw_id']} was deleted meanwhile", known
                )
            if not (set(now[names[0]]) <= known and set(now[names[1]]) <= archived):
                own = known - set(now[names[0]]) - set(now[names[1]])
                raise FireworkTaken(
                    f"another process has taken Firework {new['fw_id']} meanwhile", own
                )
            if now["state"] != states.get(new["fw_id"], now["state"]):
                raise ChangedMeanwhile(
                    f"another process has made Firework {new['fw_id']} {now['state']} "
                    "meanwhile",
                    (),
                )
            if self.fireworks.find_one_and_replace({**one, **now}, dict(new)):
                return


def _submitted_twice(calculation_id: str) -> StoreBusy:
    return StoreBusy(
        f"another process submits calculation {calculation_id}; nothing more was "
        "added. Type this again: what is there stays"
    )


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
