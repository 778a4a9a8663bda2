"""Which findings stand against which rows of the verdicts, and what they say.

A mean moment may be right while the state is wrong: twelve equal Mn at 3.7 muB have the
mean of eight Mn3+ and four Mn4+. A row that rests on such a run is at best WARN. Two
sources are asked: the findings that were recorded with a run, and the numbers of the
row itself (:mod:`workflows.results.row_faults`, :mod:`workflows.results.start_left`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workflows.checks.cell_relaxation import STRESS
from workflows.checks.physics import FORCES_LEFT
from workflows.records.document import Finding, State
from workflows.results.labels import foreign_geometry
from workflows.results.row_faults import Row, number, seen_in
from workflows.results.start_left import UNKNOWN, start_doubt

Kind = Literal["moments", "charge", "gap", "lattice", "energy"]
ALL: frozenset[Kind] = frozenset({"moments", "charge", "gap", "lattice", "energy"})
LATTICE: frozenset[Kind] = frozenset({"lattice"})
ELECTRONS: frozenset[Kind] = frozenset({"moments", "charge", "gap"})
NO_ROW: frozenset[Kind] = frozenset()


@dataclass(frozen=True)
class Effect:
    """What a finding does to the verdicts that rest on its run.

    Attributes
    ----------
    words
        For the note of a row, short; empty if the finding takes no PASS away.
    rows
        Kinds of rows that it keeps from passing.
    """

    words: str
    rows: frozenset[Kind] = ALL


EFFECTS: Mapping[str, Effect] = {
    # wrong electronic state
    "symmetrised": Effect("all Mn alike: symmetrised or delocalised"),
    "wrong_valence": Effect("wrong valences"),
    "metallic": Effect("no gap"),
    "partial_occupations": Effect("levels partly occupied"),
    "moment_collapsed": Effect("collapsed moment"),
    "moment_too_large": Effect("moment of Ni too large"),
    "unlike_nickel": Effect("Ni of unlike moments"),
    "unsigned_moments": Effect("signs of the moments not known"),
    "moment_flipped": Effect("moment flipped"),
    "wavecar_not_read": Effect("WAVECAR not read"),
    "total_moment": Effect("wrong total moment"),
    "impossible_moment": Effect("total moment that no insulator has", ELECTRONS),
    "oxygen_moment": Effect("moment on oxygen"),
    "positive_energy": Effect("positive energy"),
    "orbital_mismatch": Effect("orbitals and bonds disagree"),
    "relax_static_mismatch": Effect("static and relaxation differ in energy"),
    "other_start": Effect("not started where the step before ended"),
    # another crystal
    "host_broken": Effect("host broken"),
    "li_left_site": Effect("Li left its site"),
    "sites_unknown": Effect("sites of Li not recorded"),
    "wrong_contents": Effect("x is not that of the cell"),
    "short_distance": Effect("atoms too close"),
    "pressure": Effect("pressure left in the cell", LATTICE),
    "no_ionic_limit": Effect("relaxed without a limit"),
    "learned_force_field": Effect("learned force field"),
    "many_body": Effect("no ground state"),
    "fixed_orbitals": Effect("not self-consistent"),
    "fixed_density": Effect("not self-consistent"),
    "imposed_moment": Effect("moments imposed"),
    "imposed_occupations": Effect("occupations imposed"),
    "imposed_pressure": Effect("under pressure"),
    "external_field": Effect("in a field"),
    "snapshot": Effect("no minimum: a snapshot"),
    "saddle_point": Effect("no minimum: a saddle point"),
    "held_atoms": Effect("atoms held in place"),
    "noncollinear_moments": Effect("noncollinear moments"),
    # another calculation than planned; these make a run NEEDS_REVIEW or FAILED
    "inputs_changed": Effect("inputs changed"),
    "files_disagree": Effect("files of several runs"),
    "several_vasps": Effect("several VASPs in one directory"),
    "hubbard_not_applied": Effect("U not applied"),
    "hubbard_misplaced": Effect("U on another shell"),
    "hubbards_differ": Effect("two U on one element"),
    "hubbard_unknown": Effect("U not known"),
    "potcar_misplaced": Effect("POTCAR of another element"),
    "charged_cell": Effect("charged cell"),
    "not_numbers": Effect("one output has no numbers"),
    # said in the status or in the list of findings; no row depends on them
    "fake_vasp": Effect("", NO_ROW),
    "surrogate": Effect("", NO_ROW),
    "surrogate_geometry": Effect("", NO_ROW),
    "mixing_changed": Effect("", NO_ROW),
    "orbital_order": Effect("", NO_ROW),
    "finite_differences": Effect("", NO_ROW),
    "started_from_scratch": Effect("", NO_ROW),
    "collected": Effect("", NO_ROW),
    "bands_below_emax": Effect("", NO_ROW),
    "forces_left": Effect("", NO_ROW),
    "no_outcar": Effect("", NO_ROW),
    "no_vasprun": Effect("", NO_ROW),
    "empty_file": Effect("", NO_ROW),
    "unreadable_file": Effect("", NO_ROW),
    "unknown_form": Effect("", NO_ROW),
}
"""Id of a finding -> its effect; a finding of severity ``info`` has none."""

ELECTRONIC = frozenset(
    {
        *("metallic", "partial_occupations", "symmetrised", "wrong_valence"),
        *("moment_collapsed", "moment_too_large", "moment_flipped", "total_moment"),
        *("oxygen_moment", "orbital_mismatch", "impossible_moment"),
    }
)
"""Findings of a dos step that count against a row: those on the electronic state."""

REVIEW = "needs review"


def effect_of(name: str) -> Effect:
    """Return what a finding does; one that is not known stands against every row."""
    return EFFECTS.get(name, Effect(name.replace("_", " ")))


def standing(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the ids that count against some row, each once; ``info`` never counts."""
    ids = dict.fromkeys(f.id for f in findings if f.severity != "info")
    return tuple(name for name in ids if effect_of(name).rows)


