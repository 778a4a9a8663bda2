"""Every way VASP fails that custodian knows: what was done about it, and the state.

The fake VASP prints what VASP prints and fails until the cure is in its input files, so
a cure is seen to work. Where it changes the science, the state is NEEDS_REVIEW; where
there is none, the run is TRUNCATED and says what custodian could not mend.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows import load_campaign, plan
from workflows.engines.machine import Machine
from workflows.engines.vasp.custodian_log import read_corrections
from workflows.engines.vasp.engine import VaspEngine
from workflows.fake_vasp.switches import FAILURES
from workflows.records.document import TaskDocument

FAKE = Path(__file__).parent / "fake_vasp"
COMMAND = f"{sys.executable} -S {FAKE / 'vasp_std'}"


@dataclass(frozen=True)
class Case:
    """A step, the tags of campaign and machine that fail so, and what is expected."""

    actions: tuple[str, ...] = ()
    state: str = "DONE"
    step: str = "static"
    tags: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)


SYMMETRY = {"ISYM": 2}
TETRAHEDRA = {"ISMEAR": -5}
REAL_SPACE = {"LREAL": "Auto"}
FAST = {"ALGO": "Fast"}
GAUSSIAN = ("INCAR: ISMEAR = 0", "INCAR: SIGMA = 0.05")
NO_SYMMETRY = ("INCAR: ISYM = 0",)
FINER = ("INCAR: SYMPREC = 1e-06",)
COARSER = ("INCAR: SYMPREC = 0.0001",)
ALL = ("INCAR: ALGO = All", "INCAR: ISEARCH = 1")
BANDS = ("INCAR: NBANDS = 303",)
SHORTER = ("INCAR: POTIM = 0.15",)
FROM_CONTCAR = "CONTCAR copied to POSCAR"
LOST = "TRUNCATED"
TABLE = {
    "bzint": Case(GAUSSIAN, "NEEDS_REVIEW", tags=TETRAHEDRA),
    "tet": Case(GAUSSIAN, "NEEDS_REVIEW", tags=TETRAHEDRA),
    "tetirr": Case(GAUSSIAN, "NEEDS_REVIEW", tags=TETRAHEDRA),
    "dentet": Case(GAUSSIAN, "NEEDS_REVIEW", tags=TETRAHEDRA),
    "ibzkpt": Case(NO_SYMMETRY, tags=SYMMETRY),
    "point_group": Case(NO_SYMMETRY, tags=SYMMETRY),
    "ksymm": Case(FINER),
    "hnform": Case(NO_SYMMETRY, tags=SYMMETRY),
    "incorrect_shift": Case((), LOST),
    "kpoints_trans": Case(NO_SYMMETRY, tags=SYMMETRY),
    "inv_rot_mat": Case(COARSER),
    "sgrcon": Case(NO_SYMMETRY, tags=SYMMETRY),
    "rhosyg": Case(COARSER),
    "posmap": Case(FINER),
    "pricel": Case(("INCAR: SYMPREC = 1e-08", *NO_SYMMETRY)),
    "pricelv": Case(FINER),
    "bravais": Case(FINER),
    "symprec_noise": Case(FINER, tags=SYMMETRY),
    "triple_product": Case((), LOST),
    "brmix": Case(("INCAR: ISTART = 1", "INCAR: IMIX = 1")),
    "edddav": Case(("CHGCAR deleted", *ALL)),
    "eddrmm": Case(
        ("INCAR: ALGO = Normal", "CHGCAR deleted", "WAVECAR deleted"), tags=FAST
    ),
    "eddiag": Case(ALL),
    "zheev": Case(("INCAR: ALGO = Normal", *ALL), tags=FAST),
    "pssyevx": Case(("INCAR: ALGO = Normal",), tags={"ALGO": "All"}),
    "pdsyevx": Case(("INCAR: ALGO = Normal",), tags=FAST),
    "algo_tet": Case(("INCAR: ALGO = Fast",), tags={**TETRAHEDRA, "ALGO": "All"}),
    "gradient_not_orthogonal": Case(BANDS),
    "subspace": Case((), LOST),
    "too_few_bands": Case(BANDS),
    "nbands_not_sufficient": Case(("INCAR: NBANDS = 281",), LOST),
    "auto_nbands": Case(),
    "large_sigma": Case(),
    "nicht_konvergent": Case(("INCAR: LREAL = False",), tags=REAL_SPACE),
    "real_optlay": Case(("INCAR: LREAL = False",), tags=REAL_SPACE),
    "rspher": Case(("INCAR: LREAL = False",), tags=REAL_SPACE),
    "set_core_wf": Case((), LOST),
    "read_error": Case((), LOST),
    "coef": Case(("WAVECAR deleted",)),
    "zpotrf": Case(SHORTER, step="relax"),
    "ztrtri": Case(SHORTER, step="relax"),
    "brions": Case((FROM_CONTCAR, "INCAR: POTIM = 0.4"), step="relax"),
    "drift": Case(step="relax"),
    "dfpt_ncore": Case(("INCAR: NCORE removed",), machine={"NCORE": 4}),
    "fd_ncore": Case(("INCAR: NPAR removed",), machine={"NPAR": 4}),
    "oom": Case(("INCAR: KPAR = 1",), machine={"KPAR": 2}),
    "lrf_comm": Case((), LOST),
    # Failures without a message.
    "unconverged_algo": Case(ALL),
    "unconverged_ibrion": Case(("INCAR: IBRION = 1", FROM_CONTCAR), step="relax"),
    "nonconv": Case(ALL, step="relax"),
    "positive_energy": Case(SHORTER, step="relax"),
    "potim": Case(SHORTER, step="relax"),
    "zbrent": Case(
        (FROM_CONTCAR, "INCAR: EDIFF = 1e-06", "INCAR: NELMIN = 8"), step="relax"
    ),
    "crash": Case((), LOST),
    "kill": Case((), LOST, step="relax"),
    "hang": Case(("INCAR: ALGO = Normal",), LOST),
    "wrong_valence": Case(),
}
ELSEWHERE = {
    "unconverged": "test_end_to_end",
    "unconverged_ionic": "test_end_to_end",
    "kill_wavecar": "test_wavecars",
    "disk_full": "test_execution",
    "walltime": "test_execution",
}


def run(directory: Path, case: Case, failure: str) -> TaskDocument:
    vasp = {
        "steps": ["static"] if case.step == "static" else ["relax", "static"],
        "dos_at": [],
        "kpoints": [3, 3, 3] if case.tags.get("ISMEAR") == -5 else [1, 1, 1],
        "incar": {"common": {"NEDOS": 301}, case.step: {"NSW": 15} | case.tags},
    }
    if case.step == "static":
        vasp["incar"]["static"].pop("NSW")
    path = directory / "c.yaml"
    path.write_text(yaml.safe_dump({"name": "c", "x": [1], "vasp": vasp}))
    calculation = next(c for c in plan(load_campaign(path)) if c.x == 1)
    place, engine = directory / case.step, VaspEngine()
    engine.write_inputs(calculation, case.step, place, None)
    (place / "WAVECAR").touch()
    patience = 1.0 if failure == "hang" else 600.0
    machine = Machine(
        vasp_cmd=COMMAND,
        incar=case.machine,
        poll_seconds=0.05,
        frozen_seconds=patience,
    )
    engine.run(place, machine, lambda _: None)
    return engine.parse(place)


@pytest.mark.parametrize("name", TABLE)
def test_what_custodian_did_and_how_it_ended(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", name)
    case = TABLE[name]
    document = run(tmp_path, case, name)
    corrections = read_corrections(tmp_path / case.step)
    taken = dict.fromkeys(line for entry in corrections for line in entry["actions"])
    actions = tuple(taken)
    assert (str(document.state), actions) == (
        case.state,
        case.actions,
    )
    if name == "nonconv":
        assert {entry["handler"] for entry in corrections} == {"NonConverging"}
    if case.state == LOST:
        assert "custodian: " in document.reason


def test_the_table_has_every_failure_of_the_fake_vasp() -> None:
    assert set(FAILURES) == set(TABLE) | set(ELSEWHERE)
