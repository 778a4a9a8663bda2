"""Time of an exact enumeration against the number of raw subsets.

    python benchmarks/orderings_scaling.py [--plot FILE]

The time must grow no faster than the raw subsets: the exponent printed at the end is
the slope of log(time) over log(raw), fitted where the time is not all symmetry
detection. With --plot (needs matplotlib) the points are drawn beside a line of slope 1.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import count

import numpy as np

from structures import distinct_orderings, spinel_host
from structures.orderings import count_raw

CASES = (
    *(("16c", k) for k in range(1, 9)),
    *(("48f", k) for k in range(1, 7)),
    *(("8b+48f", k) for k in range(1, 6)),
)
FRESH = count()
Row = tuple[str, int, int, int, float]


def measure(role: str, k: int) -> Row:
    """Time one enumeration, symmetry detection included: the best of two."""
    best = float("inf")
    for _ in range(2):
        host = spinel_host(a=8.17 + 1e-9 * next(FRESH))
        start = time.perf_counter()
        found = distinct_orderings(host, role, k)
        best = min(best, time.perf_counter() - start)
    return role, k, count_raw(host, role, k), len(found), best


def exponent(rows: Sequence[Row], floor: float) -> float:
    """Slope of log(time) over log(raw) of the rows slower than `floor`."""
    slow = [(raw, seconds) for _, _, raw, _, seconds in rows if seconds > floor]
    raw, seconds = np.log(np.array(slow)).T
    return float(np.polyfit(raw, seconds, 1)[0])


def draw(rows: Sequence[Row], path: str) -> None:
    """Draw time over raw subsets, both logarithmic."""
    from matplotlib.figure import Figure  # optional

    axes = (figure := Figure(figsize=(5, 4))).subplots()
    for role in dict.fromkeys(row[0] for row in rows):
        own = [(raw, seconds) for r, _, raw, _, seconds in rows if r == role]
        axes.loglog(*zip(*own, strict=True), "o-", label=role)
    raw, seconds = rows[-1][2], rows[-1][4]
    axes.loglog([raw / 1e4, raw], [seconds / 1e4, seconds], "k:", label="slope 1")
    axes.set(xlabel="raw subsets", ylabel="time (s)")
    axes.legend()
    figure.savefig(path, bbox_inches="tight")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", metavar="FILE", help="draw the points to this file")
    arguments = parser.parse_args()
    print(f"{'role':8s} {'k':>2s} {'raw':>10s} {'distinct':>9s} {'time (s)':>9s}")
    rows = []
    for role, k in CASES:
        rows.append(measure(role, k))
        print("{:8s} {:2d} {:10d} {:9d} {:9.4f}".format(*rows[-1]))
    floor = 3 * min(row[4] for row in rows)
    print(f"time grows as raw^{exponent(rows, floor):.2f}, to stay at or below 1")
    if arguments.plot:
        draw(rows, arguments.plot)


if __name__ == "__main__":
    main()
