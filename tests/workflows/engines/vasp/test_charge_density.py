"""The density of states takes the charge density of its own structure, no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.engines.vasp.charge_density import take_charge
from workflows.errors import StoreError

POSCAR = """MgO
1.0
  4.2000000000000000   0.0000000000000000   0.0000000000000000
  0.0000000000000000   4.2000000000000000   0.0000000000000000
  0.0000000000000000   0.0000000000000000   4.2000000000000000
Mg O
1 1
direct
 -0.0000001234567890   0.0000000000000000   0.9999999000000000
  0.3333333333333333   0.5000000000000000   0.5000000000000000
"""
CHGCAR = """MgO
   1.00000000000000
     4.200000    0.000000    0.000000
     0.000000    4.200000    0.000000
     0.000000    0.000000    4.200000
   Mg   O
     1     1
Direct
  0.000000  0.000000  0.000000
  0.333333  0.500000  0.500000

    2    2    2
 0.11993E+02 0.11993E+02 0.11993E+02 0.11993E+02 0.11993E+02
 0.11993E+02 0.11993E+02 0.11993E+02
"""
"""As VASP writes it: six decimals, positions within the cell."""


def take(place: Path, chgcar: str) -> Path:
    (place / "static").mkdir()
    (place / "dos").mkdir()
    (place / "static" / "CHGCAR").write_text(chgcar)
    (place / "dos" / "POSCAR").write_text(POSCAR)
    take_charge(place / "dos", place / "static" / "CHGCAR")
    return place / "dos" / "CHGCAR"


def test_a_density_of_the_same_structure_is_copied(tmp_path: Path) -> None:
    assert take(tmp_path, CHGCAR).read_text() == CHGCAR


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.333333  0.500000", "0.333433  0.500000", "other positions: atom 2 differs"),
        ("0.000000    4.200000    0.000000", "0.0  4.21  0.0", "its b axis differs"),
        ("   Mg   O\n", "   Ca   O\n", "of Ca1 O1, and .* of Mg1 O1"),
        (CHGCAR, CHGCAR[:200], "cannot be read"),
        (CHGCAR, "", "cannot be read"),
    ],
)
def test_a_density_of_another_structure_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    with pytest.raises(StoreError, match=f"CHGCAR: .*{words}.*rerun static"):
        take(tmp_path, CHGCAR.replace(old, new))
    assert not (tmp_path / "dos" / "CHGCAR").exists()
