"""Templates of a site's own: what lnmo needs is in every script, or is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.cli.init import init
from workflows.cluster.launch import _script
from workflows.cluster.profile import ADAPTER_FILE, Profile, read_profile
from workflows.errors import MachineError
from workflows.records.database import Database

WHOLE = """#!/bin/bash
#SBATCH --job-name=$${job_name}
#SBATCH -n $${ntasks}
$${pre_rocket}
$${rocket_launch}
"""


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., tuple[Database, Profile]]:
    """Read a profile with a template of its own."""

    def read(text: str, **changes: Any) -> tuple[Database, Profile]:
        init.main([str(tmp_path), "--queue", "slurm"], standalone_mode=False)
        (tmp_path / "own.tpl").write_text(text)
        adapter = {
            "_fw_name": "CommonAdapter",
            "_fw_q_type": "SLURM",
            "_fw_template_file": str(tmp_path / "own.tpl"),
            "pre_rocket": "module load vasp\n# a comment",
            **changes,
        }
        given = {key: value for key, value in adapter.items() if value is not ...}
        (tmp_path / ADAPTER_FILE).write_text(yaml.safe_dump(given))
        place = tmp_path / "launchpad.yaml"
        database = Database(place, tmp_path / "data", {"host": "example"})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return database, read_profile(database)

    return read


def script(database: Database, profile: Profile, **more: Any) -> str:
    spec = {"step": "relax", "_queueadapter": more}
    firework = {"fw_id": 12, "name": "x=1 relax", "spec": spec}
    return _script(database, profile, firework, "3", database.root)


def test_a_whole_template_gives_a_script_with_worker_and_name(
    own: Callable[..., tuple[Database, Profile]],
) -> None:
    found = script(*own(WHOLE)).splitlines()
    assert "#SBATCH --job-name=lnmo-12-3" in found
    assert found.index("trap : TERM") < found.index("module load vasp")
    assert "--fw-id 12 --launch-id 3" in found[-1]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("$${rocket_launch}\n", "", "no line from $${rocket_launch} (the worker)"),
        ("$${rocket_launch}", "# $${rocket_launch}", "$${rocket_launch} (the worker)"),
        (
            "$${rocket_launch}",
            "$${rocket_launch} $${foo bar}",
            "$${rocket_launch} (the worker)",
        ),
        ("$${rocket_launch}", "$${rocket_launch} $${mem}", "$${rocket_launch} (the"),
        ("$${rocket_launch}", "$$ $${rocket_launch}", "$${rocket_launch} (the worker)"),
        ("=$${job_name}", "=mine", "$${job_name} (the name by which lnmo finds"),
        ("=$${job_name}", "=$${job_name} -A $${account}", "$${job_name} (the name"),
        ("$${pre_rocket}", "module load vasp", "$${pre_rocket} (the data directory"),
        ("$${pre_rocket}", "#$${pre_rocket}", "$${pre_rocket} (the data directory"),
    ],
)
def test_a_template_that_loses_what_lnmo_needs_is_refused_before_any_job(
    own: Callable[..., tuple[Database, Profile]], before: str, after: str, said: str
) -> None:
    with pytest.raises(MachineError) as error:
        own(WHOLE.replace(before, after), pre_rocket=...)
    assert said in str(error.value)
    assert "own.tpl" in str(error.value)


def test_a_key_that_only_some_steps_have_is_tried_for_each(
    own: Callable[..., tuple[Database, Profile]],
) -> None:
    text = WHOLE.replace("$${rocket_launch}", "$${rocket_launch} $${mem}")
    with pytest.raises(MachineError, match="no line from"):
        own(text, mem=1, _lnmo={"steps": {"dos": {"mem": None}}})
    database, profile = own(text, mem=1)
    assert script(database, profile).endswith(" 1\n")
    with pytest.raises(MachineError, match="no line from"):
        script(database, profile, mem=None)


@pytest.mark.parametrize("step", [False, True])
def test_a_line_that_fireworks_would_leave_out_is_refused(
    own: Callable[..., tuple[Database, Profile]], step: bool
) -> None:
    lines = "module load vasp\nexport TMPDIR=/tmp/$$"
    given = {"_lnmo": {"steps": {"dos": {"pre_rocket": lines}}}} if step else {}
    with pytest.raises(
        MachineError, match=r"pre_rocket: 'export TMPDIR=/tmp/\$\$' has"
    ):
        own(WHOLE, **(given or {"pre_rocket": lines}))
    with pytest.raises(MachineError, match="step 12, x=1 relax: pre_rocket: 'export"):
        script(*own(WHOLE), pre_rocket=lines)
