"""A campaign by name, and the engine of which there are results of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign, load_campaign
from workflows.errors import CampaignError
from workflows.records.plan_cache import kept_plan
from workflows.records.store import ResultsStore
from workflows.results.kinds import Kind, SeveralKinds


@dataclass(frozen=True)
class CampaignResults:
    """What a campaign's results are selected by.

    Attributes
    ----------
    campaign
        With the engine and the variant of the results; None if only its name is
        recorded and its file is not here.
    name
        Recorded name, if there is no file.
    calculations
        Its plan; None if there is no file.
    own_engine
        Engine that the campaign itself names, where another was taken; else empty.
    others
        Engines that have results of this campaign as well.
    """

    campaign: Campaign | None
    name: str = ""
    calculations: tuple[Calculation, ...] | None = None
    own_engine: str = ""
    others: tuple[str, ...] = ()


def campaign_results(
    store: ResultsStore,
    campaign: str | Path | Campaign,
    *,
    engine: str | None = None,
    x: Sequence[float] = (),
    variant: str | None = None,
) -> CampaignResults:
    """Find what selects the results of a campaign.

    Parameters
    ----------
    store
        Where the results are.
    campaign
        A packaged campaign, a file, a campaign; or the recorded name of one whose file
        is not here.
    engine
        Of the results. If None: the campaign's own where it has results or nothing has,
        else the only other one that has.
    x, variant
        Restrict further.

    Raises
    ------
    CampaignError
        There is no such campaign, neither as a file nor recorded.
    SeveralKinds
        The campaign's own engine has no results and several others have.
    """
    try:
        own = campaign if isinstance(campaign, Campaign) else load_campaign(campaign)
    except CampaignError:
        if not _is_recorded(store, str(campaign)):
            raise
        return CampaignResults(None, name=str(campaign))
    own = own.override(x=x)
    own = own if variant is None else own.only(variant)
    if engine is not None:
        own = own.override(engine=engine)
        return CampaignResults(own, calculations=kept_plan(own, store.root))
    plans = _plans_with_results(own, _ids_by_engine(store), store.root)
    if own.engine in plans or not plans:
        kept = plans.pop(own.engine, None)
        calculations = kept or kept_plan(own, store.root)
        return CampaignResults(own, calculations=calculations, others=tuple(plans))
    if len(plans) > 1:
        raise SeveralKinds(
            f"campaign {own.name} has no results of its own engine, {own.engine}, but "
            f"of {' and of '.join(plans)}; one table never mixes them",
            tuple(Kind(own.name, e, variant or "", n) for e, n in _count(plans, store)),
        )
    ((found, calculations),) = plans.items()
    return CampaignResults(
        own.override(engine=found), calculations=calculations, own_engine=own.engine
    )


def _is_recorded(store: ResultsStore, name: str) -> bool:
    return any(s.document.campaign == name for s in store.summaries())


def _ids_by_engine(store: ResultsStore) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for document in (s.document for s in store.summaries()):
        if document.calculation_id and not document.reference:
            found.setdefault(document.engine, set()).add(document.calculation_id)
    return found


def _plans_with_results(
    campaign: Campaign, recorded: Mapping[str, set[str]], root: Path
) -> dict[str, tuple[Calculation, ...]]:
    """Plan the campaign for each engine of the results; keep what has some."""
    found = {}
    for engine, ids in sorted(recorded.items()):
        try:
            calculations = kept_plan(campaign.override(engine=engine), root)
        except CampaignError:
            continue  # an engine that this campaign cannot have
        if any(c.id in ids for c in calculations):
            found[engine] = calculations
    return found


def _count(
    plans: Mapping[str, Iterable[Calculation]], store: ResultsStore
) -> list[tuple[str, int]]:
    recorded = _ids_by_engine(store)
    return [
        (engine, sum(c.id in recorded[engine] for c in calculations))
        for engine, calculations in plans.items()
    ]
