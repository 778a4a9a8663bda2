"""Random faults over a campaign; nothing may be lost, and no number may differ.

    python benchmarks/faults.py [--faults 500] [--seed 1] [--jobs 2]

A campaign runs once undisturbed, with the fake VASP of the tests. Then it runs again
and again while VASP prints errors, hangs, finds the disk full or dies; while it,
the worker or ``lnmo run`` itself is killed at random moments; while SIGTERM comes and
the wall time ends. Every campaign must end with every step DONE, NEEDS_REVIEW or in a
named failed state, with the numbers of the undisturbed one, without a process left,
and the next ``lnmo run`` must find nothing to do. Exit code 1 if one does not.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from fault_campaign import Campaign, differs
from fault_injection import (
    MOST_FAULTS,
    PROGRAM,
    Tally,
    attempt,
    choose,
    disturb_program,
)

from tests import forked
from workflows.launchpad.recovery import retry_step
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults


def main() -> int:
    options = read_options()
    # Started in the background, a shell has us ignore it, and our children with us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="lnmo-faults-"))
    reference = Campaign(scratch / "undisturbed", options.x)
    if (code := in_a_process(reference)) != 0:
        print(f"the undisturbed campaign ended with code {code}")
        return 1
    tally = torment_in_parallel(scratch, options, reference.documents())
    tell(tally, time.monotonic() - started)
    if tally.problems:
        print(f"what is left of it: {scratch}")
        return 1
    shutil.rmtree(scratch)
    return 0


def in_a_process(campaign: Campaign) -> int:
    """Run a campaign to its end; each process has a server of its own to fork from."""
    once = multiprocessing.get_context("fork").Process(
        target=lambda: sys.exit(campaign.run())
    )
    once.start()
    once.join()
    return once.exitcode or 0


def torment_in_parallel(
    scratch: Path,
    options: argparse.Namespace,
    expected: dict[tuple[str, str], TaskDocument],
) -> Tally:
    """Share the faults among processes; Ctrl-C ends with what was found so far."""
    share = [options.faults // options.jobs] * options.jobs
    share[0] += options.faults % options.jobs
    fork = multiprocessing.get_context("fork")
    finished: Any = fork.SimpleQueue()
    tallies: list[Tally] = []
    workers = [
        fork.Process(
            target=torment_many,
            args=(scratch / f"job-{n}", options.x, count, expected, finished),
            kwargs={"seed": options.seed * 1000 + n},
        )
        for n, count in enumerate(share)
    ]
    for worker in workers:
        worker.start()
    try:
        while any(worker.is_alive() for worker in workers) or not finished.empty():
            if finished.empty():
                time.sleep(0.1)
                continue
            tallies.append(finished.get())
            done = merged(tallies)
            print(
                f"{sum(done.faults.values()):5d} of {options.faults} faults, "
                f"{done.campaigns} campaigns, {len(done.problems)} problems",
                file=sys.stderr,
            )
    except KeyboardInterrupt:
        tallies.append(Tally(problems=["interrupted before all faults were made"]))
        for worker in workers:
            worker.terminate()
    for worker in workers:
        worker.join()
    tally = merged(tallies)
    if not tally.problems and any(worker.exitcode for worker in workers):
        tally.problems.append("a part of the benchmark itself ended by an error")
    return tally


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--x", default="0, 0.5, 1, 1.5, 2")
    return parser.parse_args()


def tell(tally: Tally, seconds: float) -> None:
    print(
        f"{sum(tally.faults.values())} faults in {tally.campaigns} campaigns, "
        f"{seconds / 60:.1f} min"
    )
    for title, counts in (
        ("faults", tally.faults),
        ("each attempt ended", tally.outcomes),
        ("each step ended", tally.states),
    ):
        print(f"{title}:")
        for name, count in sorted(counts.items(), key=lambda item: -item[1]):
            print(f"  {count:5d}  {name}")
    for problem in tally.problems:
        print(f"PROBLEM: {problem}")
    print("no number differs" if not tally.problems else "NOT as it should be")


def merged(tallies: list[Tally]) -> Tally:
    total = Tally()
    for tally in tallies:
        total.faults += tally.faults
        total.outcomes += tally.outcomes
        total.states += tally.states
        total.problems += tally.problems
        total.campaigns += tally.campaigns
    return total


def torment_many(
    place: Path,
    x: str,
    wanted: int,
    expected: dict[tuple[str, str], TaskDocument],
    finished: Any,
    *,
    seed: int,
) -> None:
    """Disturb one campaign after the other until there were faults enough."""
    rng, faults, problems, campaigns = random.Random(seed), 0, 0, 0
    while faults < wanted and not problems:
        campaigns += 1
        tally = Tally(campaigns=1)
        here = Campaign(place / f"campaign-{campaigns}", x)
        disturb(here, rng, wanted - faults, tally)
        judge(here, expected, tally)
        faults += sum(tally.faults.values())
        problems += len(tally.problems)
        if not problems:
            shutil.rmtree(here.place)
        finished.put(tally)


def disturb(campaign: Campaign, rng: random.Random, most: int, tally: Tally) -> None:
    """Disturb one campaign until there were so many faults, or it is done."""
    for _ in range(2):
        disturb_program(campaign, rng, rng.choice(PROGRAM), tally)
    os.environ.update(campaign.environment)
    for calculation in campaign.calculations():
        for step in calculation.steps:
            for number in range(MOST_FAULTS + 1):
                if FileResults(campaign.root).get(calculation.id, step) is not None:
                    break
                wanted = sum(tally.faults.values()) < most and number < MOST_FAULTS
                fault = choose(rng) if wanted else ""
                outcome = attempt(campaign, calculation, step, fault, rng, tally)
                if outcome == "failed":
                    retry_step(
                        FileResults(campaign.root).directory(calculation.id, step)
                    )


def judge(
    campaign: Campaign, expected: dict[tuple[str, str], TaskDocument], tally: Tally
) -> None:
    """Let the campaign run to its end, and compare."""
    code = campaign.run("--retry")
    found = campaign.documents()
    tally.states.update(str(document.state) for document in found.values())
    unusable = [d for d in found.values() if not d.state.usable]
    not_done = [d for d in found.values() if d.state is not State.DONE]
    if code not in (0, 1) or (code == 1) != bool(not_done):
        tally.problems.append(f"{campaign.place}: lnmo run ended with code {code}")
    for missing in set(expected) - set(found):
        if not unusable:
            tally.problems.append(f"{campaign.place}: {missing} is lost")
    for key, document in found.items():
        if document.state.usable and (what := differs(document, expected[key])):
            tally.problems.append(f"{document.dir_name}: {what}")
    ledger = campaign.ledger.read_text()
    if campaign.run() != code or campaign.ledger.read_text() != ledger:
        tally.problems.append(f"{campaign.place}: a finished campaign was repeated")
    for process in campaign.processes():
        tally.problems.append(f"{campaign.place}: {process} is left")
    listed = forked.lnmo(
        "status", "--json", cwd=campaign.place, env=campaign.environment
    )
    states = {step["state"] for step in json.loads(listed.stdout)}
    if not states <= {"COMPLETED", "FIZZLED", "WAITING"}:
        tally.problems.append(f"{campaign.place}: Fireworks are {states}")


if __name__ == "__main__":
    sys.exit(main())
