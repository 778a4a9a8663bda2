"""The campaigns, engines and variants that have results: what to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from workflows.errors import ResultsError


@dataclass(frozen=True)
class Kind:
    """Results of one campaign, one engine and one variant.

    Attributes
    ----------
    campaign
        Name of the campaign that recorded them; empty for none.
    engine
        Name of the engine.
    variant
        One variant of the campaign; empty if it has none.
    calculations
        Number of calculations of which something is recorded.
    """

    campaign: str
    engine: str
    variant: str = ""
    calculations: int = 0

    def as_call(self) -> str:
        """Return the Python call that selects them, with their number."""
        given = {
            "campaign": self.campaign,
            "engine": self.engine,
            "variant": self.variant,
        }
        words = ", ".join(f'{name}="{value}"' for name, value in given.items() if value)
        return f".select({words}) ({self.calculations})"


class SeveralKinds(ResultsError):
    """The results are of several kinds, and one table takes one.

    Attributes
    ----------
    what
        What differs, one line.
    kinds
        What there is to choose among.
    """

    def __init__(self, what: str, kinds: tuple[Kind, ...]) -> None:
        self.what, self.kinds = what, kinds
        calls = ", ".join(kind.as_call() for kind in kinds)
        super().__init__(f"{what}. Choose one (calculations in brackets): {calls}")


def kinds_of(found: Iterable[tuple[str, str, str]]) -> tuple[Kind, ...]:
    """Count calculations by campaign, engine and variant.

    Parameters
    ----------
    found
        Campaign, engine and variant of each calculation; the name of a variant that
        several share is theirs joined by ``+``.
    """
    count = Counter(
        (campaign, engine, variant)
        for campaign, engine, joined in found
        for variant in joined.split("+")
    )
    return tuple(Kind(*names, n) for names, n in sorted(count.items()))
