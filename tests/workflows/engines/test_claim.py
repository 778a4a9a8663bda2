"""Only the worker that has a step records it; an earlier one that lives on does not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from workflows.engines.claim import GivenUp, Superseded, check_claim, claim


def test_a_worker_keeps_its_step_until_another_takes_it(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "relax"

    def take_over() -> None:
        with claim(step):
            check_claim(step)
            check_claim(step / "relax-1")
            other = {"token": "other", "host": "node7", "pid": 5, "since": "now"}
            step.with_name(".relax.holder.json").write_text(json.dumps(other))
            check_claim(tmp_path / "abc" / "static")
            with pytest.raises(GivenUp):
                check_claim(step / "relax-1")
            check_claim(step)

    with pytest.raises(Superseded, match="process 5 on node7 took this step over"):
        take_over()


def test_the_last_to_take_it_has_it(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    with claim(step):
        check_claim(step)
    with claim(step):
        check_claim(step)
    check_claim(step)  # nobody of this process claims it now
    assert sorted(p.name for p in step.parent.iterdir()) == [".static.holder.json"]


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_data_directory_that_goes_away_takes_the_step_along(
    tmp_path: Path, how: str
) -> None:
    step = tmp_path / "data" / "abc" / "relax"

    def lose() -> None:
        with claim(step):
            if how == "moved":
                (tmp_path / "data").rename(tmp_path / "elsewhere")
            else:
                shutil.rmtree(tmp_path / "data")
            check_claim(step)

    with pytest.raises(Superseded, match="moved or deleted"):
        lose()


def test_a_set_aside_directory_does_not_lose_the_claim(tmp_path: Path) -> None:
    step = tmp_path / "abc" / "static"
    step.mkdir(parents=True)
    with claim(step):
        step.rename(step.with_name("static.cut-1"))
        check_claim(step)
