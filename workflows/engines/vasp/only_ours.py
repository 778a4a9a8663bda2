"""Custodian that leaves no log where another worker has taken the step over."""

from __future__ import annotations

from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

from custodian import Custodian

from workflows.engines.claim import GivenUp


class OnlyOurs(Custodian):
    """Custodian writes its log whatever ends it: over the successor's, if given up."""

    _nowhere: TemporaryDirectory[str] | None = None

    def run(self) -> Any:
        """Run the jobs; the log of a step that was given up is thrown away."""
        try:
            return super().run()  # type: ignore[no-untyped-call]
        finally:
            if self._nowhere is not None:
                self._nowhere.cleanup()

    def _run_job(self, job_n: int, job: Any) -> None:
        try:
            super()._run_job(job_n, job)
        except GivenUp:
            with suppress(OSError):
                self._nowhere = TemporaryDirectory(prefix="lnmo-")
                self.directory = self._nowhere.name
            raise
