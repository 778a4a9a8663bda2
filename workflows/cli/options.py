"""The arguments and options that verbs share.

Imports nothing heavy: ``lnmo --help`` imports every verb. A verb imports what it needs
inside its function.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.errors import ResultsError

if TYPE_CHECKING:
    from workflows.cli.selection import Selection, StepSelection

CampaignName = Annotated[
    str, typer.Argument(help="packaged campaign or YAML file", metavar="CAMPAIGN")
]
MaybeCampaign = Annotated[
    str | None,
    typer.Argument(
        help="one campaign; without it, all that was submitted", metavar="CAMPAIGN"
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="vasp, gpaw or chgnet, instead of the campaign's"),
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
CsvOption = Annotated[bool, typer.Option("--csv", help="CSV on stdout")]
IdOption = Annotated[
    list[str] | None, typer.Option("--id", help="this calculation", metavar="ID")
]
FwIdOption = Annotated[
    list[int] | None, typer.Option("--fw-id", help="this step", metavar="N")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="show what would be done; change nothing")
]
Directories = Annotated[list[Path], typer.Argument(metavar="DIR...", readable=False)]
"""typer's own check would reject all of them for one that cannot be read."""


def selection(
    name: str | None,
    engine: str | None,
    x: list[float] | None,
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

    return Selection(name, engine, tuple(x or ()), launchpad, variant, or_embedded)


def step_selection(
    name: str | None,
    engine: str | None,
    x: list[float] | None,
    launchpad: Path | None,
    variant: str | None,
    ids: list[str] | None,
    fw_ids: list[int] | None,
    *,
    or_embedded: bool = False,
) -> StepSelection:
    """Return the submitted steps that the options of a verb select."""
    from workflows.cli.selection import StepSelection

    own = selection(
        name, engine, x, launchpad, variant=variant, or_embedded=or_embedded
    )
    return StepSelection(own, ids or (), fw_ids or ())


def one_format(*, json: bool, csv: bool) -> None:
    """Reject two formats on one stdout.

    Raises
    ------
    ResultsError
        Both were asked for.
    """
    if json and csv:
        raise ResultsError("--csv and --json are two formats for one output: give one")
