"""Names under which a directory or file is set aside: no table reads them."""

from __future__ import annotations

from pathlib import Path


def free_name(path: Path, why: str) -> Path:
    """Return the first of ``NAME.why-1``, ``NAME.why-2`` ... that is not taken."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    return aside
