"""Which documents may be recorded: finished, with an id, possible, not too large."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workflows.errors import StoreError
from workflows.records.contradiction import contradiction
from workflows.records.document import State, TaskDocument

LARGEST = 4_000_000
"""Bytes of JSON. A document of 64 atoms has 30 kB."""


def check_size(content: Mapping[str, Any], what: str) -> None:
    """Reject a plain document, called ``what``, that is too large for a database.

    MongoDB rejects 16 MB, after the calculation is done. Structures fit; densities and
    the like stay in files, and documents hold their paths.

    Raises
    ------
    StoreError
        It has more than 4 MB; the message names its largest parts.
    """
    sizes = {key: len(json.dumps(value, default=str)) for key, value in content.items()}
    total = sum(sizes.values())
    if total <= LARGEST:
        return
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
    parts = ", ".join(f"{key} {size / 1e6:.1f} MB" for key, size in largest)
    raise StoreError(
        f"{what}: has {total / 1e6:.1f} MB, and the limit is {LARGEST / 1e6:.0f} MB "
        f"(largest: {parts}); leave large data in files and record their path"
    )


def refuse_unfit(document: TaskDocument) -> None:
    """Reject a document that no store keeps.

    One of a run under way, one without an id, one with numbers that no run has.

    Raises
    ------
    StoreError
        The message gives the reason.
    """
    if document.calculation_id is None:
        raise StoreError(
            f"{document.dir_name}: not recorded: lnmo.json there was removed or "
            "changed while the step ran. Perhaps the command of the engine clears its "
            "directory: let it leave lnmo.json"
        )
    if document.state in {State.PLANNED, State.RUNNING}:
        raise StoreError(
            f"{document.dir_name}: is {document.state}, not recorded: only a run that "
            "has ended has a result"
        )
    if problem := contradiction(document):
        raise StoreError(f"{document.dir_name}: not recorded: {problem}")
