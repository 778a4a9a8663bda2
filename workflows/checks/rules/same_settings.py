"""Rules across several runs: what must be equal before energies are subtracted.

A lithium reference may differ in k mesh, smearing and spin, a relaxation in smearing
from a static run; a density of states may have a denser mesh. Cutoff, functional, U and
potential may not differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from workflows.checks.rules.kinds_of_run import groups
from workflows.checks.rules.rule import Rule, SetRule
from workflows.checks.rules.tag_values import value_of
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.known_tags import METAL_TAGS, STEP_TAGS, physics_tags

SPACING_RATIO = 1.25
"""Rounding to whole meshes of cells a few percent apart stays below."""

OF_THE_FUNCTIONAL = re.compile(
    r"IVDW.*|LVDW.*|VDW_.*|LUSE_VDW|ZAB_VDW|BPARAM|CPARAM|PARAM[123]|LIBMBD_.*|DFTD4_.*"
    r"|LSPIN_VDW|LSFBXC|XC|XC_C|LIBXC.*|AEXX|AGGA[XC]|ALDA[XC]|AMGGA[XC]|CMBJ.*|RSMBJ"
    r"|HFSCREEN.*|LTHOMAS|LMODELHF|LSORBIT|LNONCOLLINEAR|LSPIRAL|QSPIRAL|SAXIS|LRHFCALC"
    r"|LSOL|EB_K|VOSKOWN|GGA_COMPAT|LMAXTAU|LFOCKAEDFT|VCA"
)
"""Tags of the Hamiltonian beside GGA, METAGGA and LHFCALC: dispersion, exchange and
correlation by parts, spin-orbit coupling, solvent."""
OWN_RULES = frozenset(
    {
        *("ENCUT", "GGA", "METAGGA", "LHFCALC", "PREC", "LASPH", "KSPACING", "KGAMMA"),
        *("LDAUL", "LDAUU", "LDAUJ", "LREAL"),
    }
)
"""Tags that another rule compares."""
OF_THE_GROUND_STATE = frozenset(
    {
        *("ICHARG", "IMAGES", "ISPIND", "SMASS", "TEBEG", "TEEND", "MDALGO"),
        *("RANDOM_SEED", "NBLOCK", "KBLOCK", "APACO", "NPACO"),
    }
)
"""Tags of runs that ``ground_state.py`` finds: their answer is no ground state."""
OF_CELL_OR_STEP = frozenset(
    {
        *("MAGMOM", "NGX", "NGY", "NGZ", "NGXF", "NGYF", "NGZF", "ROPT"),
        *("IWAVPR", "INIWAV", "LOPTICS", "LEPSILON", "CSHIFT", "KPUSE", "LPARD"),
    }
)
"""Tags that follow the size of the cell, or say where a run starts and what it adds."""

IMPOSED = ("I_CONSTRAINED_M", "LAMBDA", "NUPDOWN")
"""Tags of a moment that is imposed: of a metal alone they mean nothing, between two
compounds they are a difference. LAMBDA puts a penalty into the energy."""
OF_THE_BLOCKS = ("VDW_C6", "VDW_R0", "VDW_C6AU", "VDW_R0AU", "VDW_ALPHA")
"""Dispersion parameters, one number a block: cells of the same blocks share them."""
J_APART = frozenset({1, 4})
"""LDAUTYPE whose energy depends on J by itself; that of 2 depends on U - J."""

Runs = Sequence[VaspDirectory]


def _asked(runs: Runs) -> list[VaspDirectory]:
    return [run for run in runs if run.asked]


def _differing(
    what: str, runs: Runs, value: Callable[[VaspDirectory], Any]
) -> Iterator[str]:
    """Yield one sentence if the value, where there is one, is not the same for all."""
    found: dict[Any, list[str]] = {}
    for run in runs:
        if (given := value(run)) is not None:
            found.setdefault(given, []).append(run.name)
    if len(found) > 1:
        groups = (_group(given, names) for given, names in found.items())
        yield f"{what}: {'; '.join(groups)}"


def _group(value: Any, names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{value} in {names[0]}{more}"


def _cutoff(runs: Runs) -> Iterator[str]:
    yield from _differing(
        "ENCUT", _asked(runs), lambda r: (r.incar.numbers("ENCUT") or (None,))[0]
    )


def functional(run: VaspDirectory) -> str:
    """Return the functional's tags in one word, the defaults spelt out."""
    gga = run.incar.word("GGA", "PE").replace("--", "PE")
    name = run.incar.word("METAGGA") if run.meta_gga else gga
    if not run.hybrid:
        return name
    mixing = run.incar.number("AEXX", 0.25)
    return f"{name} hybrid {mixing:g}/{run.incar.number('HFSCREEN', 0):g}"


def _functional(runs: Runs) -> Iterator[str]:
    yield from _differing("functional", _asked(runs), functional)
    for tag in _tags_of(runs):
        if OF_THE_FUNCTIONAL.fullmatch(tag) and tag not in OF_THE_BLOCKS:
            yield from _differing(tag, _asked(runs), partial(value_of, tag))
    yield from _dispersion(runs)


def _dispersion(runs: Runs) -> Iterator[str]:
    elements: dict[tuple[str, ...], list[VaspDirectory]] = {}
    for run in _asked(runs):
        elements.setdefault(tuple(b.element for b in run.blocks), []).append(run)
    for same in elements.values():
        for tag in OF_THE_BLOCKS:
            yield from _differing(tag, same, partial(value_of, tag))


