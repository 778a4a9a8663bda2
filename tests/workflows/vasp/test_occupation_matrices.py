"""LDAUPRINT's blocks: real ones, and every way in which they can be missing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.places import DATA
from workflows import parse_run
from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.analysis.shell_occupation import impossible_shell
from workflows.records.document import State
from workflows.vasp.occupation_matrices import read_occupation_matrices
from workflows.vasp.outcar_steps import read_outcar

MGMN2O4 = "MgMn2O4_static_ferromagnetic"


def outcar(name: str) -> str:
    return gzip.open(DATA / name / "OUTCAR.gz", "rt").read()


def block(atom: int, shell: int, *diagonals: float, footer: bool = True) -> str:
    """Write one block as VASP does; a matrix for each number, a multiple of one."""
    size = 2 * shell + 1
    matrices = ""
    for spin, value in enumerate(diagonals, start=1):
        rows = (
            "".join(f"{v:8.4f}" for v in row) + "\n" for row in value * np.eye(size)
        )
        matrices += f"spin component {spin:2d}\n \n{''.join(rows)} \n"
    end = " occupancies and eigenvectors\n \n  o =  0.1 v =  1.0\n" * footer
    head = f"atom ={atom:4d}  type =  1  l ={shell:2d}\n \n onsite density matrix\n \n"
    return head + matrices + end


def test_the_last_electronic_step_of_a_real_run_is_read() -> None:
    found = read_occupation_matrices(outcar(MGMN2O4))
    d_shells = [o for o in found if o.shell == 2]
    assert [o.site for o in d_shells] == [2, 3, 4, 5]
    assert [(o.site, o.shell) for o in found if o.shell == 0] == [
        (i, 0) for i in (0, 1, *range(6, 14))
    ]
    first = d_shells[0]
    assert first.up[0] == (0.6839, 0.1494, -0.1317, 0.1123, 0.0802)
    assert first.down is not None
    assert first.down[4] == (-0.0355, 0.0131, -0.0257, -0.0016, 0.0663)
    # VASP's own eigenvalues of this block
    wanted = [0.4734, 0.9540, 0.9553, 0.9648, 0.9807]
    assert np.linalg.eigvalsh(np.array(first.up)) == pytest.approx(wanted, abs=2e-4)


def test_several_ionic_steps_give_the_last() -> None:
    text = outcar("MgMn2O4_relax_ferromagnetic")
    body = read_outcar(text)
    assert len(body.steps) > 1
    after = text[text.rindex(f" Iteration {len(body.steps):6d}(") :]
    last = [o for o in read_occupation_matrices(after) if o.shell == 2]
    assert list(body.occupations) == last
    before = text[: text.rindex(f" Iteration {len(body.steps):6d}(   1)")]
    assert list(read_outcar(before).occupations) != last


def test_a_run_that_is_cut_gives_its_last_whole_ionic_step() -> None:
    text = outcar("MgMn2O4_relax_ferromagnetic")
    second = text.index(" Iteration      2(   1)")
    whole = read_outcar(text[:second]).occupations
    assert len(whole) == 4
    assert read_outcar(text[: second + 60_000]).occupations == whole


def test_the_document_has_them_and_a_run_without_ldauprint_has_none() -> None:
    found = parse_run(DATA / MGMN2O4).occupations
    assert found is not None
    assert [o.site for o in found] == [2, 3, 4, 5]
    assert parse_run(DATA / "LiMn8O16_second").occupations is None


def test_an_f_shell_has_seven_rows() -> None:
    (found,) = read_occupation_matrices(block(3, 3, 0.9, 0.1))
    assert (found.site, found.shell) == (2, 3)
    assert np.trace(np.array(found.up)) == pytest.approx(6.3)


def test_without_spin_there_is_one_matrix() -> None:
    (found,) = read_occupation_matrices(block(1, 2, 0.7))
    assert found.down is None


def test_the_four_matrices_of_a_noncollinear_run_have_no_up_and_down() -> None:
    assert read_occupation_matrices(block(1, 2, 0.9, 0.0, 0.0, 0.7)) == ()


def test_a_later_block_replaces_an_earlier_one_of_the_same_ion() -> None:
    text = block(1, 2, 0.1, 0.1) + block(2, 2, 0.2, 0.2) + block(1, 2, 0.9, 0.3)
    found = read_occupation_matrices(text)
    assert [(o.site, o.up[0][0]) for o in found] == [(0, 0.9), (1, 0.2)]


def cut_row(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:8] + lines[9:])


@pytest.mark.parametrize(
    "damage",
    [
        cut_row,
        lambda text: text.replace("0.9000", "******", 1),
        lambda text: text.replace("0.9000", "   NaN", 1),
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("spin component  1", ""),
    ],
)
def test_a_damaged_block_is_left_out_and_the_others_stay(
    damage: Callable[[str], str],
) -> None:
    found = read_occupation_matrices(
        block(2, 2, 0.8, 0.2) + damage(block(1, 2, 0.9, 0.1))
    )
    assert [o.site for o in found] == [1]


def test_nothing_is_read_where_nothing_is_printed() -> None:
    assert read_occupation_matrices("") == ()
    assert read_occupation_matrices(block(1, 2, footer=False)) == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  0.6839", "  5.0000", "atom 3 has no occupation matrix of l = 2"),
        ("  0.1494", "  0.5000", "atom 3 has no occupation matrix of l = 2"),
        ("  0.6839", " -0.1500", "atom 3 has no occupation matrix of l = 2"),
        ("l = 2", "l = 3", "atom 3 has no occupation matrix of l = 2"),
        ("spin component  1", "spin component  2", "atom 3 has no occupation matrix"),
        ("atom =   3  type", "atom =   4  type", "atom 3 has no occupation matrix"),
    ],
)
def test_a_matrix_that_was_edited_or_damaged_is_seen(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    for packed in (DATA / MGMN2O4).glob("*.gz"):
        (tmp_path / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    text = outcar(MGMN2O4)
    last = text.rindex("atom =   3  type")
    edited = text[:last] + text[last:].replace(old, new, 1)
    assert edited != text
    (tmp_path / "OUTCAR").write_text(edited)
    found = parse_run(tmp_path)
    assert (found.state, found.occupations) == (State.FAILED, None)
    assert told in found.reason


HIGH_SPIN = np.diag([0.9, 0.9, 0.9, 0.9, 0.3])
EMPTY = np.diag([0.05, 0.05, 0.05, 0.05, 0.05])


@pytest.mark.parametrize(
    ("up", "moment", "told"),
    [
        (HIGH_SPIN, 3.65, ""),
        (HIGH_SPIN, -3.65, "has a moment of 3.65 muB, and the atom -3.65"),
        (HIGH_SPIN, None, ""),
        (HIGH_SPIN + np.eye(5, k=1) * 0.01, 3.65, "is not symmetric"),
        (HIGH_SPIN + np.diag([0, 0, 0, 0, 4.0]), 7.65, "has 4.30 electrons in one"),
        (HIGH_SPIN - np.diag([0, 0, 0, 0, 0.5]), 3.15, "has -0.20 electrons in one"),
    ],
)
def test_what_no_shell_can_have_is_named(
    up: np.ndarray, moment: float | None, told: str
) -> None:
    rows = [tuple(map(tuple, matrix.tolist())) for matrix in (up, EMPTY)]
    one = OnsiteOccupation(0, 2, *rows)
    problem = impossible_shell([one], None if moment is None else [moment])
    assert (told in problem) if told else not problem
