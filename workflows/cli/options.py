"""The arguments and options that verbs share, as decorators.

Imports nothing heavy, as a verb imports what it needs inside its function: for its
help, and for an error in its words, only this and ``click`` are loaded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workflows.errors import ResultsError

if TYPE_CHECKING:
    from workflows.cli.selection import Selection, StepSelection

PATH = click.Path(path_type=Path, readable=False)
"""A file or directory; click does not check whether it can be read.

Its check would reject all paths for one bad one; the reader of a path reports it.
"""
NAME_OR_FILE = click.Path(readable=False)
"""A packaged campaign or a file, a string: a shell completes files."""


WHOLE = re.compile(r"[-+]?[0-9]+")
REAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
"""Plain decimal numbers; Python also reads ``1_0``, digits of other scripts, blanks."""


DIGITS = 18
"""Digits of a whole number; every database can store that many."""


class Count(click.IntRange):
    """A whole number within limits; an error calls it by this name.

    Parameters
    ----------
    min, max
        Limits; None for no upper one. The help shows them.
    why
        Reason of the limits, for the error.
    """

    name = "whole number"

    def __init__(self, min: int = 1, max: int | None = None, why: str = "") -> None:
        super().__init__(min, max)
        self._why = why

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Read a number, within the limits."""
        if isinstance(value, str) and WHOLE.fullmatch(value) is None:
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        if isinstance(value, str) and len(value) > DIGITS:
            self.fail(f"{value[:DIGITS]}... is too large.", param, ctx)
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            if not self._why:
                raise
            self.fail(f"{error.message.rstrip('.')}: {self._why}", param, ctx)


class Real(click.types.FloatParamType):
    """A decimal number."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Read a number."""
        if isinstance(value, str) and REAL.fullmatch(value) is None:
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return super().convert(value, param, ctx)


named_campaign = click.argument(
    "campaign", type=NAME_OR_FILE, help="packaged campaign or YAML file"
)
campaign_or_paper = click.argument(
    "campaign",
    type=NAME_OR_FILE,
    default="paper",
    help="packaged campaign or YAML file; default: paper",
)
maybe_campaign = click.argument(
    "campaign",
    type=NAME_OR_FILE,
    required=False,
    help="packaged campaign or YAML file; default: everything submitted",
)
engine_option = click.option(
    "--engine",
    metavar="ENGINE",
    help="vasp, gpaw or chgnet; default: that of the campaign",
)
x_option = click.option(
    "--x", type=Real(), multiple=True, metavar="X", help="only this x; repeatable"
)
variant_option = click.option("--variant", metavar="NAME", help="only this variant")
launchpad_option = click.option(
    "--launchpad", "-l", type=PATH, help="launchpad.yaml or its directory"
)
json_option = click.option("--json", is_flag=True, help="JSON on stdout")
csv_option = click.option("--csv", is_flag=True, help="CSV on stdout")
id_option = click.option(
    "--id", "ids", multiple=True, metavar="ID", help="only this calculation; repeatable"
)
fw_id_option = click.option(
    "--fw-id",
    "fw_ids",
    type=Count(),
    multiple=True,
    metavar="N",
    help="only this step; repeatable",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="show what would be done; change nothing"
)
directories_argument = click.argument(
    "directories",
    type=PATH,
    nargs=-1,
    required=True,
    metavar="DIR...",
    help="directories to search, with everything below",
)


def selection(
    name: str | None,
    engine: str | None,
    x: Sequence[float],
    launchpad: Path | None = None,
    variant: str | None = None,
    *,
    or_embedded: bool = False,
) -> Selection:
    """Return the calculations that the options of a verb select.

    ``or_embedded`` lets a directory without ``launchpad.yaml`` stand for its embedded
    LaunchPad: for verbs that read, or run on this machine.
    """
    from workflows.cli.selection import Selection

    return Selection(name, engine, tuple(x), launchpad, variant, or_embedded)


def step_selection(
    name: str | None,
    engine: str | None,
    x: Sequence[float],
    launchpad: Path | None,
    variant: str | None,
    ids: Sequence[str],
    fw_ids: Sequence[int],
    *,
    or_embedded: bool = False,
) -> StepSelection:
    """Return the submitted steps that the options of a verb select."""
    from workflows.cli.selection import StepSelection

    own = selection(
        name, engine, x, launchpad, variant=variant, or_embedded=or_embedded
    )
    return StepSelection(own, ids, fw_ids)


def one_format(*, json: bool, csv: bool) -> None:
    """Reject two formats on one stdout.

    Raises
    ------
    ResultsError
        Both were asked for.
    """
    if json and csv:
        raise ResultsError("choose either --csv or --json")
