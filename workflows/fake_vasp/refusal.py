"""The one exception of this program: inputs that VASP would not run."""

from __future__ import annotations


class Refusal(Exception):
    """Says which file and which tag, with the two things that differ."""
