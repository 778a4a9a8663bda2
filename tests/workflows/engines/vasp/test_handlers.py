"""What the handlers of our own say, where custodian's would say something else."""

from __future__ import annotations

import gzip
from pathlib import Path

import custodian.vasp.io
import pytest
from custodian.custodian import ErrorHandler
from custodian.vasp import handlers as theirs
from custodian.vasp import validators
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Incar, Kpoints, Outcar, Poscar

from tests.places import DATA
from workflows.engines.vasp.custodian_readers import (
    guard,
    our_readers,
    outcar_facts,
    raised,
)
from workflows.engines.vasp.handlers import Frozen, NonConverging, handlers
from workflows.vasp import log_text
from workflows.vasp.file_ends import FOOTER

ELECTRONIC = (
    "DAV:{:4d}    -0.10E+02   -0.10E+00   -0.10E+00   100   0.1E+00    0.1E+00\n"
)
IONIC = "{:4d} F= -.10E+02 E0= -.10E+02  d E =-.10E-01\n"
NELM = 4
COLUMNS = (
    "       N       E            dE           d eps       ncg     rms      rms(c)\n"
)


@pytest.mark.parametrize(
    ("outcar", "mended"),
    [("LOOP+", True), (None, True), (f"LOOP+\n {FOOTER}\n", False)],
    ids=["while it runs", "before it wrote", "after its end"],
)
def test_ten_ionic_steps_without_convergence_are_mended_only_while_vasp_runs(
    tmp_path: Path, outcar: str | None, mended: bool
) -> None:
    gaas = Structure(Lattice.cubic(5.65), ["Ga", "As"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    Poscar(gaas).write_file(tmp_path / "POSCAR")
    Incar({"NELM": NELM}).write_file(tmp_path / "INCAR")
    Kpoints.gamma_automatic().write_file(tmp_path / "KPOINTS")
    steps = "".join(ELECTRONIC.format(n) for n in range(1, NELM + 1))
    text = "".join(COLUMNS + steps + IONIC.format(n) for n in range(1, 13))
    (tmp_path / "OSZICAR").write_text(text)
    if outcar is not None:
        (tmp_path / "OUTCAR").write_text(outcar)
    assert NonConverging().check(str(tmp_path)) is mended


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["NiO_static", "Mn8O16", "GaAs_all_files"])
def test_handlers_are_told_of_an_outcar_what_pymatgen_reads(
    tmp_path: Path, name: str
) -> None:
    (packed,) = (DATA / name).glob("OUTCAR.gz")
    path = tmp_path / "OUTCAR"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    read = Outcar(str(path))
    assert outcar_facts(path).nelect == pytest.approx(read.nelect, abs=1e-4)
    assert outcar_facts(path).is_stopped is read.is_stopped is False
    with path.open("a") as file:
        file.write(" soft stop encountered!  aborting job ...\n")
    assert outcar_facts(path).is_stopped is Outcar(str(path)).is_stopped is True


def test_no_handler_has_a_cut_outcar_read_by_patterns_that_never_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pymatgen's need minutes for one that was cut within its density matrices."""
    (tmp_path / "OUTCAR").write_text("   NELECT = 12.0000\n onsite density matrix\n")
    (tmp_path / "vasp.out").write_text("BRMIX: very serious problems\n")
    for name in ("std_err.txt", "vasprun.xml", "OSZICAR"):
        (tmp_path / name).touch()
    Incar({"ALGO": "Fast"}).write_file(tmp_path / "INCAR")
    gaas = Structure(Lattice.cubic(5.65), ["Ga", "As"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    Poscar(gaas).write_file(tmp_path / "POSCAR")
    Kpoints.gamma_automatic().write_file(tmp_path / "KPOINTS")
    read: list[str] = []
    monkeypatch.setattr(custodian.vasp.io, "Outcar", read.append)
    monkeypatch.chdir(tmp_path)
    watching = handlers(relaxes=True, frozen_seconds=600)
    with our_readers():
        wrong = [each for each in watching if each.check(str(tmp_path))]
        assert wrong
        for each in wrong:
            each.correct(str(tmp_path))
    assert read == []


@pytest.mark.parametrize("algo", ["Normal", "All", "Fast"])
def test_a_hanging_vasp_is_started_twice_more_and_then_given_up(
    tmp_path: Path, algo: str
) -> None:
    Incar({"ALGO": algo}).write_file(tmp_path / "INCAR")
    frozen, restarted = Frozen(timeout=60), []
    for _ in range(4):
        restarted.append(bool(frozen.correct(str(tmp_path))["actions"]))
        frozen.n_applied_corrections += 1
    assert restarted == [True, True, False, False]


NOT_UTF8 = {
    "latin-1": b"d\xe9marrage de VASP\n",
    "a damaged line": b"DAV:  \xff\xc0\x80 1\n",
    "utf-16": "Modul geladen\n".encode("utf-16"),
}


@pytest.mark.parametrize("bytes_", NOT_UTF8)
def test_no_byte_that_is_not_utf8_switches_a_handler_off(
    tmp_path: Path, bytes_: str
) -> None:
    odd = NOT_UTF8[bytes_]
    error = b"Error EDDDAV: Call to ZHEGV failed\n"
    stderr = b"internal error in GENERATE_KPOINTS_TRANS: number of G-vector changed in "
    (tmp_path / "vasp.out").write_bytes(odd + error)
    (tmp_path / "std_err.txt").write_bytes(odd + stderr + b"star\n")
    header, step = COLUMNS.encode(), ELECTRONIC.format(1).encode()
    (tmp_path / "OSZICAR").write_bytes(
        header + step + b"   1 F= 0.10E+02 E0= 0.10E+02 \xe9=\xe9  d E =0.10E-01\n"
    )
    (tmp_path / "OUTCAR").write_bytes(odd)
    (tmp_path / "vasprun.xml").touch()
    Incar({"ALGO": "Fast"}).write_file(tmp_path / "INCAR")
    gaas = Structure(Lattice.cubic(5.65), ["Ga", "As"], [[0, 0, 0], [0.25, 0.25, 0.25]])
    Poscar(gaas).write_file(tmp_path / "POSCAR")
    Kpoints.gamma_automatic().write_file(tmp_path / "KPOINTS")
    with our_readers():
        watching = handlers(relaxes=True, frozen_seconds=600)
        wrong = {type(each).__name__ for each in watching if each.check(str(tmp_path))}
    assert wrong == {"VaspErrorHandler", "StdErrHandler", "PositiveEnergyErrorHandler"}


def test_no_log_without_an_end_is_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_text, "MOST_BYTES", 1_000)
    for name in ("vasp.out", "std_err.txt"):
        (tmp_path / name).write_bytes(b"x" * 100_000)
    with our_readers():
        replaced = ((theirs, "zopen"), (theirs, "open"), (validators, "open"))
        for read in (vars(module)[name] for module, name in replaced):
            for name in ("vasp.out", "std_err.txt"):
                with read(tmp_path / name) as file:
                    assert len(file.read()) <= 2 * 1_001 + 1  # of both logs
    assert not hasattr(theirs, "open")


class Breaks(ErrorHandler):
    def __init__(self) -> None:
        self.broken = True

    def check(self, directory: str = "./") -> bool:
        if self.broken:
            raise ValueError("no such header")
        return False


def test_a_handler_that_raised_when_it_was_asked_last_is_named() -> None:
    fine, broken = Breaks(), Breaks()
    for each in (fine, broken):
        guard(each, "check", otherwise=lambda _: False)
        assert each.check() is False
    fine.broken = False
    assert fine.check() is False
    said = "; custodian's Breaks could not check: ValueError: no such header"
    assert raised([fine, broken, Frozen(timeout=60)]) == said
