"""What a crystal's file says is what is read: no value is repaired, none left out."""

from __future__ import annotations

import gzip
import json
import math
import re
import time
from pathlib import Path

import pytest
from ase.io import read as ase_read
from ase.io import write as ase_write
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter
from pymatgen.symmetry.groups import SpaceGroup

from structures import own_host, spinel_host
from tests.places import DATA
from workflows.campaign.campaign import load_campaign
from workflows.campaign.host_crystal import Crystal, crystal_of
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError

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


@pytest.mark.parametrize(
    "value",
    ["nan", "-1", "inf", "2", "?", ".", "1e-300", "0.0005", "1_0", "\u0660.5", "1/2"],
)
def test_an_occupancy_that_is_none_is_refused_with_its_atom(
    value: str, tmp_path: Path
) -> None:
    path = written(tmp_path, changed(ROW, ROW.replace("379  1", f"379  {value}")))
    with pytest.raises(CampaignError, match=r"atom 1 \(Li0\): _atom_site_occupancy ="):
        read_crystal(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Li  Li0", "7  Li0", r"atom 1 \(Li0\): 7 is not an element"),
        ("Li  Li0", "?  Li0", "is not an element"),
        ("Li  Li0", "Xx  Li0", "Xx is not an element"),
        ("Li  Li0", "Lithium  Li0", "Lithium is not an element"),
        (PLACE, ". . .", r"_atom_site_fract_x = \.: give a number"),
        (PLACE, "0.1_2 0.12 0.12", "0.1_2: give a number"),
        (PLACE, "\u22120.12 0.12 0.12", "give a number"),
        (PLACE, "1e300 0.12 0.12", "1e300: give a number"),
        (f"{PLACE}  1\n", "0.1226 0.1221\n", "another number of values"),
        ("_cell_length_a   8", "_cell_length_a   -8", "_cell_length_a = -8.2"),
        ("_cell_length_a   8", "_cell_length_a   ?\n_x 8", "_cell_length_a = ?"),
        ("_cell_angle_alpha   90", "_cell_angle_alpha   200", "between 0 and 180"),
        ("_cell_length_b", "_cell_length_a 8.3\n_cell_length_b", "given 2 times"),
        ("_atom_site_occupancy", "_atom_site_Occupancy", "write _atom_site_occ"),
        ("'x, y, z'", "'x/0, y, z'", "x/0, y, z is not an operation"),
        ("'x, y, z'", "'x, x, z'", "x, x, z is not an operation"),
        ("'x, y, z'", "'x, y, z, w'", "is not an operation"),
        ("'x, y, z'", "'x+1_0, y, z'", "is not an operation"),
        ("Li4 Mn12", "Fe1 Li4 Mn12", "another ratio of Fe"),
        ("  Li  Li1", f"{ROW}  Li  Li1", "Occupancy 2.0 exceeded"),
    ],
)
def test_a_value_that_is_none_is_refused_and_named(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, changed(old, new))
    with pytest.raises(CampaignError, match=told.replace("= ?", r"= \?")) as caught:
        read_crystal(path)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("length", ["1e5", "1e10", "1e308", "800"])
@pytest.mark.parametrize("axes", ["a", "abc"])
def test_an_absurd_length_is_refused_at_once(
    length: str, axes: str, tmp_path: Path
) -> None:
    text = BASE
    for axis in axes:
        start = text.index(f"_cell_length_{axis}")
        line = text[start : text.index("\n", start)]
        text = text.replace(line, f"_cell_length_{axis} {length}")
    began = time.monotonic()
    with pytest.raises(CampaignError, match=r"more than 100 A|between 0 and 1000"):
        read_crystal(written(tmp_path, text))
    assert time.monotonic() - began < 5


def test_a_file_of_two_crystals_is_refused(tmp_path: Path) -> None:
    for text in (BASE + BASE, BASE + BASE.replace("data_Li", "data_other")):
        with pytest.raises(CampaignError, match="2 data blocks with atoms"):
            read_crystal(written(tmp_path, text))


