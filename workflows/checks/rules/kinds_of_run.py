"""Relaxations, static runs, densities of states: what is compared within a kind only.

A relaxation may be smeared or projected in another way than the static run behind it,
and that than its density of states: no energy of one is subtracted from one of the
other. Within a kind these tags decide
the difference, except between a metal and a compound.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal

from workflows.checks.rules.tag_values import (
    density_mixed,
    projection,
    symmetry,
    value_of,
    width,
)
from workflows.vasp.directory import VaspDirectory

Kind = Literal["relaxation", "static run", "density of states"]
KINDS: tuple[Kind, ...] = ("relaxation", "static run", "density of states")
PLURALS: Mapping[Kind, str] = {
    "relaxation": "relaxations",
    "static run": "static runs",
    "density of states": "densities of states",
}
Value = Callable[[VaspDirectory], str | None]
Runs = Sequence[VaspDirectory]

OF_OCCUPATIONS: Mapping[str, Value] = {
    "ISMEAR": partial(value_of, "ISMEAR"),
    "SIGMA": width,
    "ISYM": symmetry,
    "LMAXMIX": density_mixed,
    **{f"NKRED{axis}": partial(value_of, f"NKRED{axis}") for axis in ("", *"XYZ")},
}
"""Tag -> what of it decides an energy. A metal has its own."""
OF_ALL: Mapping[str, Value] = {"LREAL": projection}
"""The same of tags that a metal shares with the compounds."""


def kind_of_run(run: VaspDirectory) -> Kind | None:
    """Return the kind of a run; None if nothing is asked or its density is fixed."""
    if not run.asked or run.fixed_density:
        return None
    if run.moves:
        return "relaxation"
    return "density of states" if run.for_states else "static run"


def groups(runs: Runs) -> Iterator[tuple[str, Value, Runs]]:
    """Yield a tag, what of it counts, and the runs that must agree in it."""
    for kind in KINDS:
        alike = [run for run in runs if kind_of_run(run) == kind]
        for metal in (False, True):
            same = [run for run in alike if run.only_metals == metal]
            yield from ((tag, value, same) for tag, value in OF_OCCUPATIONS.items())
        yield from ((tag, value, alike) for tag, value in OF_ALL.items())


def between_kinds(runs: Runs) -> tuple[str, ...]:
    """Return the tags in which compounds of one kind differ from those of another."""
    sides = [
        [run for run in runs if kind_of_run(run) == kind and not run.only_metals]
        for kind in KINDS
    ]
    return tuple(
        tag
        for tag, value in {**OF_OCCUPATIONS, **OF_ALL}.items()
        if len(set(_values(sides, value))) > 1
    )


def _values(sides: Sequence[Runs], value: Value) -> Iterator[frozenset[str]]:
    """Yield the values of each kind that has any."""
    for side in sides:
        if found := frozenset(v for run in side if (v := value(run)) is not None):
            yield found


def kinds_in_words(runs: Runs) -> str:
    """Return the kinds that compounds are of, such as ``relaxations, static runs``."""
    found = {kind_of_run(run) for run in runs if not run.only_metals}
    return ", ".join(PLURALS[kind] for kind in KINDS if kind in found)


def most_of_a_kind(runs: Runs) -> int:
    """Return how many compounds the largest kind has."""
    kinds = Counter(
        kind for run in runs if not run.only_metals and (kind := kind_of_run(run))
    )
    return max(kinds.values(), default=0)
