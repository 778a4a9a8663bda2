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
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import psutil
import yaml

from workflows import load_campaign, open_results, plan
from workflows.calculation import Calculation
from workflows.engines.base import Machine
from workflows.engines.vasp_process import MARK
from workflows.errors import LnmoError, StepFailed, Terminated
from workflows.execution import run_step, terminable
from workflows.recovery import retry_step
from workflows.store import FileResults
from workflows.taskdoc import TaskDocument

TOP = Path(__file__).parents[1]
FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
COMMAND = f"{sys.executable} -S {FAKE}"
LNMO = (sys.executable, "-m", "workflows.cli")
FOREIGN = ("LNMO_", "FAKE_VASP_", "PMG_")
SMALL = {"common": {"NEDOS": 301}, "dos": {"NEDOS": 301}}
VASP_SECONDS = 0.4
LONGEST = 120.0
"""Seconds that one step may take before the benchmark gives it up."""
MOST_FAULTS = 4
"""In one step; then it is let run."""
TRANSIENT = ("kill", "disk_full", "hang", "crash", "walltime")
MESSAGES = (
    *("brmix", "edddav", "eddiag", "eddrmm", "zbrent", "nicht_konvergent", "posmap"),
    *("rhosyg", "ibzkpt", "symprec_noise", "point_group", "pssyevx", "ztrtri"),
    *("zpotrf", "bzint", "sgrcon", "inv_rot_mat", "coef", "subspace", "set_core_wf"),
    *("read_error", "too_few_bands", "nbands_not_sufficient", "auto_nbands", "dentet"),
    *("tet", "gradient_not_orthogonal", "algo_tet", "fd_ncore", "dfpt_ncore", "brions"),
    *("kpoints_trans", "oom", "large_sigma", "drift", "potim", "positive_energy"),
    *("unconverged", "unconverged_algo", "unconverged_ibrion", "hnform", "lrf_comm"),
)
KILLS = ("worker killed", "VASP killed", "SIGTERM", "wall time", "both killed")
PROGRAM = ("lnmo run killed", "lnmo run and all below killed", "lnmo run interrupted")


@dataclass
class Tally:
    """What was done to the campaigns, and what came of it."""

    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    campaigns: int = 0


