"""VASP output in, the truth about it out: on files that VASP itself wrote.

Where a run has to belong to a campaign, the fake VASP makes it: it is a process that
reads the very inputs that are written for VASP.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymatgen.io.vasp import Incar, Outcar, Vasprun

from tests.places import TESTS
from workflows import load_campaign, parse_run, plan
from workflows.campaign.calculation import Calculation, content_id
from workflows.engines.machine import Machine
from workflows.engines.orphans import MARK
from workflows.engines.vasp.engine import VaspEngine
from workflows.errors import StoreError
from workflows.records.document import State
from workflows.records.run_file import read_run_file, write_run_file
from workflows.vasp.equality import same_structure
from workflows.vasp.file_ends import FOOTER
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.read_numbers import read_numbers

DATA = TESTS / "data"
FAKE = TESTS / "fake_vasp" / "vasp_std"
FINISHED = (
    "MgMn2O4_relax_ferromagnetic",
    "MgMn2O4_static_antiferromagnetic",
    "NiO_static",
    "Li_metal_vasp5",
)
BROKEN = ("LiFe4P4O16_truncated", "NiTiNbN_aborted", "Si_unfinished")

Copy = Callable[[str], Path]


@pytest.fixture
def unpacked(tmp_path: Path) -> Copy:
    """Copy one of the data directories, its files without gzip."""

    def copy(name: str) -> Path:
        directory = tmp_path / name
        directory.mkdir()
        for packed in (DATA / name).glob("*.gz"):
            (directory / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
        return directory

    return copy


@pytest.fixture(scope="session")
def finished_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Relaxation, static and dos of x = 1 by the fake VASP, under custodian."""
    root = tmp_path_factory.mktemp("x1")
    calculation, _ = plan(load_campaign("paper").override(x=[1]))
    engine, machine = VaspEngine(), Machine(vasp_cmd=str(FAKE), poll_seconds=0.02)
    previous = None
    for step in calculation.steps:
        engine.write_inputs(calculation, step, root / step, previous)
        engine.run(root / step, machine, lambda line: None)
        previous = root / step
    for large in root.rglob("DOSCAR"):
        large.unlink()
    return root


@pytest.fixture
def runs(finished_runs: Path, tmp_path: Path) -> Path:
    """A copy of the finished runs, to break."""
    return Path(shutil.copytree(finished_runs, tmp_path / "runs"))


def by_pymatgen(directory: Path) -> tuple[Vasprun, Outcar]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (vasprun,) = directory.glob("vasprun.xml*")
        (outcar,) = directory.glob("OUTCAR*")
        run = Vasprun(str(vasprun), parse_dos=False, parse_potcar_file=False)
        return run, Outcar(str(outcar))


@pytest.mark.parametrize("name", FINISHED)
def test_a_finished_run_is_done_and_its_numbers_are_pymatgen_s(name: str) -> None:
    document = parse_run(DATA / name)
    run, outcar = by_pymatgen(DATA / name)
    if name == "Li_metal_vasp5":  # its INCAR is not the one that ran
        assert document.state is State.NEEDS_REVIEW
        assert "ENCUT = 600 eV was asked, OUTCAR says 520" in document.reason
    else:
        assert (document.state, document.reason) == (State.DONE, "")
    assert document.energy == pytest.approx(float(run.final_energy), abs=1e-8)
    assert document.energy == pytest.approx(float(outcar.final_energy), abs=1e-5)
    assert document.energy_per_atom == document.energy / len(run.final_structure)
    assert document.magnetization == tuple(m["tot"] for m in outcar.magnetization)
    assert document.total_magnetization == outcar.total_mag
    assert document.structure is not None
    assert document.structure.lattice == run.final_structure.lattice
    assert document.structure.species == run.final_structure.species
    assert document.initial_structure == run.initial_structure
    assert document.n_ionic_steps == len(run.ionic_steps)
    assert document.hubbards == {e: u for e, u in run.hubbards.items() if u}
    assert document.nelect == outcar.nelect
    assert document.engine_version == run.vasp_version
    assert not document.fake


