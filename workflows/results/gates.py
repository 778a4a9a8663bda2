"""Which findings stand against which rows of the verdicts, and what they say.

A mean moment may be right while the state is wrong: twelve equal Mn at 3.7 muB have the
mean of eight Mn3+ and four Mn4+. A row that rests on such a run is at best WARN. Two
sources are asked: the findings that were recorded with a run, and the numbers of the
row itself, since a document of an earlier version, of another engine or of a foreign
run may carry no finding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workflows.campaign.calculation import NO_INSERTION
from workflows.campaign.magnetic_order import AFM_MN
from workflows.campaign.sections import same_x
from workflows.records.document import Finding, State

Row = Mapping[str, Any]
Kind = Literal["moments", "charge", "gap", "lattice", "energy"]
ALL: frozenset[Kind] = frozenset({"moments", "charge", "gap", "lattice", "energy"})
LATTICE: frozenset[Kind] = frozenset({"lattice"})
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
    "wrong_valence": Effect("wrong number of Mn3+"),
    "metallic": Effect("no gap"),
    "partial_occupations": Effect("levels partly occupied"),
    "moment_collapsed": Effect("collapsed moment"),
    "moment_too_large": Effect("moment of Ni too large"),
    "moment_flipped": Effect("moment flipped"),
    "wavecar_not_read": Effect("WAVECAR not read"),
    "total_moment": Effect("wrong total moment"),
    "oxygen_moment": Effect("moment on oxygen"),
    "positive_energy": Effect("positive energy"),
    "orbital_mismatch": Effect("orbitals and bonds disagree"),
    "relax_static_mismatch": Effect("static and relaxation differ in energy"),
    # another crystal
    "host_broken": Effect("host broken"),
    "li_left_site": Effect("Li left its site"),
    "short_distance": Effect("atoms too close"),
    "pressure": Effect("pressure left in the cell", LATTICE),
    "no_ionic_limit": Effect("relaxed without a limit"),
    "learned_force_field": Effect("learned force field"),
    "many_body": Effect("no ground state"),
    "noncollinear_moments": Effect("noncollinear moments"),
    # another calculation than planned; these make a run NEEDS_REVIEW or FAILED
    "inputs_changed": Effect("inputs changed"),
    "files_disagree": Effect("files of several runs"),
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
    "started_from_scratch": Effect("", NO_ROW),
    "collected": Effect("", NO_ROW),
    "bands_below_emax": Effect("", NO_ROW),
    "no_outcar": Effect("", NO_ROW),
    "no_vasprun": Effect("", NO_ROW),
    "empty_file": Effect("", NO_ROW),
    "unreadable_file": Effect("", NO_ROW),
    "unknown_form": Effect("", NO_ROW),
}
"""Id of a finding -> its effect; a finding of severity ``info`` has none."""

ELECTRONIC = frozenset({"metallic", "symmetrised", "wrong_valence", "moment_collapsed"})
"""What a dos step, whose numbers count for no row, still says against its state."""

REVIEW = "needs review"
LEFT_AT_START = 0.005
"""Largest distance of the unique axis from its start, as a ratio, that proves nothing.

A relaxation is settled to 0.3 % of the volume, 0.1 % of a length.
"""
EQUAL_MN_STD = 0.025
"""muB; sites within 0.05 muB of each other have at most this standard deviation."""
TOTAL = 0.1
"""muB per 56-atom cell, from the spin-only total."""


def effect_of(name: str) -> Effect:
    """Return what a finding does; one that is not known stands against every row."""
    return EFFECTS.get(name, Effect(name.replace("_", " ")))


def standing(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the ids that stand against some row, each once; ``info`` stands not."""
    ids = dict.fromkeys(f.id for f in findings if f.severity != "info")
    return tuple(name for name in ids if effect_of(name).rows)


def against(row: Row, kind: Kind) -> tuple[str, ...]:
    """Return what keeps a row of the series from a PASS of one kind, in words."""
    ids = dict.fromkeys((*ids_of_row(row), *seen_in(row)))
    found = [e.words for name in ids if kind in (e := effect_of(name)).rows]
    if kind == "lattice" and left_at_start(row):
        found.append(f"not relaxed away from its start ({100 * row['c_strain']:+g} %)")
    if str(row["state"]) == str(State.NEEDS_REVIEW):
        found.append(REVIEW)
    return tuple(dict.fromkeys(found))


def left_at_start(row: Row) -> bool:
    """Tell whether a cell above x = 1 still has the strain that its start had.

    A start without that strain which came to the same shape proves the opposite.
    """
    start, ratio = _number(row, "c_strain"), _number(row, "c_unique")
    near = abs(ratio - 1 - start) <= LEFT_AT_START
    return bool(_number(row, "x") > 1 and near and not row.get("free_start"))


def words_of(ids: Sequence[str]) -> str:
    """Return the ids of findings in words, as the tables show them."""
    return ", ".join(dict.fromkeys(effect_of(name).words for name in ids))


def ids_of_row(row: Row) -> tuple[str, ...]:
    """Return the ids of the findings that a row carries."""
    return tuple(name for name in str(row.get("finding_ids") or "").split(", ") if name)


def seen_in(row: Row) -> tuple[str, ...]:
    """Return the findings that the numbers of a row prove by themselves."""
    return (*_moved(row), *_valences(row), *_metallic(row), *_moments(row))


def _moved(row: Row) -> tuple[str, ...]:
    ended = str(row.get("ended_as") or "")
    planned = str(row.get("insertion") or NO_INSERTION)
    moved = ("li_left_site",) if ended and ended != planned else ()
    broken = ("host_broken",) if "16d" in str(row.get("li_sites") or "") else ()
    return moved + broken


def _valences(row: Row) -> tuple[str, ...]:
    """Compare the count of Mn3+; two clusters excuse a shift of the moments by U."""
    expected = _number(row, "n_mn3_expected")
    counted, split = _number(row, "n_mn3"), _number(row, "n_mn3_gap")
    if math.isnan(expected) or math.isnan(counted):
        return ()
    mixed = 0 < expected < 12 * _number(row, "formula_units", 8) / 8
    if mixed and _number(row, "m_mn_std", 1.0) <= EQUAL_MN_STD:
        return ("symmetrised",)
    wrong = split != round(expected) if expected else not math.isnan(split)
    return ("wrong_valence",) if counted != round(expected) and wrong else ()


def _metallic(row: Row) -> tuple[str, ...]:
    x = _number(row, "x")  # not a number for lithium metal
    at_an_end = same_x(x, 1) or same_x(x, 2)
    return ("metallic",) if at_an_end and _number(row, "gap") == 0 else ()


def _moments(row: Row) -> tuple[str, ...]:
    found = ["moment_collapsed"] if _number(row, "n_anomalous", 0) > 0 else []
    if row.get("mixed_sign") and row.get("magnetic_order") != AFM_MN:
        found.append("moment_flipped")
    off = abs(abs(_number(row, "m_total")) - _number(row, "m_total_expected"))
    if off > TOTAL * max(1.0, _number(row, "formula_units", 8) / 8):
        found.append("total_moment")
    return tuple(found)


def _number(row: Row, name: str, default: float = math.nan) -> float:
    value = row.get(name)
    if value is None:
        return default
    return default if math.isnan(value) else float(value)
