"""Whether the energies of two planned calculations may be subtracted: one Hamiltonian.

VASP's are judged by the rules of ``lnmo check --same``, on the inputs as planned. Only
what a convergence study changes may differ here: cutoff, mesh, smearing and grids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import VaspInputs, vasp_inputs
from workflows.checks.rules import SET_RULES
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.equality import same_value
from workflows.vasp.incar_text import incar_as_text, read_incar
from workflows.vasp.parts import Block, Potential

CONVERGED = frozenset({"set-encut", "set-prec", "set-kpoints"})
"""Rules on how well one Hamiltonian is solved: what a convergence study looks at."""
NUMERICAL = frozenset(
    {
        *("ADDGRID", "ENAUG", "ENCUTFOCK", "PRECFOCK", "LREAL", "ROPT", "LMAXMIX"),
        *("ISMEAR", "SIGMA", "ISYM", "NKRED", "NKREDX", "NKREDY", "NKREDZ"),
    }
)
"""Tags of the rule ``set-tags`` that are of this kind too."""
OF_THE_CELL = ("M_CONSTR", "RWIGS")
"""Tags that those rules leave alone, for metals and other cells have their own; two
cells of the same atoms share them."""
ZEROS = ("functional", "hubbards", "model")
"""Settings of the other engines that energies must share to be subtracted."""


def why_apart(
    first: Calculation, other: Calculation, names: tuple[str, str] = ("first", "other")
) -> str:
    """Say why two energies must not be subtracted; empty if they may.

    Parameters
    ----------
    first, other
        Cells of the same atoms, or of a multiple of them.
    names
        What the sentence calls them.

    Examples
    --------
    A variant with ``incar: {common: {IVDW: 12}}`` beside the campaign without:
    ``IVDW: off in first; 12 in other``.
    """
    if first.engine != other.engine:
        return _told("engine", first.engine, other.engine, names)
    if first.engine == "vasp":
        pairs = _of_vasp(first, other, names)
    else:
        pairs = _of_settings(first.settings, other.settings, ZEROS, names)
    return "; ".join(pairs)


def _of_settings(
    first: Mapping[str, Any],
    other: Mapping[str, Any],
    keys: Sequence[str],
    names: tuple[str, str],
) -> Iterator[str]:
    for key in keys:
        own, its = first.get(key), other.get(key)
        if not same_value(own, its):
            yield _told(key, own, its, names)


def _of_vasp(
    first: Calculation, other: Calculation, names: tuple[str, str]
) -> Iterator[str]:
    inputs = [_counted(c) for c in (first, other)]
    runs = [_as_directory(i, name) for i, name in zip(inputs, names, strict=True)]
    for rule in SET_RULES:
        found = () if rule.id in CONVERGED else rule(runs)
        yield from (
            m for f in found if (m := f.message).partition(":")[0] not in NUMERICAL
        )
    one, two = inputs
    if one.potcar_functional != two.potcar_functional:
        families = (one.potcar_functional, two.potcar_functional)
        yield _told("POTCARs", *families, names)
    if len(one.structure) == len(two.structure):
        yield from _of_settings(one.incar, two.incar, OF_THE_CELL, names)


def _counted(calculation: Calculation) -> VaspInputs:
    """Return the inputs of the step whose energy counts."""
    return vasp_inputs(
        calculation, "static" if "static" in calculation.steps else "relax"
    )


def _as_directory(inputs: VaspInputs, name: str) -> VaspDirectory:
    """Return planned inputs as if they were read from a directory."""
    symbols = (site.specie.symbol for site in inputs.structure)
    return VaspDirectory(
        name=name,
        incar=read_incar(incar_as_text(inputs.incar)),
        incar_from="the plan",
        blocks=tuple(Block(e, len(list(sites))) for e, sites in groupby(symbols)),
        potentials=tuple(map(Potential, inputs.potcar_symbols)),
    )


def _told(what: str, own: Any, its: Any, names: tuple[str, str]) -> str:
    first, other = names
    return f"{what}: {_shown(own)} in {first}; {_shown(its)} in {other}"


def _shown(value: Any) -> str:
    return "not set" if value in (None, {}) else str(value)
