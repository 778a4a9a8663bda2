"""The ``lnmo`` command: the verb ``lnmo X`` is ``cli/X.py``.

Exit codes. 0: done as asked; a verb that only reads (results, status, report, figures,
export, plan) returns 0 whatever it shows, FAILED rows included. 1: a verb that runs or
judges (run, parse, check, doctor) found something failed, unfinished or doubtful.
2: bad input; one line on stderr, nothing written. 130: interrupted, by Ctrl-C, SIGTERM
or SIGHUP.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import nullcontext, suppress
from typing import NoReturn

import click

from structures.errors import StructuresError
from workflows import signals
from workflows.cli import completion, library_warnings, streams
from workflows.cli.verb_group import INTERRUPTED, VerbGroup
from workflows.errors import LnmoError, cure_of, printable

GONE = (
    "the current directory was deleted, or deleted and made again; cd to an existing "
    "directory"
)


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from workflows.records.versions import own_version

        click.echo(f"lnmo {own_version()}")
        ctx.exit()


@click.group(
    name="lnmo",
    cls=VerbGroup,
    epilog="Options and examples of each: lnmo VERB --help",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and exit.",
)
@click.option(
    "--install-completion",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=completion.install,
    help="Install Tab completion for this shell (bash, zsh or fish) and exit.",
)
@click.option(
    "--show-completion",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=completion.show,
    help="Print the completion script of this shell and exit.",
)
def app() -> None:
    """DFT campaigns on the spinel cathode LixNi0.5Mn1.5O4, x = 0 to 2.

    A campaign file gives structures, VASP inputs, queue jobs, tables, figures and a
    report.
    """


def main() -> None:
    """Run the command; the end of the process keeps the exit code that it has."""
    signals.take()
    streams.prepare()
    library_warnings.prepare()
    os.environ["MPLBACKEND"] = "Agg"  # figures are files; a login file may name another
    try:
        _run_and_explain()
    except KeyboardInterrupt:  # before the verb began, or after it
        print("lnmo: interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    finally:
        signals.ignore()
        streams.let_go()


def _run_and_explain() -> None:
    """Run; an error that the reader can solve is one line, exit code 2."""
    try:
        _run()
    except (LnmoError, StructuresError) as error:
        from workflows.cli.choices import in_words

        gone = f" ({GONE})" if _nowhere() else ""
        _end(f"{in_words(error, sys.argv[1:])}{gone}")
    except BrokenPipeError:  # as of ``lnmo plan | head``
        sys.exit(1)
    except OSError as error:
        _end(_of_this_machine(error))


def _run() -> None:
    _check_umask()
    streams.check_output()
    try:
        app(prog_name="lnmo")
    except SystemExit as end:
        with suppress(OSError) if end.code == INTERRUPTED else nullcontext():
            streams.flush()
        raise


def _check_umask() -> None:
    """Refuse to make files that this very process could not read again."""
    mask = os.umask(0o022)
    os.umask(mask)
    if mask & 0o700:
        _end(
            f"umask {mask:04o} denies the owner access to new files: set umask 022, or "
            "077 if nobody else may read them"
        )


def _end(message: str) -> NoReturn:
    print(f"lnmo: {printable(message)}", file=sys.stderr)
    sys.exit(2)


def _of_this_machine(error: OSError) -> str:
    """Return what a disk or its permissions refused, and what to do."""
    if error.errno == errno.ENOENT and _nowhere():
        return GONE
    place = os.fsdecode(error.filename or "a file")
    return f"{place}: {error.strerror or type(error).__name__}: {cure_of(error)}"


def _nowhere() -> bool:
    """Return whether the current directory is gone."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False
