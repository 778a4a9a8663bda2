"""What several test files start from: the paper's campaign, and files made from it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings
from pymatgen.core import Lattice

from tests.browser import find_chromium
from tests.places import TESTS
from tests.servers import Mongo, Slurm, missing_for_slurm, need, slurm_running
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.engines.protocol import identity
from workflows.records.document import INCAR, State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.signals import ENDING
from workflows.vasp.known_tags import physics_tags

WriteCampaign = Callable[..., Path]

FIRST = (
    *("test_cluster_failures", "test_kills", "test_cluster_campaign", "test_faults"),
    *("test_gpaw_on_slurm", "test_gpaw_campaign", "test_chgnet_campaign"),
    *("test_end_to_end", "test_reseed", "test_tutorial", "test_error_logs"),
    *("test_verdicts_end_to_end", "test_other_spinels", "test_run_mishaps"),
)
"""Files that take longest, so that none of them is the last to start."""

SLOW = (
    *("engines/chgnet", "engines/gpaw", "engines/vasp", "exchange", "cluster"),
    *("engines/test_step", "engines/test_odd_files", "engines/test_parse_tree"),
    *("launchpad/test_file_lock", "launchpad/test_local_run", "launchpad/test_judged"),
    *("vasp/test_packed", "vasp/test_potcars", "vasp/test_one_run"),
    *("report/test_page", "report/test_collect", "report/test_figure_files"),
    *("cli/test_bad_campaigns", "cli/test_full_disk", "cli/test_choices"),
    *("cli/test_orderings", "cli/test_check", "cli/test_report_runs", "test_firetasks"),
    *("checks/test_changed_inputs_custodian", "checks/test_inputs_as_applied"),
    *("campaign/test_cell_cure", "campaign/test_reference_metal"),
    *("campaign/test_host_file", "campaign/test_plan"),
    "collect/",
    *("structures/test_sampling", "structures/test_canonical", "structures/test_sites"),
)
"""In `tests/workflows`, and beside it in `tests`: what starts processes, draws, cuts
real files a thousand ways, or takes some seconds for another reason."""

# Examples are timed by a busy machine as well: no limit on one of them.
settings.register_profile("lnmo", deadline=None)
settings.load_profile("lnmo")


@pytest.fixture(scope="session")
def paper() -> Campaign:
    """The paper's cathode, one start at each x.

    Its lithium reference and its several starts have tests of their own.
    """
    packaged = load_campaign("paper")
    start = packaged.start.model_copy(update={"single": True})
    return packaged.model_copy(update={"lithium_reference": False, "start": start})


@pytest.fixture(scope="session")
def calculations(paper: Campaign) -> tuple[Calculation, ...]:
    """The ten calculations of the paper's campaign; values, so sharing is safe."""
    return plan(paper)


@pytest.fixture
def write_campaign(paper: Campaign, tmp_path: Path) -> WriteCampaign:
    """Write the paper's campaign with some keys changed, dots between the sections."""

    def write(changes: dict[str, Any], name: str = "mine.yaml") -> Path:
        content = paper.model_dump(mode="json")
        for key, value in changes.items():
            *sections, last = key.split(".")
            section = content
            for part in sections:
                section = section[part]
            section[last] = value
        path = tmp_path / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def require_gpaw() -> None:
    """Skip without the package, or fail where the environment requires it."""
    if importlib.util.find_spec("gpaw") is None:
        need("gpaw", "gpaw is not installed: make system (root), make setup-gpaw")


@pytest.fixture(scope="session")
def require_chgnet() -> None:
    """Skip without the package, or fail where the environment requires it."""
    if importlib.util.find_spec("chgnet") is None:
        reason = "chgnet is not installed: make setup, or pip install 'lnmo[chgnet]'"
        if "chgnet" in os.environ.get("LNMO_REQUIRE", "").split(","):
            pytest.fail(f"LNMO_REQUIRE asks for chgnet, but {reason}")
        pytest.skip(reason)


