"""The site profile: which queue a cluster has, and what is asked of it.

Two files beside ``launchpad.yaml``, both in FireWorks' own formats:
``my_qadapter.yaml`` (CommonAdapter, with a section ``_lnmo`` of our own), read here,
and ``my_fworker.yaml``, read by ``fworker_file``.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fireworks import FWorker
from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

from workflows.atomic import parse_json
from workflows.campaign.presets import STEPS
from workflows.campaign.step_names import GEOMETRY
from workflows.cluster.adapter_settings import SettingsCheck
from workflows.cluster.fworker_file import as_list, read_fworker
from workflows.cluster.pbs_sge_lsf import lsf, pbs, sge
from workflows.cluster.queue_template import TRIAL, fill, template_keys, template_of
from workflows.cluster.scheduler import Scheduler
from workflows.cluster.settings_file import (
    check_keys,
    check_values,
    is_text,
    read_mapping,
    section_of,
    without_empty,
)
from workflows.cluster.slurm import Slurm
from workflows.engines.machine import Machine, number
from workflows.errors import MachineError, shortened
from workflows.firetasks import OURS
from workflows.records.database import Database

ADAPTER_FILE = "my_qadapter.yaml"
OWN_SECTION = "_lnmo"
OWN_KEYS = ("max_jobs", "max_returns", "steps")
LEAST = {"max_jobs": 1, "max_returns": 0}
"""Smallest value of each number in ``_lnmo``."""
MOST_JOBS = 1_000_000
OVERRIDE = "_q_commands_override"
COMMANDS = ("submit_cmd", "status_cmd")
"""Keys of ``_q_commands_override``."""
FW_KEYS = (
    "_fw_name",
    "_fw_q_type",
    "_fw_q_name",
    "_fw_template_file",
    "_fw_timeout",
    OVERRIDE,
    "logdir",
    OWN_SECTION,
)
SCHEDULERS: Mapping[str, tuple[Any, str]] = {
    "SLURM": (Slurm, "sbatch"),
    "PBS": (pbs, "qsub"),
    "SGE": (sge, "qsub"),
    "LoadSharingFacility": (lsf, "bsub"),
}
"""FireWorks' name of a queue: our scheduler, and its usual submit command."""


@dataclass(frozen=True)
class Profile:
    """Settings of a site.

    Attributes
    ----------
    path
        my_qadapter.yaml.
    adapter
        FireWorks' CommonAdapter settings.
    steps
        Per step: keys of the adapter's template that replace those of ``adapter``.
    max_jobs
        Limit of our jobs in the queue.
    max_returns
        How often a step that was ended from outside is resumed.
    fworker
        name, category, query and env of FireWorks' FWorker.
    """

    path: Path
    adapter: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_jobs: int = 20
    max_returns: int = 5
    fworker: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the FWorker; our jobs in this queue are recorded under it."""
        return str(self.fworker["name"])

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories the FWorker accepts."""
        return tuple(as_list(self.fworker["category"]))

    @property
    def query(self) -> dict[str, Any]:
        """Query for the Fireworks it accepts, restricted to this project's."""
        return {"$and": [OURS, parse_json(self.fworker["query"])]}

    def adapter_for(
        self, step: str, more: Mapping[str, Any], where: str = "_queueadapter"
    ) -> CommonAdapter:
        """Return FireWorks' adapter for a step.

        ``more`` is the Firework's own ``_queueadapter``, which comes last; ``where``
        names it in an error.

        Raises
        ------
        MachineError
            It has a key that the template does not know, or a value that the queue
            would not take.
        """
        made = CommonAdapter.from_dict(dict(self.adapter))
        self.check.settings(more, template_keys(made.template_file), where, also=())
        made.update(self.steps.get(step, {}))
        made.update(more)
        return made

    @property
    def check(self) -> SettingsCheck:
        """What settings of single steps are checked against."""
        env = self.fworker["env"]
        margin = number(env, "stop_margin", Machine.stop_margin)
        return SettingsCheck(self.adapter["_fw_q_type"], margin)

    def scheduler(self) -> Scheduler:
        """Return the scheduler of the adapter's type."""
        override = self.adapter.get(OVERRIDE, {})
        make, usual = SCHEDULERS[self.adapter["_fw_q_type"]]
        scheduler: Scheduler = make(shlex.split(override.get("submit_cmd", usual)))
        return scheduler

    def worker(self, root: Path) -> FWorker:
        """Return FireWorks' FWorker, whose env names the data directory."""
        env = {"root": str(root), **self.fworker["env"]}
        return FWorker(self.name, list(self.categories), self.query, env)


