"""What ``lnmo launch`` has submitted is named although an error ends it."""

from __future__ import annotations

import pytest

from workflows.cli.launch import _told_of
from workflows.cluster.launch import Submitted
from workflows.errors import StoreBusy


def test_an_error_does_not_take_away_the_jobs_that_were_submitted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found: list[Submitted] = []
    lost = pytest.raises(StoreBusy, match="another process took over")
    with lost, _told_of(found):
        found.append(Submitted(7, "x=1 relax", "relax", "101", "#!/bin/sh"))
        found.append(Submitted(8, "x=2 relax", "relax", None, "", "taken; cancelled"))
        raise StoreBusy("queue here: another process took over; stopped")
    told = capsys.readouterr()
    assert told.out == ""
    assert "7 x=1 relax: job 101" in told.err
    assert "8 x=2 relax: refused: taken; cancelled" in told.err
