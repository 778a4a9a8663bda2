"""What a script quotes before and after VASP is not VASP's; all else may be."""

from __future__ import annotations

import gzip

import pytest

from tests.places import TESTS
from workflows.vasp.own_output import own_output

ONE = " running on    1 total cores\n"
FOUR = " running on    4 total cores\n"
SIX = " running    4 mpi-ranks, with    1 threads/rank, on    1 nodes\n"
SERIAL = " vasp.5.4.4.18Apr17-6-g9f103f2a35 (build Aug 22 2019 09:35:51) complex\n"
HEADS = {"one rank": ONE, "four ranks": FOUR, "version 6": SIX, "serial": SERIAL}
LOOP = " entering main loop\n"
STEP = "DAV:   1    -0.100E+02   -0.10000E+00   -0.10E+00   100   0.1E+00    0.1E+00\n"
ION = "   1 F= -.10E+02 E0= -.10E+02  d E =-.10E-01\n"
DONE = " PROFILE, used timers:     619\n"
SAID = "ZBRENT: fatal error in bracketing"
QUOTES = [
    f"{SAID}\n",
    f'Known here: "{SAID}": lower POTIM\n',
    f"12:30:05 if you see {SAID}, ask us\n",
    f"#  {SAID}\n",
]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("runs", [True, False])
def test_what_a_script_says_before_vasp_begins_is_not_of_vasp(
    head: str, quote: str, runs: bool
) -> None:
    text = f"Loading\n{quote}{HEADS[head]}{LOOP}{STEP}"
    assert SAID not in own_output(text, runs=runs)
    assert STEP in own_output(text, runs=runs)


@pytest.mark.parametrize("end", [ION + DONE, ION])
@pytest.mark.parametrize("quote", QUOTES)
def test_what_a_script_says_after_vasp_has_ended_is_not_of_vasp(
    end: str, quote: str
) -> None:
    text = f"{FOUR}{LOOP}{STEP}{end}{quote}"
    assert SAID not in own_output(text, ended_well=True)
    assert (SAID in own_output(text)) is (DONE not in end)


@pytest.mark.parametrize("quote", [f" {SAID}\n", f"|     {SAID}   |\n", f"   {SAID}\n"])
def test_only_another_rank_can_print_before_the_first_and_after_its_end(
    quote: str,
) -> None:
    before, after = "{quote}{head}{STEP}", "{head}{STEP}{ION}{near}{quote}"
    near = " writing wavefunctions\n"
    for text in (before, after):
        for head, kept in ((ONE, False), (FOUR, True), (SIX, True), (SERIAL, True)):
            made = text.format(quote=quote, head=head, STEP=STEP, ION=ION, near=near)
            assert (SAID in own_output(made, ended_well=True)) is kept


@pytest.mark.parametrize("label", ["[1,3]<stdout>:", "3: ", "[3] "])
def test_a_labelled_line_may_be_of_any_rank(label: str) -> None:
    text = f"{label}{SAID}\n{label}{FOUR}{label}{LOOP}"
    assert SAID in own_output(text)
    assert SAID not in own_output(f"{SAID}\n{label}{FOUR}{label}{LOOP}")


@pytest.mark.parametrize("head", HEADS)
def test_an_error_of_vasp_is_kept_wherever_it_prints_it(head: str) -> None:
    begun, error = HEADS[head], f" {SAID}\n"
    for text in (
        begun + error,
        begun + LOOP + STEP + ION + error,
        begun + LOOP + STEP + ION + SAID,  # of a VASP that did not come to its end
        begun + error + DONE,
        begun + DONE + begun + LOOP + error,  # the script started VASP again
    ):
        assert SAID in own_output(text)
        assert SAID in own_output(text, runs=True)
    assert SAID in own_output(begun + STEP + ION + error, ended_well=True)


def test_a_vasp_that_is_not_recognised_is_heard_whole() -> None:
    reader = "Error reading item 'ENCUT' from file INCAR.\n"
    for text in (reader, f"{reader}{SAID}\n", f" vasp of another kind\n {SAID}\n", ""):
        assert own_output(text) == text
    stepping = f"{SAID}\n{STEP}"
    assert own_output(stepping, runs=True) == stepping


def test_nothing_is_of_a_vasp_that_is_still_to_begin() -> None:
    assert own_output(f"Loading\n {SAID}\n", runs=True) == ""


def test_of_every_real_output_all_that_vasp_printed_is_kept() -> None:
    paths = list(TESTS.glob("data/*/vasp.out*.gz"))
    assert len(paths) >= 3
    for path in paths:
        text = gzip.decompress(path.read_bytes()).decode("utf-8", "replace")
        begin = text.index(" running ")
        for well in (True, False):
            kept = own_output(text, ended_well=well)
            assert kept.rstrip().endswith(text[begin:].rstrip())
            assert "libhugetlbfs" not in kept
