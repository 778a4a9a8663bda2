"""Whether a run took up the electronic state that it was to take up.

VASP that cannot read its WAVECAR starts from scratch, goes on as if nothing was, and
names ISTART = 0 in OUTCAR alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.records.document import Finding
from workflows.vasp.numbers import VaspNumbers

MAY_DIFFER = (
    "with +U it may have found another state than the one its geometry belongs to"
)


def restart_findings(
    numbers: VaspNumbers, run_file: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what a run of ours started from instead of the WAVECAR it was to read.

    Parameters
    ----------
    numbers
        Of the run.
    run_file
        Its ``inputs`` and ``orbitals``; empty for a directory not ours.
    """
    if why := (run_file.get("orbitals") or {}).get("why"):
        yield Finding(
            id="started_from_scratch",
            severity="info",
            message=f"no WAVECAR to start from ({why}): {MAY_DIFFER}; MAGMOM is that "
            "of the step before, scaled up by valence",
        )
    planned = run_file.get("inputs", {}).get("incar", {}).get("ISTART")
    head = None if numbers.outcar is None else numbers.outcar.header
    applied = "" if head is None else head.tags.get("ISTART", "").strip()[:1]
    if planned == 1 and applied == "0":
        yield Finding(
            id="wavecar_not_read",
            severity="warning",
            message=f"ISTART was 1, and VASP started from scratch: {MAY_DIFFER}; look "
            "for WAVECAR in vasp.out, and run the step again",
        )
