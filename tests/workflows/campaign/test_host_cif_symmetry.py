"""Symmetry, formula and moments of a CIF fit its atoms; none is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymatgen.io.cif import CifWriter
from pymatgen.symmetry.groups import SpaceGroup

from tests.workflows.campaign.crystal_files import (
    BASE,
    ICSD,
    ROW,
    changed,
    operations,
    written,
)
from workflows.campaign.host_crystal import crystal_of
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError


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
    whole = whole.replace(SYMBOL, "_x 1").replace(NUMBER, "_y 2")
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


@pytest.mark.parametrize(
    "formula",
    [
        "'Li Mn2 O4 ('",
        "'Linan Mn2 O4'",
        "'Li1e999 Mn2 O4'",
        "'Xx Mn2 O4'",
        "'(Li) Mn2 O4'",
        "'Li0 Mn2 O4'",
        "'Li1-x Mn2 O4'",
        "'2(Li Mn2 O4)'",
        "''",
        "17",
    ],
)
def test_a_formula_that_cannot_be_read_is_refused(formula: str, tmp_path: Path) -> None:
    text = icsd(ICSD_FORMULA, f"_chemical_formula_sum {formula}")
    told = "_chemical_formula_sum is '.*', which cannot be read: write elements"
    with pytest.raises(CampaignError, match=told):
        read_crystal(written(tmp_path, text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("_cell_length_c 8.2402(1)", "_cell_length_c 8.6"),
        ("_cell_length_b 8.2402(1)", "_cell_length_b 8.26"),
        ("_cell_angle_alpha 90.", "_cell_angle_alpha 91"),
        ("_cell_angle_gamma 90.", "_cell_angle_gamma 89.8"),
        ("_cell_angle_beta 90.", "_cell_angle_beta 120"),
    ],
)
def test_operations_that_their_cell_does_not_have_are_refused(
    old: str, new: str, tmp_path: Path
) -> None:
    told = r"_as_xyz: its operations have .*, which no cell of a, b, c, .* = 8\.2402"
    with pytest.raises(CampaignError, match=told) as refused:
        read_crystal(written(tmp_path, icsd(old, new)))
    assert "correct the cell, or give the operations" in str(refused.value)


def test_a_group_by_name_alone_must_fit_its_cell_too(tmp_path: Path) -> None:
    text = without_operations(ICSD.replace("'Li1 Mn2 O4'", "?"))
    text = text.replace(SYMBOL, "_symmetry_space_group_name_H-M 'P 43 3 2'")
    text = text.replace(NUMBER, "_symmetry_Int_Tables_number 212")
    text = text.replace("_cell_length_c 8.2402(1)", "_cell_length_c 8.3")
    with pytest.raises(CampaignError, match="the operations of its group have"):
        read_crystal(written(tmp_path, text))


@pytest.mark.parametrize(
    "cell", [("8.2402(1)", "8.2403(1)"), ("90.", "90.02"), ("8.2402(1)", "8.24")]
)
def test_a_cell_that_was_rounded_has_its_operations(
    cell: tuple[str, str], tmp_path: Path
) -> None:
    assert len(read_crystal(written(tmp_path, icsd(*cell)))) == 56


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (NUMBER, "_symmetry_Int_Tables_number 225", "'225', space group 225, and its"),
        (NUMBER, "_space_group_IT_number 1", "_IT_number is '1', space group 1, and"),
        (SYMBOL, "_symmetry_space_group_name_H-M 'P 1'", "is 'P 1', space group 1"),
        (SYMBOL, "_space_group_name_H-M_alt 'F m -3 m'", "'F m -3 m', space group 225"),
    ],
)
def test_a_group_that_is_not_that_of_the_operations_is_refused_with_both(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(CampaignError, match=told) as refused:
        read_crystal(written(tmp_path, icsd(old, new)))
    assert "192 operations are those of space group 227" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SYMBOL, "_symmetry_space_group_name_Hall 'P 4 2'"),
        (SYMBOL, "_symmetry_space_group_name_H-M 'F d -3 m S'"),
        (SYMBOL, "_symmetry_space_group_name_H-M 'F d 3 m'"),
        (NUMBER, "_symmetry_Int_Tables_number ?"),
        ("1/4", ".25"),
    ],
)
def test_a_symbol_that_names_no_other_group_is_no_contradiction(
    old: str, new: str, tmp_path: Path
) -> None:
    text = ICSD.replace("OPERATIONS", "\n".join(operations()))
    assert old in text
    assert len(read_crystal(written(tmp_path, text.replace(old, new)))) == 56


DUMMY_LOOP = """
_atom_site_attached_hydrogens
_atom_site_calc_flag
"""


@pytest.mark.parametrize("symbol", ["Li", "X", "?"])
def test_a_dummy_site_is_no_atom(symbol: str, tmp_path: Path) -> None:
    text = icsd("\n_atom_site_attached_hydrogens\n", DUMMY_LOOP)
    for end in ("0.98(2) 0\n", "1. 0\n"):
        text = text.replace(end, end.replace("\n", " d\n"))
    plain = crystal_of(read_crystal(written(tmp_path, text)))
    row = f"Du1 {symbol} 8 b 0.375 0.375 0.375 . 1. 0 dum\n"
    found = read_crystal(written(tmp_path, text.replace("O1 O2-", f"{row}O1 O2-")))
    assert crystal_of(found) == plain
    marked = text.replace("0.5 0.5 0.5 . 1. 0 d", "0.5 0.5 0.5 . 1. 0 DUM")
    with pytest.raises(CampaignError, match="another ratio of Mn"):
        read_crystal(written(tmp_path, marked))


@pytest.mark.parametrize("place", ["0.5 0.5 0.5", "0.25 0.25 0.5", "-0.5 0.5 1.5"])
def test_rows_on_one_place_are_named_with_their_occupancies(
    place: str, tmp_path: Path
) -> None:
    row = f"Mn2 Mn3+ 16 d {place} . 0.75 0\n"
    text = icsd("O1 O2-", f"{row}O1 O2-").replace("Mn3+ ", "Mn3.5+ ")
    with pytest.raises(
        CampaignError, match=r"atom 2 \(Mn1\) and atom 3 \(Mn2\)"
    ) as told:
        read_crystal(written(tmp_path, text))
    assert "0.5 0.5 0.5, with occupancies 1 and 0.75, above 1" in str(told.value)
    assert "remove the row that is too many" in str(told.value)


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
