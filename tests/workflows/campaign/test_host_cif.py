"""What a crystal's CIF says is what is read: no value is repaired, none left out."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.cif import CifWriter

from structures import own_host
from tests.workflows.campaign.crystal_files import (
    BASE,
    ICSD,
    PLACE,
    ROW,
    VESTA,
    changed,
    operations,
    written,
)
from workflows.campaign.host_crystal import crystal_of
from workflows.campaign.host_reader import read_crystal
from workflows.errors import CampaignError


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
        ("  Li  Li1", f"{ROW}  Li  Li1", "stand on one place, 0.12"),
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
    with pytest.raises(CampaignError, match=r"occupancies 0\.8 and 0\.25, above 1"):
        read_crystal(written(tmp_path, text))
