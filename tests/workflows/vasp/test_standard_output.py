"""How many VASPs printed to one standard output, by the lines that each begins with."""

from __future__ import annotations

import gzip

import pytest

from tests.labels import LABELS, labelled
from tests.places import TESTS
from workflows.vasp.standard_output import Starts, starts, steps_printed

FIVE = (
    " running on    1 total cores\n distrk:  each k-point on    1 cores,    1 groups\n"
)
SIX = " running    1 mpi-ranks, with    1 threads/rank, on    1 nodes\n"
OLD = " running on    1 nodes\n"
VERSION = " vasp.5.4.4.18Apr17-6-g9f103f2a35 (build Aug 22 2019 09:35:51) complex\n"
LOOP = " entering main loop\n"
SERIAL = VERSION + " POSCAR found type information on POSCAR  Li O\n" + LOOP
STEPS = "DAV:   1     0.1E+03    0.1E+03   -0.1E+04  96   0.1E+02\n   1 F= -.1E+02\n"
ONE = FIVE + VERSION + LOOP + STEPS


def counted(text: str) -> tuple[int, bool]:
    found = starts(text.encode().splitlines(keepends=True))
    return found.count, found.at_once


@pytest.mark.parametrize(
    ("text", "expected"),
    {
        "nothing": ("", (0, False)),
        "one": (ONE, (1, False)),
        "two at once": (2 * FIVE + 2 * VERSION + 2 * LOOP + STEPS, (2, True)),
        "version 6": (3 * SIX + 3 * VERSION + 3 * LOOP, (3, True)),
        "version 5.2": (2 * OLD + 2 * LOOP, (2, True)),
        "serial builds": (2 * VERSION + 2 * LOOP, (2, True)),
        "in one line": (FIVE.strip() + FIVE + 2 * LOOP.strip() + "\n", (2, True)),
        "one after the other": (2 * ONE, (2, False)),
        "again after an error": (FIVE + " Error reading item\n" + ONE, (2, False)),
        "each with its own lines": (ONE + ONE, (2, False)),
        "images": (
            " running on    8 nodes\n each image running on    4 nodes\n" + LOOP,
            (1, False),
        ),
        "a trace of vasp.5.4.4": (
            ONE + "vasp.5.4.4.std     0000000001A2 Unknown   Unknown  Unknown\n",
            (1, False),
        ),
        "banners": (
            "Job 4711 running on 4 nodes of partition normal\n"
            "mpirun: running on 8 total cores\nsrun: running on 2 nodes\n"
            "LSF is running on 4 nodes\n" + ONE,
            (1, False),
        ),
        "a padded banner": (
            "running on 4 nodes\n running on 8 total cores\n" + ONE,
            (1, False),
        ),
        "two in one line": (2 * VERSION.strip() + "\n" + 2 * LOOP, (2, True)),
        "older than its build": (
            2 * " vasp.5.2.12 11Nov11 complex\n" + 2 * LOOP,
            (2, True),
        ),
        "older, one after the other": (
            2 * (" vasp.5.2.12 11Nov11 complex\n" + LOOP + STEPS),
            (0, False),
        ),
        "the end of its log again": (ONE + LOOP + STEPS, (1, False)),
        "serial, one after the other": (2 * (SERIAL + STEPS), (2, False)),
        "a gamma-only build": (
            2 * VERSION.replace("complex", "gamma-only"),
            (2, False),
        ),
    }.values(),
)
def test_each_vasp_is_counted_once(text: str, expected: tuple[int, bool]) -> None:
    assert counted(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "vasp.6.4.2",
        "vasp.6.4.2 20Jul23 loaded",
        "Loading module vasp.6.4.2 20Jul23 (build with intel)",
        "vasp.6.4.2.20Jul23/bin/vasp_std",
        "vasp.6.4.2.20Jul23-intel (built by easybuild) complex",
        "0: vasp.6.4.2 20Jul23",
        "vasp.6.4.2 20Jul23 (build May 18 2023 13:19:41) complex: loaded",
        VERSION.strip(),
    ],
)
@pytest.mark.parametrize("build", [FIVE, SIX, ""])
def test_what_a_module_or_a_wrapper_says_of_vasp_is_no_vasp(
    line: str, build: str
) -> None:
    if build or line != VERSION.strip():  # a serial VASP prints nothing else
        assert counted(f"{line}\n{build}{SERIAL}{STEPS}") == (1, False)


MANY = (
    " running on 1024 total cores\n distrk:  each k-point on 1024 cores,    1 groups\n"
)


@pytest.mark.parametrize(
    "banner",
    [
        "running on 1024 total cores\n",
        "running on 1024 nodes\n",
        "running on10240 nodes\n",
    ],
)
def test_a_banner_of_a_thousand_ranks_is_no_vasp(banner: str) -> None:
    one = MANY + VERSION + LOOP + STEPS
    assert counted(one) == (1, False)
    assert counted(banner + one) == (1, False)
    assert counted(2 * MANY + 2 * VERSION + 2 * LOOP) == (2, True)
    assert counted(MANY.strip() + MANY + 2 * LOOP) == (2, True)
    assert counted(2 * (MANY + VERSION) + LOOP) == (2, False)
    six = " running 1024 mpi-ranks, with    1 threads/rank, on   16 nodes\n"
    assert counted(3 * six + 3 * LOOP) == (3, True)


@pytest.mark.parametrize(
    "label",
    [*LABELS.values(), "c{}:", "Mon Nov 30 23:39:0{} 2026<stdout>:"],
    ids=[*LABELS, "a host", "only the time"],
)
@pytest.mark.parametrize("lines", [FIVE + VERSION + LOOP, SIX + VERSION + LOOP, SERIAL])
def test_a_label_of_the_launcher_hides_no_vasp(label: str, lines: str) -> None:
    assert counted(labelled(lines, label, 3)) == (3, True)
    assert counted(labelled(lines, label)) == (1, False)


@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
def test_labelled_steps_are_steps(label: str) -> None:
    assert steps_printed(labelled(STEPS, label)) == "1 ionic step, 1 electronic step"


def test_every_real_output_is_that_of_one_vasp() -> None:
    found = {
        path.parent.name: starts(
            gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        )
        for path in TESTS.glob("data/*/vasp.out*.gz")
    }
    assert len(found) >= 3
    assert set(found.values()) == {Starts(1, at_once=False)}
