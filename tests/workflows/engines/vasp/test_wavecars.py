"""WAVECARs from link to link: which is read, which is refused, and none is left."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymatgen.io.vasp import Incar

from tests.places import TOP
from workflows.campaign.calculation import Calculation, content_id
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import vasp_inputs
from workflows.campaign.plan import plan
from workflows.engines.machine import Machine
from workflows.engines.protocol import read_run_file
from workflows.engines.step import run_step
from workflows.engines.vasp.wavecars import find_wavecar, prepare_attempt
from workflows.errors import StepFailed, Terminated
from workflows.launchpad.recovery import retry_step
from workflows.records.document import TaskDocument
from workflows.records.store import FileResults

FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"


class Chain:
    """One calculation whose steps are run in this process, VASP in another."""

    def __init__(self, root: Path, calculation: Calculation) -> None:
        self.root, self.calculation = root, calculation
        self.machine = Machine(vasp_cmd=str(FAKE), poll_seconds=0.1)

    def run(self, step: str) -> TaskDocument:
        return run_step(
            self.calculation,
            step,
            root=self.root,
            machine=self.machine,
            report=lambda _: None,
        )

    def directory(self, *parts: str) -> Path:
        step, *link = parts
        found = FileResults(self.root).directory(self.calculation.id, step)
        return found.joinpath(*link)

    def wavecars(self) -> list[str]:
        found = sorted(self.root.rglob("*WAVECAR*"))
        return [str(p.relative_to(self.directory("relax").parent)) for p in found]

    def readers(self) -> list[str]:
        """The runs that started from a WAVECAR, in their order."""
        lines = (self.root / "ledger").read_text().splitlines()
        words = [line.split() for line in lines]
        here = self.directory("relax").parent
        return [str(Path(w[1]).relative_to(here)) for w in words if w[0] == "wavecar"]

    def incar(self, *parts: str) -> dict[str, Any]:
        return dict(Incar.from_file(self.directory(*parts) / "INCAR"))


@pytest.fixture
def chain(
    paper: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Chain]:
    """The chain at x = 1 of a campaign with some VASP keys changed."""
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.setenv("FAKE_VASP_LEDGER", str(tmp_path / "ledger"))

    def make(**vasp: Any) -> Chain:
        content = paper.model_dump(mode="json")
        content["vasp"] |= {"dos_at": [], **vasp}
        (one,) = plan(Campaign.model_validate({**content, "x": [1.0]}))
        return Chain(tmp_path, one)

    return make


def test_relax_2_and_static_read_one_and_none_is_left(
    chain: Callable[..., Chain],
) -> None:
    one = chain()
    one.run("relax")
    assert one.wavecars() == ["relax/relax-2/WAVECAR"]  # static waits for it
    document = one.run("static")
    assert one.readers() == ["relax/relax-2", "static"]
    assert one.wavecars() == []
    assert str(document.state) == "DONE"
    assert {f.id for f in document.findings} == {"fake_vasp"}


def test_a_relaxation_that_ended_but_was_not_recorded_keeps_the_last_one(
    chain: Callable[..., Chain],
) -> None:
    """Killed between the last VASP and the record, the step goes over its links."""
    one = chain()
    one.run("relax")
    (one.directory("relax") / "task_document.json").unlink()
    one.run("relax")
    assert one.wavecars() == ["relax/relax-2/WAVECAR"]
    one.run("static")
    assert one.readers() == ["relax/relax-2", "static"]


def test_scratch_reads_and_leaves_none(chain: Callable[..., Chain]) -> None:
    one = chain(restart="scratch")
    one.run("relax")
    assert one.wavecars() == []
    assert str(one.run("static").state) == "DONE"
    assert one.readers() == []
    assert one.incar("static")["MAGMOM"][8:12] == [-2.5] * 4


def test_a_relaxation_alone_leaves_none(chain: Callable[..., Chain]) -> None:
    one = chain(steps=["relax"])
    one.run("relax")
    assert (one.readers(), one.wavecars()) == (["relax/relax-2"], [])


def test_a_dos_on_the_mesh_of_static_reads_its_orbitals(
    chain: Callable[..., Chain],
) -> None:
    small = {"common": {"NEDOS": 301}, "dos": {"NEDOS": 301, "ISTART": 1}}
    one = chain(dos_at=[1.0], kpoints_dos=[3, 3, 3], incar=small)
    for step in one.calculation.steps:
        one.run(step)
    assert one.readers() == ["relax/relax-2", "static", "dos"]
    assert one.wavecars() == []


def test_one_that_the_campaign_asks_for_stays(chain: Callable[..., Chain]) -> None:
    one = chain(incar={"static": {"LWAVE": True}})
    one.run("relax")
    one.run("static")
    assert one.wavecars() == ["static/WAVECAR"]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def rewritten(path: Path, offset: int, value: float) -> None:
    data = bytearray(path.read_bytes())
    struct.pack_into("<d", data, offset, value)
    path.write_bytes(bytes(data))


def more_bands(path: Path) -> None:
    """The file of a larger cell, whole by its own numbers."""
    data = path.read_bytes()
    record = 128
    points, bands = struct.unpack_from("<2d", data, record)
    rewritten(path, record + 8, bands + 12)
    path.write_bytes(path.read_bytes() + bytes(int(2 * points * 12 * record)))


# Offsets of the head: 128 k-points, 136 bands, 144 cutoff, 152 the first vector.
SPOILT = {
    "cut": (cut, "its WAVECAR is cut"),
    "no WAVECAR at all": (lambda p: p.write_bytes(b"text" * 100), "cannot be read"),
    "gone": (Path.unlink, "it has no WAVECAR"),
    "another cell": (lambda p: rewritten(p, 152, 8.3), "of another cell"),
    "other bands": (more_bands, "bands, its OUTCAR"),
    "another cutoff": (lambda p: rewritten(p, 144, 680.0), "a cutoff of 680 eV"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_wavecar_that_does_not_fit_is_not_read_and_the_run_says_so(
    chain: Callable[..., Chain], name: str
) -> None:
    spoil, said = SPOILT[name]
    one = chain()
    one.run("relax")
    spoil(one.directory("relax", "relax-2") / "WAVECAR")
    document = one.run("static")
    assert one.readers() == ["relax/relax-2"]
    tags = one.incar("static")
    assert (tags["ISTART"], tags["ICHARG"]) == (0, 2)
    assert set(tags["MAGMOM"][12:24]) == {4.0}  # the start now: scaled up
    (found,) = (f for f in document.findings if f.id == "started_from_scratch")
    assert said in found.message
    assert str(document.state) == "DONE"
    assert one.wavecars() == []


def test_a_run_of_another_calculation_or_mesh_is_not_read(
    chain: Callable[..., Chain],
) -> None:
    one = chain(dos_at=[1.0])
    one.run("relax")
    here, inputs = (
        one.directory("relax", "relax-2"),
        vasp_inputs(one.calculation, "dos"),
    )
    own = replace(inputs, kpoints=(3, 3, 3))
    assert find_wavecar([here], one.calculation.id, own).source == here
    for number, changed, said in (
        ("000000000000", own, "of another calculation"),
        (one.calculation.id, inputs, "it has the k-mesh [3, 3, 3], not (5, 5, 5)"),
        (
            one.calculation.id,
            replace(own, incar={**own.incar, "ISPIN": 1}),
            "2 spins, not 1",
        ),
    ):
        found = find_wavecar([here], number, changed)
        assert found.source is None
        assert said in found.why


@pytest.mark.parametrize("step", ["relax", "static"])
def test_a_kill_while_the_wavecar_is_written_costs_no_state(
    chain: Callable[..., Chain],
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = chain(incar={"static": {"LWAVE": True}})
    if step == "static":
        one.run("relax")
    monkeypatch.setenv("FAKE_VASP_FAIL", "kill_wavecar")
    monkeypatch.setenv("FAKE_VASP_FAIL_ONCE", str(tmp_path / "once"))
    with pytest.raises(StepFailed):
        one.run(step)
    retry_step(one.directory(step))
    document = one.run(step)
    assert str(document.state) == "DONE"
    assert one.readers()[-1] == ("static" if step == "static" else "relax/relax-2")
    assert "started_from_scratch" not in {f.id for f in document.findings}
    assert "inputs_changed" not in {f.id for f in document.findings}
    assert one.wavecars() == [f"{step}/{'' if step == 'static' else 'relax-2/'}WAVECAR"]


def test_a_relaxation_that_ran_out_of_steps_goes_on_from_its_orbitals(
    chain: Callable[..., Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = chain()
    monkeypatch.setenv("FAKE_VASP_FAIL", "unconverged_ionic")
    with pytest.raises(StepFailed):
        one.run("relax")
    assert one.wavecars() == ["relax/relax-1/WAVECAR"]
    monkeypatch.delenv("FAKE_VASP_FAIL")
    retry_step(one.directory("relax"))
    one.run("relax")
    assert one.readers() == ["relax/relax-1", "relax/relax-2"]
    assert one.wavecars() == ["relax/relax-2/WAVECAR"]


def test_a_volume_that_never_settles_leaves_none(chain: Callable[..., Chain]) -> None:
    one = chain(settled_steps=1, max_restarts=1)
    with pytest.raises(StepFailed):
        one.run("relax")
    assert one.wavecars() == []


def test_a_cut_static_run_takes_the_source_again(chain: Callable[..., Chain]) -> None:
    one = chain()
    one.run("relax")
    one.run("static")
    static = one.directory("static")
    (static / "task_document.json").unlink()
    cut(static / "OUTCAR")
    # A kill before the document was stored: the source has not been removed yet.
    source = one.directory("relax", "relax-2") / "WAVECAR"
    fresh = chain()
    fresh.root = one.root / "fresh"
    fresh.run("relax")
    shutil.copy(fresh.directory("relax", "relax-2") / "WAVECAR", source)
    again = one.run("static")
    assert str(again.state) == "DONE"
    assert one.incar("static")["ISTART"] == 1
    assert not source.exists()


def test_an_attempt_whose_wavecar_custodian_deleted_starts_from_scratch(
    chain: Callable[..., Chain],
) -> None:
    one = chain()
    one.run("relax")
    here, source = (one.directory("relax", f"relax-{n}") for n in (2, 1))
    shutil.copy(here / "WAVECAR", source / "WAVECAR")
    for deleted in (False, True):
        Incar({"ISTART": 1, "ICHARG": 0, "ENCUT": 520}).write_file(here / "INCAR")
        (here / "WAVECAR").write_bytes(b"cut by a kill")
        if deleted:  # custodian's cure where VASP cannot read it
            (here / "WAVECAR").unlink()
        prepare_attempt(here)
        tags = Incar.from_file(here / "INCAR")
        scratch = (tags["ISTART"], tags["ICHARG"]) == (0, 2)
        assert scratch == deleted
        assert (here / "WAVECAR").exists() != deleted


def test_a_failed_run_leaves_what_a_rerun_starts_from_and_no_more(
    chain: Callable[..., Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = chain()
    one.run("relax")
    monkeypatch.setenv("FAKE_VASP_FAIL", "unconverged")
    with pytest.raises((StepFailed, Terminated)):
        one.run("static")
    assert one.wavecars() == ["relax/relax-2/WAVECAR"]


def test_a_firework_of_before_goes_on_from_scratch(chain: Callable[..., Chain]) -> None:
    plain = chain(restart="scratch").calculation.as_dict()
    del plain["settings"]["wavecar"]
    earlier = Calculation.from_dict(plain)
    one = chain()
    one.calculation = Calculation.from_dict({**plain, "id": content_id(earlier)})
    one.run("relax")
    assert str(one.run("static").state) == "DONE"
    assert (one.readers(), one.wavecars()) == ([], [])


def test_the_run_file_names_the_source(chain: Callable[..., Chain]) -> None:
    one = chain()
    one.run("relax")
    found = read_run_file(one.directory("relax", "relax-2"))
    assert found is not None
    assert found[2]["orbitals"] == {"from": "../relax-1", "why": ""}
