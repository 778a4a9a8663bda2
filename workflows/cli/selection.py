"""The calculations and steps that a command line selects.

Submitted steps are looked up by what was recorded at submission, not planned again. A
variant is planned: calculations that it shares with other variants and campaigns were
recorded under the first of them alone.

FireWorks, and what reads results, are imported by what uses them: a plan needs neither.
"""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign, EngineName, load_campaign
from workflows.campaign.sections import SAME_X
from workflows.cli.output import note
from workflows.errors import CampaignError, LnmoError, StoreError, nearest
from workflows.records.database import Database, read_for_queue, read_or_embedded
from workflows.records.plan_cache import keep_plan, kept_plan

if TYPE_CHECKING:
    from workflows.records.store import ResultsStore
    from workflows.results.campaign_results import CampaignResults
    from workflows.results.results import Results

DEFAULT_CAMPAIGN = "paper"
"""Campaign to which ``--engine`` and ``--x`` apply if none is named."""


@dataclass(frozen=True)
class Selection:
    """A selection of calculations, not planned or looked up yet.

    Attributes
    ----------
    name
        Packaged campaign or path of a campaign file; None for all there is.
    engine, x
        Replace the campaign's own; None and empty keep them.
    launchpad
        ``launchpad.yaml`` or its directory; None for the current directory.
    variant
        One of the campaign's; None for all it has.
    or_embedded
        Whether a directory without ``launchpad.yaml`` stands for its embedded
        LaunchPad, as for verbs that read or run on this machine.
    new_data
        Whether such a directory may lack its data too, as for verbs that start them.
    loaded
        The campaign with engine and x but every variant, where it was read already.
    databases
        What was read of each ``launchpad``, for this selection and all made of it: a
        command has one project, also if files and links are changed while it runs.
    """

    name: str | None
    engine: str | None = None
    x: tuple[float, ...] = ()
    launchpad: Path | None = None
    variant: str | None = None
    or_embedded: bool = False
    new_data: bool = True
    loaded: Campaign | None = field(default=None, repr=False, compare=False)
    databases: dict[Path | None, Database] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Reject a variant without a campaign, and an engine that does not exist."""
        known = get_args(EngineName)
        if self.engine is not None and self.engine not in known:
            raise CampaignError(
                f"unknown engine {self.engine!r}{nearest(self.engine, known)}; known: "
                f"{', '.join(known)}"
            )
        if self.variant is not None and self.name is None:
            raise CampaignError(
                f"--variant {self.variant} needs a campaign: name it too"
            )

    def once_read(self) -> Selection:
        """Return the selection with its campaign: edits from now on do not count.

        :meth:`database` by itself is read once.
        """
        return self if self.name is None else replace(self, loaded=self._loaded())

    def _loaded(self) -> Campaign:
        name = DEFAULT_CAMPAIGN if self.name is None else self.name
        return self.loaded or load_campaign(name).override(engine=self.engine, x=self.x)

    def campaign(self) -> Campaign:
        """Load the campaign, with the chosen engine, x and variant."""
        campaign = self._loaded()
        return campaign if self.variant is None else campaign.only(self.variant)

    def one_by_one(self) -> tuple[Selection, ...]:
        """Return a selection for each variant; this one if there is at most one.

        Results of two variants are never put into one table.
        """
        if self.name is None:
            return (self,)
        campaign = self.campaign()
        names = tuple(campaign.variants)
        if len(names) < 2:
            return (self,)
        return tuple(replace(self, variant=name, loaded=campaign) for name in names)

    def calculations(self, *, keep: bool = True) -> tuple[Calculation, ...] | None:
        """Plan the campaign, or take the plan that is kept; None if none was named.

        A command that may still be refused writes nothing: ``keep=False``, and
        :meth:`keep` afterwards.
        """
        if self.name is None:
            return None
        return kept_plan(self.campaign(), self.database().root, keep=keep)

    def keep(self, calculations: Sequence[Calculation]) -> None:
        """Keep the plan for the next command."""
        keep_plan(self.campaign(), self.database().root, calculations)

    def planned(self) -> tuple[Calculation, ...]:
        """Plan the campaign, outside of a project too, where no plan is kept."""
        campaign = self.campaign()
        try:
            root = self.database().root
        except StoreError:
            from workflows.campaign.plan import plan

            return plan(campaign)
        return kept_plan(campaign, root)

    def database(self) -> Database:
        """Return ``launchpad.yaml`` as it was first read, links followed.

        Without one, what the verb takes that was called.
        """
        if self.launchpad not in self.databases:
            self.databases[self.launchpad] = self._read_database()
        return self.databases[self.launchpad]

    def _read_database(self) -> Database:
        if not self.or_embedded:
            return read_for_queue(self.launchpad)
        database = read_or_embedded(self.launchpad, new=self.new_data)
        if not database.path.exists():
            _tell_embedded(database.root)
        return database

    def results(self) -> Results:
        """Open the results of the selection, planned rows included.

        Raises
        ------
        CampaignError
            The campaign has several variants and none was selected.
        """
        return self.opened().results

    def opened(self) -> Opened:
        """Open the results, of the only engine that has some if none was chosen.

        Raises
        ------
        CampaignError
            The campaign has several variants and none was selected.
        SeveralKinds
            Several engines have results of the campaign, and its own has none.
        """
        from workflows.records.store import results_store
        from workflows.results.campaign_results import campaign_results
        from workflows.results.results import Results

        self._refuse_several()
        results = Results(_told(results_store, self.database()))
        if self.name is None:
            return Opened(results.select(engine=self.engine, x=self.x), None, self)
        found = campaign_results(
            results.store,
            self.loaded or self.name,
            engine=self.engine,
            x=self.x,
            variant=self.variant,
        )
        if found.campaign is None:
            chosen = results.select(campaign=self.name, engine=self.engine, x=self.x)
            return Opened(chosen, None, self)
        engine = str(found.campaign.engine)
        _tell_engine(found, self)
        return Opened(
            results.select(found.calculations),
            found.campaign,
            replace(self, engine=engine),
        )

    def _refuse_several(self) -> None:
        try:
            variants = [each.variant or "" for each in self.one_by_one()]
        except CampaignError:
            return  # perhaps recorded, without its file
        if len(variants) > 1:
            raise CampaignError(
                f"campaign {self.name} has variants, which never mix in one table: "
                f"choose one with --variant: {', '.join(variants)}"
            )

    def __str__(self) -> str:
        """Return the options that select the same, as a shell reads them."""
        name = [self.name] if self.name else []
        engine = ["--engine", self.engine] if self.engine else []
        x = [part for value in self.x for part in ("--x", f"{value:g}")]
        variant = ["--variant", self.variant] if self.variant else []
        return shlex.join([*name, *engine, *x, *variant])

    @property
    def at(self) -> str:
        """Return what a command needs to open the same LaunchPad, behind a blank."""
        return at_launchpad(self.launchpad)


def at_launchpad(launchpad: Path | None) -> str:
    """Return ``--launchpad`` as it was given, behind a blank; empty if it was not."""
    return "" if launchpad is None else f" --launchpad {shlex.quote(str(launchpad))}"


@dataclass(frozen=True)
class Opened:
    """Results, and what they are of.

    Attributes
    ----------
    results
        Planned rows included.
    campaign
        With the engine of the results; None if none was named, or only its recorded
        name is known.
    selection
        What selects the same, its engine written out.
    """

    results: Results
    campaign: Campaign | None
    selection: Selection


@cache
def _tell_embedded(root: Path) -> None:
    """Say once which LaunchPad is taken in a directory without a file."""
    there = "" if root.is_dir() else ", which does not exist yet"
    note(f"no launchpad.yaml here: the embedded LaunchPad in {root}{there}")


def _tell_engine(found: CampaignResults, asked: Selection) -> None:
    """Say of which engine the results are, where that was not asked for."""
    if found.own_engine and found.campaign is not None:
        note(
            f"results of {found.campaign.engine}, the only ones of campaign "
            f"{asked.name}: its own engine, {found.own_engine}, has none"
        )
    if found.others:
        note(f"there are results of {', '.join(found.others)} too: add --engine")


@dataclass(frozen=True)
class StepSelection:
    """A selection among the submitted steps.

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
        """Whether nothing was selected."""
        own = self.selection
        return not (own.name or own.engine or own.x or self.ids or self.fw_ids)

    def must_choose(self, verb: str) -> None:
        """Reject a command that would act on everything by accident.

        Raises
        ------
        LnmoError
            Nothing was selected.
        """
        if self.everything:
            raise LnmoError(
                f"nothing chosen to {verb}: name a campaign, --engine, --x, --id or "
                "--fw-id; lnmo status lists the steps"
            )

    def of_workflows(self) -> dict[str, Any]:
        """Return the query on the workflows collection, without ids and variant."""
        own = self.selection
        query: dict[str, Any] = {}
        if own.name is not None:
            query["metadata.campaigns"] = own.campaign().name
        if own.engine is not None:
            query["metadata.engine"] = own.engine
        clauses: list[dict[str, Any]] = [query] if query else []
        if own.x:
            near = [{"$gt": x - SAME_X, "$lt": x + SAME_X} for x in own.x]
            at = [{"metadata.x": limits} for limits in (*near, None)]
            clauses.append({"$or": at})
        return {"$and": clauses} if clauses else {}

    def of_fireworks(self, launchpad: Any) -> dict[str, Any]:
        """Return the query on the fireworks collection; empty for everything."""
        from workflows.launchpad.steps import with_reseeds

        self._refuse_unknown(launchpad)
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

    def _refuse_unknown(self, launchpad: Any) -> None:
        """Refuse ids of calculations and Fireworks that are not submitted."""
        if not (self.ids or self.fw_ids):
            return
        from workflows.firetasks import OURS

        fields = {"_id": 0, "fw_id": 1, "spec.calculation_id": 1}
        found = list(launchpad.fireworks.find(OURS, fields))
        given = (
            ("calculation", self.ids, [f["spec"]["calculation_id"] for f in found]),
            ("step", map(str, self.fw_ids), [str(f["fw_id"]) for f in found]),
        )
        for what, asked, there in given:
            for each in asked:
                if each not in there:
                    begins = [i for i in there if i.startswith(each)]
                    near = f" (did you mean {begins[0]}?)" if begins else ""
                    raise LnmoError(
                        f"no {what} {each} is submitted"
                        f"{near or nearest(each, tuple(dict.fromkeys(there)))}; lnmo "
                        "status lists them, --json with fw_id and calculation_id"
                    )


def _told(
    opener: Callable[[Database], ResultsStore], database: Database
) -> ResultsStore:
    """Open results; what is missing of them is a note."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        store = opener(database)
    for each in told:
        note(str(each.message))
    return store