def test_the_relaxed_spinel_is_the_published_one() -> None:
    document = parse_run(DATA / "MgMn2O4_relax_ferromagnetic")
    assert document.formula == "Mg2Mn4O8"
    assert document.energy == pytest.approx(-104.12467, abs=1e-5)
    assert document.magnetization is not None
    assert document.magnetization[2:6] == pytest.approx([3.845] * 4)
    assert document.hubbards == {"Mn": 3.9}
    assert document.settings == {
        **{"ENCUT": 680, "PREC": "accurate", "LASPH": True, "ISPIN": 2, "LMAXMIX": 4}
    }
    assert document.n_ionic_steps == 7
    assert document.max_force is not None
    assert document.max_force < 0.02


def test_signs_of_an_antiferromagnet_are_kept() -> None:
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    assert document.magnetization is not None
    assert document.magnetization[2:6] == (-3.806, -3.806, 3.806, 3.806)
    assert document.total_magnetization == pytest.approx(0, abs=1e-6)
    assert document.moments_signed


@pytest.mark.parametrize("name", FINISHED)
def test_the_pressure_is_what_vasp_calls_external_pressure(name: str) -> None:
    text = gzip.decompress((DATA / name / "OUTCAR.gz").read_bytes()).decode()
    told = re.findall(r"external pressure =\s+(-?[\d.]+) kB", text)[-1]
    assert parse_run(DATA / name).pressure_kbar == pytest.approx(float(told), abs=0.01)


def test_vasp_5_writes_no_energy_at_sigma_0_for_an_ionic_step_and_still_has_one() -> (
    None
):
    text = gzip.decompress((DATA / "Li_metal_vasp5" / "vasprun.xml.gz").read_bytes())
    assert b'<i name="e_0_energy">      0.00000000 </i>' in text
    assert parse_run(DATA / "Li_metal_vasp5").energy == pytest.approx(-1.92459954)


def test_a_profile_after_the_footer_does_not_hide_it(unpacked: Copy) -> None:
    directory = unpacked("NiO_static")
    text = (directory / "OUTCAR").read_text("utf-8")
    assert len(text) - text.rindex(FOOTER) > 40_000
    assert parse_run(directory).state is State.DONE


@pytest.mark.parametrize("name", FINISHED)
def test_gzip_makes_no_difference(unpacked: Copy, name: str) -> None:
    ignored = {"dir_name", "completed_at"}
    plain, packed = (parse_run(d) for d in (unpacked(name), DATA / name))
    assert plain.model_dump(exclude=ignored) == packed.model_dump(exclude=ignored)


@pytest.mark.parametrize("name", BROKEN)
def test_a_run_that_was_cut_is_truncated(name: str) -> None:
    document = parse_run(DATA / name)
    assert document.state is State.TRUNCATED
    assert document.reason


@pytest.mark.parametrize("name", ["NiTiNbN_aborted", "Si_unfinished"])
def test_a_run_cut_before_its_first_energy_has_no_numbers(name: str) -> None:
    document = parse_run(DATA / name)
    assert (document.energy, document.structure, document.magnetization) == (None,) * 3


def test_a_cut_run_keeps_its_last_whole_ionic_step_under_its_true_state() -> None:
    document = parse_run(DATA / "LiFe4P4O16_truncated")
    assert document.state is State.TRUNCATED
    assert document.energy == pytest.approx(-269.00551374)
    assert (document.formula, document.n_ionic_steps) == ("Li1Fe4P4O16", 1)


def test_a_relaxation_cut_in_its_fourth_step_gives_the_third(unpacked: Copy) -> None:
    directory = unpacked("MgMn2O4_relax_ferromagnetic")
    whole = (directory / "OUTCAR").read_text("utf-8")
    (directory / "OUTCAR").write_text(whole[: whole.index("Iteration      4(   2)")])
    (directory / "vasprun.xml").unlink()
    run, _ = by_pymatgen(DATA / "MgMn2O4_relax_ferromagnetic")
    document = parse_run(directory)
    assert document.state is State.TRUNCATED
    assert document.energy == run.ionic_steps[2]["e_0_energy"]
    assert document.structure is not None
    assert same_structure(document.structure, run.structures[2], tolerance=2e-5)
    assert document.magnetization is not None
    assert len(document.magnetization) == 14


