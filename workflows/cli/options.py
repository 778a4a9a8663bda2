"""The arguments and options that verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.errors import ResultsError

if TYPE_CHECKING:
    from workflows.cli.selection import Selection

CampaignName = Annotated[
    str, typer.Argument(help="packaged campaign or YAML file", metavar="CAMPAIGN")
]
MaybeCampaign = Annotated[
    str | None,
    typer.Argument(help="restrict to a campaign; all if left out", metavar="CAMPAIGN"),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="vasp or chgnet, instead of the campaign's"),
]
XOption = Annotated[
    list[float] | None, typer.Option("--x", help="only this x; repeatable", metavar="X")
]
VariantOption = Annotated[
    str | None, typer.Option("--variant", help="only this one", metavar="NAME")
]
LaunchpadOption = Annotated[
    Path | None,
    typer.Option(
        "--launchpad", "-l", help="launchpad.yaml or its directory", metavar="PATH"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout")]
IdOption = Annotated[
    list[str] | None, typer.Option("--id", help="this calculation", metavar="ID")
]
FwIdOption = Annotated[
    list[int] | None, typer.Option("--fw-id", help="this step", metavar="N")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="say what would be done, do nothing")
]


def selection(
    name: str | None,
    engine: str | None,
    x: list[float] | None,
    launchpad: Path | None = None,
    variant: str | None = None,
) -> Selection:
    """Return which calculations a verb is about, as its options say."""
    from workflows.cli.selection import Selection

    return Selection(name, engine, tuple(x or ()), launchpad, variant)


def one_format(*, json: bool, csv: bool) -> None:
    """Refuse two formats on one stdout.

    Raises
    ------
    ResultsError
        Both were asked for.
    """
    if json and csv:
        raise ResultsError("--csv and --json are two formats for one output: give one")
