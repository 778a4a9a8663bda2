"""A ``.mplstyle`` file: whether a figure can be drawn with what it says.

matplotlib takes any number where it takes one: NaN, a negative font, a billion dots.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.atomic import read_regular
from workflows.errors import ResultsError, nearest
from workflows.vasp.file_kinds import odd_kind

LIMITS = (
    (r"font\.size|.*(font|label|title)size", 1, 100, " pt"),
    (r".*\.dpi", 10, 2400, " dots per inch"),
    (r".*(line|edge|\.)width|.*(markersize|capsize|capthick|or\.size)", 0, 100, " pt"),
    (r".*alpha", 0, 1, ""),
    (r"figure\.figsize", 0.5, 100, " inches"),
    (r"figure\.subplot\..*", 0, 10, ""),
    (r"legend\..*points", 1, 100, ""),
    (r"lines\..*_pattern", 0, 100, ""),
    (r"legend\..*|.*pad", -100, 100, ""),
)
"""Keys, the least and the greatest number, its unit; the first that fits counts."""


def check_style_file(path: Path) -> None:
    """Check that a style can be read, and that its keys and values are some.

    Raises
    ------
    ResultsError
        It is no file, a key is unknown or given twice, matplotlib refuses a value, or
        a number is not finite or beyond its limits.
    """
    import matplotlib as mpl

    where = f"--style {path}"
    if kind := odd_kind(path):
        raise ResultsError(f"{where}: is {kind}, not a file of a style")
    try:
        keys = Counter(_keys(read_regular(path)))
        unknown = next((key for key in keys if key not in mpl.rcParams), None)
        if unknown is not None:
            near = nearest(unknown, tuple(mpl.rcParams))
            raise ResultsError(f"{where}: {unknown} is not a key{near}")
        if twice := next((key for key, number in keys.items() if number > 1), None):
            raise ResultsError(f"{where}: {twice} is given twice; keep one")
        read: Any = mpl.rc_params_from_file(
            path, fail_on_error=True, use_default_template=False
        )
    except ResultsError:
        raise
    except Exception as error:  # validators raise ValueError, RuntimeError and others
        told = " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, (OSError, ValueError)):
            told = f"{_refused_key(path)}{told}"
        raise ResultsError(f"{where}: cannot be read ({told})") from None
    if problem := problem_of_numbers(read):
        raise ResultsError(f"{where}: {problem}")


def _refused_key(path: Path) -> str:
    """Name the key whose value matplotlib refuses, as its other messages do."""
    import matplotlib as mpl

    for line in read_regular(path).splitlines():
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        try:
            mpl.rcParams.validate.get(key, str)(value)
        except Exception:  # whichever: it is the one
            return f"Key {key}: "
    return ""


def problem_of_numbers(values: Mapping[str, Any]) -> str:
    """Return which number no figure can be drawn with; empty if there is none.

    Examples
    --------
    >>> problem_of_numbers({"font.size": -5.0})
    'font.size = -5 (limits 1 and 100 pt)'
    """
    for key, value in values.items():
        for name, number in _numbers(key, value):
            if not math.isfinite(number):
                return f"{name} = {number} is not a finite number"
            found = (limit for limit in LIMITS if re.fullmatch(limit[0], name))
            _, low, high, unit = next(found, ("", -math.inf, math.inf, ""))
            if not low <= number <= high:
                return f"{name} = {number:g} (limits {low:g} and {high:g}{unit})"
    return ""


def _numbers(key: str, value: Any) -> Iterator[tuple[str, float]]:
    """Yield every number of a value, and the key that it belongs to."""
    if hasattr(value, "by_key"):  # cycler: lines.linewidth and its like, in turn
        for name, each in value.by_key().items():
            yield from _numbers(f"{key} {name}", each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _numbers(key, each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, float(value)


def _keys(text: str) -> Iterator[str]:
    for line in text.splitlines():
        key, colon, _ = line.partition("#")[0].partition(":")
        if colon:
            yield key.strip()