def test_a_vasprun_that_pymatgen_calls_converged_is_truncated_if_it_was_cut(
    unpacked: Copy, tmp_path: Path
) -> None:
    directory = unpacked("LiFe4P4O16_truncated")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Vasprun(
            str(directory / "vasprun.xml"),
            exception_on_bad_xml=False,
            parse_potcar_file=False,
        )
    assert run.converged
    shutil.copy(unpacked("NiO_static") / "OUTCAR", directory)  # one with a footer
    document = parse_run(directory)
    assert document.state is State.TRUNCATED
    assert "vasprun.xml is not closed" in document.reason


@pytest.mark.parametrize("missing", ["OUTCAR", "vasprun.xml"])
def test_one_of_the_two_files_is_enough_and_the_other_is_missed(
    unpacked: Copy, missing: str
) -> None:
    directory = unpacked("NiO_static")
    whole = parse_run(directory)
    (directory / missing).unlink()
    document = parse_run(directory)
    assert document.state is State.DONE
    assert (document.energy, document.hubbards) == (whole.energy, {"Ni": 6.2})
    assert document.structure is not None
    assert whole.structure is not None
    assert document.structure.matches(whole.structure)
    (told,) = (f for f in document.findings if f.id.startswith("no_"))
    assert (told.id, told.severity) == (f"no_{missing.split('.')[0].lower()}", "info")


@pytest.mark.parametrize("missing", ["OUTCAR", "vasprun.xml"])
def test_a_run_of_a_campaign_must_have_both(runs: Path, missing: str) -> None:
    (runs / "static" / missing).unlink()
    document = parse_run(runs / "static")
    assert document.state is State.TRUNCATED
    assert document.reason.startswith(f"no {missing}")


