"""The ``lnmo`` command: the verb ``lnmo X`` is ``cli/X.py``.

Exit codes: 0 all well; 1 calculations failed or are not done; 2 bad input, one
line on stderr, nothing written.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from structures.errors import StructuresError
from workflows.cli import (
    cancel,
    check,
    collect,
    compare,
    delete,
    doctor,
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
from workflows.cli.choices import in_words
from workflows.cli.examples import epilog
from workflows.cli.grouped_help import GroupedHelp
from workflows.errors import LnmoError, printable

app = typer.Typer(
    name="lnmo",
    cls=GroupedHelp,
    help="DFT campaigns on the spinel cathode LixNi0.5Mn1.5O4, x = 0 to 2: a campaign "
    "file in; structures, VASP inputs, queue jobs, tables, figures and a report out.",
    epilog="Each has examples: lnmo VERB --help",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

VERBS: dict[str, tuple[Callable[..., None], ...]] = {
    "A campaign": (
        plan.plan,
        orderings.orderings,
        write.write,
        run.run,
        status.status,
        results.results,
        compare.compare,
        report.report,
        figures.figures,
        export.export,
        delete.delete,
        doctor.doctor,
    ),
    "A cluster": (
        init.init,
        submit.submit,
        launch.launch,
        reconcile.reconcile,
        cancel.cancel,
        rerun.rerun,
        worker.worker,
    ),
    "Directories of VASP runs, ours or not": (
        parse.parse,
        check.check,
        collect.collect,
    ),
}
"""The verbs, by what they are about: the groups of ``lnmo --help``."""

for about, verbs in VERBS.items():
    for verb in verbs:
        name = verb.__name__
        app.command(name, rich_help_panel=about, epilog=epilog(name))(verb)


def _print_version(asked: bool) -> None:
    if asked:
        from workflows.records.versions import own_version

        print(f"lnmo {own_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Take the options that stand before a verb."""


def main() -> None:
    """Run the command; an error that the reader can solve is one line, exit code 2."""
    try:
        app()
    except (LnmoError, StructuresError) as error:
        print(f"lnmo: {printable(in_words(error, sys.argv[1:]))}", file=sys.stderr)
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
