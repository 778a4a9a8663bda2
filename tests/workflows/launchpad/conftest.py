"""A project of its own on a MongoDB, for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import Mongo
from workflows.records.database import Database, read_database


@pytest.fixture
def database(tmp_path: Path, mongo: Mongo) -> Database:
    name = tmp_path.name.replace("-", "_")[-40:]
    settings = f"host: 127.0.0.1\nport: {mongo.port}\nname: {name}\n"
    (tmp_path / "launchpad.yaml").write_text(settings)
    return read_database(tmp_path)
