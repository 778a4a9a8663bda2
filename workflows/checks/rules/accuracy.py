"""Rules on cutoffs, convergence, and what a run has to write to be of use."""

from __future__ import annotations

import math
from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.checks.rules.starting_moments import valence_electrons
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.potcars import VOLUME_FACTOR

LOOSE_EDIFF = 1e-4
"""eV; VASP's default, and too loose for forces."""
USELESS_EDIFF = 1e-3
"""eV per atom; the energies that are compared differ by less."""
LOOSE_GAIN, LOOSE_FORCE = 5e-3, 0.1
"""eV and eV/A; a relaxation that ends there has not found its minimum."""
FEW_STEPS = 40
"""VASP's own NELM is 60."""
DOS_POINTS = 1000
"""Over 20 eV: 20 meV a point."""


def _largest_enmax(run: VaspDirectory) -> tuple[str, float] | None:
    known = [(p.symbol, p.enmax) for p in run.potentials if p.enmax is not None]
    return max(known, key=lambda pair: pair[1]) if known else None


def _encut_missing(run: VaspDirectory) -> Iterator[str]:
    if run.incar_from == "INCAR" and not {"ENCUT", "ENMAX"} & set(run.incar.tags):
        yield "no ENCUT"


def _encut(run: VaspDirectory) -> float | None:
    asked = run.incar.numbers("ENCUT") or run.incar.numbers("ENMAX")
    return asked[0] if asked else None


def _below_enmax(run: VaspDirectory) -> Iterator[str]:
    encut, largest = _encut(run), _largest_enmax(run)
    if encut is not None and largest is not None and encut < largest[1] - 0.5:
        yield f"ENCUT = {encut:g} eV, ENMAX of {largest[0]} is {largest[1]:g}"


def _pulay(run: VaspDirectory) -> Iterator[str]:
    encut, largest = _encut(run), _largest_enmax(run)
    if encut is None or largest is None or not run.cell_moves:
        return
    needed = VOLUME_FACTOR * largest[1]
    if largest[1] - 0.5 <= encut < needed - 0.5:
        yield (
            f"ENCUT = {encut:g} eV in a cell relaxation; {VOLUME_FACTOR:g} x ENMAX of "
            f"{largest[0]} is {needed:.0f}"
        )


def _ediff(run: VaspDirectory) -> tuple[float, float]:
    ediff = run.incar.number("EDIFF", 1e-4)
    return ediff, ediff / max(1, len(run.sites))


def _ediff_loose(run: VaspDirectory) -> Iterator[str]:
    ediff, per_atom = _ediff(run)
    if run.asked and ediff > LOOSE_EDIFF * 1.001 and per_atom < USELESS_EDIFF:
        yield f"EDIFF = {ediff:g} eV ({per_atom:.1e} an atom)"


def _ediff_useless(run: VaspDirectory) -> Iterator[str]:
    ediff, per_atom = _ediff(run)
    if run.asked and per_atom >= USELESS_EDIFF:
        yield f"EDIFF = {ediff:g} eV, {1000 * per_atom:.1f} meV an atom"


def _too_few_bands(run: VaspDirectory) -> Iterator[str]:
    electrons = valence_electrons(run)
    bands = round(run.incar.number("NBANDS", 0))
    if electrons is None or bands <= 0:
        return
    up = max(run.incar.number("NUPDOWN", 0), 0) if run.polarised else 0
    needed = electrons if not run.collinear else (electrons + up) / 2
    if bands < needed:
        yield f"NBANDS = {bands}; {electrons:g} electrons fill {math.ceil(needed)}"


def _loose_forces(run: VaspDirectory) -> Iterator[str]:
    limit = run.incar.number("EDIFFG", 0)
    if run.asked and limit >= LOOSE_GAIN:
        yield f"EDIFFG = {limit:g} eV, a limit for the energy"
    elif run.moves and limit < -LOOSE_FORCE:
        yield f"EDIFFG = {limit:g}: forces up to {-limit:g} eV/A are left"


def _few_electronic_steps(run: VaspDirectory) -> Iterator[str]:
    steps = round(run.incar.number("NELM", 60))
    hard = run.hubbard or run.hybrid or run.meta_gga
    if run.asked and hard and 1 < steps < FEW_STEPS:
        kind = "+U" if run.hubbard else "a hybrid" if run.hybrid else "a meta-GGA"
        yield f"NELM = {steps} with {kind}"


def _prec(run: VaspDirectory) -> Iterator[str]:
    if run.asked and run.incar.word("PREC", "NORMAL")[:1] not in {"A", "H"}:
        yield f"PREC = {run.incar.tags.get('PREC', 'Normal, the default')}"


