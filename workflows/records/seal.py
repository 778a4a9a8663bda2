"""A hash stored inside the record, so that edits and damage are noticed.

It covers the content, not the bytes: white space and the order of keys do not matter.
It guards against mistakes, not against forgery.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from workflows.records.run_file import SEAL

BROKEN = "not what was recorded: it was edited, or damaged"


def seal_of(content: Mapping[str, Any]) -> str:
    """Return the hash of content as JSON gives it; the seal itself is left out."""
    rest = {key: value for key, value in content.items() if key != SEAL}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_broken(content: Mapping[str, Any]) -> bool:
    """Return whether content has a seal that is not its own.

    Content without one was recorded by a version before the seal.
    """
    return SEAL in content and content[SEAL] != seal_of(content)
