"""Rules on k-points and on how states near the Fermi level are filled."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.directory import VaspDirectory

TETRAHEDRON_POINTS = 4
"""VASP stops with fewer irreducible ones."""
COARSE = 0.5
"""1/A with 2 pi: VASP's default KSPACING."""
WIDE, WIDE_FOR_A_METAL = 0.1, 0.2
"""eV of Gaussian or Fermi width; moments and gaps of oxides feel more than 0.1."""
DIRECT = frozenset({"A", "D", "C"})
"""First letters of ALGO = All, Damped, Conjugate, which minimise directly."""


def _missing(run: VaspDirectory) -> Iterator[str]:
    given = run.mesh is not None or "KSPACING" in run.incar
    file = any(name.startswith("KPOINTS") for name in run.files)
    if run.incar_from == "INCAR" and not given and not file:
        yield "neither KPOINTS nor KSPACING"


def _both(run: VaspDirectory) -> Iterator[str]:
    if "KSPACING" in run.incar and any(f.startswith("KPOINTS") for f in run.files):
        yield f"KSPACING = {run.incar.tags['KSPACING']} beside a KPOINTS file"


def _coarse(run: VaspDirectory) -> Iterator[str]:
    spacing = run.spacing
    if spacing is not None and run.mesh is not None and spacing > COARSE:
        mesh = "x".join(str(n) for n in run.mesh.divisions or ())
        yield f"mesh {mesh}: {spacing:.2f} 1/A between points"


def _too_few(run: VaspDirectory) -> Iterator[str]:
    few = run.irreducible is not None and run.irreducible < TETRAHEDRON_POINTS
    if run.tetrahedra and few:
        ismear = run.incar.number("ISMEAR", 1)
        yield f"ISMEAR = {ismear:g} with {run.irreducible} irreducible k-points"


def _on_a_line(run: VaspDirectory) -> Iterator[str]:
    if run.tetrahedra and run.mesh is not None and run.mesh.style == "line":
        yield f"ISMEAR = {run.incar.number('ISMEAR', 1):g} along a line of k-points"


def _off_gamma(run: VaspDirectory) -> Iterator[str]:
    if run.tetrahedra and run.mesh is not None and run.mesh.gamma_centred is False:
        mesh = "x".join(str(n) for n in run.mesh.divisions or ())
        ismear = run.incar.number("ISMEAR", 1)
        yield f"ISMEAR = {ismear:g}, mesh {run.mesh.style} {mesh}"


def _metal_forces(run: VaspDirectory) -> Iterator[str]:
    if run.tetrahedra and run.moves and run.only_metals:
        ismear, nsw = run.incar.number("ISMEAR", 1), run.incar.number("NSW", 0)
        yield f"ISMEAR = {ismear:g}, NSW = {nsw:g}, only metals in the cell"


def _insulator(run: VaspDirectory) -> Iterator[str]:
    ismear = run.incar.number("ISMEAR", 1)
    if run.asked and run.has_anions and ismear > 0:
        given = "" if "ISMEAR" in run.incar else " (the default)"
        yield f"ISMEAR = {ismear:g}{given} in a compound of {', '.join(run.elements)}"


def _wide(run: VaspDirectory) -> Iterator[str]:
    sigma = run.incar.number("SIGMA", 0.2)
    limit = WIDE if run.has_anions else WIDE_FOR_A_METAL
    smeared = run.incar.number("ISMEAR", 1) in {0, -1}
    if run.asked and run.elements and smeared and sigma > limit:
        yield f"SIGMA = {sigma:g} eV, with {', '.join(run.elements)} at most {limit:g}"


def _direct(run: VaspDirectory) -> Iterator[str]:
    if run.tetrahedra and run.incar.word("ALGO", "NORMAL")[:1] in DIRECT:
        ismear = run.incar.number("ISMEAR", 1)
        yield f"ISMEAR = {ismear:g}, ALGO = {run.incar.tags['ALGO']}"


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "kpoints-missing",
        "warning",
        "VASP then takes KSPACING = 0.5, too coarse for most cells and never stated.",
        "Write a KPOINTS file, or set KSPACING.",
        _missing,
    ),
    Rule(
        "kspacing-ignored",
        "warning",
        "KPOINTS wins: KSPACING has no effect.",
        "Remove one of the two.",
        _both,
    ),
    Rule(
        "kpoints-coarse",
        "warning",
        "Coarser than VASP's own default: energies change with every denser mesh.",
        "Use 0.25 1/A for an insulator, 0.15 for a metal, and test it.",
        _coarse,
    ),
    Rule(
        "tetrahedron-few-kpoints",
        "error",
        "The tetrahedron method needs four irreducible k-points: VASP stops.",
        "Use a denser Gamma-centred mesh, or ISMEAR = 0 with SIGMA = 0.05.",
        _too_few,
    ),
    Rule(
        "tetrahedron-on-a-line",
        "error",
        "Tetrahedra need a grid: on a line occupations are wrong, or VASP stops.",
        "Set ISMEAR = 0 with SIGMA = 0.05 for band structures.",
        _on_a_line,
    ),
    Rule(
        "tetrahedron-off-gamma",
        "warning",
        "A shifted grid breaks the symmetry of the tetrahedra and misses band edges at "
        "Gamma.",
        "Write 'Gamma' in KPOINTS.",
        _off_gamma,
    ),
    Rule(
        "tetrahedron-metal-forces",
        "warning",
        "With tetrahedra forces and stress of a metal are off by several percent.",
        "Relax with ISMEAR = 1, SIGMA = 0.2; keep -5 for the energy at the end.",
        _metal_forces,
    ),
    Rule(
        "tetrahedron-direct-algo",
        "warning",
        "Direct minimisation needs smooth occupations: with tetrahedra it often fails.",
        "Set ALGO = Normal, or ISMEAR = 0 with SIGMA = 0.05.",
        _direct,
    ),
    Rule(
        "smearing-on-insulator",
        "warning",
        "Methfessel-Paxton occupations can be negative in a gap: wrong energies.",
        "Set ISMEAR = 0 with SIGMA = 0.05, or -5.",
        _insulator,
    ),
    Rule(
        "sigma-wide",
        "warning",
        "A width near the gap mixes states, moments and valences.",
        "Set SIGMA = 0.05.",
        _wide,
    ),
)