def against(row: Row, kind: Kind) -> tuple[str, ...]:
    """Return what keeps a row of the series from a PASS of one kind, in words."""
    ids = dict.fromkeys((*ids_of_row(row), *seen_in(row)))
    found = [e.words for name in ids if kind in (e := effect_of(name)).rows]
    found += _of_the_cell(row, kind)
    if row.get("tied"):
        found.append(str(row["tied"]))
    if str(row["state"]) == str(State.NEEDS_REVIEW):
        found.append(REVIEW)
    return tuple(dict.fromkeys(found))


def _of_the_cell(row: Row, kind: Kind) -> list[str]:
    """Return what its start, and the forces and stress left in it, say against a cell.

    Moments, gap and energy are of that cell too. An older record, without its start, is
    believed there; its lengths are not.
    """
    if not State(row["state"]).usable:
        return []
    if not has_relaxed_cell(row):
        return ["the cell was not relaxed"]
    doubt, force = start_doubt(row), number(row, "max_force")
    if kind != "lattice":
        known = doubt != UNKNOWN and not foreign_geometry(row)
        return [doubt] if doubt and known else []
    forces = [f"forces of {force:.2f} eV/A left"] if force > FORCES_LEFT else []
    return [*([doubt] if doubt else []), *forces, *_of_the_stress(row)]


def _of_the_stress(row: Row) -> list[str]:
    """Return the stress left in a cell, but where another engine relaxed the cell."""
    stress = number(row, "max_stress")
    if foreign_geometry(row) or not stress > STRESS:
        return []
    return [f"a stress of {stress:.1f} kbar left"]


def has_relaxed_cell(row: Row) -> bool:
    """Tell whether a row has the lengths of a relaxed cell, whoever relaxed it."""
    known = row.get("cell_relaxed")
    if known is None or known != known:  # made elsewhere, or a plan
        return not math.isnan(number(row, "c_unique"))
    return bool(known)


def words_of(ids: Sequence[str]) -> str:
    """Return the ids of findings in words, as the tables show them."""
    return ", ".join(dict.fromkeys(effect_of(name).words for name in ids))


def ids_of_row(row: Row) -> tuple[str, ...]:
    """Return the ids of the findings that a row carries."""
    return tuple(name for name in str(row.get("finding_ids") or "").split(", ") if name)
