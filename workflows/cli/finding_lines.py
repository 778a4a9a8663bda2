"""Findings of one run as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

FOR_READERS = frozenset({"orbital_order", "finite_differences"})
"""Findings for information that are a result of their own, or say what one is of."""


def shown(
    findings: Iterable[Mapping[str, Any]], reason: str = ""
) -> Iterator[Mapping[str, Any]]:
    """Yield the findings that a reader of the numbers has to know.

    Parameters
    ----------
    findings
        With ``severity``, ``id`` and ``message``.
    reason
        Of the state; it is not said twice.
    """
    for finding in findings:
        counts = finding["severity"] != "info" or finding["id"] in FOR_READERS
        if counts and finding["message"] != reason:
            yield finding


def finding_lines(
    findings: Iterable[Mapping[str, Any]], reason: str = ""
) -> Iterator[str]:
    """Yield one indented line for each finding that is shown."""
    for finding in shown(findings, reason):
        yield f"    {finding['severity']} {finding['id']}: {finding['message']}"
