"""Calculations in another project are refused by a verb that starts something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import forked


@pytest.mark.parametrize("verb", ["run", "submit"])
def test_calculations_that_are_those_of_another_project_are_refused_at_once(
    tmp_path: Path, verb: str
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    for place in (theirs / "calculations", ours / "lnmo-data"):
        place.mkdir(parents=True)
    (ours / "lnmo-data" / "calculations").symlink_to(theirs / "calculations")
    (ours / "launchpad.yaml").write_text("host: embedded\n")
    (ours / "c.yaml").write_text("name: c\nengine: chgnet\nx: [1]\n")
    env = {name: value for name, value in os.environ.items() if name != "LNMO_ROOT"}
    ran = forked.lnmo(verb, "c.yaml", cwd=ours, env=env)
    assert ran.returncode == 2, ran.stdout
    assert "calculations: leads outside the data directory" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert not list((theirs / "calculations").iterdir())
    assert not (ours / "lnmo-data" / "launchpad.lock").exists()
