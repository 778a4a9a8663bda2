"""What several test files start from: the paper's campaign, and files made from it."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows import load_campaign, plan
from workflows.campaign import Campaign
from workflows.plan import Calculation

WriteCampaign = Callable[..., Path]


@pytest.fixture(scope="session")
def paper() -> Campaign:
    return load_campaign("paper")


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
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def require_chgnet() -> None:
    """Skip without the package, or fail where the environment requires it."""
    if importlib.util.find_spec("chgnet") is None:
        reason = "chgnet is not installed: make setup, or pip install 'lnmo[chgnet]'"
        if "chgnet" in os.environ.get("LNMO_REQUIRE", "").split(","):
            pytest.fail(f"LNMO_REQUIRE asks for chgnet, but {reason}")
        pytest.skip(reason)
