"""Why custodian gave a run up, in one line: the cause, not who found it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custodian.custodian import (
    CustodianError,
    NonRecoverableError,
    ReturnCodeError,
    ValidationError,
)
from custodian.vasp.handlers import StdErrHandler, VaspErrorHandler

from workflows.counts import count_of
from workflows.engines.exit_status import ended_by
from workflows.engines.vasp.custodian_log import read_corrections
from workflows.engines.vasp.last_words import line_with, own_words
from workflows.engines.vasp.launcher_output import never_started


def why_given_up(directory: Path, error: CustodianError, returncode: int | None) -> str:
    """Return what could not be mended, or what VASP said last and how it ended.

    Parameters
    ----------
    directory
        Of the run.
    error
        What custodian raised: it tells whether the last attempt had an error that is
        known, whatever was corrected before.
    returncode
        Of the last VASP command, as ``Popen`` has it.
    """
    corrections = read_corrections(directory)
    ended = ended_by(returncode)
    if isinstance(error, ValidationError):
        if words := never_started(directory, returncode):
            return words
        told = f"; {ended}" if returncode else ""
        said = own_words(directory) or "VASP printed nothing"
        return f"incomplete output; {said}{told}"
    if isinstance(error, ReturnCodeError):
        return f"VASP's files are complete, but its command failed: {ended}"
    open_ones = [each for each in corrections if not each["actions"]]
    if isinstance(error, NonRecoverableError) and open_ones:
        last = open_ones[-1]
        names = ", ".join(last["errors"])
        return f"no cure for {names} ({last['handler']}){_said(directory, last)}"
    tried = ", ".join(name for each in corrections for name in each["errors"])
    return f"gave up after {count_of(len(corrections), 'correction')} ({tried})"


def _said(directory: Path, correction: dict[str, Any]) -> str:
    """Return VASP's own line on the errors of a correction."""
    known = {**StdErrHandler.error_msgs, **VaspErrorHandler.error_msgs}
    messages = [str(m) for name in correction["errors"] for m in known.get(name, ())]
    line = line_with(directory, messages)
    return f"; VASP said: {line}" if line else ""
