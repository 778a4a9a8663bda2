"""What a command line chose: a campaign, an engine, some x, a LaunchPad."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.calculation import Calculation
from workflows.campaign import Campaign, load_campaign
from workflows.database import Database, read_database
from workflows.plan import plan

if TYPE_CHECKING:
    from workflows.results import Results

DEFAULT_CAMPAIGN = "paper"
"""Whose ``--engine`` and ``--x`` are meant where no campaign is named."""


@dataclass(frozen=True)
class Selection:
    """A choice that has not been looked up yet.

    Attributes
    ----------
    name
        Packaged campaign or path of a campaign file; None for all there is.
    engine, x
        Instead of the campaign's own; None and empty leave them.
    launchpad
        ``launchpad.yaml`` or its directory; None for the current directory.
    """

    name: str | None
    engine: str | None = None
    x: tuple[float, ...] = ()
    launchpad: Path | None = None

    def campaign(self) -> Campaign:
        """Load the campaign, with the chosen engine and x."""
        campaign = load_campaign(self.name or DEFAULT_CAMPAIGN)
        return campaign.override(engine=self.engine, x=self.x)

    def calculations(self) -> tuple[Calculation, ...] | None:
        """Plan the campaign; None if none was named."""
        return None if self.name is None else plan(self.campaign())

    def database(self) -> Database:
        """Read ``launchpad.yaml``."""
        return read_database(self.launchpad)

    def results(self) -> Results:
        """Open the results of what was chosen, planned rows included."""
        from workflows.results import Results
        from workflows.store import results_store

        store = results_store(self.database())
        if self.name is None:
            return Results(store, engine=self.engine, x=self.x)
        return Results(store, calculations=self.calculations())

    def __str__(self) -> str:
        """Return the options that choose the same again."""
        name = [self.name] if self.name else []
        engine = ["--engine", self.engine] if self.engine else []
        x = [part for value in self.x for part in ("--x", f"{value:g}")]
        return " ".join([*name, *engine, *x])
