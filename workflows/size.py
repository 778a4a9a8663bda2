"""Nothing large goes through the database: structures and densities go by path.

MongoDB refuses a document of 16 MB after the calculation is done; we refuse one of
4 MB, and say what is large in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from workflows.errors import StoreError

LARGEST = 4_000_000
"""Bytes of JSON. A document of 64 atoms has 30 kB."""


def check_size(content: Mapping[str, Any], what: str) -> None:
    """Refuse what is too large for a database.

    Parameters
    ----------
    content
        A plain document.
    what
        Its name, for the message.

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
