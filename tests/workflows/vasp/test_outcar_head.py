"""What VASP says it applied, read from the heads of OUTCARs that VASP wrote."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.errors import StoreError
from workflows.vasp.outcar_head import OutcarHeader, outcar_header, read_outcar_header


def header(name: str) -> OutcarHeader:
    return read_outcar_header(DATA / name / "OUTCAR.gz")


def lines(name: str) -> list[str]:
    packed = (DATA / name / "OUTCAR.gz").read_bytes()
    return gzip.decompress(packed).decode().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("name", "version", "titels", "enmax", "zval", "ions"),
    [
        (
            "MgMn2O4_static_antiferromagnetic",
            "6.3.2",
            ("PAW_PBE Mg 13Apr2007", "PAW_PBE Mn_pv 02Aug2007", "PAW_PBE O 08Apr2002"),
            (200.0, 269.864, 400.0),
            (2.0, 13.0, 6.0),
            (2, 4, 8),
        ),
        (
            "NiO_static",
            "6.4.1",
            ("PAW_PBE Ni_pv 06Sep2000", "PAW_PBE O 08Apr2002"),
            (367.986, 400.0),
            (16.0, 6.0),
            (1, 1),
        ),
        (
            "LiAlSiO4_vasp5",
            "5.4.4",
            (
                "PAW_PBE Li_sv 10Sep2004",
                "PAW_PBE Al 04Jan2001",
                "PAW_PBE Si 05Jan2001",
                "PAW_PBE O 08Apr2002",
            ),
            (499.034, 240.3, 245.345, 400.0),
            (3.0, 3.0, 4.0, 6.0),
            (3, 3, 3, 12),
        ),
        (
            "Li_metal_vasp5",
            "5.2.12",
            ("PAW_PBE Li_sv 23Jan2001",),
            (271.649,),
            (3.0,),
            (1,),
        ),
    ],
)
def test_every_block_has_its_potential(
    name: str,
    version: str,
    titels: tuple[str, ...],
    enmax: tuple[float, ...],
    zval: tuple[float, ...],
    ions: tuple[int, ...],
) -> None:
    head = header(name)
    assert (head.version, head.titels) == (version, titels)
    assert (head.enmax, head.zval, head.ions_per_block) == (enmax, zval, ions)


@pytest.mark.parametrize(
    "name", [p.parent.name for p in sorted(DATA.glob("*/OUTCAR.gz"))]
)
def test_electrons_are_those_of_the_potentials(name: str) -> None:
    head = header(name)
    assert head.nions == sum(head.ions_per_block)
    assert head.nelect == head.neutral_nelect


def test_u_is_what_was_applied_block_by_block() -> None:
    head = header("MgMn2O4_relax_ferromagnetic")
    assert head.ldautype == 2
    assert (head.ldaul, head.ldauu, head.ldauj) == ((0, 2, 0), (0, 3.9, 0), (0, 0, 0))
    assert head.hubbards == {"Mg": (0,), "Mn": (3.9,), "O": (0,)}
    assert header("NiO_static").hubbards == {"Ni": (6.2,), "O": (0,)}


def test_without_u_there_is_none() -> None:
    head = header("LiAlSiO4_vasp5")
    assert (head.ldautype, head.ldaul, head.ldauu) == (None, None, None)
    assert head.hubbards == {}


def test_parameters_as_vasp_took_them() -> None:
    head = header("MgMn2O4_static_antiferromagnetic")
    assert (head.encut, head.prec, head.ediff, head.nelm) == (
        680.0,
        "accura",
        1e-7,
        200,
    )
    assert (head.nsw, head.ibrion, head.isif, head.ispin) == (0, -1, 2, 2)
    assert (head.icharg, head.isym, head.ismear, head.sigma) == (2, 2, -5, 0.05)
    assert (head.lorbit, head.lmaxmix, head.nedos, head.nkpts) == (11, 4, 301, 24)
    assert (head.lasph, head.lhfcalc, head.gga, head.metagga) == (
        True,
        False,
        "PS",
        None,
    )


def test_older_formats_give_the_same_parameters() -> None:
    head = header("Li_metal_vasp5")
    assert (head.encut, head.ediff, head.nsw, head.lmaxmix) == (520.0, 5e-5, 99, 2)
    assert (head.lasph, head.lorbit, head.metagga, head.incar) == (False, 11, None, {})


def test_meta_gga_is_told() -> None:
    assert header("GaAs_r2scan").metagga == "R2SCAN"


def test_vasp_6_repeats_the_incar() -> None:
    incar = header("MgMn2O4_static_antiferromagnetic").incar
    assert incar["LDAUU"] == "0 3.9 0"
    assert incar["MAGMOM"].startswith("2*-0.0 2*-3.806 2*3.806")


def test_digits_that_vasp_does_not_print_come_from_the_repeated_incar() -> None:
    text = "".join(lines("MgMn2O4_static_antiferromagnetic"))
    text = text.replace("LDAUU = 0 3.9 0", "LDAUU = 0 5.96 0")
    text = text.replace("LDAUU =   0.0  3.9  0.0", "LDAUU =   0.0  6.0  0.0")
    assert outcar_header(text.splitlines()).ldauu == (0.0, 5.96, 0.0)


def test_an_ignored_request_is_not_taken_for_the_applied_value() -> None:
    text = "".join(lines("MgMn2O4_static_antiferromagnetic"))
    text = text.replace("LDAUU = 0 3.9 0", "LDAUU = 3.9 0 0")
    assert outcar_header(text.splitlines()).hubbards["Mn"] == (3.9,)


def test_an_element_in_two_blocks_keeps_both_entries() -> None:
    text = "".join(lines("MgMn2O4_static_antiferromagnetic"))
    start, end = text.index("   VRHFIN =Mn"), text.index(" POTCAR:    PAW_PBE O", 9000)
    text = text[:end] + text[start:end] + text[end:]
    text = text.replace("=               2   4   8", "=               2   3   1   8")
    text = text.replace("LDAUL =     0    2    0", "LDAUL =     0    2    2   -1")
    text = text.replace("LDAUU =   0.0  3.9  0.0", "LDAUU =   0.0  3.9  4.5  2.0")
    text = text.replace("LDAUJ =   0.0  0.0  0.0", "LDAUJ =   0.0  0.0  0.5  0.0")
    head = outcar_header(text.splitlines())
    assert head.elements == ("Mg", "Mn", "Mn", "O")
    assert head.ions_per_block == (2, 3, 1, 8)
    assert head.hubbards == {"Mg": (0,), "Mn": (3.9, 4.0), "O": (0,)}


def test_long_rows_go_on_in_the_next_line() -> None:
    text = (
        " vasp.5.4.4\n Dimension of arrays:\n number of ions     NIONS =     12\n"
        "   ions per type =               1   1   1   1   1   1   1   1   1   1\n"
        "   1   1\n SYSTEM =  x\n"
        "   U (eV)           for each species LDAUU =   1.0  2.0  3.0  4.0  5.0\n"
        "  6.0  7.0\n   J (eV)           for each species LDAUJ =   0.0\n"
    )
    head = outcar_header(text.splitlines())
    assert head.ldauu == (1, 2, 3, 4, 5, 6, 7)
    assert head.ions_per_block == (1,) * 12


def test_thousands_of_atoms_that_touch_are_told_apart() -> None:
    text = (
        " vasp.5.4.4\n Dimension of arrays:\n number of ions     NIONS =   2002\n"
        "   ions per type =            10001000   2\n"
    )
    assert outcar_header(text.splitlines()).ions_per_block == (1000, 1000, 2)


def test_a_cut_file_gives_what_it_has(tmp_path: Path) -> None:
    packed = (DATA / "NiO_static" / "OUTCAR.gz").read_bytes()
    (tmp_path / "OUTCAR.gz").write_bytes(packed[:3000])
    head = read_outcar_header(tmp_path / "OUTCAR.gz")
    assert head.titels == ("PAW_PBE Ni_pv 06Sep2000", "PAW_PBE O 08Apr2002")
    assert (head.encut, head.ldauu, head.hubbards) == (None, None, {})


@pytest.mark.parametrize(
    "content", [b"", b"\x00\xff\xfe" * 100, b"INCAR = 1\n", b"vasp.6.4.1" * 20_000]
)
def test_what_is_no_outcar_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "OUTCAR").write_bytes(content)
    with pytest.raises(StoreError, match="no OUTCAR of VASP"):
        read_outcar_header(tmp_path / "OUTCAR")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="gone/OUTCAR: unreadable"):
        read_outcar_header(tmp_path / "gone" / "OUTCAR")
