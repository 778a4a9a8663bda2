"""A campaign of thousands of calculations through `lnmo run`, without an engine's work.

    python benchmarks/many_calculations.py [--calculations 5000] [--jobs 4] [--keep DIR]

The plan, the LaunchPad, the owner, its worker processes, run directories and records
are the real ones. In each worker CHGNet's relaxation is replaced by one that returns
the start with made-up numbers at once: the time is what lnmo itself costs. The counts
are asserted: each calculation is recorded once, and each Firework COMPLETED.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parents[1]
LNMO = (sys.executable, "-m", "workflows.cli")
CAMPAIGN = """\
name: many
engine: chgnet
x: [0.25, 0.375, 0.5, 0.625, 0.75, 1.25, 1.375, 1.5, 1.625, 1.75]
insertion: [{model: tet_8b}]
host: {ordering: ensemble}
start: {single: true}
lithium_reference: false
orderings: {keep: %d}
"""
STAND_IN = '''\
"""Imported by each Python at its start: in a worker, CHGNet relaxes nothing."""

import sys

if "workflows.launchpad.worker_process" in sys.orig_argv:
    import numpy as np

    from workflows.engines.chgnet import engine
    from workflows.engines.chgnet.relax import Relaxation

    def at_once(structure, settings, **_):
        atoms = len(structure)
        moments = np.array([3.2 if s.specie.symbol == "Mn" else 0.0 for s in structure])
        return Relaxation(
            structure=structure,
            energy=-7.0 * atoms,
            magnetization=moments,
            forces=np.zeros((atoms, 3)),
            stress=np.zeros((3, 3)),
            n_steps=1,
            converged=True,
            energies=(-7.0 * atoms,),
        )

    engine.relax = at_once
    engine.load_model = lambda name: None
'''


def main() -> None:
    """Plan, run, ask for the table; print the time of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calculations", type=int, default=5000)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--keep", type=Path, help="leave the files here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        where = asked.keep or Path(scratch)
        where.mkdir(exist_ok=True)
        run(where, asked.calculations, asked.jobs)


def run(where: Path, number: int, jobs: int) -> None:
    """Run as many calculations of the ensemble as asked, or a few more."""
    path = where / "many.yaml"
    keep = max(1, number // 220)
    path.write_text(CAMPAIGN % keep)
    while (planned := plans(where)) < number:
        keep += 1 + (number - planned) // 220
        path.write_text(CAMPAIGN % keep)
    print(f"{planned} calculations; load {os.getloadavg()[0]:.1f}", flush=True)
    (where / "stand_in").mkdir(exist_ok=True)
    (where / "stand_in" / "sitecustomize.py").write_text(STAND_IN)
    timed(where, "run", "many.yaml", "--yes", "-j", str(jobs))
    timed(where, "results", "many.yaml")
    timed(where, "status", "many.yaml")
    recorded = list(where.glob("lnmo-data/calculations/*/relax/task_document.json"))
    assert len(recorded) == planned, f"{len(recorded)} recorded of {planned}"


def plans(where: Path) -> int:
    """Return how many calculations the campaign has."""
    import json

    told = subprocess.check_output(
        [*LNMO, "plan", "many.yaml", "--json"], cwd=where, env=environment(where)
    )
    return len(json.loads(told))


def environment(where: Path) -> dict[str, str]:
    """Return this environment, with the stand-in where Python finds it."""
    found = os.pathsep.join((str(where / "stand_in"), str(HERE)))
    return {**os.environ, "PYTHONPATH": found}


def timed(where: Path, *words: str) -> None:
    """Run a verb; print its time on the clock and on the processor."""
    begun, before = time.perf_counter(), os.times()
    ran = subprocess.run(
        [*LNMO, *words],
        cwd=where,
        env=environment(where),
        capture_output=True,
        text=True,
    )
    elapsed, after = time.perf_counter() - begun, os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    print(f"lnmo {words[0]:8} {elapsed:8.1f} s, {spent:.1f} s of CPU", flush=True)
    assert ran.returncode in {0, 1}, ran.stderr[-2000:]


if __name__ == "__main__":
    main()