def _others(runs: Runs) -> Iterator[str]:
    judged = METAL_TAGS | STEP_TAGS | OWN_RULES | OF_THE_GROUND_STATE | OF_CELL_OR_STEP
    for tag in _tags_of(runs):
        if tag not in judged and not OF_THE_FUNCTIONAL.fullmatch(tag):
            yield from _differing(tag, _asked(runs), partial(value_of, tag))
    for tag, value, alike in groups(runs):
        yield from _differing(tag, alike, value)
    compounds = [run for run in _asked(runs) if not run.only_metals]
    for tag in IMPOSED:
        yield from _differing(tag, compounds, partial(value_of, tag))
    contents: dict[tuple[str, ...], list[VaspDirectory]] = {}
    for run in compounds:
        contents.setdefault(tuple(sorted(run.sites)), []).append(run)
    for same in contents.values():
        yield from _differing("NELECT", same, partial(value_of, "NELECT"))


def _tags_of(runs: Runs) -> list[str]:
    """Return every tag that decides a number, of all runs."""
    return sorted({tag for run in runs for tag in physics_tags(run.incar.tags)})


def _kind_of_u(runs: Runs) -> Iterator[str]:
    with_u = [run for run in _asked(runs) if run.hubbard]
    yield from _differing(
        "LDAUTYPE", with_u, lambda run: f"{run.incar.number('LDAUTYPE', 2):g}"
    )


def _elements(runs: Runs) -> list[str]:
    return sorted({element for run in runs for element in run.elements})


def _hubbard(runs: Runs) -> Iterator[str]:
    for element in _elements(runs):
        holding = [r for r in _asked(runs) if element in r.metals]
        yield from _differing(f"U of {element}", holding, partial(_u, element))
        yield from _differing(f"J of {element}", holding, partial(_j, element))
    yield from _kind_of_u(runs)


def _u(element: str, run: VaspDirectory) -> str:
    values = {e.u for e in run.corrections if e.block.element == element} or {0.0}
    return ", ".join(f"{u:g} eV" for u in sorted(values))


def _j(element: str, run: VaspDirectory) -> str | None:
    if not run.hubbard or run.incar.number("LDAUTYPE", 2) not in J_APART:
        return None
    values = run.incar.numbers("LDAUJ") or (0.0,) * len(run.blocks)
    if len(values) != len(run.blocks):
        return None
    pairs = zip(run.blocks, values, strict=True)
    found = {value for block, value in pairs if block.element == element}
    return ", ".join(f"{value:g} eV" for value in sorted(found))


def _potential(runs: Runs) -> Iterator[str]:
    for element in _elements(runs):
        # Titles and bare symbols are different records of perhaps the same file.
        for titled in (True, False):
            holding = [
                r for r in runs if any(bool(p.titel) == titled for p in r.potentials)
            ]
            yield from _differing(
                f"POTCAR of {element}", holding, partial(_potcar, element)
            )


def _potcar(element: str, run: VaspDirectory) -> str | None:
    used = {p.titel or p.symbol for p in run.potentials if p.element == element}
    return ", ".join(sorted(used)) or None


def _precision(runs: Runs) -> Iterator[str]:
    yield from _differing(
        "PREC", _asked(runs), lambda r: r.incar.word("PREC", "NORMAL")[:1]
    )


def _aspherical(runs: Runs) -> Iterator[str]:
    with_metals = [run for run in _asked(runs) if run.metals]
    yield from _differing("LASPH", with_metals, lambda r: r.incar.flag("LASPH"))


def _spin(runs: Runs) -> Iterator[str]:
    with_metals = [run for run in _asked(runs) if run.metals]
    yield from _differing("ISPIN = 2", with_metals, lambda r: r.polarised)


def _spacing(runs: Runs) -> Iterator[str]:
    for states in (False, True):
        compared = [
            (run.spacing, run.name)
            for run in runs
            if run.spacing and not run.only_metals and run.for_states == states
        ]
        if not compared:
            continue
        (low, fine), (high, coarse) = min(compared), max(compared)
        if high > SPACING_RATIO * low:
            yield f"{low:.2f} 1/A in {fine}, {high:.2f} in {coarse}"


SET_RULES: tuple[SetRule, ...] = (
    Rule(
        "set-encut",
        "error",
        "A different cutoff is a different basis: energies shift by tens of meV/atom.",
        "Use one ENCUT for all of them, the lithium reference too.",
        _cutoff,
    ),
    Rule(
        "set-functional",
        "error",
        "Energies of different functionals have no common zero.",
        "Use one functional for all of them.",
        _functional,
    ),
    Rule(
        "set-u",
        "error",
        "The total energy depends on U: runs with different U cannot be subtracted.",
        "Use one U for each element.",
        _hubbard,
    ),
    Rule(
        "set-potcar",
        "error",
        "Each potential has its own zero of energy.",
        "Use one POTCAR for each element, in the lithium reference too.",
        _potential,
    ),
    Rule(
        "set-lasph",
        "error",
        "Aspherical terms shift energies of d metals by tens of meV.",
        "Set LASPH = .TRUE. in all of them.",
        _aspherical,
    ),
    Rule(
        "set-spin",
        "error",
        "A nonmagnetic run of a transition metal lies far above the magnetic ones.",
        "Set ISPIN = 2 in all of them.",
        _spin,
    ),
    Rule(
        "set-tags",
        "warning",
        "A tag that decides the energy is not the same, or is set in some runs only.",
        "Use one value for all of them, VASP's default included.",
        _others,
    ),
    Rule(
        "set-prec",
        "warning",
        "PREC decides the FFT grids, and with them the error that cancels.",
        "Use one PREC for all of them.",
        _precision,
    ),
    Rule(
        "set-kpoints",
        "warning",
        "Errors of the mesh cancel only at one density of k-points.",
        "Keep the spacing, not the mesh, for cells of different size.",
        _spacing,
    ),
)