@pytest.mark.parametrize("tenths", range(10))
@pytest.mark.parametrize("cut", ["OUTCAR", "vasprun.xml"])
def test_a_good_run_cut_anywhere_is_never_done(
    unpacked: Copy, cut: str, tenths: int
) -> None:
    directory = unpacked("NiO_static")
    content = (directory / cut).read_bytes()
    end = content.rindex(FOOTER.encode()) if cut == "OUTCAR" else len(content)
    (directory / cut).write_bytes(content[: end * tenths // 10])
    assert parse_run(directory).state is State.TRUNCATED


def test_a_run_cut_just_before_its_last_word_is_not_done(unpacked: Copy) -> None:
    directory = unpacked("NiO_static")
    for name, last in (("OUTCAR", FOOTER), ("vasprun.xml", "</modeling>")):
        content = (directory / name).read_bytes()
        end = content.rindex(last.encode()) + len(last)
        (directory / name).write_bytes(content[: end - 1])
        assert parse_run(directory).state is State.TRUNCATED
        (directory / name).write_bytes(content)
    assert parse_run(directory).state is State.DONE


@pytest.mark.parametrize("tenths", range(1, 10))
@pytest.mark.parametrize("cut", ["OUTCAR", "vasprun.xml"])
def test_a_run_of_a_campaign_cut_anywhere_is_never_done(
    runs: Path, cut: str, tenths: int
) -> None:
    content = (runs / "static" / cut).read_bytes()
    (runs / "static" / cut).write_bytes(content[: len(content) * tenths // 10])
    document = parse_run(runs / "static")
    assert document.state is State.TRUNCATED
    assert (document.x, document.formula) == (1, "Li8Ni4Mn12O32")


@pytest.mark.parametrize("name", ["OUTCAR.gz", "vasprun.xml.gz"])
def test_a_damaged_gzip_file_is_not_done_and_does_not_raise(
    tmp_path: Path, name: str
) -> None:
    directory = Path(shutil.copytree(DATA / "NiO_static", tmp_path / "run"))
    content = (directory / name).read_bytes()
    middle = len(content) // 2
    for damaged in (
        content[:middle],
        content[:middle] + bytes(200) + content[middle + 200 :],
        b"no gzip at all",
    ):
        (directory / name).write_bytes(damaged)
        assert parse_run(directory).state not in {State.DONE, State.NEEDS_REVIEW}


def test_two_files_that_are_not_of_one_run_are_no_result(unpacked: Copy) -> None:
    directory = unpacked("NiO_static")
    shutil.copy(unpacked("Li_metal_vasp5") / "OUTCAR", directory)
    document = parse_run(directory)
    assert document.state is State.FAILED
    assert "1 site moment and vasprun.xml 2 atoms" in document.reason


def test_an_exhausted_electronic_cycle_is_unconverged(unpacked: Copy) -> None:
    document = parse_run(unpacked("V2O5_unconverged"))
    assert document.state is State.UNCONVERGED
    assert "reached NELM = 100" in document.reason


def test_one_exhausted_ionic_step_out_of_many_is_enough(unpacked: Copy) -> None:
    directory = unpacked("MgMn2O4_relax_ferromagnetic")
    path = directory / "vasprun.xml"
    text = path.read_text("utf-8")
    assert parse_run(directory).state is State.DONE
    path.write_text(re.sub(r'(name="NELM">\s+)200', r"\g<1>10", text), "utf-8")
    document = parse_run(directory)
    assert document.state is State.UNCONVERGED
    assert document.reason.startswith("ionic step 1 of 7 reached NELM = 10")


def test_a_relaxation_that_used_all_its_ionic_steps_is_unconverged(
    unpacked: Copy,
) -> None:
    directory = unpacked("MgMn2O4_relax_ferromagnetic")
    path = directory / "vasprun.xml"
    text = path.read_text("utf-8")
    path.write_text(re.sub(r'(name="NSW">\s+)99', r"\g<1>7", text), "utf-8")
    document = parse_run(directory)
    assert document.state is State.UNCONVERGED
    assert document.reason == "reached NSW = 7 ionic steps before EDIFFG"


def test_a_directory_without_vasp_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no VASP run here"):
        parse_run(tmp_path)


def test_inputs_that_were_never_run_are_planned(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    VaspEngine().write_inputs(calculations[4], "static", tmp_path / "static", None)
    document = parse_run(tmp_path / "static")
    assert (document.state, document.reason) == (State.PLANNED, "not started")
    assert document.calculation_id == calculations[4].id


def test_a_run_whose_vasp_is_alive_is_running_and_then_what_it_left(
    runs: Path,
) -> None:
    outcar = runs / "static" / "OUTCAR"
    outcar.write_bytes(outcar.read_bytes()[:20_000])
    mark = {**os.environ, MARK: str((runs / "static").resolve())}
    with subprocess.Popen(["sleep", "60"], env=mark) as vasp:
        try:
            during = parse_run(runs / "static")
        finally:
            vasp.kill()
    assert (during.state, during.reason) == (State.RUNNING, "VASP is running here")
    assert parse_run(runs / "static").state is State.TRUNCATED
    assert not during.state.usable


def test_files_that_contradict_each_other_are_no_result(unpacked: Copy) -> None:
    directory = unpacked("NiO_static")
    path = directory / "OUTCAR"
    text = path.read_text("utf-8")
    last = text.rindex("energy(sigma->0) =")
    path.write_text(text[:last] + text[last:].replace("-4.52549041", "-151.738000", 1))
    document = parse_run(directory)
    assert document.state is State.FAILED
    assert "ends at -4.525490 eV and OUTCAR at -151.738000 eV" in document.reason
    assert document.energy is None


def test_a_run_of_a_campaign_knows_what_it_belongs_to(
    finished_runs: Path, calculations: tuple[Calculation, ...]
) -> None:
    c = calculations[4]
    assert c.steps == ("relax", "static", "dos")
    for step in c.steps:
        document = parse_run(finished_runs / step)
        assert (document.state, document.reason) == (State.DONE, "")
        assert document.task_label == step
        assert document.calculation_id == c.id
        assert (document.x, document.n_li, document.insertion) == (1, 8, "none")
        assert document.formula == c.formula
        assert document.steps == c.steps
        assert document.cell_relaxed
        assert document.start_lattice == (8.17, 8.17, 8.17, 90, 90, 90)
        assert document.max_stress_kbar == pytest.approx(0, abs=0.1)
        assert document.structure is not None
        roles = document.structure.site_properties["role"]
        assert roles == c.structure.site_properties["role"]


def test_the_settings_that_must_agree_are_recorded(finished_runs: Path) -> None:
    assert parse_run(finished_runs / "static").settings == {
        "functional": "pbe_u",
        "hubbards": {"Ni": 4.5, "Mn": 5.96},
        "potcar": [
            "PBE_54",
            {"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"},
        ],
        **{"ENCUT": 520, "PREC": "accurate", "LASPH": True, "ISPIN": 2, "LMAXMIX": 4},
        "kpoints": [3, 3, 3],
        "incar": {
            **{"GGA": "PE", "ISMEAR": 0, "SIGMA": 0.05, "EDIFF": 1e-6, "ISYM": 0},
            **{"ENCUT": 520, "PREC": "Accurate", "LASPH": True, "ISPIN": 2},
            **{"LREAL": False, "LMAXMIX": 4, "LDAU": True, "LDAUTYPE": 2},
            "ISIF": 2,
        },
    }


def test_numbers_of_the_fake_say_so(finished_runs: Path) -> None:
    document = parse_run(finished_runs / "static")
    assert document.fake
    assert "fake" in document.engine_version
    assert "fake_vasp" in {finding.id for finding in document.findings}


def test_a_harmless_change_by_custodian_is_recorded_and_stays_done(runs: Path) -> None:
    run_again(runs / "static", ALGO="All")
    document = parse_run(runs / "static")
    assert document.state is State.DONE
    (found,) = (f for f in document.findings if f.id == "inputs_changed")
    assert found.severity == "info"


def test_a_change_of_the_science_needs_review(runs: Path) -> None:
    run_again(runs / "static", ENCUT=400)
    document = parse_run(runs / "static")
    assert document.state is State.NEEDS_REVIEW
    assert document.reason.startswith("ENCUT was 520.0, ran as 400.0")
    assert document.energy is not None


def test_a_dos_that_became_self_consistent_has_failed(runs: Path) -> None:
    run_again(runs / "dos", ICHARG=2)
    document = parse_run(runs / "dos")
    assert document.state is State.FAILED
    assert document.reason.startswith("ICHARG was 11, ran as 2")


@pytest.mark.parametrize(
    "tags", [{"ISIF": 2}, {"NSW": 0}, {"EDIFFG": 10}, {"IBRION": -1}]
)
def test_a_cell_that_was_never_varied_is_not_called_relaxed(
    write_campaign: Callable[..., Path], tmp_path: Path, tags: dict[str, object]
) -> None:
    changes = {"x": [1], "vasp.dos_at": [], "vasp.incar": {"relax": tags}}
    (fixed,) = plan(load_campaign(write_campaign(changes)))
    VaspEngine().write_inputs(fixed, "static", tmp_path / "static", None)
    subprocess.run([FAKE], cwd=tmp_path / "static", check=True, capture_output=True)
    document = parse_run(tmp_path / "static")
    assert document.state is State.DONE
    assert not document.cell_relaxed


def test_a_relaxation_is_done_when_a_restart_no_longer_changes_the_volume(
    finished_runs: Path,
) -> None:
    members = sorted(p.name for p in (finished_runs / "relax").glob("relax-*"))
    assert members == ["relax-1", "relax-2"]
    document = parse_run(finished_runs / "relax")
    assert (document.state, document.task_label) == (State.DONE, "relax")


def test_a_single_relaxation_is_never_settled(runs: Path) -> None:
    shutil.rmtree(runs / "relax" / "relax-2")
    document = parse_run(runs / "relax")
    assert document.state is State.UNCONVERGED
    assert document.reason == "volume not settled after 1 relaxation (limit 5)"


@pytest.mark.parametrize(
    ("limit", "value"), [("settled_volume", 0), ("settled_steps", 1)]
)
def test_a_restart_beyond_a_limit_of_the_campaign_is_not_settled(
    runs: Path, limit: str, value: float
) -> None:
    shutil.rmtree(runs / "relax" / "relax-2")
    shutil.copytree(runs / "relax" / "relax-1", runs / "relax" / "relax-2")
    assert parse_run(runs / "relax").state is State.DONE
    found = read_run_file(runs / "relax")
    assert found is not None
    own = replace(found[0], settings={**found[0].settings, limit: value})
    write_run_file(runs / "relax", replace(own, id=content_id(own)), "relax")
    document = parse_run(runs / "relax")
    assert document.state is State.UNCONVERGED
    assert document.reason == "volume not settled after 2 relaxations (limit 5)"


def test_a_cut_restart_decides_for_the_whole_relaxation(runs: Path) -> None:
    outcar = runs / "relax" / "relax-2" / "OUTCAR"
    outcar.write_bytes(outcar.read_bytes()[:5000])
    assert parse_run(runs / "relax").state is State.TRUNCATED


def test_a_restart_whose_inputs_are_half_written_is_not_there_yet(runs: Path) -> None:
    before = parse_run(runs / "relax")
    (runs / "relax" / "relax-3").mkdir()
    shutil.copy(runs / "relax" / "relax-2" / "POSCAR", runs / "relax" / "relax-3")
    assert parse_run(runs / "relax") == before


def test_a_run_set_aside_is_no_member_of_the_relaxation(runs: Path) -> None:
    before = parse_run(runs / "relax")
    last = runs / "relax" / "relax-2"
    aside = Path(shutil.copytree(last, last.with_name("relax-3.cut-1")))
    (aside / "OUTCAR").write_text("cut", "utf-8")
    assert parse_run(runs / "relax") == before


def test_the_tenth_restart_comes_after_the_ninth(runs: Path) -> None:
    last = runs / "relax" / "relax-2"
    for number in range(3, 11):
        shutil.copytree(last, last.with_name(f"relax-{number}"))
    (runs / "relax" / "relax-10" / "OUTCAR").write_text("cut", "utf-8")
    assert parse_run(runs / "relax").state is State.TRUNCATED


def test_a_custodian_error_is_told_with_the_cut(runs: Path) -> None:
    (runs / "static" / "OUTCAR").unlink()
    (runs / "static" / "custodian.error").write_text("brmix: gave up\n", "utf-8")
    document = parse_run(runs / "static")
    assert document.reason.endswith("custodian: brmix: gave up")
    for name in ("vasprun.xml", "OSZICAR"):
        (runs / "static" / name).unlink()
    document = parse_run(runs / "static")
    assert "custodian: brmix: gave up; there is no POTCAR here" in document.reason
    assert document.reason.endswith("set PMG_VASP_PSP_DIR for a real VASP")


def test_a_run_file_of_somebody_else_is_no_run_file(runs: Path) -> None:
    (runs / "static" / "lnmo.json").write_text(json.dumps({"other": 1}), "utf-8")
    document = parse_run(runs / "static")
    assert document.calculation_id is None
    assert not document.cell_relaxed


def change_incar(directory: Path, **tags: object) -> None:
    path = directory / "INCAR"
    Incar({**Incar.from_file(path), **tags}).write_file(path)


def run_again(directory: Path, **tags: object) -> None:
    """Run a step that ended once more, with other tags than were planned."""
    change_incar(directory, **tags)
    subprocess.run([FAKE], cwd=directory, check=True, capture_output=True)


@pytest.mark.parametrize(
    ("steps", "judged"), [(["relax"], "relax"), (["relax", "static"], "static")]
)
def test_the_pressure_is_judged_in_the_step_whose_numbers_count(
    write_campaign: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    steps: list[str],
    judged: str,
) -> None:
    changes = {"x": [1], "vasp.dos_at": [], "vasp.steps": steps}
    calculation, *_ = plan(load_campaign(write_campaign(changes)))
    engine, machine = VaspEngine(), Machine(vasp_cmd=str(FAKE), poll_seconds=0.02)
    previous = None
    for step in steps:
        engine.write_inputs(calculation, step, tmp_path / step, previous)
        engine.run(tmp_path / step, machine, lambda line: None)
        previous = tmp_path / step

    def squeezed(*files: Any, **how: Any) -> VaspNumbers:
        return replace(read_numbers(*files, **how), pressure=60.0)

    monkeypatch.setattr("workflows.engines.vasp.parse.read_numbers", squeezed)
    found = {step: parse_run(tmp_path / step).findings for step in steps}
    named = {step for step in steps if "pressure" in {f.id for f in found[step]}}
    assert named == {judged}