@dataclass(frozen=True)
class Asked:
    """What can be asked of this site's queue, if there is one.

    Attributes
    ----------
    scheduler
        None without a queue.
    worker
        Name of the FWorker whose jobs are in it; None without a queue.
    max_returns
        How often a step that was ended from outside is resumed.
    """

    scheduler: Scheduler | None = None
    worker: str | None = None
    max_returns: int = Profile.max_returns


def asked_of(profile: Profile | None) -> Asked:
    """Return what can be asked of a site's queue; None if it has no queue."""
    if profile is None:
        return Asked()
    return Asked(profile.scheduler(), profile.name, profile.max_returns)


def profile_if_any(database: Database) -> Profile | None:
    """Return the site profile, or None without ``my_qadapter.yaml``: there is no queue.

    Raises
    ------
    MachineError
        As :func:`read_profile`.
    """
    if not os.path.lexists(database.path.with_name(ADAPTER_FILE)):
        return None
    return read_profile(database)


def read_profile(database: Database) -> Profile:
    """Read the two files beside ``launchpad.yaml``.

    Raises
    ------
    MachineError
        One is missing, has an unknown key, or a value that no queue would accept.
    """
    fworker = read_fworker(database)
    path = database.path.with_name(ADAPTER_FILE)
    adapter = _without_empty_own(read_mapping(path))
    kind = _kind(adapter, path)
    if adapter.get("_fw_name") != "CommonAdapter":
        raise MachineError(f"{path}: _fw_name must be CommonAdapter")
    known = template_keys(template_of(adapter, path))
    margin = number(fworker["env"], "stop_margin", Machine.stop_margin)
    check = SettingsCheck(kind, margin)
    check.settings(adapter, known, str(path), also=FW_KEYS)
    check_values(adapter, ("_fw_q_name", "_fw_timeout", "logdir"), str(path))
    if OVERRIDE in adapter:
        adapter[OVERRIDE] = _commands(adapter, path)
    own = section_of(adapter, OWN_SECTION, OWN_KEYS, str(path))
    adapter.pop(OWN_SECTION, None)
    steps = _own_steps(own, known, check, f"{path}: {OWN_SECTION}")
    for step in ("", *steps):
        settings = {**adapter, **steps.get(step, {})}
        fill(CommonAdapter.from_dict(settings), TRIAL, Path("/"))
    return Profile(
        path,
        adapter,
        steps,
        own.get("max_jobs", Profile.max_jobs),
        own.get("max_returns", Profile.max_returns),
        fworker,
    )


def queue_of(path: Path) -> str | None:
    """Return FireWorks' name of the queue in a my_qadapter.yaml; None if not known."""
    try:
        return _kind(read_mapping(path), path)
    except MachineError:
        return None


def _kind(adapter: Mapping[str, Any], path: Path) -> str:
    """Return FireWorks' name of the queue."""
    kind = adapter.get("_fw_q_type")
    if not isinstance(kind, str) or kind not in SCHEDULERS:
        raise MachineError(
            f"{path}: _fw_q_type is {shortened(repr(kind))}; lnmo supports "
            f"{', '.join(SCHEDULERS)}"
        )
    return kind


def _own_steps(
    own: Mapping[str, Any], known: tuple[str, ...], check: SettingsCheck, where: str
) -> dict[str, Mapping[str, Any]]:
    """Check the section ``_lnmo`` and return its settings by step."""
    steps = own.get("steps", {})
    check_keys(steps, (GEOMETRY, *STEPS), f"{where}.steps")
    steps = without_empty(steps)
    for step, settings in steps.items():
        check.settings(settings, known, f"{where}.steps.{step}", also=())
    for key, least in LEAST.items():
        value = own.get(key, least)
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not least <= value <= MOST_JOBS:
            raise MachineError(
                f"{where}.{key} = {shortened(repr(value))}: must be a whole number >= "
                f"{least}, at most {MOST_JOBS}"
            )
    return steps


def _without_empty_own(adapter: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out FireWorks' and our keys without a value: FireWorks would raise."""
    empty = {key for key in FW_KEYS if adapter.get(key, key) is None}
    return {key: value for key, value in adapter.items() if key not in empty}


def _commands(adapter: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return the commands of the queue; refuse what no shell could split."""
    override = section_of(adapter, OVERRIDE, COMMANDS, str(path))
    where = f"{path}: {OVERRIDE}"
    for key, command in override.items():
        try:
            words = shlex.split(command) if is_text(command) else []
        except ValueError:
            words = []
        if not words:
            raise MachineError(
                f"{where}: {key} = {shortened(repr(command))}: give a command, its "
                "quotes in pairs"
            )
    return override
