"""An OUTCAR and a vasprun.xml that lie together and are not of one run.

That those of one run agree is in ``test_real_runs``: they are DONE.
"""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.records.document import State

RELAXED = DATA / "MgMn2O4_relax_ferromagnetic"


@pytest.fixture
def relaxed(tmp_path: Path) -> Path:
    """A relaxation of seven ionic steps, to break."""
    return Path(shutil.copytree(RELAXED, tmp_path / "run"))


def edit(directory: Path, name: str, pattern: str, new: str, *, last: bool) -> None:
    path = directory / f"{name}.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    places = list(re.finditer(pattern, text))
    match = places[-1 if last else 0]
    text = text[: match.start()] + match.expand(new) + text[match.end() :]
    path.write_bytes(gzip.compress(text.encode()))


def reason(directory: Path) -> str:
    document = parse_run(directory)
    assert document.state is State.FAILED
    assert document.energy is document.magnetization is None
    assert document.total_magnetization is None
    return document.reason


def test_the_outcar_of_the_first_relaxation_is_not_of_the_second(
    tmp_path: Path,
) -> None:
    directory = Path(shutil.copytree(DATA / "LiAlSiO4_relax1_relax2", tmp_path / "run"))
    shutil.copy(directory / "OUTCAR.relax1.gz", directory / "OUTCAR.relax2.gz")
    # The two energies differ by 0.02 meV.
    assert "ends at -151.737386 eV and OUTCAR at -151.737406 eV" in reason(directory)


@pytest.mark.parametrize(
    ("pattern", "new", "told"),
    [
        (r"ENCUT  =  680\.0", "ENCUT  =  520.0", "ENCUT = 520.0 and vasprun.xml 680.0"),
        (r"NELECT =     104\.0000", "NELECT =     103.0000", "NELECT = 103.0 and"),
        (r"ISPIN  =      2", "ISPIN  =      1", "ISPIN = 1 and vasprun.xml 2"),
        (r"NSW    = +\d+", "NSW    = 2", "NSW = 2 and vasprun.xml"),
        (r"IBRION = +2", "IBRION =      1", "IBRION = 1 and vasprun.xml 2"),
        (r"LASPH  =      T", "LASPH  =      F", "LASPH = False and vasprun.xml True"),
        ("PAW_PBE Mn_pv 02Aug2007", "PAW_PBE Mn_sv 23Jul2007", "read the potentials"),
    ],
)
def test_a_tag_that_both_print_must_be_the_same(
    relaxed: Path, pattern: str, new: str, told: str
) -> None:
    text = gzip.decompress((relaxed / "OUTCAR.gz").read_bytes()).decode()
    changed = re.sub(pattern, new, text)
    assert changed != text
    (relaxed / "OUTCAR.gz").write_bytes(gzip.compress(changed.encode()))
    assert told in reason(relaxed)


def test_a_cutoff_with_more_decimals_than_outcar_prints_is_the_same(
    relaxed: Path,
) -> None:
    exact = r"\g<1>680.04900000"
    edit(relaxed, "vasprun.xml", r'(name="ENMAX"> +)680\.0+', exact, last=True)
    assert parse_run(relaxed).state is State.DONE


def test_both_must_end_at_the_same_places(relaxed: Path) -> None:
    table = r"(TOTAL-FORCE \(eV/Angst\)\n -+\n +)(-?\d+\.\d+)"
    edit(relaxed, "OUTCAR", table, r"\g<1>0.25000", last=True)
    assert "last positions in OUTCAR and vasprun.xml differ by 0.77" in reason(relaxed)


def test_both_must_end_in_the_same_lattice(relaxed: Path) -> None:
    vector = r"(direct lattice vectors[^\n]*\n +-?\d+\.)\d"
    edit(relaxed, "OUTCAR", vector, r"\g<1>1", last=True)
    assert "end with different lattices" in reason(relaxed)


def test_both_must_have_as_many_ionic_steps(relaxed: Path) -> None:
    first = r"(?s) <calculation>.*?</calculation>\n"
    edit(relaxed, "vasprun.xml", first, "", last=False)
    assert "OUTCAR has 7 ionic steps and vasprun.xml 6" in reason(relaxed)
