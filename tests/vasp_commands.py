"""Commands of a shell that stand where the VASP command does, and what they leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step
from workflows.errors import StepFailed
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults


def done(one: Calculation, root: Path, command: str) -> TaskDocument:
    """Run a relaxation by a command of the shell; return its record."""
    path = root / "command"
    path.write_text(f"#!/bin/sh\n{command}\n")
    path.chmod(0o755)
    machine = Machine(vasp_cmd=str(path), poll_seconds=0.05)
    return run_step(one, "relax", root=root, machine=machine, report=print)


def failed(one: Calculation, root: Path, command: str) -> TaskDocument:
    """Run a relaxation by a command of the shell; return the record of its failure."""
    with pytest.raises(StepFailed):
        done(one, root, command)
    document = FileResults(root).get(one.id, "relax")
    assert document is not None
    return document
