"""Real runs of tests/data, copied and edited."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from tests.places import DATA
from workflows.records.document import TaskDocument


def unpacked(name: str, tmp_path: Path) -> Path:
    """Copy a directory of tests/data, its files plain."""
    place = tmp_path / "run"
    place.mkdir()
    for path in (DATA / name).iterdir():
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        (place / path.name.removesuffix(".gz")).write_bytes(content)
    return place


def edited(path: Path, pattern: str, new: str, count: int = 0) -> None:
    """Replace what a pattern finds, and it must find something."""
    text, found = re.subn(pattern, new, path.read_text("utf-8"), count=count)
    assert found, f"nothing matches {pattern}"
    path.write_text(text, "utf-8")


def ids(document: TaskDocument) -> set[str]:
    return {finding.id for finding in document.findings}
