"""An error that nobody expected says what it is, where, and that it is ours."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from workflows.engines import fault
from workflows.engines.fault import fault_message, place_of
from workflows.engines.vasp.deadline import Clock
from workflows.errors import StepFailed


def raised(call: object, *arguments: object) -> Exception:
    with pytest.raises(Exception) as found:  # noqa: PT011
        call(*arguments)  # type: ignore[operator]
    return found.value


def test_a_message_of_ours_or_of_the_system_is_told_as_it_is() -> None:
    assert fault_message(StepFailed("FAILED: too short\n a distance")) == (
        "FAILED: too short a distance"
    )
    gone = FileNotFoundError(2, "No such file or directory", "INCAR")
    assert fault_message(gone) == "[Errno 2] No such file or directory: 'INCAR'"


def test_any_other_error_names_its_class_and_place() -> None:
    words = fault_message(raised(Clock, None))
    assert words.startswith("a bug in lnmo, not in the run: TypeError: ")
    assert "please report it" in words
    words = fault_message(raised(fault.fault_message, 1))
    assert "AttributeError" in words
    assert "at workflows/engines/fault.py:" in words


def test_a_package_that_is_installed_beside_others_is_still_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "lib" / "site-packages"
    code = "def read(call):\n    call()\n"
    places = {}
    for name in ("workflows/vasp", "pymatgen/io", "other"):
        (top / name).mkdir(parents=True)
        (top / name / "read.py").write_text(code)
        places[name] = runpy.run_path(str(top / name / "read.py"))["read"]
    monkeypatch.setattr(fault, "TOP", top)

    def fails() -> None:
        raise KeyError("x")

    def where(*names: str) -> tuple[str, bool]:
        call: Callable[[], None] = fails
        for name in reversed(names):
            call = partial(places[name], call)
        return place_of(raised(call).__traceback__)

    ours = "workflows/vasp/read.py:2 (read)"
    assert where("workflows/vasp") == (ours, True)
    assert where("workflows/vasp", "other") == (ours, True)
    theirs = "pymatgen/io/read.py:2 (read)"
    assert where("workflows/vasp", "pymatgen/io") == (theirs, False)