def test_several_settings_of_one_crystal_are_refused_with_the_cure(
    tmp_path: Path,
) -> None:
    other = BASE.replace("data_Li", "data_standardised")
    with pytest.raises(CampaignError, match=r"2 data blocks.*settings: keep one"):
        read_crystal(written(tmp_path, BASE + other))


TEXT = "_publ_section_title\n;\n{}\n;\n"


@pytest.mark.parametrize(
    "line",
    [
        "_cell_length_a was measured at 300 K",
        "  _atom_site_fract_x and y are of the first setting",
        "data_set 3 of the synchrotron",
        "loop_ over the samples\n_cell_length_a 9",
        "DATA_SET 4\n\n# no comment\n_atom_site_label",
    ],
)
@pytest.mark.parametrize("where", ["before", "within", "after", "apart"])
def test_a_text_field_of_a_cif_is_text(line: str, where: str, tmp_path: Path) -> None:
    text = TEXT.format(line)
    whole = {
        "before": changed("_cell_length_a", f"{text}_cell_length_a"),
        "within": changed("loop_", f"{text}loop_"),
        "after": BASE + text,
        "apart": f"data_global\n{text}{BASE}",
    }[where]
    found = read_crystal(written(tmp_path, whole, "text.cif"))
    assert found == read_crystal(written(tmp_path, BASE))


def test_keywords_of_a_cif_have_no_case(tmp_path: Path) -> None:
    plain = read_crystal(written(tmp_path, BASE))
    for old, new in (("loop_", "LOOP_"), ("data_", "DATA_"), ("data_", " Data_")):
        assert read_crystal(written(tmp_path, BASE.replace(old, new))) == plain
    with pytest.raises(CampaignError, match="2 data blocks with atoms"):
        read_crystal(written(tmp_path, BASE + BASE.replace("data_", "DATA_")))


def test_a_name_is_given_twice_wherever_it_stands(tmp_path: Path) -> None:
    text = changed("_cell_length_b", "_x 1 _cell_length_a 9 _cell_length_b")
    with pytest.raises(CampaignError, match="_cell_length_a is given 2 times"):
        read_crystal(written(tmp_path, text))


def test_a_file_without_symmetry_is_not_taken_for_one_without_any(
    tmp_path: Path,
) -> None:
    start, end = BASE.index("loop_"), BASE.index("loop_", BASE.index("x, y, z"))
    text = BASE[:start] + BASE[end:]
    text = text.replace("_symmetry_space_group_name_H-M", "_a")
    text = text.replace("_symmetry_Int_Tables_number", "_b")
    with pytest.raises(CampaignError, match="Defaulting to P1"):
        read_crystal(written(tmp_path, text))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "\ufeff", "data_global\n_audit_x 1\n"])
def test_forms_of_a_cif_are_one_crystal(end: str, before: str, tmp_path: Path) -> None:
    found = read_crystal(written(tmp_path, (before + BASE).replace("\n", end)))
    assert found.composition.reduced_formula == "LiMn3NiO8"
    packed = tmp_path / "base.cif.gz"
    packed.write_bytes(gzip.compress(BASE.encode()))
    assert read_crystal(packed) == read_crystal(written(tmp_path, BASE))


def test_a_database_file_with_uncertainties_and_symmetry_is_read(
    tmp_path: Path,
) -> None:
    text = ICSD.replace("OPERATIONS", "\n".join(operations()))
    crystal = read_crystal(written(tmp_path, text))
    found = own_host(crystal)
    assert found.x == pytest.approx(0.98)
    assert found.host.u == pytest.approx(0.2632, abs=1e-4)
    again = crystal_of(crystal).structure()
    assert again.composition.element_composition.almost_equals(
        crystal.composition.element_composition
    )


