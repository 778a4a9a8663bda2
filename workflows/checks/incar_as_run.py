"""Which tags of an INCAR are not what VASP ran with.

vasprun.xml repeats the tags in VASP's own account, which is not a copy: VASP 5.2 adds
defaults that nobody asked for, long lists are shortened to what is used, NSW is that of
the displacements in a phonon run. A tag that is not repeated was written into INCAR
afterwards. Whether that matters is judged by the values that VASP worked with, defaults
included, and only for tags that VASP does not change by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.vasp.equality import flat, same_value
from workflows.vasp.known_tags import ON_BY_DEFAULT, tag_names
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.precision import VASPRUN_REAL

IGNORED = frozenset({"SYSTEM", "KPOINT_BSE", "IWAVPR"})
"""A title; what VASP 5.4 puts among the INCAR tags by itself; and IWAVPR, to which
VASP adds ten."""
PRINTED_UNASKED = {"PREC": "normal"}
"""What VASP 5 puts among the INCAR tags of a run whose INCAR has none."""
NOT_ZERO = tag_names(
    """
    ISYM ISMEAR SIGMA ICHARG IBRION ISIF EDIFF EDIFFG
    NUPDOWN NELECT LMAXMIX MAGMOM SMASS LMAXPAW LMAXTAU
    AEXX AGGAX AGGAC ALDAC ALDAX
    LDAUL LDAUU LDAUJ LDAUTYPE
    """
)
"""Numbers whose 0 or -1 is a choice, asked for or not."""
FORCE_CONSTANTS = (5, 6, 7, 8)
"""IBRION of phonon runs, which take as many steps as they need, whatever NSW says."""
_SAME_NAME = tag_names(
    """
    PREC EDIFF EDIFFG NSW ISIF PSTRESS
    GGA METAGGA LHFCALC LUSE_VDW LDAU
    ISPIN MAGMOM NUPDOWN NELECT ICHARG
    LSORBIT LNONCOLLINEAR ISMEAR SIGMA
    LASPH LMAXMIX ADDGRID LDIPOL IDIPOL
    """
)
APPLIED = {"ENCUT": "ENMAX", **{tag: tag for tag in _SAME_NAME}}
"""Tags that decide the result -> what vasprun.xml calls the applied value."""
LEFT_TO_POTCAR = frozenset({"--", "NONE", "F", "PE"})
"""GGA and METAGGA of a run with the functional of its potentials."""


def changed_tags(asked: Mapping[str, Any], numbers: VaspNumbers) -> dict[str, Any]:
    """Return the tags in which the INCAR beside a run differs, with what ran."""
    read = numbers.incar
    changed = {
        tag: value
        for tag, value in read.items()
        if tag not in IGNORED
        and not same_value(asked.get(tag), value, printed=VASPRUN_REAL)
        and not _says_nothing(tag, asked.get(tag), value, numbers.parameters)
    }
    for tag in (asked.keys() & APPLIED.keys()) - read.keys():
        value = _applied(tag, numbers)
        if value is not None and not _same(asked[tag], value):
            changed[tag] = value
    return dict(sorted(changed.items()))


def _says_nothing(tag: str, asked: Any, read: Any, ran: Mapping[str, Any]) -> bool:
    """Return whether VASP writes in its own way what INCAR has.

    A default that nobody asked for, a list shortened to what is used, a number printed
    as a logical: VASP 5.4.1 has ``LORBIT`` F for 11, and 5.4.4 ``LMIXTAU`` -1 for
    .TRUE.
    """
    if tag == "NSW" and ran.get("IBRION") in FORCE_CONSTANTS:
        return True
    if asked is None:
        return _is_default(tag, read)
    if isinstance(asked, list) and isinstance(read, list):
        given, used = flat(asked), flat(read)
        if len(used) < len(given):
            return same_value(given[: len(used)], used, printed=VASPRUN_REAL)
    logical = isinstance(asked, bool), isinstance(read, bool)
    return any(logical) and not all(logical) and isinstance(read, int)


def _is_default(tag: str, read: Any) -> bool:
    if tag in PRINTED_UNASKED:
        return _same(PRINTED_UNASKED[tag], read)
    values = read if isinstance(read, list) else [read]
    if any(isinstance(value, bool) for value in values):
        return tag not in ON_BY_DEFAULT and not any(values)
    numbers = all(isinstance(value, int | float) for value in values)
    return numbers and tag not in NOT_ZERO and all(value in (0, -1) for value in values)


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
