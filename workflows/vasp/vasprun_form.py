"""A vasprun.xml that is well-formed XML, but not in the form that VASP writes.

Programs that store or convert XML add namespaces. pymatgen finds none of its elements
then, and says something else.
"""

from __future__ import annotations

import re
from pathlib import Path

from workflows.errors import StoreError, printable, shortened
from workflows.vasp.run_files import holds

_NAMESPACE = re.compile(rb"<[^<>]{0,500}?\s(xmlns(?::[\w.-]+)?)\s*=")
_NO_ELEMENT = re.compile(r"'(\w+)' is not a valid Element")
CURE = "take the file as VASP left it"


def refuse_namespaces(path: Path) -> None:
    """Refuse a vasprun.xml with a namespace, of all elements or of some.

    Raises
    ------
    StoreError
        Names the attribute that declares it.
    """
    found = holds(path, _NAMESPACE, words=(b"XMLNS",))
    if found is not None:
        name = printable(shortened(found[1].decode("ascii", "replace")))
        raise StoreError(
            f"{path.name}: unknown form: a namespace ({name}), and VASP writes none: "
            f"another program wrote the file; {CURE}"
        )


def other_element(path: Path, error: Exception) -> StoreError | None:
    """Return what to raise if pymatgen met a name that is no element; else None."""
    found = _NO_ELEMENT.search(str(error)) if isinstance(error, ValueError) else None
    if found is None:
        return None
    return StoreError(
        f"{path.name}: unknown form: an atom {printable(shortened(found[1]))}, which "
        f"is no element, so that its run cannot be judged; {CURE}, or name the element "
        "of its potential"
    )
