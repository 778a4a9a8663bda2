"""One fault at a time: into VASP, a worker, or ``lnmo run`` itself."""

import multiprocessing
import os
import random
import signal
import time
import traceback
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from fault_campaign import COMMAND, Campaign, vasps, workers

from workflows.campaign.calculation import Calculation
from workflows.engines.machine import Machine
from workflows.engines.step import run_step, terminable
from workflows.errors import LnmoError, StepFailed, Terminated
from workflows.records.file_store import FileResults

VASP_SECONDS = 0.4
LONGEST = 120.0
"""Seconds that one step may take before the benchmark gives it up."""
MOST_FAULTS = 6
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
    fork = multiprocessing.get_context("fork")
    place = FileResults(campaign.root).directory(calculation.id, step)
    worker = fork.Process(
        target=work, args=(calculation, step, campaign, fault, settings, ended)
    )
    before = campaign.failures()
    worker.start()
    struck = False
    if fault in KILLS and fault != "wall time":
        struck = strike(fault, place, worker, rng)
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
    if (
        struck
        or campaign.failures() > before
        or (fault == "wall time" and kind == "ended")
    ):
        tally.faults[fault if fault in (*KILLS, *TRANSIENT) else f"log: {fault}"] += 1
    return kind


def strike(fault: str, place: Path, worker: Any, rng: random.Random) -> bool:
    """Kill the worker, its VASP or both, at a random moment, mostly within VASP.

    Tells whether there was anything left to kill.
    """
    moment = time.monotonic() + rng.uniform(0, 1.5 * VASP_SECONDS)
    if rng.random() < 0.7:
        while worker.is_alive() and not vasps(place):
            time.sleep(0.01)
        moment = time.monotonic() + rng.uniform(0, 1.5 * VASP_SECONDS)
    time.sleep(max(0.0, moment - time.monotonic()))
    found = vasps(place) if fault in ("VASP killed", "both killed") else []
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    if not worker.is_alive():
        return bool(found)
    if fault == "SIGTERM":
        worker.terminate()
    elif fault != "VASP killed":
        worker.kill()
    return bool(found) or fault != "VASP killed"


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
        incar={"KPAR": 2, "NPAR": 2},
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
