"""STOPCAR and the wall time: what is asked of VASP, and what its answer means."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.engines.machine import Machine
from workflows.engines.vasp.deadline import Clock
from workflows.records.document import State
from workflows.vasp.file_ends import FOOTER

REACHED = " reached required accuracy - stopping structural energy minimisation"


@pytest.mark.parametrize(
    ("run", "words", "without", "state"),
    [
        ("MgMn2O4_static_ferromagnetic", "soft", "", State.DONE),
        ("MgMn2O4_relax_ferromagnetic", "soft", "", State.DONE),
        ("MgMn2O4_relax_ferromagnetic", "soft", REACHED, State.UNCONVERGED),
        ("MgMn2O4_static_ferromagnetic", "hard", "", State.UNCONVERGED),
        ("MgMn2O4_relax_ferromagnetic", "hard", "", State.UNCONVERGED),
    ],
)
def test_a_stop_counts_where_something_was_left_to_do(
    tmp_path: Path, run: str, words: str, without: str, state: State
) -> None:
    for packed in (DATA / run).glob("*.gz"):
        text = gzip.decompress(packed.read_bytes())
        (tmp_path / packed.stem).write_bytes(text)
    outcar = tmp_path / "OUTCAR"
    told = f" {words} stop encountered!  aborting job ...\n\n {FOOTER}"
    text = outcar.read_text("utf-8").replace(f" {FOOTER}", told)
    assert without in text
    outcar.write_text(text.replace(without, "") if without else text, "utf-8")
    document = parse_run(tmp_path)
    assert document.state is state
    assert ("STOPCAR" in document.reason) is (state is State.UNCONVERGED)


def started(place: Path, *, left: float, relaxes: bool) -> Clock:
    """Watch a VASP whose only ionic step so far took 100 s."""
    machine = Machine(deadline=time.time() + left, stop_margin=60.0)
    clock = Clock(place, machine, relaxes=relaxes)
    clock._since = time.time() - 100
    (place / "OSZICAR").write_text("   1 F= -.1E+02 E0= -.1E+02  d E =-.1E-01\n")
    return clock


def test_a_relaxation_is_asked_to_stop_while_two_of_its_steps_still_fit(
    tmp_path: Path,
) -> None:
    clock = started(tmp_path, left=150, relaxes=True)
    assert not clock.look()
    assert (clock.asked, (tmp_path / "STOPCAR").exists()) == (True, True)


def test_a_single_point_has_all_the_time_until_it_has_to_be_killed(
    tmp_path: Path,
) -> None:
    clock = started(tmp_path, left=150, relaxes=False)
    assert not clock.look()
    assert not clock.asked
    late = started(tmp_path, left=29, relaxes=False)
    assert late.look()
    assert late.asked
    assert not (tmp_path / "STOPCAR").exists()
