"""An error that asks to choose, with the complete command of each choice."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from workflows.results.kinds import Kind, SeveralKinds

OF_RESULTS = ("results", "report", "figures", "compare", "export")
"""Verbs that are repeated as they were typed; after any other, results are shown."""


def in_words(error: Exception, words: Sequence[str]) -> str:
    """Return the message of an error for a person at a command line.

    Parameters
    ----------
    error
        Any error; one of several kinds of results names the commands.
    words
        What was typed after ``lnmo``.
    """
    if not isinstance(error, SeveralKinds):
        return str(error)
    commands = (f"{command(words, each)} ({each.calculations})" for each in error.kinds)
    return (
        f"{error.what}. Choose one (number of calculations in brackets): "
        f"{'; '.join(commands)}"
    )


def command(words: Sequence[str], kind: Kind) -> str:
    """Return what was typed, with what chooses one kind of results added."""
    again = bool(words) and words[0] in OF_RESULTS
    verb, rest = (words[0], list(words[1:])) if again else ("results", [])
    name = [] if any(map(_is_campaign, rest)) else _name(kind.campaign)
    engine = [] if "--engine" in rest else ["--engine", kind.engine]
    variant = ["--variant", kind.variant] if kind.variant else []
    first = 1 if verb == "export" else 0  # its directory comes before the campaign
    named = [*rest[:first], *name, *rest[first:]]
    return shlex.join(["lnmo", verb, *named, *engine, *variant])


def _name(campaign: str) -> list[str]:
    """Return how a campaign is named here: its file, if there is one."""
    if campaign and not _is_campaign(campaign) and Path(f"{campaign}.yaml").is_file():
        return [f"{campaign}.yaml"]
    return [campaign] if campaign else []


def _is_campaign(word: str) -> bool:
    from workflows.campaign.campaign import packaged_campaigns

    return word.endswith((".yaml", ".yml")) or word in packaged_campaigns()