def test_a_file_of_vesta_is_read(tmp_path: Path) -> None:
    listed = "\n".join(operations()).lower().split("\n")
    text = VESTA.replace("OPERATIONS", "\n".join(op.split(None, 1)[1] for op in listed))
    found = own_host(read_crystal(written(tmp_path, text)))
    assert (found.x, found.host.formula, found.partial) == (1, "LiNi0.5Mn1.5O4", True)


@pytest.mark.parametrize(
    ("nickel", "manganese"),
    [("0.25", "0.75"), ("0.2502", "0.7502"), (".25(1)", "0.75(1)")],
)
def test_shared_sites_whose_sum_is_rounded_are_full(
    nickel: str, manganese: str, tmp_path: Path
) -> None:
    shared = Structure.from_spacegroup(
        "Fd-3m:2",
        Lattice.cubic(8.2),
        [{"Li": 1}, {"Ni": 0.25, "Mn": 0.75}, {"O": 1}],
        [[0.125] * 3, [0.5] * 3, [0.2630] * 3],
    )
    text = str(CifWriter(shared))
    text = text.replace("0.25\n", f"{nickel}\n").replace("0.75\n", f"{manganese}\n")
    found = own_host(read_crystal(written(tmp_path, text)))
    assert found.partial
    assert found.host.formula == "LiNi0.5Mn1.5O4"


def test_occupancies_above_one_are_refused(tmp_path: Path) -> None:
    shared = Structure(Lattice.cubic(4), [{"Ni": 0.25, "Mn": 0.75}], [[0, 0, 0]])
    text = str(CifWriter(shared)).replace("0.75", "0.80")
    with pytest.raises(CampaignError, match=r"Occupancy 1\.05 exceeded"):
        read_crystal(written(tmp_path, text))


def without_operations(text: str) -> str:
    start = text.index("loop_")
    return text[:start] + text[text.index("loop_", start + 1) :]


SYMBOL = "_symmetry_space_group_name_H-M 'F d -3 m Z'"
NUMBER = "_symmetry_Int_Tables_number 227"


@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        ("F d -3 m", "227"),
        ("F d -3 m", "?"),
        ("F_d_-3_m", "?"),
        ("Fd-3m:2", "?"),
        ("F d -3 m Z", "227"),
        ("R -3 m", "?"),
        ("?", "166"),
        ("I 41/a m d", "141"),
        ("?", "141"),
    ],
)
def test_the_origin_of_a_group_without_operations_is_not_guessed(
    symbol: str, number: str, tmp_path: Path
) -> None:
    text = without_operations(ICSD)
    text = text.replace(SYMBOL, f"_symmetry_space_group_name_H-M '{symbol}'")
    text = text.replace(NUMBER, f"_symmetry_Int_Tables_number {number}")
    told = "lists no symmetry operations, and space group .* two sets of axes: write"
    with pytest.raises(CampaignError, match=told):
        read_crystal(written(tmp_path, text))


@pytest.mark.parametrize(
    ("symbol", "number"), [("P 43 3 2", "212"), ("P4_332", "?"), ("?", "212")]
)
def test_a_group_of_one_setting_needs_no_operations(
    symbol: str, number: str, tmp_path: Path
) -> None:
    other = ICSD.replace("'Li1 Mn2 O4'", "?")  # these places have one of P4_332
    text = without_operations(other)
    text = text.replace(SYMBOL, f"_symmetry_space_group_name_H-M '{symbol}'")
    text = text.replace(NUMBER, f"_symmetry_Int_Tables_number {number}")
    listed = [op.as_xyz_str() for op in SpaceGroup("P4_332").symmetry_ops]
    ops = "\n".join(f"{n} '{xyz}'" for n, xyz in enumerate(listed, start=1))
    whole = other.replace("OPERATIONS", ops)
    found = read_crystal(written(tmp_path, text))
    assert crystal_of(found) == crystal_of(read_crystal(written(tmp_path, whole)))


FORMULA = "_chemical_formula_sum   'Li4 Mn12 Ni4 O32'"
ICSD_FORMULA = "_chemical_formula_sum 'Li1 Mn2 O4'"


