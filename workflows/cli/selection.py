"""Which Fireworks a command line means: by what was noted at submission.

Nothing is planned again: an ensemble of a thousand takes minutes to plan and a second
to look up. Only a variant is: what it shares with other variants and campaigns was
noted under the first of them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign, load_campaign
from workflows.campaign.plan import plan
from workflows.errors import CampaignError, LnmoError
from workflows.records.database import Database, read_database

if TYPE_CHECKING:
    from workflows.results.results import Results


@dataclass(frozen=True)
class Chosen:
    """A choice among what is submitted.

    Attributes
    ----------
    selection
        Campaign, engine and x.
    ids
        Ids of calculations.
    fw_ids
        Ids of Fireworks.
    """

    selection: Selection
    ids: Sequence[str] = ()
    fw_ids: Sequence[int] = ()

    @property
    def everything(self) -> bool:
        """Tell whether nothing was chosen."""
        own = self.selection
        return not (own.name or own.engine or own.x or self.ids or self.fw_ids)

    def must_choose(self, verb: str) -> None:
        """Refuse to act on everything by accident.

        Raises
        ------
        LnmoError
            Nothing was chosen.
        """
        if self.everything:
            raise LnmoError(
                f"{verb} what? Name a campaign, --engine, --x, --id or --fw-id; see "
                "lnmo status"
            )

    def of_workflows(self) -> dict[str, Any]:
        """Return the query on the workflows collection, ids and variant left out."""
        own = self.selection
        query: dict[str, Any] = {}
        if own.name is not None:
            query["metadata.campaigns"] = own.campaign().name
        if own.engine is not None:
            query["metadata.engine"] = own.engine
        clauses: list[dict[str, Any]] = [query] if query else []
        if own.x:
            at = [{"metadata.x": {"$gt": x - 1e-9, "$lt": x + 1e-9}} for x in own.x]
            clauses.append({"$or": [*at, {"metadata.x": None}]})
        return {"$and": clauses} if clauses else {}

    def of_fireworks(self, launchpad: Any) -> dict[str, Any]:
        """Return the query on the fireworks collection; empty for everything."""
        from workflows.launchpad.steps import with_reseeds

        query: dict[str, Any] = {}
        if self.fw_ids:
            query["fw_id"] = {"$in": list(self.fw_ids)}
        chosen: list[set[str]] = []
        if asked := self.of_workflows():
            ours = {**asked, "metadata.calculation_id": {"$exists": True}}
            found = launchpad.workflows.find(ours, {"metadata.calculation_id": 1})
            ids = (each["metadata"]["calculation_id"] for each in found)
            chosen.append(set(with_reseeds(launchpad, ids)))
        if self.selection.variant is not None:
            planned = self.selection.calculations() or ()
            chosen.append(set(with_reseeds(launchpad, (c.id for c in planned))))
        if self.ids:  # a re-seed has no Workflow of its own
            chosen.append(set(with_reseeds(launchpad, self.ids)))
        if chosen:
            ids_of_all = sorted(set.intersection(*chosen))
            query["spec.calculation_id"] = {"$in": ids_of_all}
        return query


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
        from workflows.records.store import results_store
        from workflows.results.results import Results

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
