"""Files of crystals, for the tests that read them."""

from __future__ import annotations

from pathlib import Path

from pymatgen.symmetry.groups import SpaceGroup

from tests.places import DATA

BASE = (DATA / "hosts" / "LNMO_x0.5_chgnet.cif").read_text("utf-8")
PLACE = "0.12260537  0.12210270  0.12256379"
ROW = f"  Li  Li0  1  {PLACE}  1\n"
ICSD = """\
data_62057-ICSD
_chemical_name_systematic 'Lithium Dimanganese(III,IV) Oxide'
_chemical_formula_sum 'Li1 Mn2 O4'
_publ_author_name
;
Mosbah A.; Verbaere A. and Tournoux, M\u00e9lanie
;
_cell_length_a 8.2402(1)
_cell_length_b 8.2402(1)
_cell_length_c 8.2402(1)
_cell_angle_alpha 90.
_cell_angle_beta 90.
_cell_angle_gamma 90.
_cell_formula_units_Z 8
_symmetry_space_group_name_H-M 'F d -3 m Z'
_symmetry_Int_Tables_number 227
loop_
_symmetry_equiv_pos_site_id
_symmetry_equiv_pos_as_xyz
OPERATIONS
loop_
_atom_type_symbol
_atom_type_oxidation_number
Li1+ 1
Mn3.5+ 3.5
O2- -2
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_symmetry_multiplicity
_atom_site_Wyckoff_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_B_iso_or_equiv
_atom_site_occupancy
_atom_site_attached_hydrogens
Li1 Li1+ 8 a 0.125 0.125 0.125 . 0.98(2) 0
Mn1 Mn3.5+ 16 d 0.5 0.5 0.5 . 1. 0
O1 O2- 32 e 0.2632(5) 0.2632(5) 0.2632(5) . 1. 0
#End of data_62057-ICSD
"""
VESTA = """\
#======================================================================
# CRYSTAL DATA
#----------------------------------------------------------------------
data_VESTA_phase_1

_chemical_name_common                  'LNMO'
_cell_length_a                         8.170000
_cell_length_b                         8.170000
_cell_length_c                         8.170000
_cell_angle_alpha                      90.000000
_cell_angle_beta                       90.000000
_cell_angle_gamma                      90.000000
_cell_volume                           545.338989
_space_group_name_H-M_alt              'F d -3 m'
_space_group_IT_number                 227

loop_
_space_group_symop_operation_xyz
OPERATIONS

loop_
   _atom_site_label
   _atom_site_occupancy
   _atom_site_fract_x
   _atom_site_fract_y
   _atom_site_fract_z
   _atom_site_adp_type
   _atom_site_U_iso_or_equiv
   _atom_site_type_symbol
   Li1        1.0     0.125000     0.125000     0.125000    Uiso  ? Li
   Ni1        0.25    0.500000     0.500000     0.500000    Uiso  ? Ni
   Mn1        0.75    0.500000     0.500000     0.500000    Uiso  ? Mn
   O1         1.0     0.262500     0.262500     0.262500    Uiso  ? O
"""


def operations() -> list[str]:
    """Of Fd-3m, in capitals as some databases write them."""
    found = [op.as_xyz_str() for op in SpaceGroup("Fd-3m:2").symmetry_ops]
    return [f"{n} '{xyz.upper()}'" for n, xyz in enumerate(sorted(found), start=1)]


def written(place: Path, text: str, name: str = "base.cif") -> Path:
    (place / name).write_text(text, "utf-8", newline="")
    return place / name


def changed(old: str, new: str) -> str:
    assert old in BASE
    return BASE.replace(old, new, 1)
