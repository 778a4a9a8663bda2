"""INCAR tags with a closed set of values, and which values VASP has.

By the pages of these tags at vasp.at/wiki: GGA, METAGGA, PREC, PRECFOCK, ALGO, IALGO,
LREAL, LDAUTYPE, ISMEAR, ISPIN, IBRION, ISIF, ICHARG, ISTART, LORBIT, ISYM, IVDW. Of
PREC, LREAL and most values of ALGO VASP reads the first letter; case never counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from workflows.vasp.incar_text import leading_numbers
from workflows.vasp.known_tags import tag_names

OFF = tag_names("-- NONE F FALSE")
META_GGA = tag_names("TPSS RTPSS M06L MS0 MS1 MS2 SCAN RSCAN R2SCAN")
"""Those that have exchange and correlation apart too, ``SCAN_X`` and ``SCAN_C``."""
WORDS: Mapping[str, frozenset[str]] = {
    "GGA": tag_names(
        "91 PE RE RP PS AM B3 B5 BF CO HL CA PZ WI VW LIBXC LI OR BO MK ML CX RA PL "
        "03 05 10 20 PB PW LM --"
    ),
    "METAGGA": META_GGA
    | {f"{name}_{part}" for name in META_GGA for part in "XC"}
    | tag_names("MBJ LMBJ SCANL RSCANL R2SCANL OFR2 SREGTM1 SREGTM2 SREGTM3 LIBXC")
    | OFF,
    "ALGO": tag_names(
        "GW GW0 GWR GW0R G0W0 G0W0R QPGW QPGW0 QPGWR QPGW0R RPA RPAR BSE TDHF TIMEEV "
        "MP2 2E4W 2E4WA"
    ),
}
"""Tags whose words have to be spelled out."""
LETTERS: Mapping[str, Mapping[str, str]] = {
    "PREC": {
        **{"A": "Accurate", "N": "Normal", "S": "Single"},
        **{"L": "Low", "M": "Medium", "H": "High"},
    },
    "PRECFOCK": {
        **{"A": "Accurate", "N": "Normal", "F": "Fast"},
        **{"L": "Low", "M": "Medium", "S": "Single"},
    },
    "ALGO": {
        **{"N": "Normal", "V": "VeryFast", "F": "Fast", "C": "Conjugate", "A": "All"},
        **{"D": "Damped", "S": "Subrot", "E": "Eigenval or Exact"},
    },
    "LREAL": {"T": ".TRUE.", "F": ".FALSE.", "A": "Auto", "O": "On"},
}
"""Tags of which VASP reads the first letter -> what the letter stands for."""
NUMBERS: Mapping[str, Collection[int]] = {
    "LDAUTYPE": (1, 2, 3, 4),
    "ISMEAR": (-15, -14, *range(-5, 31)),
    "ISPIN": (0, 1, 2),
    "IBRION": (-1, 0, 1, 2, 3, 5, 6, 7, 8, 11, 12, 40, 44),
    "ISIF": range(9),
    "ICHARG": (0, 1, 2, 4, 5, 10, 11, 12),
    "ISTART": range(4),
    "LORBIT": (0, 1, 2, 5, *range(10, 15)),
    "ISYM": range(-1, 4),
    "IVDW": (0, 1, 2, 3, 4, *range(10, 15), 20, 21, 202, 263),
    "IALGO": (
        *(-1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 28, 38),
        *(*range(44, 49), *range(53, 59), 68, 90),
    ),
}
"""Tags with a number; a run with ISPIN = 0 goes on as one with 1."""


def values_of_vasp(tag: str, text: str) -> str:
    """Return the values that a tag may have, if the text is none of them.

    Parameters
    ----------
    tag
        In capitals.
    text
        Its value as in INCAR.

    Returns
    -------
    str
        Empty for a value that VASP has, for other tags, and where no number is given
        for one.

    Examples
    --------
    >>> values_of_vasp("LREAL", "5")
    '.TRUE., .FALSE., Auto, On'
    >>> values_of_vasp("LREAL", ".False."), values_of_vasp("PREC", "acc")
    ('', '')
    """
    if tag in NUMBERS:
        given = leading_numbers(text)[:1]
        wrong = bool(given) and given[0] not in NUMBERS[tag]
        return ", ".join(map(str, NUMBERS[tag])) if wrong else ""
    words, letters = WORDS.get(tag, frozenset()), LETTERS.get(tag, {})
    word = (text.split() or [""])[0].strip("'\".").upper()
    if not (words or letters) or not word or word in words or word[0] in letters:
        return ""
    return ", ".join((*letters.values(), *sorted(words)))
