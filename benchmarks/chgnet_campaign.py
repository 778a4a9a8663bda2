"""What `lnmo run -j 2` with CHGNet costs beside the relaxations themselves.

    python benchmarks/chgnet_campaign.py [--x 0 1 2] [--jobs 2]

The paper's campaign through the command, then a bare loop over the same structures:
as many processes, one thread each, which take the next structure from one list, load
the model once and call the same relaxation. Both ratios are lnmo's over the loop's; the
one of processor time hardly depends on what else the machine does. Energies must agree
to 0.1 meV. Then each phase of `make run` after its set-up.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

LNMO = (sys.executable, "-m", "workflows.cli")
HERE = Path(__file__).parents[1]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main() -> None:
    """Run both and print them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--x", nargs="+", default=[], help="all nine if left out")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    os.environ.update(ONE_THREAD)
    for what, ratio in measure(asked.x, asked.jobs).items():
        print(f"lnmo against the loop, {what}: {ratio:.3f}")


def measure(x: list[str], jobs: int) -> dict[str, float]:
    """Return lnmo's cost over the loop's, on the clock and on the processor."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        (place / "launchpad.yaml").write_text("host: embedded\n")
        only = [word for each in x for word in ("--x", each)]
        phase("plan", place, "plan", "paper", "--engine", "chgnet", *only)
        own = phase(
            "run", place, "run", "paper", "--engine", "chgnet", "-j", str(jobs), *only
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"peak memory of the largest process: {peak:.0f} MiB", flush=True)
        phase("results", place, "results", "paper", "--engine", "chgnet")
        phase("report", place, "report", "paper", "--engine", "chgnet")
        energies = recorded(place)
    bare = loop([float(each) for each in x], jobs, energies)
    return {"clock": own[0] / bare[0], "processor": own[1] / bare[1]}


def phase(name: str, where: Path, *words: str) -> tuple[float, float]:
    """Run a verb to its end; print and return its seconds, clock and processor."""
    begun, before = time.perf_counter(), spent()
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    command = [*LNMO, *words]
    ran = subprocess.run(
        command, cwd=where, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    elapsed, used = time.perf_counter() - begun, spent() - before
    print(f"{name:10} {elapsed:8.1f} s, {used:.1f} s of CPU", flush=True)
    return elapsed, used


def spent() -> float:
    """Return the processor time of all children that ended, s."""
    now = os.times()
    return now.children_user + now.children_system


def recorded(where: Path) -> dict[str, float]:
    """Return the energy of each calculation, eV, by its id."""
    found = {}
    for path in where.glob("lnmo-data/calculations/*/relax/task_document.json"):
        document = json.loads(path.read_text("utf-8"))
        found[str(document["calculation_id"])] = float(document["energy"])
    return found


def loop(x: list[float], jobs: int, energies: dict[str, float]) -> tuple[float, float]:
    """Relax the same structures without lnmo; return clock and processor seconds."""
    from workflows import load_campaign, plan

    campaign = load_campaign("paper").override(engine="chgnet", x=x)
    planned = [(c.id, dict(c.settings), c.structure) for c in plan(campaign)]
    assert {own[0] for own in planned} == set(energies)
    begun, before = time.perf_counter(), spent()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn) as pool:
        waiting = {i: pool.submit(relaxed, own, start) for i, own, start in planned}
        found = {i: energy.result() for i, energy in waiting.items()}
    elapsed, used = time.perf_counter() - begun, spent() - before
    print(f"{'bare loop':10} {elapsed:8.1f} s, {used:.1f} s of CPU", flush=True)
    worst = max(abs(found[i] - energies[i]) for i in found)
    assert worst < 1e-4, f"energies differ by {worst:g} eV"
    return elapsed, used


def relaxed(settings: dict[str, Any], structure: Any) -> float:
    """Relax one structure; return its energy, eV."""
    from workflows.engines.chgnet.relax import RelaxationSettings, relax

    given = RelaxationSettings(**settings)
    model = loaded(given.model)
    return float(relax(structure, given, model=model, on_step=lambda _: None).energy)


@cache
def loaded(name: str) -> Any:
    """Load a model once in each process."""
    from workflows.engines.chgnet.model import load_model

    return load_model(name)


if __name__ == "__main__":
    main()
