"""Any VASP runs, ours or not -> one row each: settings as run, lattice, moments.

Nothing is asked of a plan and nothing is compared with the paper; no two energies are
subtracted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structures.formula import WORKING_IONS
from workflows.analysis.ions import METALS
from workflows.analysis.magnetization import element_moments
from workflows.checks.rules import LintFinding
from workflows.checks.rules.same_settings import functional
from workflows.errors import printable
from workflows.records.document import TaskDocument
from workflows.results.columns import Column, frame_of, number
from workflows.results.labels import labels_of
from workflows.results.parsed_runs_table import (
    LATTICE,
    OXYGEN_OF_A_FORMULA,
    lattice_row,
)
from workflows.results.u_in_words import NO_U, u_in_words
from workflows.vasp.directory import VaspDirectory

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

FUNCTIONALS = {
    **{"PE": "PBE", "PS": "PBEsol", "RP": "RPBE", "CA": "LDA", "91": "PW91"},
    **{"R2SCA": "r2SCAN", "R2SCAN": "r2SCAN", "SCAN": "SCAN", "AM": "AM05"},
}
"""Word of GGA or METAGGA -> the name that papers use."""
HSE06 = frozenset({"hybrid 0.25/0.2", "hybrid 0.25/0.207", "hybrid 0.25/0.208"})
"""A quarter of exact exchange, screened at 0.2 or 0.207 1/A (Krukau et al. 2006)."""
GRAVE = ("error", "warning")
MOST_PARTS = 4
"""Largest number of path components in the label of a run."""

SETTINGS = (
    Column("functional", "as the INCAR asks; empty where no file says it"),
    Column("hubbard_u", "eV by element, as applied"),
    number("encut", "eV, as applied"),
    Column("kpoints", "divisions of the mesh"),
    Column("prec", "PREC, as applied"),
)
RUNS = (
    *(column for column in LATTICE if column.name != "fake"),
    Column("reason"),
    Column("ion", "the ion that x counts"),
    number("x", "ions per formula unit of 4 oxygens; spinel cells only"),
    *SETTINGS,
    number("energy", "eV per cell, of this run alone"),
    number("gap", "eV, both spins, on the k mesh of the run"),
    number("m_total", "muB per cell"),
    *(
        number(f"m_{e.lower()}{end}", f"muB, {what} over the {e} of the cell")
        for e in METALS
        for end, what in (("", "mean |m|"), ("_std", "standard deviation of |m|"))
    ),
    number("max_force", "eV/A, the largest"),
    number("pressure", "kbar"),
    Column("findings", "warnings and errors, of the run and of lnmo check", "count"),
    Column("fake", dtype="flag"),
    Column("surrogate", dtype="flag"),
)
"""Columns of the table of runs on a page of any runs."""


@dataclass(frozen=True, eq=False)
class AnyRun:
    """One run, what ``lnmo parse`` reads of it and what ``lnmo check`` says.

    Attributes
    ----------
    document
        Its state, numbers and findings.
    directory
        Its inputs as the rules see them; None where they found none.
    lint
        The broken rules.
    label
        Name beside those of other runs; the last part of its directory if empty.
    """

    document: TaskDocument
    directory: VaspDirectory | None = None
    lint: tuple[LintFinding, ...] = ()
    label: str = ""

    @property
    def name(self) -> str:
        """Its directory, and its suffix where the directory has several runs."""
        if self.directory is not None and not self.document.calculation_id:
            return self.directory.name
        return self.document.dir_name

    @property
    def short(self) -> str:
        """Its label, or the last part of its directory, and its suffix."""
        return self.label or self.last_parts(1)

    def last_parts(self, number: int) -> str:
        """Return so many last parts of its directory, and its suffix."""
        suffix = self.name.removeprefix(self.document.dir_name).strip()
        parts = Path(self.document.dir_name).resolve().parts[1:][-number:]
        return printable(" ".join(filter(None, ("/".join(parts), suffix))))

    @property
    def findings(self) -> list[Row]:
        """Everything found, gravest first; a message of both is there once."""
        cures = {f.message: f.cure for f in self.lint}
        every = {f.message: f for f in (*self.lint, *self.document.findings)}
        found = [
            {"run": self.name, "cure": cures.get(f.message, ""), **_plain(f)}
            for f in every.values()
        ]
        order = (*GRAVE, "info")
        return sorted(found, key=lambda row: order.index(row["severity"]))

    @property
    def serious(self) -> int:
        """Warnings and errors."""
        return sum(row["severity"] in GRAVE for row in self.findings)


def told_apart(runs: Sequence[AnyRun]) -> list[AnyRun]:
    """Label runs whose directories end alike by the directories above as well."""
    labels = [run.last_parts(1) for run in runs]
    for parts in range(2, MOST_PARTS + 1):
        counts = Counter(labels)
        if max(counts.values(), default=1) == 1:
            break
        labels = [
            run.last_parts(parts) if counts[label] > 1 else label
            for run, label in zip(runs, labels, strict=True)
        ]
    return [replace(run, label=own) for run, own in zip(runs, labels, strict=True)]


def _plain(finding: Any) -> Row:
    return {"severity": finding.severity, "id": finding.id, "message": finding.message}


def any_runs_table(runs: Sequence[AnyRun]) -> pd.DataFrame:
    """Return one row for each run; columns as in `RUNS`."""
    ions = ions_of(runs)
    rows = [_row(run, ion) for run, ion in zip(runs, ions, strict=True)]
    return frame_of(rows, RUNS)


def ions_of(runs: Sequence[AnyRun]) -> list[str]:
    """Return the ion that x counts, for each run.

    A cell without any is the host of the others, where these have one ion.
    """
    own = [_ion(run) for run in runs]
    known = set(filter(None, own))
    hosts = known.pop() if len(known) == 1 else ""
    return [ion or hosts for ion in own]


def _ion(run: AnyRun) -> str:
    structure = run.document.structure
    there = set() if structure is None else {s.symbol for s in structure.elements}
    return next((ion for ion in WORKING_IONS if ion in there), "")


def _row(run: AnyRun, ion: str) -> Row:
    document = run.document
    row = lattice_row(document)
    return {
        **row,
        "reason": document.reason,
        "ion": ion,
        "x": _x(document, ion) if not math.isnan(row["a"]) else math.nan,
        **settings_of_run(run),
        "energy": document.energy,
        "gap": document.bandgap,
        "m_total": document.total_magnetization,
        **_moments(document),
        "max_force": document.max_force,
        "pressure": document.pressure_kbar,
        "findings": run.serious,
        "surrogate": document.surrogate,
    }


def _x(document: TaskDocument, ion: str) -> float:
    structure = document.structure
    if structure is None or not structure.composition["O"]:
        return math.nan
    found = structure.composition
    formulas = float(found["O"]) / OXYGEN_OF_A_FORMULA
    if ion:
        return float(found[ion]) / formulas
    only_metals = abs(len(structure) - 6 * formulas) < 1e-6  # M2O4: no ion at all
    return 0.0 if only_metals else math.nan


def _moments(document: TaskDocument) -> Row:
    structure, moments = document.structure, document.magnetization
    if structure is None or moments is None or len(moments) != len(structure):
        return {}
    species = [site.specie.symbol for site in structure]
    found: Row = {}
    for element in METALS:
        mean = element_moments(species, moments, element)
        if mean is not None:
            name = f"m_{element.lower()}"
            found |= {name: mean.absolute, f"{name}_std": mean.std}
    return found


def settings_of_run(run: AnyRun) -> Row:
    """Return functional, U, cutoff, mesh and precision as run; columns `SETTINGS`."""
    document, directory = run.document, run.directory
    labels = labels_of(document)
    mesh = None if directory is None else directory.mesh
    divisions = None if mesh is None else mesh.divisions
    return {
        "functional": labels["functional"] or functional_in_words(directory),
        "hubbard_u": labels["hubbard_u"] or _u(run),
        "encut": document.settings.get("ENCUT"),
        "kpoints": "x".join(map(str, divisions)) if divisions else "",
        "prec": str(document.settings.get("PREC", "")),
    }


def _u(run: AnyRun) -> str:
    """Return the U as applied; empty where it is asked for and no output shows it."""
    if run.document.hubbards or run.document.hubbard_j:
        return u_in_words(run.document.hubbards, run.document.hubbard_j)
    directory = run.directory
    known = directory is not None and directory.asked and not directory.hubbard
    return NO_U if known else ""


def functional_in_words(directory: VaspDirectory | None) -> str:
    """Return the functional, such as ``PBE`` or ``r2SCAN``; empty if nothing says it.

    Without GGA and METAGGA it is that of the potentials: PBE only if their titles say
    so.
    """
    if directory is None or not directory.asked:
        return ""
    incar = directory.incar
    default = incar.word("GGA", "--") == "--" and not directory.meta_gga
    titles = [potential.titel for potential in directory.potentials]
    if default and not (titles and all(t.startswith("PAW_PBE") for t in titles)):
        return "that of the POTCARs"
    first, _, more = functional(directory).partition(" ")
    if first == "PE" and more in HSE06:
        return "HSE06"
    return " ".join(filter(None, (FUNCTIONALS.get(first, first), more)))


def kind_of(row: Row) -> str:
    """Return functional, U and cutoff of a row in one line: what must not be mixed."""
    u = row["hubbard_u"]
    encut = row["encut"]
    words = [
        row["functional"] or "functional not known",
        "no U" if u == NO_U else f"U {u} eV" if u else "U not known",
        f"{encut:g} eV" if encut == encut and encut is not None else "ENCUT not known",
        *(["FAKE"] if row["fake"] else []),
        *(["learned force field"] if row["surrogate"] else []),
    ]
    return ", ".join(words)
