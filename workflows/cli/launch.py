"""``lnmo launch``: submit a queue job for each READY step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING

import click
from click.exceptions import Exit

from workflows.cli.examples import epilog
from workflows.cli.options import Count, dry_run_option, json_option, launchpad_option
from workflows.cli.output import note, print_json
from workflows.counts import count_of
from workflows.errors import printable, printable_lines

if TYPE_CHECKING:
    from workflows.cluster.launch import Submitted

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Hosts that mean, on a compute node, that node itself."""


@click.command(epilog=epilog("launch"))
@click.option(
    "--max-jobs",
    "-m",
    type=Count(min=1),
    metavar="N",
    help="limit of our jobs in the queue",
)
@dry_run_option
@launchpad_option
@json_option
def launch(
    max_jobs: int | None,
    dry_run: bool,
    launchpad: Path | None,
    json: bool,
) -> None:
    """Submit a queue job for each READY step; exit code 1 if one is refused."""
    from workflows.cluster import launch as launching
    from workflows.cluster.fworker_file import check_worker
    from workflows.cluster.profile import read_profile
    from workflows.launchpad.damaged import refuse_damaged
    from workflows.launchpad.mongodb import connected, set_up
    from workflows.launchpad.opening import refuse_embedded
    from workflows.records.database import read_for_queue
    from workflows.records.file_store import CALCULATIONS
    from workflows.records.project import refuse_anothers

    database = read_for_queue(launchpad)
    refuse_embedded(database)
    profile = read_profile(database)
    check_worker(database)
    if max_jobs is not None:
        profile = replace(profile, max_jobs=max_jobs)
    launching.check_paths(database)
    host = database.launchpad["host"]
    if dry_run and host in LOOPBACK:
        note(f"note: in a job, host: {host} is the compute node; name the server")
    found: list[Submitted] = []
    with _told_of(found), connected(database) as pad:
        refuse_anothers(pad.db, database)
        refuse_damaged(pad)
        if dry_run:
            found, full = launching.planned(pad, database, profile), False
        else:
            set_up(pad, database.root / CALCULATIONS)
            found, full = launching.launch(pad, database, profile, found)
    if json:
        print_json([vars(each) for each in found])
    elif dry_run:
        _print_planned(found)
    else:
        _print_submitted(found, full=full)
    refused = [each for each in found if each.refused]
    for each in refused:
        note(f"{each.fw_id} {each.name}: refused: {each.refused}")
    raise Exit(1 if refused else 0)


@contextmanager
def _told_of(found: Sequence[Submitted]) -> Iterator[None]:
    """Name what was submitted, and refused, before an error ends the launch."""
    try:
        yield
    except BaseException:
        for each in found:
            what = f"refused: {each.refused}" if each.refused else f"job {each.job_id}"
            note(f"{each.fw_id} {each.name}: {what}")
        raise


def _print_planned(found: Sequence[Submitted]) -> None:
    """Print what would be submitted, and the script of each kind of step once."""
    shown: set[str] = set()
    accepted = [each for each in found if not each.refused]
    for each in accepted:
        print(printable(f"would submit {each.fw_id} {each.name}"))
        if each.step not in shown:
            shown.add(each.step)
            script = printable_lines(each.script.removesuffix("\n"))
            print(f"{indent(script, '    ', lambda _: True)}\n")
    print(f"dry run: {count_of(len(accepted), 'job')} would be submitted, none was")


def _print_submitted(found: Sequence[Submitted], *, full: bool) -> None:
    accepted = [each for each in found if each.job_id is not None]
    for each in accepted:
        print(printable(f"job {each.job_id}: {each.fw_id} {each.name}"))
    if full:
        print(
            f"{count_of(len(accepted), 'job')} submitted; the queue is as full as "
            "allowed (-m)"
        )
    elif accepted:
        print(f"{count_of(len(accepted), 'job')} submitted")
    elif not found:
        print("nothing is READY for this worker; see lnmo status")
