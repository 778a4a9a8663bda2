"""Findings on NaN, infinity and overflowed fields in the numbers of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workflows.records.document import Finding

if TYPE_CHECKING:
    from workflows.vasp.numbers import VaspNumbers

CAUSE = (
    "NaN, stars or a damaged row; a run that diverged prints them, or one whose "
    "atoms lie on one another"
)


def lost_numbers(numbers: VaspNumbers) -> str:
    """Return why a run at its end gives no result at all; empty if it may."""
    if not numbers.lost:
        return ""
    return (
        f"no number for {numbers.lost} in {' or '.join(numbers.sources)} ({CAUSE}): "
        "look at the distances in POSCAR, then run it again with ALGO = Normal or "
        "another MAGMOM"
    )


def doubtful_numbers(numbers: VaspNumbers) -> Iterator[Finding]:
    """Report numbers that a second file does not confirm."""
    if numbers.doubt:
        yield Finding(
            id="not_numbers",
            severity="warning",
            message=f"{numbers.doubt} ({CAUSE}): copy both files again; if they "
            "are as VASP left them, run it again",
        )
