"""The site profile: how this cluster's queue is asked, and what its workers offer.

Two files beside ``launchpad.yaml``, both in FireWorks' own formats:
``my_qadapter.yaml`` (CommonAdapter, with our own section ``_lnmo``) and
``my_fworker.yaml``. FireWorks only warns of a key it does not know, and runs with the
default; here it is an error.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from workflows.campaign.presets import STEPS
from workflows.cluster.categories import check_category
from workflows.cluster.walltime import seconds
from workflows.engines.machine import Machine
from workflows.errors import MachineError, nearest
from workflows.records.database import Database
from workflows.vasp.incar_tags import MACHINE_TAGS

if TYPE_CHECKING:
    from fireworks import FWorker
    from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

    from workflows.cluster.scheduler import Scheduler

ADAPTER_FILE = "my_qadapter.yaml"
FWORKER_FILE = "my_fworker.yaml"
OWN_SECTION = "_lnmo"
OWN_KEYS = ("max_jobs", "max_returns", "steps")
FW_KEYS = (
    *("_fw_name", "_fw_q_type", "_fw_q_name", "_fw_template_file", "_fw_timeout"),
    *("_q_commands_override", "logdir", OWN_SECTION),
)
FWORKER_KEYS = ("name", "category", "query", "env")
ENV_KEYS = (
    *("vasp_cmd", "incar", "root", "poll_seconds", "stop_margin", "frozen_seconds"),
)
SCHEDULERS = ("SLURM", "PBS", "SGE", "LoadSharingFacility")


@dataclass(frozen=True)
class Profile:
    """What a site gives.

    Attributes
    ----------
    path
        my_qadapter.yaml.
    adapter
        FireWorks' CommonAdapter settings.
    steps
        What a step asks for instead: keys of the adapter's template.
    max_jobs
        Jobs of ours in the queue at once.
    max_returns
        How often a step that was ended from outside is taken up again.
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
        """Name of the FWorker: whose jobs these are."""
        return str(self.fworker["name"])

    @property
    def categories(self) -> tuple[str, ...]:
        """What the FWorker takes."""
        return tuple(_listed(self.fworker["category"]))

    @property
    def query(self) -> dict[str, Any]:
        """Which Fireworks of these categories it takes: of this project alone."""
        from workflows.firetasks import OURS

        return {"$and": [OURS, json.loads(self.fworker["query"])]}

    def adapter_for(self, step: str, more: Mapping[str, Any]) -> CommonAdapter:
        """Return FireWorks' adapter for a step.

        Parameters
        ----------
        step
            Whose section of ``_lnmo.steps`` applies.
        more
            The Firework's own ``_queueadapter``, which comes last.

        Raises
        ------
        MachineError
            It has a key that the template does not know.
        """
        from fireworks.user_objects.queue_adapters.common_adapter import CommonAdapter

        made = CommonAdapter.from_dict(dict(self.adapter))
        _check_keys(more, template_keys(made.template_file), "_queueadapter of the FW")
        made.update(self.steps.get(step, {}))
        made.update(more)
        return made

    def scheduler(self) -> Scheduler:
        """Return the scheduler that the adapter's type names."""
        from workflows.cluster import pbs_sge_lsf as batch
        from workflows.cluster.slurm import Slurm

        override = self.adapter.get("_q_commands_override") or {}
        known: dict[str, tuple[Any, str]] = {
            "SLURM": (Slurm, "sbatch"),
            "PBS": (batch.pbs, "qsub"),
            "SGE": (batch.sge, "qsub"),
            "LoadSharingFacility": (batch.lsf, "bsub"),
        }
        make, usual = known[self.adapter["_fw_q_type"]]
        command = shlex.split(override.get("submit_cmd", usual))
        scheduler: Scheduler = make(command)
        return scheduler

    def worker(self, root: Path) -> FWorker:
        """Return FireWorks' FWorker, whose env names the data directory."""
        from fireworks import FWorker

        return FWorker(
            self.name,
            list(self.categories),
            self.query,
            {"root": str(root), **self.fworker["env"]},
        )


def read_profile(database: Database) -> Profile:
    """Read the two files beside ``launchpad.yaml``.

    Raises
    ------
    MachineError
        One is missing, has an unknown key, or a value that no queue would take.
    """
    from workflows.engines.machine import number

    fworker = read_fworker(database)
    path = database.path.with_name(ADAPTER_FILE)
    adapter = _mapping(path)
    kind = adapter.get("_fw_q_type")
    if kind not in SCHEDULERS:
        raise MachineError(
            f"{path}: _fw_q_type is {kind!r}; lnmo knows {', '.join(SCHEDULERS)}"
        )
    if adapter.get("_fw_name") != "CommonAdapter":
        raise MachineError(f"{path}: _fw_name must be CommonAdapter")
    known = template_keys(_template(adapter, path))
    _check_keys(adapter, (*known, *FW_KEYS), str(path))
    own = adapter.pop(OWN_SECTION, None) or {}
    where = f"{path}: {OWN_SECTION}"
    _check_keys(own, OWN_KEYS, where)
    steps = own.get("steps") or {}
    _check_keys(steps, STEPS, f"{where}.steps")
    for step, settings in steps.items():
        _check_keys(settings or {}, known, f"{where}.steps.{step}")
    margin = number(fworker["env"], "stop_margin", Machine.stop_margin)
    for settings in (adapter, *steps.values()):
        _check_walltime(
            settings or {}, str(path), lsf=kind == "LoadSharingFacility", margin=margin
        )
    for key in ("max_jobs", "max_returns"):
        value = own.get(key, 1)
        if not isinstance(value, int) or value < (key == "max_jobs"):
            raise MachineError(f"{where}.{key} = {value!r} is no such number")
    return Profile(
        path,
        adapter,
        {step: settings or {} for step, settings in steps.items()},
        own.get("max_jobs", Profile.max_jobs),
        own.get("max_returns", Profile.max_returns),
        fworker,
    )


