"""Whether the ions of a finished run are still on the sites they started from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflows.analysis.site_retention import SiteRetention, site_retention
from workflows.campaign.calculation import Calculation
from workflows.counts import count_of
from workflows.records.document import Finding

if TYPE_CHECKING:
    from pymatgen.core import Structure


def sites_at_the_end(calculation: Calculation, final: Structure) -> SiteRetention:
    """Compare where the ions were put with where they are; bcc lithium has no sites."""
    if calculation.reference:
        return SiteRetention((), (), (), (), (), ())
    return site_retention(calculation.structure, final, supercell=calculation.supercell)


def other_atoms(calculation: Calculation, found: Structure) -> str:
    """Return that an output is of other atoms than were planned; empty if it is not."""
    planned = calculation.structure
    before, after = ([s.specie.symbol for s in each] for each in (planned, found))
    if before == after:
        return ""
    wanted, shown = (s.formula.replace(" ", "") for s in (planned, found))
    order = " in another order" if sorted(before) == sorted(after) else ""
    return (
        f"the output is that of another run, of {shown}{order}, where {wanted} was "
        "planned: look at what the VASP command does, and run the step again"
    )


def site_findings(sites: SiteRetention) -> tuple[Finding, ...]:
    """Report ions that left their sites: lithium, and the host itself.

    A row whose ions moved is labelled by where they ended, not by the model that
    placed them.
    """
    if sites.retained:
        return ()
    summary = sites.summary()
    findings = []
    if sites.li_left:
        findings.append(
            Finding(
                id="li_left_site",
                severity="warning",
                message=f"{summary}: judge the row by the sites where the ions ended, "
                "not by the model it started from",
            )
        )
    if number := sites.tm_left:
        findings.append(
            Finding(
                id="host_broken",
                severity="warning",
                message=f"{count_of(number, 'transition metal')} left 16d "
                f"({summary}): the spinel framework itself changed, so "
                "the row supports no conclusion about the model",
            )
        )
    return tuple(findings)
