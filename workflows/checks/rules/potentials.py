"""Rules on the data sets of POTCAR themselves, as far as their heads tell."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.parts import Potential
from workflows.vasp.potcar_kinds import other_element
from workflows.vasp.potcars import valences


def _contradictory(run: VaspDirectory) -> Iterator[str]:
    for potential in run.potentials:
        for fault in _faults(potential):
            yield f"{run.potentials_from}: {potential.titel}: {fault}"


def _faults(potential: Potential) -> Iterator[str]:
    if other := other_element(potential):
        yield f"VRHFIN = {other}, TITEL says {potential.element}"
    if _word(potential) == "PAW_PBE" and potential.lexch not in {"", "PE"}:
        yield f"LEXCH = {potential.lexch}, TITEL says PBE, which is PE"
    known = valences().get(potential.symbol)
    paw = _word(potential).startswith("PAW")
    if paw and known is not None and potential.zval not in {None, float(known)}:
        yield f"ZVAL = {potential.zval:g}, {potential.symbol} has {known}"


def _word(potential: Potential) -> str:
    return potential.titel.partition(" ")[0]


def _damaged(run: VaspDirectory) -> Iterator[str]:
    for potential in run.potentials:
        if potential.whole is None:
            continue
        where = f"{run.potentials_from}: {potential.titel}"
        if not potential.whole:
            yield f"{where} has no line 'End of Dataset'"
        numbers = {"ZVAL": potential.zval, "ENMAX": potential.enmax}
        for tag in (tag for tag, value in numbers.items() if not value):
            yield f"{where}: {tag} is no number above 0"


def _ultrasoft(run: VaspDirectory) -> Iterator[str]:
    soft = [p.titel for p in run.potentials if p.ultrasoft]
    if soft:
        yield f"{run.potentials_from}: LULTRA = T: {', '.join(soft)}"


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "potcar-contradictory",
        "error",
        "A data set that contradicts its title is not the one it is taken for.",
        "Take the data set again from the library it belongs to.",
        _contradictory,
    ),
    Rule(
        "potcar-damaged",
        "error",
        "VASP reads on into the next data set, or takes what it can for a number.",
        "Join the POTCAR again from whole data sets.",
        _damaged,
    ),
    Rule(
        "potcar-ultrasoft",
        "error",
        "LDA+U and the moments of sites are defined for PAW potentials only.",
        "Take PAW potentials, whose TITEL begins with PAW.",
        _ultrasoft,
    ),
)
