"""The embedded LaunchPad: one file, one owner, saved after every change of state."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fireworks import FWorker, LaunchPad, Workflow
from fireworks.utilities.fw_utilities import get_fw_logger

from workflows.errors import StoreError, one_line
from workflows.records.atomic import write_atomically

LAUNCHPAD_FILE = "launchpad.json"

FORMAT = "lnmo embedded launchpad 1"

COLLECTIONS = ("fireworks", "launches", "workflows", "fw_id_assigner", "offline_runs")


class EmbeddedLaunchPad(LaunchPad):  # type: ignore[misc]
    """FireWorks' LaunchPad over collections in memory, mirrored in one file.

    Every method here that changes a state saves before it returns, so the file always
    holds what the caller knows.
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        # LaunchPad.__init__ would open a connection; its attributes are set here.
        # FireWorks 2.1.4, fireworks/core/launchpad.py.
        import mongomock

        self.path = path
        self.writable = writable
        self._postponed = False
        self.host, self.port, self.name = "embedded", None, "lnmo"
        self.username = self.password = self.authsource = None
        self.uri_mode = False
        self.mongoclient_kwargs: dict[str, Any] = {}
        self.logdir, self.strm_lvl = None, "ERROR"
        self.user_indices: list[str] = []
        self.wf_user_indices: list[str] = []
        self.m_logger = get_fw_logger("launchpad", stream_level=self.strm_lvl)
        self.connection: Any = mongomock.MongoClient()
        self.db = self.connection[self.name]
        for name in COLLECTIONS:
            setattr(self, name, self.db[name])
        self.gridfs_fallback = None
        self.backup_launch_data: dict[int, Any] = {}
        self.backup_fw_data: dict[int, Any] = {}
        self._load()

    def _load(self) -> None:
        from bson import json_util

        if not self.path.exists():
            self._restart_ids(1, 1)
            return
        try:
            content = json.loads(
                self.path.read_text("utf-8"), object_hook=json_util.object_hook
            )
            if content["format"] != FORMAT:
                raise ValueError(f"format is {content['format']!r}")
            collections = {name: content["collections"][name] for name in COLLECTIONS}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self.path}: not a readable LaunchPad ({type(error).__name__}: "
                f"{one_line(error)}); it was not changed. Rename it and run again: "
                "finished calculations are found in their directories"
            ) from None
        for name, documents in collections.items():
            if documents:
                self.db[name].insert_many(documents)

    def save(self) -> None:
        """Replace the file atomically: temporary file, fsync, rename."""
        from bson import json_util

        if not self.writable:
            raise StoreError(f"{self.path}: opened for reading only")
        if self._postponed:
            return
        content = {
            "format": FORMAT,
            "collections": {n: list(self.db[n].find()) for n in COLLECTIONS},
        }
        text = json.dumps(content, default=json_util.default)
        write_atomically(self.path, text)

    @contextmanager
    def one_save(self) -> Iterator[None]:
        """Save once, at the end: after a kill the file has all the changes or none."""
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
