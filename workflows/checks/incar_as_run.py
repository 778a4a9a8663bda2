"""Which tags of an INCAR are not what VASP ran with.

vasprun.xml repeats the tags that VASP read; a tag that it does not repeat was written
into INCAR afterwards. Whether that matters is judged by the values that VASP worked
with, defaults included, and only for tags that VASP does not change by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.vasp.equality import same_value
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.precision import VASPRUN_REAL

IGNORED = frozenset({"SYSTEM", "KPOINT_BSE", "IWAVPR"})
"""A title; what VASP 5.4 puts among the INCAR tags by itself; and IWAVPR, to which
VASP adds ten."""
PRINTED_UNASKED = {"PREC": "normal"}
"""What VASP 5 puts among the INCAR tags of a run whose INCAR has none."""
_SAME_NAME = """
    PREC EDIFF EDIFFG NSW ISIF PSTRESS
    GGA METAGGA LHFCALC LUSE_VDW LDAU
    ISPIN MAGMOM NUPDOWN NELECT ICHARG
    LSORBIT LNONCOLLINEAR ISMEAR SIGMA
    LASPH LMAXMIX ADDGRID LDIPOL IDIPOL
"""
APPLIED = {"ENCUT": "ENMAX", **{tag: tag for tag in _SAME_NAME.split()}}
"""Tags that decide the result -> what vasprun.xml calls the applied value."""
LEFT_TO_POTCAR = frozenset({"--", "NONE", "F", "PE"})
"""GGA and METAGGA of a run with the functional of its potentials."""


def changed_tags(asked: Mapping[str, Any], numbers: VaspNumbers) -> dict[str, Any]:
    """Return the tags that differ, with what ran; None if that is unknown.

    Parameters
    ----------
    asked
        The INCAR beside the run.
    numbers
        Of the run.
    """
    read = numbers.incar
    changed = {
        tag: value
        for tag, value in read.items()
        if tag not in IGNORED
        and not same_value(asked.get(tag), value, printed=VASPRUN_REAL)
        and not _says_nothing(tag, asked.get(tag), value)
    }
    for tag in (asked.keys() & APPLIED.keys()) - read.keys():
        value = _applied(tag, numbers)
        if value is not None and not _same(asked[tag], value):
            changed[tag] = value
    return dict(sorted(changed.items()))


def _says_nothing(tag: str, asked: Any, read: Any) -> bool:
    """Return whether a default was printed as if asked, or a number as a logical.

    VASP 5.4.1 has ``LORBIT`` F for 11, and 5.4.4 ``LMIXTAU`` -1 for .TRUE.
    """
    if asked is None:
        return tag in PRINTED_UNASKED and _same(PRINTED_UNASKED[tag], read)
    logical = isinstance(asked, bool), isinstance(read, bool)
    return any(logical) and not all(logical) and isinstance(read, int)


def _applied(tag: str, numbers: VaspNumbers) -> Any:
    if tag == "METAGGA":  # vasprun.xml has it only if it was asked for
        return None if numbers.outcar is None else numbers.outcar.header.metagga or "--"
    if tag == "MAGMOM" and numbers.parameters.get("ISPIN") != 2:
        return None  # not read
    return numbers.parameters.get(APPLIED[tag])


def _same(asked: Any, applied: Any) -> bool:
    """Compare with an applied value, whose words may be cut short: ``accura``."""
    if not (isinstance(asked, str) and isinstance(applied, str)):
        return same_value(asked, applied, printed=VASPRUN_REAL)
    words = asked.strip().upper(), applied.strip().upper()
    if LEFT_TO_POTCAR.intersection(words):
        return LEFT_TO_POTCAR.issuperset(words)
    return words[0].startswith(words[1]) or words[1].startswith(words[0])
