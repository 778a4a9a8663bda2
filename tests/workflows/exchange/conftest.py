"""Results of GPAW and of the fake VASP; made up, those of VASP and of CHGNet."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.places import DATA
from workflows import open_results
from workflows.campaign.calculation import Calculation
from workflows.exchange.record import Record, records_of
from workflows.records.document import TaskDocument
from workflows.results.results import Results

KINDS = ("gpaw", "fake", "vasp", "surrogate")
MP_U = {"Mn": 3.9, "Ni": 6.2}
POTCARS = {
    "Li": "PAW_PBE Li_sv 10Sep2004",
    "Ni": "PAW_PBE Ni_pv 06Sep2000",
    "Mn": "PAW_PBE Mn_pv 02Aug2007",
    "O": "PAW_PBE O 08Apr2002",
}
SURROGATE: dict[str, Any] = {
    "engine": "chgnet",
    "engine_version": "0.4.2",
    "surrogate": True,
    "moments_signed": False,
    "hubbards": {},
    "settings": {},
}


@pytest.fixture(scope="session")
def made(
    tmp_path_factory: pytest.TempPathFactory,
    calculations: tuple[Calculation, ...],
    finished: Callable[..., TaskDocument],
    record: Callable[..., Path],
) -> Callable[..., Results]:
    """Record documents at x = 1 and 2, with some fields changed; open them."""

    def make(**changes: Any) -> Results:
        place = tmp_path_factory.mktemp("made")
        chosen = [c for c in calculations if c.x in (1, 2)]
        assert len(chosen) >= 2
        return open_results(record(place, *(finished(c, **changes) for c in chosen)))

    return make


@pytest.fixture(scope="session")
def opened(
    tmp_path_factory: pytest.TempPathFactory, made: Callable[..., Results]
) -> dict[str, Results]:
    gpaw = tmp_path_factory.mktemp("gpaw")
    (gpaw / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    shutil.copytree(DATA / "gpaw" / "dft", gpaw / "lnmo-data")
    fake = tmp_path_factory.mktemp("fake")
    with tarfile.open(DATA / "project_of_0_1_0" / "project.tar.gz") as packed:
        packed.extractall(fake, filter="data")
    return {
        "gpaw": open_results(gpaw),
        "fake": open_results(fake),
        "vasp": made(potcar=POTCARS),
        "surrogate": made(**SURROGATE, potcar={}),
    }


@pytest.fixture(scope="session")
def samples(opened: dict[str, Results]) -> dict[str, tuple[Record, ...]]:
    return {kind: records_of(results) for kind, results in opened.items()}
