"""Cost of a Firework in the embedded LaunchPad, against FireWorks' own serverless mode.

    python benchmarks/launchpad.py [--sizes 50 500 5000] [--sample 50] [--plot FILE]

Calculations of the paper's own cell, as many as asked, are submitted; then Fireworks
are checked out and completed as `lnmo run` does it, without an engine. ``ours``: the
embedded LaunchPad. ``mongomock``: FireWorks 2.1.4 with ``mongomock-persistence``
(pip install mongomock-persistence; left out without it), the same Workflows; it writes
its file once, when the interpreter ends, which is not counted. Each figure comes from a
process of its own; where ``--sample`` is less than the size, only so many Fireworks are
completed, from the beginning, when the most are waiting.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
STEPS = 2
KINDS = ("ours", "mongomock")


def calculations(number: int) -> list[Any]:
    """Make calculations that differ in nothing but their id."""
    from dataclasses import replace

    from workflows import load_campaign, plan
    from workflows.campaign.calculation import Calculation

    campaign = load_campaign("paper").override(x=(0.5,))
    first: Calculation = next(c for c in plan(campaign) if not c.reference)
    return [
        replace(first, id=f"{k:012x}", steps=("relax", "static")) for k in range(number)
    ]


def measure(kind: str, size: int, sample: int, where: Path) -> dict[str, float]:
    """Submit, its part in FireWorks' ``add_wf``, and complete; seconds a Firework."""
    launchpad = opened(kind, where)
    from fireworks import FWAction, FWorker

    from workflows.launchpad.submission import submit, workflow

    wanted = calculations(size // STEPS)
    theirs = timed_add_wf(launchpad)
    start = time.perf_counter()
    if kind == "ours":
        submit(launchpad, wanted)
    else:
        for each in wanted:
            launchpad.add_wf(workflow(each))
    submitted = (time.perf_counter() - start) / size
    done = min(size, sample)
    start = time.perf_counter()
    for _ in range(done):
        firework, launch = launchpad.checkout_fw(FWorker(name="benchmark"), str(where))
        assert firework is not None
        launchpad.complete_launch(launch, FWAction(stored_data={"state": "DONE"}))
    completed = (time.perf_counter() - start) / done
    states = [f["state"] for f in launchpad.fireworks.find({}, {"state": 1})]
    assert len(states) == size
    assert states.count("COMPLETED") == done
    return {"submit": submitted, "add_wf": sum(theirs) / size, "complete": completed}


def timed_add_wf(launchpad: Any) -> list[float]:
    """Return a list that gets the seconds of each call of FireWorks' own ``add_wf``."""
    own, spent = launchpad.add_wf, []

    def add_wf(*arguments: Any, **more: Any) -> Any:
        start = time.perf_counter()
        added = own(*arguments, **more)
        spent.append(time.perf_counter() - start)
        return added

    launchpad.add_wf = add_wf
    return spent


def opened(kind: str, where: Path) -> Any:
    """Open a LaunchPad of either kind in an empty directory."""
    if kind == "ours":
        from workflows.launchpad.embedded import EmbeddedLaunchPad

        return EmbeddedLaunchPad(where / "launchpad.json", writable=True)
    import os

    (where / "store.json").write_text("{}")
    os.environ["MONGOMOCK_SERVERSTORE_FILE"] = str(where / "store.json")
    from fireworks import LaunchPad

    launchpad = LaunchPad(strm_lvl="ERROR")
    launchpad.reset("", require_password=False)
    return launchpad


def in_a_process(kind: str, size: int, sample: int) -> dict[str, float]:
    """Measure in a process of its own: FireWorks picks its store when imported."""
    with tempfile.TemporaryDirectory() as where:
        command = [
            sys.executable,
            __file__,
            "--one",
            kind,
            str(size),
            str(sample),
            where,
        ]
        ran = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, check=False
        )
    if ran.returncode:
        sys.exit(ran.stderr)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def table(sizes: list[int], sample: int) -> list[dict[str, Any]]:
    """Measure every size, ours and FireWorks' own; print as it goes."""
    kinds = [
        k
        for k in KINDS
        if k == "ours" or importlib.util.find_spec("mongomock_persistence")
    ]
    rows = []
    print(f"{'Fireworks':>9} {'store':10} {'submit ms':>10} {'complete ms':>12}")
    for size in sizes:
        for kind in kinds:
            if kind != "ours" and size > 2000:
                continue  # minutes for figures that 500 shows
            row = {"size": size, "kind": kind, **in_a_process(kind, size, sample)}
            rows.append(row)
            costs = f"{1e3 * row['submit']:10.1f} {1e3 * row['complete']:12.1f}"
            print(f"{size:9d} {kind:10} {costs}", flush=True)
    return rows


def judge(rows: list[dict[str, Any]]) -> None:
    """Print the two ratios that are asked for."""
    at = {(row["size"], row["kind"]): row for row in rows}
    for what in ("submit", "complete"):
        if {(500, "ours"), (500, "mongomock")} <= at.keys():
            ratio = at[500, "mongomock"][what] / at[500, "ours"][what]
            print(f"{what}: at 500, {ratio:.1f} times faster than mongomock (5 asked)")
        if {(50, "ours"), (5000, "ours")} <= at.keys():
            ratio = at[5000, "ours"][what] / at[50, "ours"][what]
            print(
                f"{what}: at 5,000, {ratio:.2f} times the cost at 50 (at most 2 asked)"
            )


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw cost against size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5, 3.5), layout="constrained")
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        for what, style in (("submit", "--"), ("complete", "-")):
            costs = [1e3 * row[what] for row in own]
            axes.loglog(
                [r["size"] for r in own],
                costs,
                style,
                marker="o",
                label=f"{kind}, {what}",
            )
    axes.set(xlabel="Fireworks", ylabel="ms a Firework")
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 500, 5000])
    parser.add_argument("--sample", type=int, default=50)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        kind, size, sample, where = asked.one
        print(json.dumps(measure(kind, int(size), int(sample), Path(where))))
        return
    rows = table(asked.sizes, asked.sample)
    judge(rows)
    if asked.plot:
        plot(rows, asked.plot)


if __name__ == "__main__":
    main()