def main() -> int:
    options = read_options()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lnmo-faults-") as scratch:
        reference = Campaign(Path(scratch) / "undisturbed", options.x)
        if (code := reference.run().returncode) != 0:
            print(f"the undisturbed campaign ended with code {code}")
            return 1
        expected = reference.documents()
        share = [options.faults // options.jobs] * options.jobs
        share[0] += options.faults % options.jobs
        fork = multiprocessing.get_context("fork")
        with fork.Manager() as manager:
            results = manager.list()
            workers = [
                fork.Process(
                    target=torment_many,
                    args=(
                        Path(scratch) / f"job-{n}",
                        options,
                        count,
                        expected,
                        results,
                    ),
                    kwargs={"seed": options.seed * 1000 + n},
                )
                for n, count in enumerate(share)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            tally = merged(list(results))
        if any(worker.exitcode for worker in workers):
            tally.problems.append("a part of the benchmark itself ended by an error")
    tell(tally, time.monotonic() - started)
    return 1 if tally.problems else 0


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


class Campaign:
    """A directory with a campaign, and the processes that work on it."""

    def __init__(self, place: Path, x: str) -> None:
        place.mkdir(parents=True)
        self.place = place
        self.root = place / "lnmo-data"
        shutil.copy(TOP / "launchpad.yaml", place)
        vasp = {
            "incar": SMALL,
            "kpoints": [1, 1, 1],
            "kpoints_dos": [3, 3, 3],
            "dos_at": [float(word) for word in x.split(",")],
        }
        content = {
            "name": "faults",
            "lithium_reference": False,
            "x": [float(word) for word in x.split(",")],
            "insertion": [{"model": "tet_8b"}],
            "vasp": vasp,
        }
        (place / "faults.yaml").write_text(yaml.safe_dump(content))

    @property
    def ledger(self) -> Path:
        """Return the file in which the fake VASP writes its starts and ends."""
        return self.place / "ledger"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of every process."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        return {
            **own,
            "LNMO_VASP_CMD": COMMAND,
            "LNMO_POLL_SECONDS": "0.05",
            "FAKE_VASP_LEDGER": str(self.ledger),
        }

    def start(self, *words: str, seconds: float = 0.0) -> subprocess.Popen[bytes]:
        """Start ``lnmo run``."""
        with (self.place / "output").open("ab") as output:
            return subprocess.Popen(
                [*LNMO, "run", "faults.yaml", "-j", "1", *words],
                cwd=self.place,
                env={**self.environment, "FAKE_VASP_SECONDS": str(seconds)},
                stdout=output,
                stderr=output,
            )

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Run ``lnmo run`` to its end."""
        process = self.start(*words)
        process.wait()
        return process

    def calculations(self) -> tuple[Calculation, ...]:
        """Plan."""
        return plan(load_campaign(self.place / "faults.yaml"))

    def documents(self) -> dict[tuple[str, str], TaskDocument]:
        """Return what is recorded, by calculation and step."""
        found = open_results(self.place).documents()
        return {(str(d.calculation_id), d.task_label): d for d in found}

    def processes(self) -> list[psutil.Process]:
        """Return every living process of this campaign."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("FAKE_VASP_LEDGER") == str(self.ledger):
                    found.append(process)
        return found


def torment_many(
    place: Path,
    options: argparse.Namespace,
    wanted: int,
    expected: dict[tuple[str, str], TaskDocument],
    results: Any,
    *,
    seed: int,
) -> None:
    """Disturb one campaign after the other until there were faults enough."""
    rng, tally = random.Random(seed), Tally()
    while (done := sum(tally.faults.values())) < wanted and not tally.problems:
        tally.campaigns += 1
        here = Campaign(place / f"campaign-{tally.campaigns}", options.x)
        disturb(here, rng, wanted - done, tally)
        judge(here, expected, tally)
        if not tally.problems:
            shutil.rmtree(here.place)
    results.append(tally)


def disturb(campaign: Campaign, rng: random.Random, most: int, tally: Tally) -> None:
    """Do up to so many faults to one campaign."""
    for _ in range(min(2, most)):
        disturb_program(campaign, rng, rng.choice(PROGRAM), tally)
        most -= 1
    os.environ.update(campaign.environment)
    for calculation in campaign.calculations():
        for step in calculation.steps:
            for number in range(MOST_FAULTS + 1):
                if FileResults(campaign.root).get(calculation.id, step) is not None:
                    break
                fault = choose(rng) if most > 0 and number < MOST_FAULTS else ""
                most -= bool(fault)
                outcome = attempt(campaign, calculation, step, fault, rng, tally)
                if outcome == "failed":
                    retry_step(
                        FileResults(campaign.root).directory(calculation.id, step)
                    )


def choose(rng: random.Random) -> str:
    kinds = rng.choice((KILLS, TRANSIENT, MESSAGES, MESSAGES))
    return rng.choice(kinds)


def disturb_program(
    campaign: Campaign, rng: random.Random, fault: str, tally: Tally
) -> None:
    """End ``lnmo run`` somewhere between its start and the middle of a VASP run."""
    owner = campaign.start("--retry", seconds=VASP_SECONDS)
    time.sleep(rng.uniform(0.5, 6.0))
    if owner.poll() is None:
        tally.faults[fault] += 1
        if "all below" in fault:
            for process in psutil.Process(owner.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        if "interrupted" in fault:
            owner.send_signal(rng.choice((signal.SIGINT, signal.SIGTERM)))
        else:
            owner.kill()
    owner.wait()
    deadline = time.monotonic() + LONGEST
    while workers(campaign) and time.monotonic() < deadline:
        time.sleep(0.05)  # of a killed owner: they end by themselves


def workers(campaign: Campaign) -> list[psutil.Process]:
    found = []
    for process in campaign.processes():
        with suppress(psutil.Error):
            if "workflows.worker" in process.cmdline():
                found.append(process)
    return found


def attempt(
    campaign: Campaign,
    calculation: Calculation,
    step: str,
    fault: str,
    rng: random.Random,
    tally: Tally,
) -> str:
    """Run a step in a process of its own while one fault comes; tell how it ended."""
    ended = campaign.place / "ended"
    ended.unlink(missing_ok=True)
    settings = {"FAKE_VASP_SEED": str(rng.random())}
    if fault and fault not in KILLS:
        settings["FAKE_VASP_FAIL"] = fault
        if fault in TRANSIENT:
            once = campaign.place / "once"
            once.unlink(missing_ok=True)
            settings["FAKE_VASP_FAIL_ONCE"] = str(once)
    if fault in KILLS:
        settings["FAKE_VASP_SECONDS"] = str(VASP_SECONDS)
    tally.faults[fault if fault in (*KILLS, *TRANSIENT) else f"log {fault}"] += bool(
        fault
    )
    fork = multiprocessing.get_context("fork")
    place = FileResults(campaign.root).directory(calculation.id, step)
    worker = fork.Process(
        target=work, args=(calculation, step, campaign, fault, settings, ended)
    )
    worker.start()
    if fault in KILLS and fault != "wall time":
        strike(fault, place, worker, rng)
    worker.join(LONGEST)
    if worker.is_alive():
        worker.kill()
        worker.join()
        tally.problems.append(f"{place}: no end within {LONGEST:g} s of {fault}")
    outcome = ended.read_text() if ended.exists() else "killed: no word"
    kind, _, words = outcome.partition(": ")
    if kind == "error":
        tally.problems.append(f"{place}, {fault}: {words}")
    tally.outcomes[kind] += 1
    return kind


def strike(fault: str, place: Path, worker: Any, rng: random.Random) -> None:
    """Kill the worker, its VASP or both, at a random moment, mostly within VASP."""
    moment = time.monotonic() + rng.uniform(0, 1.5 * VASP_SECONDS)
    if rng.random() < 0.7:
        while worker.is_alive() and not vasps(place):
            time.sleep(0.01)
        moment = time.monotonic() + rng.uniform(0, 1.5 * VASP_SECONDS)
    time.sleep(max(0.0, moment - time.monotonic()))
    if fault != "worker killed" and fault != "SIGTERM":
        for process in vasps(place):
            with suppress(psutil.NoSuchProcess):
                process.kill()
    if not worker.is_alive():
        return
    if fault == "SIGTERM":
        worker.terminate()
    elif fault != "VASP killed":
        worker.kill()


def vasps(place: Path) -> list[psutil.Process]:
    found, start = [], str(place.resolve())
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if str(FAKE) in words and process.environ().get(MARK, "").startswith(start):
                found.append(process)
    return found


def work(
    calculation: Calculation,
    step: str,
    campaign: Campaign,
    fault: str,
    settings: dict[str, str],
    ended: Path,
) -> None:
    """Be a worker: run the step and leave one line on how it ended."""
    os.environ.update(settings)
    log = os.open(campaign.place / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    machine = Machine(
        vasp_cmd=COMMAND,
        poll_seconds=0.05,
        frozen_seconds=1.5 if fault == "hang" else 600.0,
        deadline=time.time() + (3.0 if fault in ("wall time", "walltime") else 600.0),
        stop_margin=2.0,
    )
    try:
        with terminable():
            document = run_step(
                calculation,
                step,
                root=campaign.root,
                machine=machine,
                report=lambda _: None,
            )
        outcome = f"done: {document.state}"
    except StepFailed as error:
        outcome = f"failed: {error}"
    except Terminated as error:
        outcome = f"ended: {error}"
    except LnmoError as error:
        outcome = f"error: {error}"
    except Exception:
        outcome = f"error: {traceback.format_exc()}"
    part = ended.with_suffix(".part")
    part.write_text(outcome)
    part.replace(ended)


def judge(
    campaign: Campaign, expected: dict[tuple[str, str], TaskDocument], tally: Tally
) -> None:
    """Let the campaign run to its end, and compare."""
    code = campaign.run("--retry").returncode
    found = campaign.documents()
    tally.states.update(str(document.state) for document in found.values())
    unusable = [d for d in found.values() if not d.state.usable]
    if code not in (0, 1) or (code == 1) != bool(unusable):
        tally.problems.append(f"{campaign.place}: lnmo run ended with code {code}")
    for missing in set(expected) - set(found):
        if code == 0:
            tally.problems.append(f"{campaign.place}: {missing} is lost")
    for key, document in found.items():
        if document.state.usable and (what := differs(document, expected[key])):
            tally.problems.append(f"{document.dir_name}: {what}")
    ledger = campaign.ledger.read_text()
    if campaign.run().returncode != code or campaign.ledger.read_text() != ledger:
        tally.problems.append(f"{campaign.place}: a finished campaign was repeated")
    for process in campaign.processes():
        tally.problems.append(f"{campaign.place}: {process} is left")
    listed = subprocess.run(
        [*LNMO, "status", "--json"],
        cwd=campaign.place,
        env=campaign.environment,
        capture_output=True,
        check=True,
    )
    states = {step["state"] for step in json.loads(listed.stdout)}
    if not states <= {"COMPLETED", "FIZZLED", "WAITING"}:
        tally.problems.append(f"{campaign.place}: Fireworks are {states}")


def differs(document: TaskDocument, reference: TaskDocument) -> str:
    """Name the first number that differs beyond the last digit VASP prints."""
    pairs = {
        "energy": (document.energy, reference.energy),
        "efermi": (document.efermi, reference.efermi),
        "total moment": (document.total_magnetization, reference.total_magnetization),
        "electrons": (document.nelect, reference.nelect),
        "pressure": (document.pressure_kbar, reference.pressure_kbar),
        "force": (document.max_force, reference.max_force),
    }
    for one, other in ((document, reference),):
        for name, (a, b) in zip(
            ("a", "b", "c"), zip(lengths(one), lengths(other), strict=True), strict=True
        ):
            pairs[name] = (a, b)
        moments = zip(one.magnetization or (), other.magnetization or (), strict=True)
        pairs |= {f"moment {n}": pair for n, pair in enumerate(moments)}
    for name, (number, right) in pairs.items():
        if (number is None) != (right is None):
            return f"{name} is {number}, undisturbed {right}"
        if number is not None and right is not None and abs(number - right) > 2e-6:
            return f"{name} is {number!r}, undisturbed {right!r}"
    if document.hubbards != reference.hubbards:
        return f"U is {document.hubbards}, undisturbed {reference.hubbards}"
    return ""


def lengths(document: TaskDocument) -> tuple[float, ...]:
    return tuple(document.structure.lattice.abc) if document.structure else ()


if __name__ == "__main__":
    sys.exit(main())
