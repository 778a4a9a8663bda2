"""What a command line chose: a campaign, an engine, some x, a LaunchPad."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workflows.calculation import Calculation
from workflows.campaign import Campaign, load_campaign
from workflows.database import Database, read_database
from workflows.errors import CampaignError
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
    variant
        One of the campaign's; None for all it has.
    """

    name: str | None
    engine: str | None = None
    x: tuple[float, ...] = ()
    launchpad: Path | None = None
    variant: str | None = None

    def __post_init__(self) -> None:
        """Refuse a variant of nothing."""
        if self.variant is not None and self.name is None:
            raise CampaignError(
                f"--variant {self.variant} is one of a campaign: name the campaign"
            )

    def campaign(self) -> Campaign:
        """Load the campaign, with the chosen engine, x and variant."""
        campaign = load_campaign(self.name or DEFAULT_CAMPAIGN)
        campaign = campaign.override(engine=self.engine, x=self.x)
        return campaign if self.variant is None else campaign.only(self.variant)

    def one_by_one(self) -> tuple[Selection, ...]:
        """Return a selection for each variant; this one alone if there is one at most.

        Results of two variants never stand in one table.
        """
        if self.name is None:
            return (self,)
        names = tuple(self.campaign().variants)
        if len(names) < 2:
            return (self,)
        return tuple(replace(self, variant=name) for name in names)

    def calculations(self) -> tuple[Calculation, ...] | None:
        """Plan the campaign; None if none was named."""
        return None if self.name is None else plan(self.campaign())

    def database(self) -> Database:
        """Read ``launchpad.yaml``."""
        return read_database(self.launchpad)

    def results(self) -> Results:
        """Open the results of what was chosen, planned rows included.

        Raises
        ------
        CampaignError
            The campaign has several variants and none was chosen.
        """
        from workflows.results import Results
        from workflows.store import results_store

        self._refuse_several()
        store = results_store(self.database())
        if self.name is None:
            return Results(store, engine=self.engine, x=self.x)
        return Results(store, calculations=self.calculations())

    def _refuse_several(self) -> None:
        variants = [each.variant or "" for each in self.one_by_one()]
        if len(variants) > 1:
            raise CampaignError(
                f"campaign {self.name} has variants, which never mix in one table: "
                f"choose with --variant one of {', '.join(variants)}"
            )

    def __str__(self) -> str:
        """Return the options that choose the same again."""
        name = [self.name] if self.name else []
        engine = ["--engine", self.engine] if self.engine else []
        x = [part for value in self.x for part in ("--x", f"{value:g}")]
        variant = ["--variant", self.variant] if self.variant else []
        return " ".join([*name, *engine, *x, *variant])