def read_fworker(database: Database) -> dict[str, Any]:
    """Read ``my_fworker.yaml`` beside ``launchpad.yaml``.

    Raises
    ------
    MachineError
        It is missing, has an unknown key, or a category that no Firework has.
    """
    path = database.path.with_name(FWORKER_FILE)
    found = _mapping(path)
    _check_keys(found, FWORKER_KEYS, str(path))
    if not isinstance(found.get("name"), str) or not found["name"]:
        raise MachineError(f"{path}: no name; workers are told apart by it")
    categories = _listed(found.get("category") or ())
    if not categories:
        raise MachineError(
            f"{path}: no category; an empty one would take every Firework, whatever it "
            "needs. Name an engine: category: [vasp]"
        )
    for category in categories:
        check_category(category, f"{path}: category")
    try:
        query = json.loads(found.setdefault("query", "{}"))
    except (TypeError, ValueError):
        query = None
    if not isinstance(query, dict):
        raise MachineError(f"{path}: query is no JSON in quotes; write '{{}}'")
    env = found["env"] = found.get("env") or {}
    _check_keys(env, ENV_KEYS, f"{path}: env")
    _check_keys(env.get("incar") or {}, MACHINE_TAGS, f"{path}: env.incar")
    for key in ("poll_seconds", "stop_margin", "frozen_seconds"):
        value = env.get(key, 1)
        if not isinstance(value, int | float):
            raise MachineError(f"{path}: env.{key} = {value!r} is no number")
        if value < 0 or (value == 0 and key != "stop_margin"):
            raise MachineError(f"{path}: env.{key} = {value!r} is no such time, in s")
    root = Path(env.get("root") or database.root)
    if root.resolve() != database.root:
        raise MachineError(
            f"{path}: env.root = {root} is not the data directory {database.root}; "
            "leave it out, or set LNMO_ROOT to the same"
        )
    return found


def template_keys(template: str | Path) -> tuple[str, ...]:
    """Return the keys a FireWorks template knows, those it sets by itself left out."""
    text = Path(template).read_text("utf-8")
    found = dict.fromkeys(re.findall(r"\$\$\{([^}]+)\}", text))
    return tuple(key for key in found if key != "launch_dir")


def _template(adapter: Mapping[str, Any], path: Path) -> Path:
    from fireworks.user_objects.queue_adapters import common_adapter

    own = adapter.get("_fw_template_file")
    packaged = Path(common_adapter.__file__).parent
    found = Path(own) if own else packaged / f"{adapter['_fw_q_type']}_template.txt"
    if not found.is_file():
        raise MachineError(f"{path}: _fw_template_file: there is no {found}")
    return found


def _mapping(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise MachineError(
            f"{path}: no such profile ({error.strerror}); lnmo init --queue slurm "
            "writes one to fill in"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        words = " ".join(str(error).split())
        raise MachineError(f"{path}: not YAML: {words}") from None
    if not isinstance(found, dict):
        raise MachineError(f"{path}: holds no keys")
    return found


def _check_keys(found: object, known: Iterable[str], where: str) -> None:
    if not isinstance(found, Mapping):
        raise MachineError(f"{where}: holds {found!r}, not keys")
    names = tuple(known)
    for key in found:
        if key not in names:
            raise MachineError(f"{where}: unknown key {key}{nearest(str(key), names)}")


def _check_walltime(
    settings: Mapping[str, Any], where: str, *, lsf: bool, margin: float
) -> None:
    value = settings.get("walltime")
    if value is None:
        return
    if not isinstance(value, str):
        raise MachineError(
            f"{where}: walltime = {value!r} is a number, as YAML reads 24:00:00 "
            "without quotes; put it in quotes"
        )
    try:
        allowed = seconds(value, lsf=lsf)
    except ValueError:
        raise MachineError(
            f"{where}: walltime = {value!r} is no time such as '24:00:00'"
        ) from None
    if allowed <= margin:
        raise MachineError(
            f"{where}: walltime = {value!r} is no longer than the {margin:.0f} s "
            "before its end in which no VASP is started: none ever would be. Ask for "
            f"more, or set env.stop_margin, in seconds, in {FWORKER_FILE}"
        )


def _listed(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]
