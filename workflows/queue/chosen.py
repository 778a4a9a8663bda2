"""Which Fireworks a command line means: by what was noted at submission.

Nothing is planned again: an ensemble of a thousand takes minutes to plan and a second
to look up. Only a variant is: what it shares with other variants and campaigns was
noted under the first of them alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.errors import LnmoError

if TYPE_CHECKING:
    from workflows.selection import Selection


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
        from workflows.detours import with_reseeds

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