def _lorbit(run: VaspDirectory) -> Iterator[str]:
    if run.incar.numbers("LORBIT") == ():  # VASP 5 prints a logical in vasprun.xml
        return
    lorbit = round(run.incar.number("LORBIT", 0))
    if run.asked and run.polarised and run.metals and lorbit < 10:
        yield f"LORBIT = {lorbit} with {', '.join(run.metals)}"


def _nedos(run: VaspDirectory) -> Iterator[str]:
    points = round(run.incar.number("NEDOS", 301))
    line = run.mesh is not None and run.mesh.style in {"line", "list"}
    if run.fixed_density and not line and points < DOS_POINTS:
        yield f"NEDOS = {points} in a run at fixed density"


def _moving_ions(run: VaspDirectory) -> Iterator[str]:
    if run.fixed_density and run.moves:
        icharg, nsw = run.incar.number("ICHARG", 2), run.incar.number("NSW", 0)
        yield f"ICHARG = {icharg:g} with NSW = {nsw:g}"


def _needs_more_than_density(run: VaspDirectory) -> Iterator[str]:
    if run.fixed_density and (run.meta_gga or run.hybrid):
        kind = run.incar.tags.get("METAGGA", "") if run.meta_gga else "LHFCALC = .TRUE."
        yield f"ICHARG = {run.incar.number('ICHARG', 2):g} with {kind}"


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "encut-missing",
        "warning",
        "VASP then takes the largest ENMAX of the cell, which varies by formula.",
        "Set one ENCUT for everything that is compared.",
        _encut_missing,
    ),
    Rule(
        "encut-below-enmax",
        "error",
        "Below ENMAX the basis is too small: energies are wrong, not just inaccurate.",
        "Set ENCUT to the largest ENMAX at least, to 1.3 times that in relaxations.",
        _below_enmax,
    ),
    Rule(
        "encut-pulay",
        "warning",
        "The basis stays that of the starting cell: below 1.3 ENMAX Pulay stress moves "
        "the volume.",
        "Restart until the volume settles and look at the pressure, or raise ENCUT.",
        _pulay,
    ),
    Rule(
        "ediff-loose",
        "warning",
        "Forces, moments and small energy differences need tighter convergence.",
        "Set EDIFF = 1E-5 for relaxations and 1E-6 for energies.",
        _ediff_loose,
    ),
    Rule(
        "ediff-useless",
        "error",
        "The energy is not converged to 1 meV an atom: nothing can be compared.",
        "Set EDIFF = 1E-5 for relaxations and 1E-6 for energies.",
        _ediff_useless,
    ),
    Rule(
        "nbands-too-few",
        "error",
        "There are fewer bands than the electrons fill: VASP stops, or goes wrong.",
        "Remove NBANDS, or set at least half the number of electrons and some more.",
        _too_few_bands,
    ),
    Rule(
        "ediffg-loose",
        "warning",
        "EDIFFG > 0 limits the energy, in eV, EDIFFG < 0 the forces, in eV/A.",
        "Set EDIFFG = -0.01 for forces of at most 0.01 eV/A.",
        _loose_forces,
    ),
    Rule(
        "nelm-low",
        "warning",
        "Cycles with +U, exact exchange or a meta-GGA often need more steps: NELM ends "
        "them unconverged.",
        "Set NELM = 100 or more.",
        _few_electronic_steps,
    ),
    Rule(
        "prec-not-accurate",
        "warning",
        "Coarser FFT grids alias: noise in forces, stress and moments.",
        "Set PREC = Accurate, the same in every step.",
        _prec,
    ),
    Rule(
        "lorbit-low",
        "warning",
        "Below 10 there are no site moments and no projected density of states.",
        "Set LORBIT = 11.",
        _lorbit,
    ),
    Rule(
        "nedos-low",
        "warning",
        "301 points over the whole band range blur gaps and peaks.",
        "Set NEDOS = 3001, and EMIN and EMAX around the Fermi level.",
        _nedos,
    ),
    Rule(
        "icharg-11-moving-ions",
        "error",
        "The density of other positions is kept: forces are wrong, and VASP stops with "
        "ISPIN = 2.",
        "Set NSW = 0, or ICHARG = 2 for a relaxation.",
        _moving_ions,
    ),
    Rule(
        "icharg-11-beyond-density",
        "error",
        "A meta-GGA or hybrid is not fixed by the charge density in CHGCAR.",
        "Run it self-consistently (ICHARG = 2), from WAVECAR if there is one.",
        _needs_more_than_density,
    ),
)
