"""Which results may stand in one table: those of one engine and one set of settings.

Energies and moments of different U, cutoffs, POTCARs or engines do not compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workflows.errors import ResultsError
from workflows.taskdoc import TaskDocument

MUST_AGREE = ("engine", "engine_version")


def refuse_mixture(documents: Sequence[TaskDocument]) -> None:
    """Refuse documents of several engines or settings.

    Raises
    ------
    ResultsError
        Names the key that differs and its values.
    """
    finished = [d for d in documents if d.structure is not None]
    for key in MUST_AGREE:
        values = sorted({str(getattr(d, key)) for d in finished})
        if len(values) > 1:
            raise ResultsError(
                f"the results differ in {key}: {' | '.join(values)}; one table never "
                "mixes them. Choose with a campaign, --engine, or .select(engine=...)"
            )
    for key in sorted({key for d in finished for key in d.settings}):
        values = sorted({repr(d.settings[key]) for d in finished if key in d.settings})
        if len(values) > 1 and not _only_composition(key, finished):
            raise ResultsError(
                f"the results differ in the setting {key}: {' | '.join(values[:3])}; "
                "energies and moments do not compare. Choose one campaign"
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
