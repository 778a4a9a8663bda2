"""Which results may stand in one table: those of one engine and one set of settings.

Energies and moments of different U, cutoffs, POTCARs or engines do not compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from workflows.errors import ResultsError
from workflows.summary import Summary
from workflows.taskdoc import TaskDocument

MUST_AGREE = ("engine", "engine_version")
OF_THE_CRYSTAL = ("kpoints", "ISPIN", "LMAXMIX", "hubbards")
"""Settings that a metal without d electrons rightly has of its own.

Its mesh is as dense as a metal asks for, it has no spin, no U and no d density to mix.
"""


def refuse_mixture(summaries: Sequence[Summary]) -> None:
    """Refuse documents of several engines or settings.

    Raises
    ------
    ResultsError
        Names the key that differs and its values.
    """
    finished = [s.document for s in summaries if s.has_structure]
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in finished})
        if len(values) > 1:
            raise ResultsError(
                f"the results differ in {key}: {' | '.join(values)}; one table never "
                "mixes them. Choose with a campaign, --engine, or .select(engine=...)"
            )
    _refuse_settings(finished, sorted({key for d in finished for key in d.settings}))
    _refuse_elements(finished)


def refuse_variants(variants: Iterable[str]) -> None:
    """Refuse calculations of several variants of a campaign.

    Parameters
    ----------
    variants
        ``Calculation.variant`` of each: names joined by ``+``, or empty.

    Raises
    ------
    ResultsError
        They have no variant in common.
    """
    found = sorted(set(variants))
    if not found or set.intersection(*(set(name.split("+")) for name in found)):
        return
    shown = ", ".join(name or "none" for name in found)
    raise ResultsError(
        f"the results are of the variants {shown}; one table never mixes them. Name "
        "the campaign and choose with --variant, or plan(campaign.only(NAME))"
    )


def refuse_reference(cells: Iterable[TaskDocument], metal: TaskDocument) -> None:
    """Refuse a lithium reference that was calculated in another way than the cells.

    Parameters
    ----------
    cells
        Documents that agree among one another.
    metal
        The reference.

    Raises
    ------
    ResultsError
        Names the key that differs and its values.
    """
    cell = list(cells)
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in (*cell, metal)})
        if len(values) > 1:
            raise ResultsError(
                f"the lithium reference differs from the cathode in {key}: "
                f"{' | '.join(values)}; run it again with the same one"
            )
    shared = {k for d in cell for k in d.settings} & set(metal.settings)
    keys = sorted(shared - set(OF_THE_CRYSTAL))
    try:
        _refuse_settings((*cell, metal), keys)
        _refuse_elements((*cell, metal))
    except ResultsError as error:
        raise ResultsError(
            f"lithium reference {metal.calculation_id} and cathode: {error}"
        ) from None


def _refuse_settings(documents: Sequence[TaskDocument], keys: Sequence[str]) -> None:
    for key in keys:
        values = {repr(d.settings[key]) for d in documents if key in d.settings}
        if len(values) > 1 and not _only_composition(key, documents):
            raise ResultsError(
                f"the results differ in the setting {key}: "
                f"{' | '.join(sorted(values)[:3])}; energies and moments do not "
                "compare. Choose one campaign"
            )


def _refuse_elements(documents: Sequence[TaskDocument]) -> None:
    """Refuse an element with two POTCARs, or two U, as the outputs say."""
    for name, unit in (("potcar", ""), ("hubbards", " eV")):
        known: dict[str, Any] = {}
        for document in documents:
            for element, own in getattr(document, name).items():
                if known.setdefault(element, own) != own:
                    what = "POTCAR" if name == "potcar" else "U"
                    raise ResultsError(
                        f"the results differ in the {what} of {element}: "
                        f"{known[element]}{unit} | {own}{unit}; energies and moments "
                        "do not compare. Choose one campaign"
                    )


def _only_composition(key: str, documents: Sequence[TaskDocument]) -> bool:
    """Tell whether a by-element setting differs only by elements a cell lacks."""
    merged: dict[str, Any] = {}
    families: set[str] = set()
    for document in documents:
        value = document.settings.get(key)
        plain = value[-1] if isinstance(value, list) and value else value
        families.add(repr(value[:-1]) if isinstance(value, list) else "")
        if not isinstance(plain, dict) or len(families) > 1:
            return False
        for element, own in plain.items():
            if merged.setdefault(element, own) != own:
                return False
    return True
