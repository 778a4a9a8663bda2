"""What the handlers of our own say, where custodian's would say something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Incar, Kpoints, Poscar

from workflows.engines.vasp.handlers import Frozen, NonConverging
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