def icsd(old: str, new: str, *, listed: list[str] | None = None) -> str:
    assert old in ICSD
    text = ICSD.replace(old, new, 1)
    return text.replace("OPERATIONS", "\n".join(listed or operations()))


@pytest.mark.parametrize(
    "formula",
    [
        "'Li4 Mn12 Ni4 O32'",
        "'Li Mn3 Ni O8'",
        "LiMn3NiO8",
        "'O8 Ni1 Mn3 Li1.0'",
        "'Li0.5 Mn1.5 Ni0.5 O4'",
        "?",
        ".",
        "'(Li) (Mn3 Ni) O8'",
        "'Xx4 Mn12 Ni4 O32'",
    ],
)
def test_a_formula_of_a_unit_or_of_the_cell_is_that_of_the_atoms(
    formula: str, tmp_path: Path
) -> None:
    text = changed(FORMULA, f"_chemical_formula_sum {formula}")
    text = text.replace("_cell_formula_units_Z   4", "_cell_formula_units_Z ?")
    found = read_crystal(written(tmp_path, text))
    assert crystal_of(found) == crystal_of(read_crystal(written(tmp_path, BASE)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            changed(ROW, ""),
            r"'Li4 Mn12 Ni4 O32', and its atoms are Li3 Mn12 Ni4 O32, a",
        ),
        (
            changed("'Li4 Mn12 Ni4 O32'", "'Li Mn2 O4'"),
            "another ratio of (Li|Ni|Mn|O): a",
        ),
        (changed("'Li4 Mn12 Ni4 O32'", "'Li4 Mn12 Ni4 O33'"), "another ratio of O"),
        (changed("'Li4 Mn12 Ni4 O32'", "'Mn12 Ni4 O32'"), "another ratio of Li"),
        (changed("'Li4 Mn12 Ni4 O32'", "'Li2 Mn6 Ni2 O16'"), "2 times that, with _ce"),
        (icsd("'Li1 Mn2 O4'", "'Li1 Mn1.5 Ni0.5 O4'"), "another ratio of (Mn|Ni)"),
        (icsd("Mn1 Mn3.5+", "Fe1 Fe3.5+"), "another ratio of (Mn|Fe)"),
        (icsd("_cell_formula_units_Z 8", "_cell_formula_units_Z 4"), "8 times that, w"),
        (
            icsd("data_6", "data_6", listed=["1 'x, y, z'", "2 '-x, -y, -z'"]),
            "another ratio of",
        ),
    ],
)
def test_a_formula_that_contradicts_the_atoms_is_refused_with_both(
    text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(CampaignError, match=told) as refused:
        read_crystal(written(tmp_path, text))
    assert "_chemical_formula_sum is '" in str(refused.value)
    assert "or correct the formula" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ICSD_FORMULA, "_chemical_formula_sum 'Li1.02 Mn1.98 O4'"),
        (ICSD_FORMULA, "_chemical_formula_sum 'Li8 Mn16 O32'"),
        (". 0.98(2) 0", ". 0.90(2) 0"),
        (". 0.98(2) 0", ". 1. 0"),
        ("_cell_formula_units_Z 8", "_cell_formula_units_Z ?"),
    ],
)
def test_a_nominal_formula_beside_refined_occupancies_is_no_contradiction(
    old: str, new: str, tmp_path: Path
) -> None:
    assert len(read_crystal(written(tmp_path, icsd(old, new)))) == 56


@pytest.mark.parametrize("name", ["spin.mcif", "spin.cif"])
def test_a_magnetic_file_of_the_materials_project_is_the_crystal_it_lists(
    name: str, tmp_path: Path
) -> None:
    plain = read_crystal(written(tmp_path, BASE))
    spins = plain.copy(site_properties={"magmom": [1.0] * len(plain)})
    CifWriter(spins, write_magmoms=True).write_file(tmp_path / name)
    assert crystal_of(read_crystal(tmp_path / name)) == crystal_of(plain)


MAGNETIC = """
loop_
 _atom_site_moment_label
 _atom_site_moment_crystalaxis_x
 _atom_site_moment_crystalaxis_y
 _atom_site_moment_crystalaxis_z
 Mn1 0 0 3
"""


@pytest.mark.parametrize("group", ["operations", "name"])
def test_operations_that_a_magnetic_file_would_lose_are_refused(
    group: str, tmp_path: Path
) -> None:
    text = ICSD.replace("OPERATIONS", "\n".join(operations()))
    if group == "name":
        text = without_operations(text)
    assert "Li1 Li1+ 8 a" in text
    with pytest.raises(CampaignError, match="No magnetic symmetry"):
        read_crystal(written(tmp_path, text + MAGNETIC))


@pytest.mark.parametrize("number", ["1", "2", "?"])
def test_a_magnetic_file_without_operations_is_read_in_group_1_alone(
    number: str, tmp_path: Path
) -> None:
    start, end = BASE.index("loop_"), BASE.index("loop_", BASE.index("x, y, z"))
    text = BASE[:start] + BASE[end:] + MAGNETIC
    text = text.replace("Int_Tables_number   1", f"Int_Tables_number   {number}")
    path = written(tmp_path, text)
    if number == "1":
        assert len(read_crystal(path)) == len(read_crystal(written(tmp_path, BASE)))
        return
    with pytest.raises(CampaignError, match="No magnetic symmetry"):
        read_crystal(path)


