"""A campaign with values that mean nothing: one line, exit code 2, nothing written."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import forked

BASE = "name: t\nx: [1]\n"


def lnmo(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forked.lnmo(*words, cwd=place, env=os.environ)


@pytest.mark.parametrize(
    "lines",
    [
        "vasp: {hubbard_u: {Mn: .nan, Ni: 4}}",
        'vasp: {incar: {common: {ALGO: "Fast\\nISPIN = 1"}}}',
        "vasp: {kpoints: [3, 3, 3]}\nvasp: {kpoints: [4, 4, 4]}",
        "a: &a [x, x]\nb: &b [*a, *a]\n"
        + "".join(f"b{n}: &b{n} [*b, *b{n}, *b{n}]\n" for n in range(9)),
        "description: " + "[" * 5000,
    ],
)
def test_it_is_refused_before_anything_is_written(tmp_path: Path, lines: str) -> None:
    (tmp_path / "mine.yaml").write_text(f"{BASE}{lines}\n", "utf-8")
    for words in (["plan", "mine.yaml"], ["write", "mine.yaml", "-o", "inputs"]):
        ran = lnmo(tmp_path, *words)
        assert ran.returncode == 2, ran.stderr
        assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
        assert "Traceback" not in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("x", ["nan", "inf", "1e999", "-1"])
def test_an_x_that_is_none_is_refused(tmp_path: Path, x: str) -> None:
    ran = lnmo(tmp_path, "plan", "paper", f"--x={x}")
    assert ran.returncode == 2, ran.stdout
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []
