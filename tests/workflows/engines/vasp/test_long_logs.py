"""No log is read whole: a launcher or a broken VASP may print without an end."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.checks.several_vasps import several_vasps
from workflows.engines.vasp.launcher_output import (
    began,
    last_meaningful_line,
    never_started,
)
from workflows.engines.vasp.process import disk_is_full
from workflows.engines.vasp.state import missing, vasp_error
from workflows.vasp import log_text
from workflows.vasp.run_files import VaspFiles

LIMIT = 2_000
ERROR = "\nError EDDDAV: Call to ZHEGV failed\n"
BANNER = "\n running on    1 total cores\n"
STEP = "DAV:   1    -0.100E+02   -0.10000E+00   -0.10E+00   100   0.1E+00\n"
NOISE = {"one line": "x" * 200_000, "many lines": "loading\n" * 25_000}


@pytest.fixture(params=NOISE)
def noise(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(log_text, "MOST_BYTES", LIMIT)
    return NOISE[request.param]


def files(place: Path, text: str, name: str = "vasp.out") -> VaspFiles:
    (place / name).write_text(text)
    return VaspFiles(place, "", {})


def test_an_error_is_found_at_the_head_and_the_tail_of_a_log(
    tmp_path: Path, noise: str
) -> None:
    for text in (ERROR + noise, noise + ERROR):
        assert vasp_error(files(tmp_path, text)).startswith("edddav")
    assert vasp_error(files(tmp_path, noise + ERROR + noise)) == ""


def test_steps_of_a_long_log_are_counted_as_at_least_so_many(
    tmp_path: Path, noise: str
) -> None:
    assert "vasp.out has 0 ionic steps, 9 electronic steps" in missing(
        files(tmp_path, STEP * 9), ours=True
    )
    for name in ("vasp.out", "OSZICAR"):
        text = STEP * 9 + noise + "\n" + STEP * 2
        assert f"{name} has over 0 ionic steps, 11 electronic steps" in missing(
            files(tmp_path, text, name), ours=True
        )


def test_vasps_that_begin_in_a_long_log_are_counted_at_its_ends(
    tmp_path: Path, noise: str
) -> None:
    (tmp_path / "lnmo.json").touch()
    (found,) = several_vasps(files(tmp_path, 4 * BANNER + noise))
    assert "shows 4 VASPs" in found.message
    assert several_vasps(files(tmp_path, BANNER + noise + 3 * BANNER + noise)) == ()


@pytest.mark.parametrize("name", ["vasp.out", "std_err.txt"])
def test_a_launcher_says_why_at_the_head_or_the_tail_of_what_it_prints(
    tmp_path: Path, noise: str, name: str
) -> None:
    cause = "\nvasp_std: error while loading shared libraries: libmkl.so\n"
    for text in (cause + noise, noise + cause):
        files(tmp_path, text, name)
        assert "libmkl.so" in never_started(tmp_path, 1)
        assert not began(tmp_path)
    files(tmp_path, noise + BANNER, name)
    assert began(tmp_path)


def test_a_full_disk_is_looked_for_at_the_ends_of_a_log(
    tmp_path: Path, noise: str
) -> None:
    (tmp_path / "OUTCAR").touch()
    full = "\nforrtl: No space left on device\n"
    files(tmp_path, noise + full)
    assert disk_is_full(tmp_path)
    files(tmp_path, noise)
    assert not disk_is_full(tmp_path)


def test_the_last_line_of_one_without_an_end_is_its_last_words(
    tmp_path: Path, noise: str
) -> None:
    files(tmp_path, noise + " over and out")
    assert last_meaningful_line(tmp_path / "vasp.out")
