"""A calculation, and runs of it that were made by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.collect.by_hand import CAMPAIGN, chain_by_hand
from workflows import load_campaign, plan
from workflows.campaign.calculation import Calculation


@pytest.fixture(scope="session")
def calculation(tmp_path_factory: pytest.TempPathFactory) -> Calculation:
    path = tmp_path_factory.mktemp("campaign") / "c.yaml"
    path.write_text(yaml.safe_dump(CAMPAIGN), "utf-8")
    (found,) = plan(load_campaign(path))
    return found


@pytest.fixture(scope="session")
def made(calculation: Calculation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("elsewhere")
    chain_by_hand(place, calculation)
    return place


@pytest.fixture
def runs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "runs"))
