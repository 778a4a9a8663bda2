"""Rules on +U: on which element, which shell, and what has to go with it."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.analysis.elements import CLOSED_D, CUSTOMARY_U, SEMICORE_D, family
from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.parts import Correction

REASONABLE_U = 10.0
"""eV; published U_eff of d and f shells lie below."""


def _correlated(element: str) -> bool:
    return family(element) in {"d", "f"}


def _elsewhere(entry: Correction) -> bool:
    """Return whether U acts on a p shell or on filled d states, which some do."""
    p_shell = entry.shell == 1 and family(entry.block.element) in {"anion", "other"}
    return p_shell or entry.block.element in SEMICORE_D


def _u_on_non_metal(run: VaspDirectory) -> Iterator[str]:
    for entry in run.corrections:
        if entry.u and not _correlated(entry.block.element) and not _elsewhere(entry):
            yield f"{entry}; it has no open d or f shell"


def _u_on_other_shell(run: VaspDirectory) -> Iterator[str]:
    for entry in run.corrections:
        if entry.u and not _correlated(entry.block.element) and _elsewhere(entry):
            yield str(entry)


def _uncorrected(run: VaspDirectory) -> Iterator[Correction]:
    """Yield the metals without U in a cell where something has one."""
    if any(entry.u for entry in run.corrections):
        for entry in run.corrections:
            if not entry.u and _correlated(entry.block.element):
                yield entry


def _meant(entry: Correction) -> bool:
    """Return whether LDAUL = -1 and U = 0 say on purpose that it has none."""
    return entry.shell < 0 and not entry.ignored


def _metal_without_u(run: VaspDirectory) -> Iterator[str]:
    with_u = {e.block.element: e.u for e in run.corrections if e.u}
    others = ", ".join(f"{element} {u:g} eV" for element, u in with_u.items())
    for entry in _uncorrected(run):
        if entry.block.element in CUSTOMARY_U and not _meant(entry):
            ignored = " (ignored)" if entry.ignored else ""
            yield f"{entry}{ignored}, while U is on {others}"


def _metal_u_zero(run: VaspDirectory) -> Iterator[str]:
    for entry in _uncorrected(run):
        element = entry.block.element
        if element in CUSTOMARY_U:
            if _meant(entry):
                yield str(entry)
        elif element not in CLOSED_D:
            yield str(entry)


def _missing(run: VaspDirectory) -> Iterator[str]:
    if run.asked and run.hubbard and "LDAUU" not in run.incar:
        yield "LDAU is on and LDAUU is missing"


def _all_zero(run: VaspDirectory) -> Iterator[str]:
    """Report U = 0 on an open shell; LDAUL = -1 everywhere is plain DFT on purpose."""
    given = "LDAUU" in run.incar
    zero = run.corrections and not any(e.u for e in run.corrections)
    if given and zero and not all(map(_meant, run.corrections)):
        yield f"LDAU is on and LDAUU = {run.incar.tags['LDAUU']}"


def _switched_off(run: VaspDirectory) -> Iterator[str]:
    u = run.incar.numbers("LDAUU") or ()
    if any(u) and "LDAU" not in run.incar:
        yield f"LDAUU = {run.incar.tags['LDAUU']} without LDAU = .TRUE."


def _off_beside_values(run: VaspDirectory) -> Iterator[str]:
    u = run.incar.numbers("LDAUU") or ()
    if any(u) and "LDAU" in run.incar and not run.hubbard:
        tags = run.incar.tags
        yield f"LDAU = {tags['LDAU']} beside LDAUU = {tags['LDAUU']}"


def _on_a_hybrid(run: VaspDirectory) -> Iterator[str]:
    corrected = [entry for entry in run.corrections if entry.u]
    if run.hybrid and corrected:
        yield f"LHFCALC = .TRUE. with {', '.join(map(str, corrected))}"


def _wrong_shell(run: VaspDirectory) -> Iterator[str]:
    for entry in run.corrections:
        shells = {"d": {2}, "f": {2, 3}}.get(family(entry.block.element))
        if entry.u and shells and entry.shell not in shells:
            yield str(entry)


def _needless_shell(run: VaspDirectory) -> Iterator[str]:
    needless = [
        e.block.element
        for e in run.corrections
        if not e.u and e.shell >= 0 and not _correlated(e.block.element)
    ]
    if needless:
        yield f"LDAUL = {run.incar.tags.get('LDAUL', '2')}: {', '.join(needless)}"


def _within_element(run: VaspDirectory) -> Iterator[str]:
    for element in run.elements:
        values = {e.u for e in run.corrections if e.block.element == element}
        if len(values) > 1:
            shown = ", ".join(f"{value:g}" for value in sorted(values))
            yield f"the blocks of {element} have U {shown} eV"


def _out_of_range(run: VaspDirectory) -> Iterator[str]:
    for entry in run.corrections:
        if not 0 <= entry.u <= REASONABLE_U:
            yield str(entry)


def _mixer(run: VaspDirectory) -> tuple[int, int]:
    """Return LMAXMIX and what the elements with U need."""
    with_u = {family(e.block.element) for e in run.corrections if e.u}
    needed = 6 if "f" in with_u else 4 if "d" in with_u else 0
    return round(run.incar.number("LMAXMIX", 2)), needed


def _mixer_fixed_density(run: VaspDirectory) -> Iterator[str]:
    has, needs = _mixer(run)
    if run.fixed_density and has < needs:
        yield f"ICHARG = 11 with LMAXMIX = {has}; +U needs {needs}"


def _mixer_low(run: VaspDirectory) -> Iterator[str]:
    has, needs = _mixer(run)
    if not run.fixed_density and has < needs:
        yield f"LMAXMIX = {has}; +U needs {needs}"


def _spherical(run: VaspDirectory) -> Iterator[str]:
    beyond = run.hubbard or run.meta_gga or run.hybrid
    if run.asked and beyond and run.metals and not run.incar.flag("LASPH"):
        kind = "+U" if run.hubbard else "meta-GGA" if run.meta_gga else "hybrid"
        yield f"{kind} on {', '.join(run.metals)} with LASPH = .FALSE."


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "u-on-non-metal",
        "error",
        "U on an element without an open d or f shell: the order of LDAUU is wrong.",
        "Put LDAUL, LDAUU, LDAUJ into the order of the POSCAR blocks; -1, 0, 0 here.",
        _u_on_non_metal,
    ),
    Rule(
        "u-on-other-shell",
        "warning",
        "U on a p shell or on filled d states is rare and has to be justified.",
        "Keep it if the paper explains it; else LDAUL = -1 and U = 0.",
        _u_on_other_shell,
    ),
    Rule(
        "metal-without-u",
        "error",
        "A U that got lost: one metal corrected, its neighbour not, no oxidation state "
        "can be trusted.",
        "Give every transition metal its U; LDAUL = -1 and U = 0 where none is meant.",
        _metal_without_u,
    ),
    Rule(
        "metal-u-zero",
        "warning",
        "A transition metal without U beside one with U is a choice to be stated.",
        "Say in the paper why this metal has none.",
        _metal_u_zero,
    ),
    Rule(
        "ldauu-missing",
        "error",
        "+U is switched on without values: VASP takes 0 everywhere, plain DFT.",
        "Set LDAUU, one number for each species block, or remove LDAU.",
        _missing,
    ),
    Rule(
        "u-all-zero",
        "warning",
        "+U is switched on and corrects nothing: this is plain DFT.",
        "Remove LDAU, or set LDAUU, unless U = 0 is the point of a series.",
        _all_zero,
    ),
    Rule(
        "ldau-off",
        "error",
        "U values without LDAU = .TRUE. are ignored: this is plain DFT.",
        "Set LDAU = .TRUE., or remove LDAUU.",
        _switched_off,
    ),
    Rule(
        "ldau-switched-off",
        "warning",
        "+U is switched off beside values of U: this is plain DFT.",
        "Remove LDAUU if plain DFT is meant, or set LDAU = .TRUE.",
        _off_beside_values,
    ),
    Rule(
        "u-with-hybrid",
        "warning",
        "Exact exchange already corrects the d and f shells: +U on top counts twice.",
        "Remove LDAU, or LHFCALC, unless the combination is the question.",
        _on_a_hybrid,
    ),
    Rule(
        "ldaul-wrong-shell",
        "error",
        "U acts on the shell that LDAUL names: 2 is d, 3 is f.",
        "Set LDAUL to 2 for a transition metal, 3 for a lanthanide or actinide.",
        _wrong_shell,
    ),
    Rule(
        "ldaul-without-u",
        "warning",
        "LDAUL names a shell where U is 0: harmless, but -1 is how to say 'no U'.",
        "Write LDAUL = -1 for elements without U.",
        _needless_shell,
    ),
    Rule(
        "u-differs-within-element",
        "warning",
        "Blocks of one element with different U fix which atom is which ion.",
        "Use one U for each element, unless the blocks are different on purpose.",
        _within_element,
    ),
    Rule(
        "u-out-of-range",
        "warning",
        "U - J outside 0 to 10 eV is rarely meant.",
        "Check the unit (eV) and the sign of LDAUJ.",
        _out_of_range,
    ),
    Rule(
        "lmaxmix-fixed-density",
        "error",
        "CHGCAR holds the on-site occupancies up to LMAXMIX only: with +U the bands "
        "are those of another state.",
        "Set LMAXMIX = 4 (6 for f) in the run that writes CHGCAR and in this one.",
        _mixer_fixed_density,
    ),
    Rule(
        "lmaxmix-low",
        "warning",
        "The density mixer leaves out the shell that U acts on: slow or wrong "
        "convergence, and a CHGCAR that no later step can start from.",
        "Set LMAXMIX = 4, or 6 with f electrons.",
        _mixer_low,
    ),
    Rule(
        "lasph-off",
        "warning",
        "Without aspherical terms d and f energies are off by tens of meV.",
        "Set LASPH = .TRUE. in every run that is compared.",
        _spherical,
    ),
)
