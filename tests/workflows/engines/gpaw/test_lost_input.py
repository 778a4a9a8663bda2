"""An ``input.json`` that a disk lost is written again before GPAW starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows import load_campaign, plan
from workflows.engines.gpaw.engine import GpawEngine
from workflows.engines.machine import Machine


@pytest.mark.parametrize("how", ["empty", "half", "zeros", "gone"])
def test_an_input_that_a_power_cut_took_is_written_again(
    how: str, tmp_path: Path
) -> None:
    (nio,) = plan(load_campaign("nio"))
    relax = tmp_path / "relax"
    GpawEngine().write_inputs(nio, "relax", relax, None)
    path = relax / "input.json"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "half": whole[:99]}.get(how, bytes(len(whole))))
    if how == "gone":
        path.unlink()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho no GPAW here >&2\nexit 1\n")
    program.chmod(0o755)
    GpawEngine().run(relax, Machine(gpaw_cmd=str(program)), print)
    assert path.read_bytes() == whole
