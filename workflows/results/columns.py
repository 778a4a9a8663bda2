"""One description of each column of a table: name, unit, type, place on a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Dtype = Literal["text", "flag", "count", "number"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        As in the data frame, in CSV and in JSON.
    unit
        Unit, and what the number is; empty where the name says it all.
    dtype
        ``number`` is a float, NaN where there is none.
    shown
        Whether a terminal shows it; a file has every column.
    """

    name: str
    unit: str = ""
    dtype: Dtype = "text"
    shown: bool = False


def number(name: str, unit: str, *, shown: bool = False) -> Column:
    """Describe a column of floats with its unit."""
    return Column(name, unit, "number", shown)


def names(columns: Iterable[Column]) -> tuple[str, ...]:
    """Return the names, in order."""
    return tuple(column.name for column in columns)


def units(columns: Iterable[Column]) -> dict[str, str]:
    """Return name -> unit of the columns that have one."""
    return {column.name: column.unit for column in columns if column.unit}


def numbers(columns: Iterable[Column]) -> dict[str, str]:
    """Return name -> unit of the columns of floats."""
    return {c.name: c.unit for c in columns if c.dtype == "number"}


def frame_of(
    rows: Sequence[dict[str, Any]], columns: Sequence[Column], **attrs: Any
) -> pd.DataFrame:
    """Make a table; numbers become floats, units are in ``attrs["units"]``."""
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(names(columns)))
    floats = list(numbers(columns))
    frame[floats] = frame[floats].astype(float)
    frame.attrs |= {"units": units(columns), **attrs}
    frame.attrs["shown"] = [column.name for column in columns if column.shown]
    return frame
