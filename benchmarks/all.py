"""Every ratio that the speed of lnmo is judged by, measured in one run, in one table.

    python benchmarks/all.py [--only start plans ...] [--plot DIRECTORY]

Ratios of processor time where a process can be compared with another, seconds on the
clock where a person waits. A part that is not installed (bsym, mongomock-persistence)
is named, and its ratio not given. Exit code 1 if a ratio is missed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

HERE = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
LIBRARIES = ("numpy", "pymatgen", "spglib", "FireWorks", "mongomock", "pandas")
ENSEMBLE = """\
name: ensemble
x: [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
host: {ordering: ensemble}
start: {single: true}
"""


@dataclass(frozen=True)
class Ratio:
    """A number, and the limit it is held against.

    Attributes
    ----------
    what
        What was measured.
    value
        None if it could not be.
    limit
        At most this; at least this where `least`.
    note
        Its two sides, or why there is none.
    """

    what: str
    value: float | None
    limit: float
    note: str
    least: bool = False

    @property
    def holds(self) -> bool | None:
        """Whether the limit is kept; None if nothing was measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.least else self.value <= self.limit

    def __str__(self) -> str:
        """Return one line of the table."""
        verdict = {True: "holds", False: "MISSED", None: "not measured"}[self.holds]
        value = "" if self.value is None else f"{self.value:.2f}"
        limit = f"{'>=' if self.least else '<='} {self.limit:g}"
        return f"{self.what:52} {value:>8} {limit:>8}  {verdict:12} {self.note}"


def cpu(command: Sequence[str], where: Path, repeat: int = 1) -> float:
    """Return the least processor time of a command and its children, s."""
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    spent = []
    for _ in range(repeat):
        before = os.times()
        subprocess.run(command, cwd=where, env=own, capture_output=True, check=False)
        after = os.times()
        spent.append(
            after.children_user
            + after.children_system
            - before.children_user
            - before.children_system
        )
    return min(spent)


def start() -> Iterator[Ratio]:
    """Compare help and a usage error with the help of pymatgen's command."""
    other = cpu([str(BIN / "pmg"), "--help"], HERE, 9)
    for words in (["--help"], ["run", "--help"], ["plan", "--nonsense"]):
        own = cpu([str(BIN / "lnmo"), *words], HERE, 9)
        what = f"start: lnmo {' '.join(words)} against pmg --help"
        yield Ratio(what, own / other, 1.3, f"{own:.2f} s, {other:.2f} s of CPU")


def plans() -> Iterator[Ratio]:
    """Time the second verb on an ensemble, and `compare` by the number of variants."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "launchpad.yaml").write_text("host: embedded\n")
        (place / "lnmo-data").mkdir()
        (place / "e.yaml").write_text(ENSEMBLE)
        command = [str(BIN / "lnmo"), "plan", "e.yaml", "--json"]
        first, second = cpu(command, place), cpu(command, place, 3)
        note = f"of CPU; the first: {first:.1f} s"
        yield Ratio("plans: second verb on ensemble, s", second, 1.0, note)
        few, many = (compared(place, number) for number in (20, 100))
        note = f"{1e3 * few:.0f} and {1e3 * many:.0f} ms of CPU each"
        what = "compare: a variant among 100 against one among 20"
        yield Ratio(what, many / few, 1.2, note)


def compared(place: Path, number: int) -> float:
    """Return the CPU seconds of `compare` for each variant, the start left out."""
    variants = "".join(
        f"  v{n}: {{vasp: {{incar: {{common: {{ENCUT: {500 + n}}}}}}}}}\n"
        for n in range(number)
    )
    path = place / f"v{number}.yaml"
    path.write_text(f"name: v{number}\nx: [1]\nvariants:\n{variants}")
    whole = cpu([str(BIN / "lnmo"), "compare", str(path), "--json"], place)
    return (whole - cpu([str(BIN / "lnmo"), "--help"], place)) / number


def orderings() -> Iterator[Ratio]:
    """List 584 distinct orderings as bsym does."""
    import orderings as listed

    what = "orderings: bsym against ours, 8 of 16, lists only"
    if find_spec("bsym") is None:
        yield Ratio(what, None, 20, "pip install bsym", least=True)
        return
    own = processor(listed.ours, 15)
    other = processor(listed.bsym, 4)
    note = f"{1e3 * own:.1f} ms, {1e3 * other:.1f} ms of CPU"
    yield Ratio(what, other / own, 20, note, least=True)


def processor(run: Callable[[], int], repeat: int) -> float:
    """Return the least processor time of some runs in this process, s."""
    spent = []
    for _ in range(repeat):
        begun = time.process_time()
        assert run() == 584
        spent.append(time.process_time() - begun)
    return min(spent)


ROWS: list[dict[str, object]] = []
"""Costs of the LaunchPads, for the plot."""


def launchpad() -> Iterator[Ratio]:
    """Compare the embedded LaunchPad with FireWorks' own, and with itself by size."""
    import launchpad as measured

    ROWS.extend(measured.table([50, 500, 5000], 50))
    at = {(row["size"], row["kind"]): row for row in ROWS}
    for verb in ("submit", "complete"):
        what = f"launchpad: {verb}, FireWorks' mode against ours at 500"
        both = [at.get((500, kind)) for kind in ("mongomock", "ours")]
        if both[0] is None or both[1] is None:
            note = "pip install mongomock-persistence"
            yield Ratio(what, None, 5, note, least=True)
        else:
            other, own = (float(str(each[verb])) for each in both if each)
            note = f"{1e3 * own:.2f} ms, {1e3 * other:.2f} ms each"
            if verb == "submit":  # what no store of ours can make faster
                floors = (float(str(each["add_wf"])) for each in both if each)
                theirs, floor = (1e3 * each for each in floors)
                note += f"; in FireWorks' add_wf {floor:.2f} and {theirs:.2f} of them"
            yield Ratio(what, other / own, 5, note, least=True)
        few, many = (float(str(at[n, "ours"][verb])) for n in (50, 5000))
        note = f"{1e3 * few:.1f} and {1e3 * many:.1f} ms each"
        yield Ratio(f"launchpad: {verb}, 5,000 against 50", many / few, 2, note)


def tables() -> Iterator[Ratio]:
    """Time the table over x from 10,000 documents."""
    command = [sys.executable, str(HERE / "benchmarks" / "series.py")]
    told = subprocess.check_output(command, cwd=HERE, text=True)
    found = dict(re.findall(r"^(cold|again|upgrade)\s+([\d.]+) s", told, re.M))
    note = f"again {found['again']} s"
    yield Ratio("tables: series() of 10,000, summaries kept, s", float(found["cold"]),
                2, note)  # fmt: skip
    note = "summaries void; on all cores"
    yield Ratio("tables: first reading after an upgrade, s",
                float(found["upgrade"]), 15, note)  # fmt: skip


def chgnet() -> Iterator[Ratio]:
    """Compare a campaign of three compositions with its relaxations alone."""
    if find_spec("chgnet") is None:
        what = "chgnet: lnmo run -j 2 against a bare loop"
        yield Ratio(what, None, 1.1, "pip install 'lnmo[chgnet]'")
        return
    command = [sys.executable, str(HERE / "benchmarks" / "chgnet_campaign.py")]
    options = ["--x", "0", "0.5", "1"]
    told = subprocess.check_output([*command, *options], cwd=HERE, text=True)
    own, loop = (
        re.search(rf"^{name} .* s, ([\d.]+) s of CPU", told, re.M)
        for name in ("run", "bare loop")
    )
    peak = re.search(r"largest process: (\d+) MiB", told)
    assert own
    assert loop
    assert peak
    note = f"{own[1]} and {loop[1]} s of CPU; peak of a worker {peak[1]} MiB"
    ratio = float(own[1]) / float(loop[1])
    yield Ratio("chgnet: lnmo run -j 2 against a bare loop", ratio, 1.1, note)


PARTS = {
    part.__name__: part for part in (start, plans, orderings, launchpad, tables, chgnet)
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--plot", type=Path, help="directory for launchpad.svg")
    asked = parser.parse_args()
    versions = ", ".join(f"{n} {importlib.metadata.version(n)}" for n in LIBRARIES)
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    print(f"Python {platform.python_version()}, {versions}", flush=True)
    found = []
    for name in asked.only:
        for ratio in PARTS[name]():
            found.append(ratio)
            print(ratio, flush=True)
    if asked.plot and ROWS:
        import launchpad as measured

        measured.plot(ROWS, asked.plot / "launchpad.svg")
    sys.exit(any(ratio.holds is False for ratio in found))


if __name__ == "__main__":
    main()
