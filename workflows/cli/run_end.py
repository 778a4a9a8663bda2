"""What ``lnmo run`` says at its end: what did not finish, and the command for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from workflows.cli.output import print_halves
from workflows.counts import count_of
from workflows.errors import printable

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from workflows.cli.selection import Selection
    from workflows.records.database import Database

HELD = ("DEFUSED", "PAUSED")
"""States that a person gave a step."""


def report_failures(
    steps: Sequence[Mapping[str, Any]], chosen: Selection, printed: Set[str]
) -> int:
    """List the failed steps by reason; one that was printed is not repeated."""
    from workflows.records.identity import ASIDE

    failed = [step for step in steps if step["state"] == "FIZZLED"]
    held = [step for step in steps if step["state"] in HELD]
    away = [step for step in steps if step["state"] in {"RUNNING", "RESERVED"}]
    if away:
        print(
            f"{count_of(len(away), 'step runs', 'steps run')} on another machine, or "
            "its worker was killed there. If it was killed:"
        )
    for step in away:
        again = f"lnmo rerun --fw-id {step['fw_id']} --dead{chosen.at}"
        print(printable(f"  {step['name']}: {again}"))
    if held:
        print(
            count_of(
                len(held),
                "step is cancelled or paused, and was left alone",
                "steps are cancelled or paused, and were left alone",
            )
        )
    for step in held:
        print(printable(f"  {step['name']}: {_taken_up(step, chosen)}"))
    left = [step for step in steps if step["state"] in {"READY", "WAITING"}]
    if left and not (failed or away or held):
        print(
            f"{count_of(len(left), 'step was', 'steps were')} not run: "
            f"lnmo status{chosen.at} says why"
        )
    if not failed:
        return 1 if away or held or left else 0
    command = f"lnmo run {chosen}".rstrip()
    alone = all(ASIDE in str(step["reason"]) for step in failed)
    first = "to take them again" if alone else "after correcting the cause"
    print(
        f"{count_of(len(failed), 'step')} failed; {first}: {command} --retry{chosen.at}"
    )
    for step in failed:
        reason = str(step["reason"])
        why = "" if not reason or reason in printed else f": {reason}"
        print(printable(f"  {step['name']}{why}"))
    return 1


def _taken_up(step: Mapping[str, Any], chosen: Selection) -> str:
    """Return the command that takes up a step that a person held."""
    database, fw_id = chosen.database(), step["fw_id"]
    if step["state"] == "PAUSED":
        return f"{database.lpad} resume_fws -i {fw_id}"
    if database.embedded:
        return f"{database.lpad} reignite_fws -i {fw_id}"
    return f"lnmo rerun --fw-id {fw_id}{chosen.at}"


def report_refused(
    pad: LaunchPad, database: Database, steps: Sequence[Mapping[str, Any]]
) -> int:
    """List the finished steps whose records are refused, each with its cure."""
    from workflows.launchpad.copies import copies_in
    from workflows.launchpad.judged import judgements

    names = {step["fw_id"]: str(step["name"]) for step in steps}
    wrong = judgements(database, steps, copies_in(pad))
    if wrong:
        print(
            count_of(
                len(wrong),
                "step is finished, but its record is refused",
                "steps are finished, but their records are refused",
            )
        )
    for fw_id, own in wrong.items():
        print(printable(f"  {names[fw_id]}: {own.reason}"))
        print(printable(f"  -> {own.cure}"))
    return 1 if wrong else 0


def report_review(database: Database, steps: Sequence[Mapping[str, Any]]) -> int:
    """List the steps whose numbers count, and that a person has to look at."""
    from workflows.records.document import State
    from workflows.records.other_start import started_elsewhere
    from workflows.records.store import results_store
    from workflows.results.calculation_rows import by_calculation

    names = {
        (str(step["calculation_id"]), str(step["step"])): str(step["name"])
        for step in steps
    }
    own = {calculation for calculation, _ in names}
    lines = []
    for found in by_calculation(
        s
        for s in results_store(database).summaries()
        if s.document.calculation_id in own
    ):
        documents = [summary.document for summary in found]
        for each in documents:
            key = str(each.calculation_id), each.task_label
            if each.state is State.NEEDS_REVIEW and key in names:
                lines.append(f"{names[key]}: {each.reason}")
        if started_elsewhere(found):
            lines.append(
                f"{documents[0].calculation_id}: a step did not start where the step "
                "before it ended; rename its directory, and those of the steps after "
                "it, to NAME.aside, and run again"
            )
    if lines:
        print(count_of(len(lines), "result needs a look", "results need a look"))
    for line in lines:
        print(printable(f"  {line}"))
    return 1 if lines else 0


def report_halves(pad: LaunchPad) -> int:
    """List what is left of Workflows: nobody takes a step from it."""
    from workflows.launchpad.halves import halves

    return 1 if print_halves(halves(pad)) else 0
