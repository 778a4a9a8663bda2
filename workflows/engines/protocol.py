"""The seam between a calculation and what computes it.

An engine is a process in a directory: inputs are written, the directory runs,
the directory is parsed. DFT and the surrogate go through here alike.

To add one: docs/engines.md lists every place. mypy finds a `match` on the engine that
lacks the new name.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.records.document import State, TaskDocument
from workflows.records.run_file import (
    RUN_FILE,
    identity,
    read_run_file,
    write_run_file,
)

__all__ = [
    "RUN_FILE",
    "Engine",
    "Report",
    "identity",
    "read_run_file",
    "write_run_file",
]

Report = Callable[[str], None]
"""Receives one short line on the progress of a run."""


class Engine(Protocol):
    """Something that computes calculations."""

    name: str

    def write_inputs(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
    ) -> None:
        """Fill a new run directory; ``previous`` holds the finished step before."""

    def run(self, directory: Path, machine: Machine, report: Report) -> None:
        """Compute what the directory asks for; go on where a killed run stopped."""

    def parse(self, directory: Path) -> TaskDocument:
        """Read what is there, finished or not, without raising for a broken run."""

    def clean_up(
        self,
        calculation: Calculation,
        step: str,
        directory: Path,
        previous: Path | None,
        state: State,
    ) -> None:
        """Remove what only this step needed, once its document is stored."""
