"""The ``lnmo`` command: the verb ``lnmo X`` is ``cli/X.py``.

Exit codes: 0 all well; 1 calculations failed or are not done; 2 bad input, one
line on stderr, nothing written.
"""

from __future__ import annotations

import errno
import os
import sys

import typer

from structures.errors import StructuresError
from workflows.cli import (
    cancel,
    check,
    collect,
    compare,
    delete,
    export,
    figures,
    init,
    launch,
    orderings,
    parse,
    plan,
    reconcile,
    report,
    rerun,
    results,
    run,
    status,
    submit,
    worker,
    write,
)
from workflows.errors import LnmoError, printable

app = typer.Typer(
    name="lnmo",
    help="DFT campaigns on the spinel cathode LixNi0.5Mn1.5O4, x = 0 to 2: a campaign "
    "file in; structures, VASP inputs, queue jobs, tables, figures and a report out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for verb in (
    plan.plan,
    orderings.orderings,
    write.write,
    submit.submit,
    run.run,
    init.init,
    launch.launch,
    worker.worker,
    reconcile.reconcile,
    status.status,
    cancel.cancel,
    rerun.rerun,
    delete.delete,
    results.results,
    compare.compare,
    report.report,
    figures.figures,
    export.export,
    parse.parse,
    check.check,
    collect.collect,
):
    app.command(verb.__name__)(verb)


def main() -> None:
    """Run the command; an error that the reader can solve is one line, exit code 2."""
    try:
        app()
    except (LnmoError, StructuresError) as error:
        print(f"lnmo: {printable(error)}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        print(f"lnmo: {printable(_of_this_machine(error))}", file=sys.stderr)
        sys.exit(2)


def _of_this_machine(error: OSError) -> str:
    """Return what a disk or its permissions refused, and what to do."""
    place = os.fsdecode(error.filename or "a file")
    cures = {
        errno.EROFS: "the disk is read-only; run again once it can be written, or "
        "choose another data directory with LNMO_ROOT",
        errno.ENOSPC: "no space left on the disk; free some and run again",
        errno.EDQUOT: "the disk quota is used up; free some space and run again",
        errno.EACCES: "chmod u+rwX, or ask its owner",
        errno.EPERM: "chmod u+rwX, or ask its owner",
        errno.EMFILE: "too many open files; raise ulimit -n",
    }
    cure = cures.get(error.errno or 0, "check the path and the disk, then run again")
    return f"{place}: {error.strerror or type(error).__name__}: {cure}"
