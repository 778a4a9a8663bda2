"""The LaunchPad on a MongoDB of one ``lnmo run``: it belongs to a data directory."""

from __future__ import annotations

from typing import Any

from fireworks import FWorker, LaunchPad

from workflows.launchpad.file_lock import OwnershipLost
from workflows.records.opened_data import OpenedData


class OwnedMongo(LaunchPad):  # type: ignore[misc]
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
