"""What is exported of a calculation: the document that counts, and its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflows.errors import ResultsError
from workflows.records.document import TaskDocument
from workflows.results.labels import LABEL_NAMES
from workflows.results.origin import FAKE, SURROGATE
from workflows.results.results import Results
from workflows.results.verdict import FINISHED

if TYPE_CHECKING:
    from pymatgen.core import Structure

KEPT_SITE_PROPERTIES = ("role", "label")


@dataclass(frozen=True)
class Record:
    """A finished calculation.

    Attributes
    ----------
    document
        Of the step whose numbers count, with its atoms and an energy. This step and
        those before it have finished.
    labels
        x, calculation, step and campaign, then the labels of every table and the ids
        of what stands against the result. Plain values; None where there is none.
    """

    document: TaskDocument
    labels: Mapping[str, Any]

    @property
    def name(self) -> str:
        """``lnmo-<id>``: the calculation's name in other people's tools."""
        own = self.document.calculation_id or self.document.dir_name
        return f"lnmo-{own.replace('/', '-')}"

    @property
    def energy(self) -> float:
        """Energy, eV per cell, sigma -> 0."""
        assert self.document.energy is not None
        return self.document.energy

    @property
    def warning(self) -> str:
        """One line where the numbers are no DFT; empty otherwise."""
        if self.labels["fake"]:
            return FAKE
        return SURROGATE if self.labels["surrogate"] else ""

    @property
    def moments(self) -> list[Any] | None:
        """Site moments with sign or as vectors, muB; None where only |m| is known."""
        own = self.document
        if own.moment_vectors is not None:
            return [list(vector) for vector in own.moment_vectors]
        if own.magnetization is None or not own.moments_signed:
            return None
        return list(own.magnetization)

    @property
    def absolute_moments(self) -> list[float] | None:
        """|m| of each site, muB, of an engine that gives no sign; None otherwise."""
        own = self.document
        unsigned = own.magnetization is not None and not own.moments_signed
        return list(own.magnetization or ()) if unsigned else None

    def structure(self) -> Structure:
        """Return the final structure: role and label of each site, moments if signed.

        Moments, muB, are in ``magmom``.
        """
        found = self.bare_structure()
        own = self.document.structure
        assert own is not None
        for name in KEPT_SITE_PROPERTIES:
            if name in own.site_properties:
                found.add_site_property(name, list(own.site_properties[name]))
        if self.moments is not None:
            found.add_site_property("magmom", self.moments)
        return found

    def bare_structure(self) -> Structure:
        """Return the final structure: cell, elements and places alone."""
        from pymatgen.core import Structure

        own = self.document.structure
        assert own is not None
        return Structure(own.lattice, own.species, own.frac_coords)


def records_of(results: Results) -> tuple[Record, ...]:
    """Return what has finished: cathode cells by x, then references.

    Raises
    ------
    ResultsError
        Nothing has.
    """
    found = tuple(
        Record(document, _labels(row, document))
        for row, document in results.labelled()
        if row["state"] in FINISHED and document.energy is not None
    )
    if not found:
        raise ResultsError(
            "nothing to export: no calculation of the selection has finished; lnmo "
            "status shows what is under way"
        )
    return found


def _labels(row: Mapping[str, Any], document: TaskDocument) -> dict[str, Any]:
    own = {
        "x": row["x"],
        "reference": document.reference,
        "calculation_id": document.calculation_id or "",
        "step": document.task_label,
        "campaign": document.campaign,
        "variant": document.ordering.get("variant", ""),
    }
    labels = {name: row.get(name, "") for name in LABEL_NAMES}
    return {**own, **labels, "findings": row["finding_ids"]}