@pytest.fixture(scope="session")
def mongo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongo]:
    """One MongoDB for all; every test names a database of its own."""
    server = Mongo(tmp_path_factory.mktemp("mongo")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Skip without a Chromium, or fail where the environment requires it."""
    found = find_chromium()
    need("chromium", "" if found else "chromium is not installed")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    """One real Slurm for all, of eight cores it does not have."""
    need("slurm", missing_for_slurm())
    with slurm_running(tmp_path_factory.mktemp("slurm"), cpus=8) as running:
        yield running


@pytest.fixture(scope="session")
def finished() -> Callable[..., TaskDocument]:
    """Make up the document of a step; its numbers are those that the paper states."""

    def make(
        calculation: Calculation, step: str = "static", **changes: Any
    ) -> TaskDocument:
        x = calculation.x
        a = 8.0 + 0.17 * min(x, 1) + 0.03 * max(x - 1, 0)
        structure = calculation.structure.copy()
        structure.lattice = Lattice.tetragonal(a, a * (1 + 0.05 * max(x - 1, 0)))
        moments = {"Li": 0.0, "O": 0.0, "Ni": -0.5 - 1.2 * min(x, 1), "Mn": 3.2}
        sites = [moments.get(s.specie.symbol, 0.0) for s in structure]
        manganese = [i for i, s in enumerate(structure) if s.specie.symbol == "Mn"]
        for i in manganese[: round(len(manganese) * 8 * max(x - 1, 0) / 12)]:
            sites[i] = 3.95  # Mn3+, as many as charge balance asks for
        made = {
            **identity(calculation, step),
            **{"state": State.DONE, "engine_version": "6.4.2", "cell_relaxed": True},
            **{"structure": structure, "energy": -362.0 - 8 * 6.3 * x},
            "magnetization": tuple(sites),
            "bandgap": 0.5,
            "hubbards": dict(calculation.settings.get("hubbards", {})),
            "settings": settings_of(calculation, step),
            "final_sites": sites_of(calculation),
            # What says that a cell which ends where it started is at its minimum.
            **{"max_force": 0.01, "max_stress_kbar": 0.5},
            "dir_name": f"calculations/{calculation.id}/{step}",
        }
        return TaskDocument(**(made | changes))

    return make


def settings_of(calculation: Calculation, step: str) -> dict[str, Any]:
    """What a document of VASP keeps of its settings."""
    tags = calculation.settings.get("incar", {}).get(step, {})
    functional = calculation.settings.get("functional", "pbe_u")
    shared = {"functional": functional, "ENCUT": 520.0, "kpoints": [3, 3, 3]}
    return {**shared, INCAR: physics_tags(tags)}


def sites_of(calculation: Calculation) -> dict[str, dict[str, int]]:
    """Count the cations where they were put."""
    counts: dict[str, dict[str, int]] = {}
    for site in calculation.structure:
        if site.specie.symbol != "O":
            own = counts.setdefault(site.specie.symbol, {})
            own[site.properties["role"]] = own.get(site.properties["role"], 0) + 1
    return counts


@pytest.fixture(scope="session")
def as_a_user() -> list[str]:
    """What goes before a command that may not read everything, as root may."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root may read everything")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", rights, "--inh-caps", rights]


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    """Give the tests back what a command takes, as if its process had ended."""
    before = {each: signal.getsignal(each) for each in ENDING}
    yield
    for each, handler in before.items():
        if signal.getsignal(each) is not handler:
            signal.signal(each, handler)


@pytest.fixture(scope="session")
def record() -> Callable[..., Path]:
    """Put documents into a directory, where `open_results` finds them."""

    def fill(where: Path, *documents: TaskDocument) -> Path:
        (where / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
        store = FileResults(where / "lnmo-data")
        for document in documents:
            assert document.calculation_id is not None
            store.directory(document.calculation_id, document.task_label).mkdir(
                parents=True, exist_ok=True
            )
            store.put(document)
        return where

    return fill


@pytest.fixture
def project(tmp_path: Path, record: Callable[..., Path]) -> Callable[..., Path]:
    """Put documents into a directory of this test alone; give the directory."""
    return partial(record, tmp_path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest first."""
    items.sort(key=_place)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what a person at work leaves out."""
    if _top(item) or _inside(item).startswith(SLOW):
        item.add_marker(pytest.mark.slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let one job run a file, so that what its tests share is made once.

    The tests of `tests/` itself run whole campaigns: those of a file that shares
    nothing may go anywhere. (`--dist loadgroup` of xdist 3.8 does nothing with
    pytest 9.2.)
    """
    from xdist.scheduler.loadscope import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return nodeid if _shares_nothing(file) else file

    return ByFile(config, log)


@cache
def _shares_nothing(file: str) -> bool:
    path = TESTS.parent / file
    return path.parent == TESTS and 'scope="' not in path.read_text("utf-8")


def _place(item: pytest.Item) -> tuple[int, int]:
    """Rank by the file: long ones, other campaigns, the rest."""
    name = item.path.stem
    return (not _top(item), FIRST.index(name) if name in FIRST else len(FIRST))


def _inside(item: pytest.Item) -> str:
    """Return the file's place in `tests/workflows`, or in `tests`."""
    return str(item.path.relative_to(TESTS)).removeprefix("workflows/")


def _top(item: pytest.Item) -> bool:
    return item.path.parent == TESTS
