"""The LaunchPad on a MongoDB, as lnmo uses it, and that of one ``lnmo run``."""

from __future__ import annotations

from typing import Any

from fireworks import FWorker, LaunchPad

from workflows.errors import StoreError
from workflows.launchpad.file_lock import OwnershipLost
from workflows.records.opened_data import OpenedData


class MongoLaunchPad(LaunchPad):  # type: ignore[misc]
    """FireWorks' LaunchPad, which waits for no Workflow that is not there."""

    def _refresh_wf(self, fw_id: int) -> None:
        """Refresh; FireWorks alone waits five minutes for the lock of a lost Workflow.

        Raises
        ------
        WorkflowLost
            No Workflow holds this Firework.
        """
        refuse_lost(self, fw_id)
        super()._refresh_wf(fw_id)


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
