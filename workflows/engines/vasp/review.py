"""Lower a converged run to NEEDS_REVIEW or FAILED if it did not run as planned.

The findings are those on inputs as run against inputs as planned: changed files, U,
cutoff and mesh as applied, the WAVECAR that was to be read, output that has no numbers,
files that disagree. Findings on the physics never change the state.
"""

from __future__ import annotations

from collections.abc import Sequence

from workflows.records.document import Finding, State


def reviewed(
    state: State, reason: str, on_inputs: Sequence[Finding]
) -> tuple[State, str]:
    """Lower DONE by the worst finding, whose message becomes the reason.

    Parameters
    ----------
    state, reason
        By the output alone.
    on_inputs
        An error makes the run FAILED, a warning NEEDS_REVIEW.
    """
    if state is not State.DONE:
        return state, reason
    for severity, lower in (
        ("error", State.FAILED),
        ("warning", State.NEEDS_REVIEW),
    ):
        for finding in on_inputs:
            if finding.severity == severity:
                return lower, finding.message
    return state, reason
