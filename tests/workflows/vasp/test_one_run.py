"""An OUTCAR and a vasprun.xml that lie together and are not of one run.

That those of one run agree is in ``test_real_runs``: they are DONE.
"""

from __future__ import annotations

import gzip
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.records.document import State
from workflows.vasp.one_run import TAGS, contradiction
from workflows.vasp.run_files import run_files
from workflows.vasp.vasprun import open_outcar, open_vasprun

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
        (r"NELECT =     104\.0000", "NELECT =     103.0000", "NELECT = 103.0000 and"),
        (r"ISPIN  =      2", "ISPIN  =      1", "ISPIN = 1 and vasprun.xml 2"),
        (r"NSW    = +\d+", "NSW    = 2", "NSW = 2 and vasprun.xml"),
        (r"IBRION = +2", "IBRION =      1", "IBRION = 1 and vasprun.xml 2"),
        (r"LASPH  =      T", "LASPH  =      F", "LASPH = F and vasprun.xml True"),
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


def test_every_number_and_switch_that_both_print_is_compared() -> None:
    (files,) = run_files(RELAXED)
    run, outcar = open_vasprun(files, cut=False), open_outcar(files, cut=False)
    assert outcar is not None
    assert contradiction(run, outcar) == ""
    printed = outcar.header.tags
    assert printed.keys() >= TAGS
    for tag in TAGS:
        other = {"T": "F", "F": "T"}.get(printed[tag], f"9{printed[tag]}")
        tags = {**printed, tag: other.replace("9-", "-9")}
        edited = replace(outcar, header=replace(outcar.header, tags=tags))
        told = f"OUTCAR has {tag} = {tags[tag]} and vasprun.xml "
        assert contradiction(run, edited).startswith(told)


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


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        (r'(?s)<set comment="spin 2">.*?</set>\s*</set>', "1 of 2 spins"),
        (r'(?s)<set comment="kpoint (?!1")\d+">.*?</set>', "1 of 24 k points"),
        (r"(?m)(^.*<r> .*</r>\n)(?=\s*</set>)", "71 of 72 bands"),
    ],
    ids=["a spin", "k points", "the highest band"],
)
def test_eigenvalues_that_a_closed_vasprun_lacks_give_no_gap(
    relaxed: Path, lost: str, told: str
) -> None:
    path = relaxed / "vasprun.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    start, end = text.rindex("<eigenvalues>"), text.rindex("</eigenvalues>")
    less = re.sub(lost, "", text[start:end])
    assert len(less) < end - start
    path.write_bytes(gzip.compress((text[:start] + less + text[end:]).encode()))
    assert f"{told}: a part of it was lost; copy it again" in reason(relaxed)


def test_the_outcar_of_two_runs_is_of_none(relaxed: Path) -> None:
    whole = gzip.decompress((relaxed / "OUTCAR.gz").read_bytes())
    for name in ("vasprun.xml.gz", "OSZICAR.gz"):
        (relaxed / name).unlink(missing_ok=True)
    for both in (whole + whole, whole[: len(whole) // 2] + whole):
        (relaxed / "OUTCAR.gz").write_bytes(gzip.compress(both))
        assert "OUTCAR holds 2 runs, one after the other" in reason(relaxed)


@pytest.mark.parametrize(
    ("pattern", "new", "told"),
    [
        (
            r"(\n +3 +[-\d.]+ +[-\d.]+ +[-\d.]+ +)[-\d.]+( *\n)",
            r"\g<1>9.999\2",
            "contradicts itself: atom 3 has",
        ),
        (r"(\ntot  .* )[-\d.]+( *\n)", r"\g<1>99.999\2", "its atoms add up to"),
        (r"(external pressure =) +\S+", r"\1      100.00", "OUTCAR has a pressure of"),
        (r"(NKPTS =) +\d+", r"\1      4", "OUTCAR has 4 k points and vasprun.xml 24"),
        (r"(NIONS =) +\d+", r"\1     28", "OUTCAR has NIONS = 28, and 2 + 4 + 8 = 14"),
    ],
    ids=["a row", "the sum", "pressure", "k points", "atoms"],
)
def test_numbers_that_contradict_each_other_are_no_result(
    relaxed: Path, pattern: str, new: str, told: str
) -> None:
    text = gzip.decompress((relaxed / "OUTCAR.gz").read_bytes()).decode()
    start = (
        text.rindex("magnetization (x)") if "tot" in pattern or "3" in pattern else 0
    )
    match = list(re.finditer(pattern, text[start:]))[-1 if start == 0 else 0]
    at = start + match.start(), start + match.end()
    edited = text[: at[0]] + match.expand(new) + text[at[1] :]
    (relaxed / "OUTCAR.gz").write_bytes(gzip.compress(edited.encode()))
    assert told in reason(relaxed)


@pytest.mark.parametrize(
    ("tag", "value", "told"),
    [
        ("levels", "1.0000", "add up to"),
        (
            "levels",
            "0.0000",
            "the occupations in vasprun.xml add up to 0.000 electrons",
        ),
        ("weights", "0.5", "the weights of the k points in vasprun.xml add up to"),
    ],
)
def test_occupations_and_weights_must_add_up(
    relaxed: Path, tag: str, value: str, told: str
) -> None:
    path = relaxed / "vasprun.xml.gz"
    text = gzip.decompress(path.read_bytes()).decode()
    if tag == "levels":
        text = re.sub(r"(<r> +\S+) +\S+ +</r>", rf"\1   {value} </r>", text)
    else:
        start = text.index('name="weights"')
        end = text.index("</varray>", start)
        more = re.sub(r"<v> +\S+ +</v>", f"<v> {value} </v>", text[start:end])
        text = text[:start] + more + text[end:]
    path.write_bytes(gzip.compress(text.encode()))
    assert told in reason(relaxed)
