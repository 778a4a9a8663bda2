"""Runs above the ground state: response functions, GW, RPA, BSE and their like.

Such a run starts from the orbitals of one before it. It has no electronic cycle and no
total energy of the ground state, and leaves CONTCAR, XDATCAR and others as it opened
them.
"""

from __future__ import annotations

import re

from workflows.vasp.run_files import NUMBERS, VaspFiles, holds

_NAMES = (
    r"CHI|G0W0\w*|\w*GW\w*|(?:ACFDT|RPA|CRPA|BSE|QPBSE|TDHF|TIMEEV|CASIDA|MP2|LTMP2"
    r"|CC4S|2E4W|OEP|EXXOEP)\w*"
)
"""ALGO of such runs (vasp.at/wiki ALGO); letters at the end choose a variant."""
_ASKED = re.compile(
    rf'(?:name="ALGO *"[^>]*> *|(?<![A-Z])ALGO *= *)({_NAMES})\b'.encode(),
    re.IGNORECASE,
)
"""In vasprun.xml, in the INCAR that OUTCAR repeats, and where OUTCAR says it again."""
HEAD_BYTES = 4_000_000
"""Both files say it before the first step."""


def many_body_algorithm(files: VaspFiles) -> str:
    """Return ALGO of a run above the ground state, in capitals; empty for any other."""
    for name in reversed(NUMBERS):
        if found := holds(files.find(name), _ASKED, first=HEAD_BYTES, words=[b"ALGO"]):
            return found[1].decode().upper()
    return ""
