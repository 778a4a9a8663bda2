"""Ask before much is started: once, and never about what is there already."""

from __future__ import annotations

import sys

import click

from workflows.errors import LnmoError

MANY = 100
"""More new calculations than this are asked about."""

yes_option = click.option(
    "--yes",
    is_flag=True,
    help=f"do not ask about more than {MANY} new calculations",
)


def confirm_many(new: int, size: str, *, yes: bool) -> None:
    """Ask whether so many new calculations shall be added.

    Parameters
    ----------
    new
        How many the LaunchPad does not hold yet.
    size
        What all of them are and take, one line.
    yes
        The answer was given already.

    Raises
    ------
    LnmoError
        There is nobody to ask.
    click.Abort
        The answer was no.
    """
    if yes or new <= MANY:
        return
    what = f"{new} new calculations, more than {MANY} ({size})"
    if not sys.stdin.isatty():
        raise LnmoError(
            f"{what}: add --yes to take all of them, or fewer with --x, "
            "orderings.keep or start.single; lnmo plan lists them"
        )
    click.confirm(f"{what}. Continue?", abort=True, err=True)
