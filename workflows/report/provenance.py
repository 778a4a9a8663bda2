"""Documents -> findings, versions and settings: where the numbers are from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import NO_INSERTION
from workflows.counts import count_of
from workflows.records.versions import versions
from workflows.results.labels import labels_of

if TYPE_CHECKING:
    from workflows.records.document import TaskDocument

SEVERITIES = ("error", "warning", "info")
VALUES = 8
"""Values of one setting that are listed; the others are counted."""


def label(document: TaskDocument) -> str:
    """Name a calculation as a reader knows it: its x and model, or what it is."""
    if document.reference:
        return f"{document.reference} metal"
    if document.x is None:
        return document.formula
    model = document.insertion or NO_INSERTION
    return f"x = {document.x:g}" + ("" if model == NO_INSERTION else f" {model}")


def findings_of(documents: Iterable[TaskDocument]) -> list[dict[str, Any]]:
    """Return each finding once, gravest first, with the steps that show it.

    What made the numbers is that of the first of these steps.
    """
    grouped: dict[tuple[str, str, str], list[TaskDocument]] = {}
    for document in documents:
        for finding in document.findings:
            key = (finding.severity, finding.id, finding.message)
            grouped.setdefault(key, []).append(document)
    return [
        {
            "severity": severity,
            "id": name,
            "message": message,
            "where": _where([f"{label(d)} {d.task_label}" for d in found]),
            **labels_of(found[0]),
        }
        for (severity, name, message), found in sorted(
            grouped.items(), key=lambda kv: SEVERITIES.index(kv[0][0])
        )
    ]


def versions_of(documents: Iterable[TaskDocument]) -> dict[str, str]:
    """Return the versions of what made the numbers, and of what draws them here."""
    found = versions()
    for document in documents:
        found.update(document.versions)
        if document.engine_version:
            found[document.engine] = document.engine_version
    return found


def settings_of(documents: Sequence[TaskDocument]) -> list[tuple[str, str]]:
    """Return the settings that the steps report, the first values that each has."""
    found: dict[str, dict[str, None]] = {}
    for document in documents:
        for name, value in document.settings.items():
            found.setdefault(name, {})[_plain(value)] = None
    return [(name, _values(list(values))) for name, values in sorted(found.items())]


def _values(values: Sequence[str]) -> str:
    more = [f"{len(values) - VALUES} more"] if len(values) > VALUES else []
    return "; ".join([*values[:VALUES], *more])


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(v)}" for name, v in value.items())
    if isinstance(value, list | tuple):
        numbers = all(isinstance(v, int | float) for v in value)
        return (" × " if numbers else ", ").join(_plain(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _where(places: Sequence[str]) -> str:
    shown = ", ".join(places[:3])
    return (
        shown
        if len(places) <= 3
        else f"{shown} and {count_of(len(places) - 3, 'more step')}"
    )
