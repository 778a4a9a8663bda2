"""What can be wrong with a request for a structure, named by what the caller may do.

::

    StructuresError (ValueError)
    ├── FormulaError       the formula is not a spinel LiM2O4: correct it
    ├── MappingError       the crystal is no spinel, or too far from the ideal one
    ├── CellError          the cell cannot hold the cation order: take another cell
    ├── RoleError          no such set of sites: take one of those named
    ├── CompositionError   no such Li content in this cell: take one of those named
    ├── ChargeError        no oxidation states balance the cell: give them by hand
    └── TooManyOrderings   exact, but too long to list: count or sample instead

Every message is one line: what, where, the value against its limit, the cure.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class StructuresError(ValueError):
    """Base of every error that this package raises on purpose."""


class FormulaError(StructuresError):
    """The formula is not that of a spinel with one working ion and two metals."""


class MappingError(StructuresError):
    """A crystal cannot be mapped onto the ideal parent spinel."""


class CellError(StructuresError):
    """The cell or the cation order asked for does not exist or does not fit."""


class RoleError(StructuresError):
    """The name is neither a site set, nor a species, nor an insertion model."""


class CompositionError(StructuresError):
    """The cell cannot hold the number of ions asked for."""


class ChargeError(StructuresError):
    """No formal oxidation states balance the charge of the cell."""


class TooManyOrderings(StructuresError):
    """The request is exact but too long to carry out."""


class InsertionWarning(UserWarning):
    """A structure is legitimate, but its insertion site is physically doubtful."""


def nearest_name(wrong: str, known: Iterable[str]) -> str:
    """Return the alternatives to a wrong name, the nearest one first.

    ``"did you mean 'P4_332'? known: ..."``, or only the known names.
    """
    names = list(known)
    near = get_close_matches(str(wrong), names, n=1)
    known_text = f"known: {', '.join(names)}"
    return f"did you mean {near[0]!r}? {known_text}" if near else known_text
