"""One line on what made the numbers of a table: DFT, surrogate or fake."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SURROGATE = "surrogate (CHGNet): ranks and demonstrates, does not conclude"

FAKE = "FAKE VASP: every number is synthetic, none is a calculation"


def origin_of_numbers(frame: pd.DataFrame) -> str:
    """Return what made the numbers of a series, or of a table of runs; one line."""
    if not len(frame):
        return ""
    versions = ", ".join(sorted({v for v in frame["engine_version"] if v}))
    shown = f" ({versions})" if versions else ""
    engine = f"engine {', '.join(sorted(set(frame['engine'])))}{shown}"
    if frame["fake"].any():
        return f"{engine}: {FAKE}"
    return f"{engine}: {SURROGATE}" if frame["surrogate"].any() else engine
