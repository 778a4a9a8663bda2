"""A CHGNet that is installed, and that this machine cannot import."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.cli.doctor_engines import chgnet_check
from workflows.cli.health import Health
from workflows.cli.machine_check import check_machine
from workflows.engines.chgnet.engine import ChgnetEngine, _model
from workflows.engines.chgnet.imported import import_problem
from workflows.engines.fault import fault_message
from workflows.engines.machine import Machine
from workflows.errors import InputError, MachineError
from workflows.launchpad.local_run import machine_failure
from workflows.records.database import Database
from workflows.records.document import State

LIBRARY = "ImportError: libtorch_cuda.so: cannot open shared object file"
BROKEN = {
    "a library": (f"raise ImportError({LIBRARY.partition(': ')[2]!r})", LIBRARY),
    "a loader": ("raise OSError('libgomp.so.1: not found')", "OSError: libgomp.so.1"),
    "another build": ("import nosuch_a.b", "'nosuch_a'"),
    "a module of its own": ("import chgnet.nosuch", "No module named 'chgnet.nosuch'"),
    "an old numpy": ("import math; math.no", "AttributeError: module 'math' has no"),
    "a crash": ("import os; os.kill(os.getpid(), 4)", "killed by signal 4 (SIGILL)"),
    "a code of a signal": (
        "import os; os._exit(134)",
        "exit code 134: perhaps killed by signal 6 (SIGABRT)",
    ),
    "a loader that exits": (
        "import os; os.write(2, b'libc10.so: cannot open shared object file\\n'); "
        "os._exit(134)",
        "imported: exit code 134: libc10.so: cannot open shared object file",
    ),
    "an exit": ("import sys; sys.exit('no GPU')", "exit code 1: no GPU"),
}


@pytest.fixture
def calculation() -> Calculation:
    campaign = load_campaign("paper").override(engine="chgnet", x=[1])
    return next(c for c in plan(campaign) if not c.reference)


def installed(
    place: Path, monkeypatch: pytest.MonkeyPatch, code: str, *, loaded: bool = False
) -> None:
    """Put a CHGNet before the real one; ``loaded``: for this process too."""
    site = place / "site"
    for package, content in (("chgnet", code), ("torch", "")):
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    monkeypatch.delitem(sys.modules, "chgnet", raising=False)  # of another test
    if loaded:
        _model.cache_clear()
        own = {"chgnet", "torch"}
        names = {name for name in sys.modules if name.partition(".")[0] in own}
        for name in names | own | {"chgnet.model", "chgnet.model.model"}:
            monkeypatch.setitem(sys.modules, name, sys.modules.get(name))
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("what", BROKEN)
def test_an_import_that_fails_is_told_with_its_own_line(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, words = BROKEN[what]
    installed(tmp_path, monkeypatch, code)
    problem = import_problem()
    assert words in problem
    missing = what == "another build"
    assert ("installed but cannot be imported" in problem) is not missing
    assert ("pip install" in problem) is missing


def test_a_chgnet_that_cannot_be_imported_is_refused_before_the_first_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calculation: Calculation
) -> None:
    installed(tmp_path, monkeypatch, BROKEN["a library"][0])
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "launchpad.yaml"
    database = Database(place, tmp_path / "data", {"host": "embedded"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(MachineError, match="is installed but cannot be imported"):
        check_machine(database, (calculation,))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["0.3.1", "r2SCAN", "mine.pth.tar"])
@pytest.mark.parametrize("of_gpaw", [False, True], ids=["own", "geometry of GPAW"])
def test_weights_that_chgnet_does_not_have_are_refused_before_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, of_gpaw: bool
) -> None:
    installed(tmp_path, monkeypatch, "raise RuntimeError('imported')")
    for weights in ("0.3.0", "r2scan"):
        (tmp_path / "site/chgnet/pretrained" / weights).mkdir(parents=True)
    own = tmp_path / "c.yaml"
    lines = "gpaw: {geometry: chgnet}\nengine: gpaw" if of_gpaw else "engine: chgnet"
    own.write_text(f"x: [1]\n{lines}\nchgnet: {{model: {name}}}\n")
    place = tmp_path / "launchpad.yaml"
    database = Database(place, tmp_path / "data", {"host": "embedded"})
    told = f"chgnet.model: the installed CHGNet has no weights {name!r}"
    with pytest.raises(InputError) as error:
        check_machine(database, plan(load_campaign(own)))
    assert told in str(error.value)
    assert "it has 0.3.0, r2scan: correct the campaign file" in str(error.value)
    assert not (tmp_path / "data").exists()


def test_a_step_with_unknown_weights_is_told_so_and_not_called_a_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calculation: Calculation
) -> None:
    """On a node of a queue nothing was checked before."""
    installed(tmp_path, monkeypatch, "", loaded=True)
    model = tmp_path / "site/chgnet/model"
    model.mkdir()
    (model / "__init__.py").touch()
    (model / "model.py").write_text(
        "class CHGNet:\n"
        "    def load(model_name, **_):\n"
        "        raise ValueError(f'Unknown {model_name=}')\n"
    )
    (tmp_path / "site/torch/__init__.py").write_text("set_num_threads = print")
    engine, place = ChgnetEngine(), tmp_path / "run"
    engine.write_inputs(calculation, "relax", place, None)
    with pytest.raises(InputError) as error:
        engine.run(place, Machine(), print)
    assert fault_message(error.value).startswith("chgnet.model: the installed CHGNet")


def test_the_doctor_imports_chgnet_unless_nothing_shall_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, monkeypatch, BROKEN["a library"][0])
    check = chgnet_check(start=True)
    assert (check.health, LIBRARY in check.found) == (Health.WRONG, True)
    assert "pip install" not in check.cure
    assert chgnet_check(start=False).health is not Health.WRONG


@pytest.mark.parametrize("what", ["a library", "a loader", "an old numpy"])
def test_a_step_whose_chgnet_cannot_be_imported_never_started(
    what: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    calculation: Calculation,
) -> None:
    code, words = BROKEN[what]
    installed(tmp_path, monkeypatch, code, loaded=True)
    engine, place = ChgnetEngine(), tmp_path / "run"
    engine.write_inputs(calculation, "relax", place, None)
    engine.run(place, Machine(), print)
    document = engine.parse(place)
    assert document.state is State.NEVER_STARTED
    assert document.reason.startswith("CHGNet never started: CHGNet is installed but")
    assert words in document.reason
    assert machine_failure(f"NEVER_STARTED in {place}: {document.reason}")


def test_weights_that_cannot_be_read_are_a_chgnet_that_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calculation: Calculation
) -> None:
    installed(tmp_path, monkeypatch, "", loaded=True)
    model = tmp_path / "site/chgnet/model"
    model.mkdir()
    (model / "__init__.py").touch()
    (model / "model.py").write_text(
        "class CHGNet:\n"
        "    def load(**_):\n"
        "        raise RuntimeError('PytorchStreamReader failed')\n"
    )
    (tmp_path / "site/torch/__init__.py").write_text("set_num_threads = print")
    engine, place = ChgnetEngine(), tmp_path / "run"
    engine.write_inputs(calculation, "relax", place, None)
    engine.run(place, Machine(), print)
    document = engine.parse(place)
    assert document.state is State.NEVER_STARTED
    assert "weights 0.3.0 cannot be loaded: RuntimeError: Pytorch" in document.reason
