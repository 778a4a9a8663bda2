"""Parts of the energy that OUTCAR prints only, or not as 0, if they were asked for."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from workflows.vasp.run_files import read_lines

TRACED = {"dispersion": frozenset({"IVDW", "LVDW"}), "solvent": frozenset({"LSOL"})}
"""Part of the energy -> the tags that ask for it."""
LINES = {
    "dispersion": re.compile(rb"^\s*Edisp\s*\(eV\)"),
    "solvent": re.compile(rb"Ediel_sol\s*=\s*-?0*\.?0*[1-9]"),
}
"""VASP prints a line of Edisp with a dispersion correction alone; a VASP with VASPsol
prints Ediel_sol always, as 0 without a solvent."""


def energy_parts(path: Path, wanted: Collection[str]) -> frozenset[str]:
    """Return which parts of the energy an OUTCAR has, of those that are wanted.

    Raises
    ------
    StoreError
        The file cannot be read.
    """
    found: set[str] = set()
    for line in read_lines(path):
        found |= {name for name in wanted if LINES[name].search(line)}
        if found.issuperset(wanted):
            break
    return frozenset(found)
