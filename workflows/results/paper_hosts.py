"""Verdicts on each arrangement of the metals -> one verdict on an ensemble of them.

Each arrangement is a series of its own: differences over x and between orders are taken
within it. What is shown is the mean over the arrangements, by multiplicity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workflows.results.hosts import HOST, in_one, number_of
from workflows.results.labels import LABEL_NAMES, worst_state
from workflows.results.lax_settings import in_one as settings_in_one
from workflows.results.verdict import Status, Verdict, joined

FLAGS = ("surrogate", "fake")
MOST = 3
"""Arrangements that a note names; more are counted."""
Found = Mapping[str, Sequence[Verdict]]


def over_hosts(found: Found, weights: Mapping[str, float]) -> list[Verdict]:
    """Return one verdict for each statement and insertion model.

    It passes where every arrangement of the ensemble passes. Where they differ, or one
    of them has no number or no row, it is at best WARN; it fails where none passes and
    one fails.

    Parameters
    ----------
    found
        Host -> its verdicts.
    weights
        Host -> how many equivalent placements it stands for.
    """
    keys: dict[tuple[str, str], dict[str, Verdict]] = {}
    for host, verdicts in found.items():
        for verdict in verdicts:
            keys.setdefault((verdict.check, verdict.insertion), {})[host] = verdict
    named = {check for check, model in keys if model}
    return [
        _over(own, number_of(found), weights)
        for (check, model), own in keys.items()
        if model or check not in named  # a host without a row above x = 1 has no model
    ]


def _over(
    own: Mapping[str, Verdict], hosts: int, weights: Mapping[str, float]
) -> Verdict:
    values = {host: v.value for host, v in own.items() if v.value is not None}
    first = next(iter(own.values()))
    if not values:
        return first
    judged = {host: own[host] for host in values}
    missing = hosts - len(values)
    total = sum(weights[host] for host in values)
    mean = sum(weights[host] * value for host, value in values.items()) / total
    return replace(
        first,
        value=mean,
        outcome=_outcome([v.outcome for v in judged.values()], complete=not missing),
        reason=joined(
            _of_several(list(values.values())),
            f"{missing} of {hosts} have no number" if missing else "",
            *_told(judged),
        ),
        calculations=tuple(i for v in judged.values() for i in v.calculations),
        labels=_labels([v.labels for v in judged.values()]),
    )


def _of_several(values: Sequence[float]) -> str:
    if len(values) == 1:
        return "of one arrangement of the metals"
    return (
        f"mean over {len(values)} arrangements of the metals by multiplicity, "
        f"{min(values):.3g} to {max(values):.3g}"
    )


def _outcome(outcomes: Sequence[Status], *, complete: bool) -> Status:
    if Status.PASS in outcomes:
        alike = complete and set(outcomes) == {Status.PASS}
        return Status.PASS if alike else Status.WARN
    return Status.FAIL if Status.FAIL in outcomes else Status.WARN


def _told(judged: Mapping[str, Verdict]) -> list[str]:
    """Name the arrangements that do not pass, each with its number and its reason."""
    found = [
        f"{host}: {v.outcome} {v.shown}" + (f" ({v.reason})" if v.reason else "")
        for host, v in judged.items()
        if v.outcome is not Status.PASS
    ]
    more = [f"{len(found) - MOST} more do not pass"] if len(found) > MOST else []
    return [*found[:MOST], *more]


def _labels(labels: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Join the labels of verdicts, as those of rows are joined."""
    texts = {
        name: " | ".join(_parts(labels, name))
        for name in LABEL_NAMES
        if name not in {*FLAGS, "state"}
    }
    lax = settings_in_one(str(own.get("lax_settings") or "") for own in labels)
    return {
        **texts,
        HOST.name: in_one(_parts(labels, HOST.name)),
        "lax_settings": lax,
        "state": worst_state(labels),
        **{name: any(own.get(name, False) for own in labels) for name in FLAGS},
    }


def _parts(labels: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    parts = (p for own in labels for p in str(own.get(name) or "").split(" | "))
    return list(dict.fromkeys(parts))
