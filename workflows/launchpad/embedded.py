"""The embedded LaunchPad: one owner, and every change of state saved immediately."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fireworks import FWorker, LaunchPad, Workflow
from fireworks.utilities.fw_utilities import get_fw_logger
from mongomock.helpers import patch_datetime_awareness_in_document

from workflows.errors import StoreError
from workflows.launchpad.counters import COUNTED, free_id
from workflows.launchpad.file_lock import Ownership
from workflows.launchpad.indexed import indexed_database
from workflows.launchpad.journal import Journal
from workflows.records.calculations import CALCULATION_COLLECTION

LAUNCHPAD_FILE = "launchpad.json"

COLLECTIONS = (
    "fireworks",
    "launches",
    "workflows",
    "fw_id_assigner",
    "offline_runs",
    CALCULATION_COLLECTION,
)


class EmbeddedLaunchPad(LaunchPad):  # type: ignore[misc]
    """FireWorks' LaunchPad over collections in memory, kept in a file and its journal.

    Every method here that changes a state saves before it returns, so the file always
    holds what the caller knows.
    """

    def __init__(
        self, path: Path, *, writable: bool, owner: Ownership | None = None
    ) -> None:
        # LaunchPad.__init__ would open a connection; its attributes are set here.
        # FireWorks 2.1.4, fireworks/core/launchpad.py.
        self.path = path
        self.writable = writable
        self.owner = owner
        self._postponed = False
        self.host, self.port, self.name = "embedded", None, "lnmo"
        self.username = self.password = self.authsource = None
        self.uri_mode = False
        self.mongoclient_kwargs: dict[str, Any] = {}
        self.logdir, self.strm_lvl = None, "ERROR"
        self.user_indices: list[str] = []
        self.wf_user_indices: list[str] = []
        self.m_logger = get_fw_logger("launchpad", stream_level=self.strm_lvl)
        self.db = indexed_database(self.name, COLLECTIONS)
        self.connection: Any = self.db.client
        for name in COLLECTIONS:
            setattr(self, name, self.db[name])
        self.gridfs_fallback = None
        self._journal = Journal(path, COLLECTIONS)
        self.backup_launch_data: dict[int, Any] = {}
        self.backup_fw_data: dict[int, Any] = {}
        self._load()

    def _load(self) -> None:
        collections = self._journal.read()
        if collections is None:
            self._restart_ids(1, 1)
            return
        for name, documents in collections.items():
            store = self.db[name]._store
            for identity, document in documents.items():
                store[identity] = patch_datetime_awareness_in_document(document)
            store.changed.clear()
        free = [free_id(collections[c].values(), name) for c, name in COUNTED.items()]
        self._repair_counters(free)

    @property
    def lost(self) -> str:
        """What a disk lost of its file, as it was read; empty for nothing."""
        return self._journal.lost

    def _repair_counters(self, free: Sequence[int]) -> None:
        """Let new ids begin above those there are, if the counters were lost."""
        found = self.fw_id_assigner.find_one({}) or {}
        given = [found.get("next_fw_id"), found.get("next_launch_id")]
        if not all(
            isinstance(n, int) and n >= f for n, f in zip(given, free, strict=True)
        ):
            self._restart_ids(*free)

    def save(self) -> None:
        """Write what changed since the last time; all of it, or after a kill nothing.

        Raises
        ------
        OwnershipLost
            The lock file or the data directory is no longer ours; nothing was written.
        StoreError
            It was opened for reading; a ``StoreUnwritable`` if the disk refuses.
        """
        if not self.writable:
            raise StoreError(f"{self.path}: opened for reading only")
        if self._postponed:
            return
        if self.owner is not None:
            self.owner.check()
        stores = {name: self.db[name]._store for name in COLLECTIONS}
        changed = {name: list(s.changed) for name, s in stores.items() if s.changed}
        if not changed and self.path.exists():
            return
        if self._journal.full:
            self._journal.snapshot({n: list(self.db[n].find()) for n in COLLECTIONS})
        else:
            self._append(stores, changed)
        for store in stores.values():
            store.changed.clear()

    def _append(
        self, stores: Mapping[str, Any], changed: Mapping[str, list[Any]]
    ) -> None:
        there = {
            name: [stores[name][each] for each in ids if each in stores[name]]
            for name, ids in changed.items()
        }
        gone = {
            name: [each for each in ids if each not in stores[name]]
            for name, ids in changed.items()
        }
        self._journal.append({"set": there, "unset": gone})

    @contextmanager
    def one_save(self) -> Iterator[None]:
        """Save once, at the end: after a kill the file has all the changes or none.

        One inside another belongs to the other.
        """
        if self._postponed:
            yield
            return
        self._postponed = True
        try:
            yield
        finally:
            self._postponed = False
        self.save()

    def add_wf(self, wf: Workflow, reassign_all: bool = True) -> dict[int, int]:
        """Add a workflow and save."""
        ids: dict[int, int] = super().add_wf(wf, reassign_all)
        self.save()
        return ids

    def checkout_fw(self, fworker: FWorker, launch_dir: str, **kwargs: Any) -> Any:
        """Check a Firework out, mark it RUNNING and save."""
        checked_out = super().checkout_fw(fworker, launch_dir, **kwargs)
        self.save()
        return checked_out

    def complete_launch(
        self, launch_id: int, action: Any = None, state: str = "COMPLETED"
    ) -> Any:
        """Record the end of a launch and save."""
        launch = super().complete_launch(launch_id, action, state)
        self.save()
        return launch

    def rerun_fw(self, fw_id: int, **kwargs: Any) -> Any:
        """Make a Firework READY again and save."""
        rerun = super().rerun_fw(fw_id, **kwargs)
        self.save()
        return rerun

    def return_lost(self) -> tuple[int, ...]:
        """Make READY what a killed owner left RUNNING, RESERVED or locked.

        Only the owner may call it: under its lock nothing else can be running. Returns
        the fw_ids.
        """
        lost = tuple(self.get_fw_ids({"state": {"$in": ["RUNNING", "RESERVED"]}}))
        with self.one_save():
            self.workflows.update_many({"locked": True}, {"$unset": {"locked": True}})
            for fw_id in lost:
                for launch in self.get_fw_by_id(fw_id).launches:
                    if launch.state in {"RUNNING", "RESERVED"}:
                        self.mark_fizzled(launch.launch_id)
                self.rerun_fw(fw_id)
        return lost


@contextmanager
def in_one_save(launchpad: LaunchPad) -> Iterator[None]:
    """Make several changes; after a kill an embedded LaunchPad has all or none."""
    if isinstance(launchpad, EmbeddedLaunchPad):
        with launchpad.one_save():
            yield
    else:
        yield
