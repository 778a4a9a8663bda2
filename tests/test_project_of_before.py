"""A LaunchPad and records that an earlier lnmo wrote still open, with the same numbers.

`tests/data/project_of_0_1_0` was written before `workflows/` had packages; its tables
were printed by the code that wrote it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tarfile
from pathlib import Path

import pandas as pd
import pytest

from tests import forked
from tests.places import DATA, FAKE_VASP
from workflows import open_results

BEFORE = DATA / "project_of_0_1_0"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    with tarfile.open(BEFORE / "project.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path


def lnmo(project: Path, *words: str) -> str:
    own = {k: v for k, v in os.environ.items() if not k.startswith("LNMO_")}
    fake = f"{sys.executable} {FAKE_VASP}"
    environment = {**own, "LNMO_VASP_CMD": fake, "LNMO_POLL_SECONDS": "0.1"}
    ran = forked.lnmo(*words, cwd=project, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def printed_then(table: str) -> str:
    packed = BEFORE / f"{table}.csv.gz"
    if packed.exists():
        return gzip.decompress(packed.read_bytes()).decode()
    return (BEFORE / f"{table}.csv").read_text("utf-8")


@pytest.mark.parametrize("table", ["series", "sites", "runs", "voltage", "hull"])
def test_every_table_has_the_digits_it_had(project: Path, table: str) -> None:
    then = printed_then(table)
    columns = next(iter(then.splitlines())).split(",")
    now: pd.DataFrame = getattr(open_results(project), table)()
    text = io.StringIO()
    now[columns].to_csv(text, index=False)
    assert len(now) > 0
    # Twelve digits: the order of a sum may change the sixteenth.
    frames = (pd.read_csv(io.StringIO(each)) for each in (text.getvalue(), then))
    pd.testing.assert_frame_equal(*frames, rtol=1e-12, atol=1e-12)


def test_the_states_in_the_launchpad_are_read(project: Path) -> None:
    then = json.loads((BEFORE / "status.json").read_text("utf-8"))
    now = {
        step["name"]: step["state"]
        for step in json.loads(lnmo(project, "status", "--json"))
    }
    assert now == {step["name"]: step["state"] for step in then}
    assert set(now.values()) == {"COMPLETED", "READY", "WAITING"}


def test_what_was_submitted_then_is_run_now(project: Path) -> None:
    lnmo(project, "run")
    steps = json.loads(lnmo(project, "status", "--json"))
    assert {step["state"] for step in steps} == {"COMPLETED"}
    found = open_results(project).series().set_index("x")
    assert found.loc[0.25, "state"] == "DONE"
    assert found.loc[0.25, "m_ni"] == pytest.approx(0.8, abs=0.02)
