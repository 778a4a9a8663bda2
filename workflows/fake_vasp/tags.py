"""The INCAR tags this program knows: their type, and VASP's default.

A tag that is not listed is refused. So are tags whose effect on the numbers is not
modelled (NELECT, NUPDOWN, LHFCALC, LSORBIT, ...), simply by not being listed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workflows.fake_vasp.refusal import Refusal

Value = Any  # of the type that _NAMES_OF_KIND gives the tag

_NAMES_OF_KIND = {
    "int": (
        "IALGO IBRION ICHARG IMIX INIMIX ISEARCH ISIF ISMEAR ISPIN ISTART ISYM IVDW "
        "KPAR LDAUPRINT LDAUTYPE LMAXMIX LORBIT MAXMIX NBANDS NCORE NEDOS NELM NELMDL "
        "NELMIN NFREE NGX NGXF NGY NGYF NGZ NGZF NPAR NSIM NSW NWRITE"
    ),
    "float": (
        "AMIN AMIX AMIX_MAG BMIX BMIX_MAG EDIFF EDIFFG EFIELD EMAX EMIN ENAUG ENCUT "
        "KSPACING MAXMEM POTIM SIGMA SMASS SYMPREC TIME"
    ),
    "bool": (
        "ADDGRID KGAMMA LAECHG LASPH LCHARG LDAU LDIAG LELF LMIXTAU LPLANE "
        "LSCALAPACK LSCALU LVHAR LVTOT LWAVE"
    ),
    "str": "ALGO EFERMI GGA METAGGA PREC SYSTEM",
    "bool or str": "LREAL",
    "ints": "LDAUL",
    "floats": "LDAUJ LDAUU MAGMOM ROPT",
}

KIND_OF = {
    name: kind for kind, names in _NAMES_OF_KIND.items() for name in names.split()
}

DEFAULTS: dict[str, Value] = {
    "ADDGRID": False,
    "ALGO": "Normal",
    "EDIFF": 1e-4,
    "EMAX": -10.0,
    "EMIN": 10.0,
    "GGA": "--",
    "IBRION": -1,
    "ICHARG": 2,
    "ISIF": 2,
    "ISMEAR": 1,
    "ISPIN": 1,
    "ISTART": 0,
    "ISYM": 2,
    "LASPH": False,
    "LCHARG": True,
    "LDAU": False,
    "LMAXMIX": 2,
    "LORBIT": 0,
    "LREAL": False,
    "LWAVE": True,
    "METAGGA": "--",
    "NEDOS": 301,
    "NELM": 60,
    "NELMDL": -5,
    "NELMIN": 2,
    "NSW": 0,
    "POTIM": 0.5,
    "SIGMA": 0.2,
    "SYMPREC": 1e-5,
}

_TRUE = {".TRUE.", "TRUE", "T", ".T."}
_FALSE = {".FALSE.", "FALSE", "F", ".F."}


def typed(name: str, text: str) -> Value:
    """Turn the text after `=` into a value of the tag's type, or refuse it."""
    if name not in KIND_OF:
        raise Refusal(f"INCAR: unknown tag {name}")
    try:
        return _READERS[KIND_OF[name]](text)
    except ValueError:
        kind = KIND_OF[name]
        raise Refusal(f"INCAR: {name} = {text} is not of type {kind}") from None


def _bool(text: str) -> bool:
    word = text.upper()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _bool_or_str(text: str) -> bool | str:
    return _bool(text) if text.upper() in _TRUE | _FALSE else text


def _floats(text: str) -> list[float]:
    """Read numbers and VASP's runs: `4*-2` is four times -2."""
    numbers: list[float] = []
    for word in text.split():
        count, star, value = word.rpartition("*")
        numbers += [float(value)] * (int(count) if star else 1)
    return numbers


def _ints(text: str) -> list[int]:
    return [int(number) for number in _floats(text)]


_READERS: dict[str, Callable[[str], Value]] = {
    "int": int,
    "float": float,
    "bool": _bool,
    "str": str,
    "bool or str": _bool_or_str,
    "ints": _ints,
    "floats": _floats,
}