COUNTS = "8 4 12 32"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (COUNTS, "8 4 1_2 32", "'8 4 1_2 32': expected the number"),
        (COUNTS, "8 4 \u0661\u0662 32", "expected the number"),
        (COUNTS, "8 4 -12 32", "expected the number"),
        (COUNTS, "8 4 12", "4 symbols and 3 counts"),
        (COUNTS, "7 4 12 32", "a position follows the 55"),
        (COUNTS, "9 4 12 32", "56 positions for 57 atoms"),
        (COUNTS, "8 4 12 999999999", "more than 1000000"),
        ("Li Ni Mn O", "Li Ni Mn Xx", "Xx is not an element"),
        ("0.125", "0.1_25", "is none"),
        ("0.125", "nan", "is none"),
        ("0.1250000000000000", "1e300", "no position within"),
        ("8.1699999999999999", "8_0", "scale and lattice expected"),
        ("8.1699999999999999", "1e200", "no volume|no crystal"),
        ("\n1.0\n", "\n-1e9\n", "more than 100 A"),
        ("\n1.0\n", "\n1.0 1.0\n", "line 2 begins with 1 1, and VASP takes one"),
        ("\n1.0\n", "\n1.0 0.5 a scale\n", "line 2 begins with 1 0.5, and VASP"),
        ("\n1.0\n", "\n1 1 1 1\n", "line 2 begins with 1 1 1 1, and VASP"),
        ("\n1.0\n", "\n-1.0 -1.0 -1.0\n", "line 2 begins with -1 -1 -1, and VASP"),
        ("\n1.0\n", "\n1.0 -1.0 -1.0\n", "or three above 0: correct it"),
        ("\n1.0\n", "\n1.0 0.0 1.0\n", "or three above 0: correct it"),
    ],
)
def test_a_poscar_is_read_as_vasp_reads_it_or_not_at_all(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = spinel_host().structure.to(fmt="poscar")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    whole = "\n".join(lines) + "\n"
    assert old in whole
    path = written(tmp_path, whole.replace(old, new, 1), "POSCAR")
    with pytest.raises(CampaignError, match=told):
        read_crystal(path)


def vasp4(label: str = "{}", *, selective: bool = False) -> str:
    """A POSCAR without elements on line 6, each behind its positions."""
    lines = spinel_host().structure.to(fmt="poscar").splitlines()
    flags = "T T F " if selective else ""
    rows = [" ".join(row.split()[:3]) for row in lines[8:]]
    ends = [label.format(row.split()[3]) for row in lines[8:]]
    rows = [f"{row} {flags}{end}" for row, end in zip(rows, ends, strict=True)]
    kind = ["Selective", "direct"] if selective else ["direct"]
    return "\n".join([*lines[:5], lines[6], *kind, *rows, ""])


@pytest.mark.parametrize("selective", [False, True])
@pytest.mark.parametrize("label", ["{}", "{}1", "{}2+ ! ideal"])
def test_elements_behind_the_positions_of_a_vasp_4_poscar_are_read(
    label: str, selective: bool, tmp_path: Path
) -> None:
    path = written(tmp_path, vasp4(label, selective=selective), "POSCAR")
    assert crystal_of(read_crystal(path)) == crystal_of(spinel_host().structure)


@pytest.mark.parametrize("selective", [False, True])
@pytest.mark.parametrize(
    ("form", "shown"),
    [("{}", "Mn"), ("{}1", "Mn1"), ("{}4+ ! x", "Mn4+"), ("{},spin=5", "Mn")],
)
def test_a_label_behind_a_position_against_line_6_is_refused_with_both(
    form: str, shown: str, selective: bool, tmp_path: Path
) -> None:
    lines = vasp4(form, selective=selective).splitlines()
    symbols = spinel_host().structure.to(fmt="poscar").splitlines()[5]
    assert symbols.split() == ["Li", "Ni", "Mn", "O"]
    lines.insert(5, symbols)
    right = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    assert crystal_of(read_crystal(right)) == crystal_of(spinel_host().structure)
    nickel = next(i for i, line in enumerate(lines) if i > 7 and " Ni" in line)
    lines[nickel] = lines[nickel].replace(" Ni", " Mn")
    wrong = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    told = f"atom 9 is Ni by line 6 and {re.escape(shown)} by the label behind its"
    with pytest.raises(CampaignError, match=told):
        read_crystal(wrong)


@pytest.mark.parametrize("label", ["", "8a", "x", "Oh", "{}_1", "{} {}", "! Fe", "D1"])
def test_words_behind_the_positions_that_are_no_other_element_say_nothing(
    label: str, tmp_path: Path
) -> None:
    lines = vasp4(label.replace("{} {}", "{0} {0}")).splitlines()
    lines.insert(5, "Li Ni Mn O")
    path = written(tmp_path, "\n".join([*lines, ""]), "POSCAR")
    assert crystal_of(read_crystal(path)) == crystal_of(spinel_host().structure)


@pytest.mark.parametrize("change", ["missing", "mixed", "comment", "flags", "two"])
def test_elements_that_are_not_one_for_each_block_are_refused(
    change: str, tmp_path: Path
) -> None:
    text = {
        "missing": vasp4().replace(" Ni\n", "\n", 1),
        "mixed": vasp4().replace(" Ni\n", " Mn\n", 1),
        "comment": vasp4("! {}"),
        "flags": vasp4("F F F"),
        "two": vasp4("{} 8a"),
    }[change]
    with pytest.raises(CampaignError, match="write them on line 6"):
        read_crystal(written(tmp_path, text, "POSCAR"))


@pytest.mark.parametrize("scale", ["1.0 ! A", "1.0 1.0 1.0", "-545.338 volume"])
def test_a_scale_that_vasp_takes_is_read(scale: str, tmp_path: Path) -> None:
    text = spinel_host().structure.to(fmt="poscar").replace("\n1.0\n", f"\n{scale}\n")
    found = read_crystal(written(tmp_path, text, "POSCAR"))
    assert found.volume == pytest.approx(8.17**3, rel=1e-4)


RES = """\
TITL spinel
CELL 1.0 8.25 8.25 8.25 90 90 90
LATT -1
SFAC Li Mn O
Li 1 {} 0.125 0.125 1.0
END
"""
XYZ = """\
1
Lattice="8 0 0 0 8 0 0 0 8" Properties=species:S:1:pos:R:99999999999999 pbc="T T T"
Mn 0 0 0
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.res", RES),
        ("h.xyz", XYZ),
        ("h.json", json.dumps({"lattice": {"matrix": [[True, 0, 0]]}, "sites": []})),
        ("h.yaml", "lattice: {}\n"),
        ("h.xsf", "CRYSTAL\nPRIMVEC\n8 0 0\n0 8 0\n0 0 8\nPRIMCOORD\n9999999999 1\n"),
        ("h.cube", "a\nb\n9999999999 0 0 0\n"),
        ("CHGCAR", "a\n"),
        ("vasprun.xml", "<modeling>"),
        ("h.traj", "- of ulm"),
        ("h.txt", BASE),
        ("h", BASE),
    ],
)
def test_a_format_that_has_no_strict_reader_is_refused_at_once_with_the_cure(
    name: str, text: str, tmp_path: Path
) -> None:
    began = time.monotonic()
    with pytest.raises(CampaignError, match="no other format is read") as caught:
        read_crystal(written(tmp_path, text, name))
    assert time.monotonic() - began < 5
    assert f"ase convert {name} cell.cif" in str(caught.value)
    assert "rename it if it is one" in str(caught.value)


def test_what_the_cure_converts_is_read(tmp_path: Path) -> None:
    plain = read_crystal(written(tmp_path, BASE))
    ase_write(tmp_path / "h.xyz", plain.to_ase_atoms())
    ase_write(tmp_path / "cell.cif", ase_read(tmp_path / "h.xyz"))
    again = read_crystal(tmp_path / "cell.cif")
    assert again.composition == plain.composition


@pytest.mark.parametrize("name", ["big.cif.gz", "POSCAR.gz"])
def test_a_packed_file_that_unpacks_to_far_more_is_refused(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"# none\n" * 3_000_000))
    with pytest.raises(CampaignError, match="unpacks to more than 20 MB"):
        read_crystal(tmp_path / name)


LATTICE = [[8.2, 0, 0], [0, 8.2, 0], [0, 0, 8.2]]


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("Li:1e-08 0 0 0", "expected an element"),
        ("Li:0.0001 0 0 0", "above 0.001"),
        ("Li:0.5,Mn:0.6 0 0 0", "sum is at most 1"),
        ("Li:0.5,Li:0.5 0 0 0", "named twice"),
        ("Li: 0 0 0", "expected an element"),
        ("Xx 0 0 0", "Xx is not an element"),
        ("Li 1_0 0 0", "three numbers"),
        ("Li \u0661 0 0", "three numbers"),
        ("Li nan 0 0", "three numbers"),
        ("Li 1e300 0 0", "above 1000"),
    ],
)
def test_a_crystal_in_a_campaign_is_held_to_them_too_in_plain_words(
    site: str, told: str, tmp_path: Path
) -> None:
    host = {"crystal": {"lattice": LATTICE, "sites": [site] * 40}}
    path = written(tmp_path, json.dumps({"host": host, "x": [1]}), "mine.yaml")
    with pytest.raises(CampaignError, match=told) as caught:
        load_campaign(path)
    assert "validation error" not in str(caught.value)
    assert "http" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("times", [[10, 10, 10], [10**9, 1, 1], [True, 1, 1]])
def test_an_absurd_supercell_of_a_crystal_is_refused(
    times: list[int], tmp_path: Path
) -> None:
    written(tmp_path, BASE)
    content = {"host": {"file": "base.cif", "supercell": times}, "x": [1]}
    path = written(tmp_path, json.dumps(content), "mine.yaml")
    with pytest.raises(CampaignError, match=r"supercell.*(more than 8000|expected)"):
        load_campaign(path)


@pytest.mark.parametrize("share", [0.002, 0.5, 1 / 3, 0.999999, 0.0123456789])
def test_what_is_kept_of_an_occupancy_is_what_is_read_again(share: float) -> None:
    given = Structure(Lattice.cubic(4), [{"Mn": share}], [[0, 0, 0]])
    kept = crystal_of(given)
    again = Crystal.model_validate(kept.model_dump()).structure()
    assert math.isclose(again[0].species["Mn"], share, rel_tol=1e-4)
