"""What a crystal of the user's own holds on each site: ions, metals or anions."""

from collections.abc import Sequence
from dataclasses import dataclass

from pymatgen.core.structure import Structure

from structures.errors import MappingError
from structures.formula import ANION_CHARGES, WORKING_IONS
from structures.values import FULL


@dataclass(frozen=True)
class CrystalContents:
    """The sites of a crystal, in its order.

    Attributes
    ----------
    shares
        Of each site: element and occupancy.
    kinds
        Of each site: ``ion``, ``metal`` or ``anion``.
    ion
        Element that leaves and enters.
    """

    shares: tuple[dict[str, float], ...]
    kinds: tuple[str, ...]
    ion: str

    @property
    def elements(self) -> list[str]:
        """Each element once, in the order of the sites."""
        return _elements(self.shares)

    @property
    def names(self) -> list[str]:
        """Name of each site, such as ``Ni+Mn``."""
        return ["+".join(share) for share in self.shares]


def crystal_contents(structure: Structure, ion: str | None = None) -> CrystalContents:
    """Read what is on each site.

    Parameters
    ----------
    structure
        Metals and ions may be partial occupancies.
    ion
        Working ion; by default the one of Li, Na and Mg that the crystal holds, and
        that one too where the crystal does not hold `ion`.

    Raises
    ------
    MappingError
        A site holds what none can, or there is no ion; the site is named.
    """
    shares = tuple(_shares(structure))
    own = _ion_of(shares, ion)
    return CrystalContents(shares, tuple(_kinds(shares, own)), own)


def _shares(structure: Structure) -> list[dict[str, float]]:
    """Occupancy of each element on each site."""
    found = []
    for site in structure:
        amounts: dict[str, float] = {}
        for species, amount in site.species.items():
            symbol = str(getattr(species, "symbol", species))
            amounts[symbol] = amounts.get(symbol, 0.0) + float(amount)
        found.append({e: n for e, n in amounts.items() if n > FULL})
    return found


def _elements(shares: Sequence[dict[str, float]]) -> list[str]:
    return list(dict.fromkeys(e for share in shares for e in share))


def _ion_of(shares: Sequence[dict[str, float]], ion: str | None) -> str:
    """Choose the element of the crystal that leaves and enters."""
    elements = _elements(shares)
    known = [e for e in WORKING_IONS if e in elements]
    if ion in elements:
        return str(ion)
    if known:
        return known[0]
    if ion is not None:
        return ion
    raise MappingError(
        f"the crystal ({', '.join(elements)}) holds none of the ions "
        f"{', '.join(WORKING_IONS)}; name the one that enters it: host: {{ion: Li}}"
    )


def _kinds(shares: Sequence[dict[str, float]], ion: str) -> list[str]:
    """Say of each site whether it is of a metal, an anion or the ion."""
    anions = [e for e in _elements(shares) if e in ANION_CHARGES]
    if len(anions) != 1:
        raise MappingError(
            f"the crystal has {len(anions)} kinds of anions ({', '.join(anions)}), a "
            f"host has one of {', '.join(ANION_CHARGES)}"
        )
    kinds = []
    for i, share in enumerate(shares):
        kind = {
            e: "anion" if e in anions else "ion" if e == ion else "metal" for e in share
        }
        if len(set(kind.values())) != 1:
            shown = " and ".join(f"{n:g} {e}" for e, n in share.items())
            raise MappingError(
                f"site #{i + 1} holds {shown or 'nothing'}: ions and metals (or "
                "anions) that share a site are antisite disorder, which no host has; "
                "make the site one of them"
            )
        kinds.append(next(iter(kind.values())))
        total = sum(share.values())
        if total > 1 + FULL or (total < 1 - FULL and kinds[-1] != "ion"):
            raise MappingError(
                f"site #{i + 1} ({', '.join(share)}) is occupied {total:g} times; "
                "sites of metals and anions must be full, those of the ion at most"
            )
    return kinds
