"""A log is read whatever its bytes are, and never whole if it has no end."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from workflows.vasp.log_text import LONGEST_LINE, log_lines, read_log

SAID = "BRMIX: very serious problems"


@pytest.mark.parametrize(
    "content",
    [
        b"d\xe9marrage\n" + SAID.encode(),
        SAID.encode("utf-16"),
        SAID.encode("utf-16-be"),
        b"\0" * 5000 + SAID.encode() + b"\0" * 50,
        b"\xff" * 300 + b"\r\n" + SAID.encode() + b"\r\n",
        gzip.compress(b"\xe9\n" + SAID.encode(), mtime=0),
        gzip.compress(b"\xe9\n" + SAID.encode() + b"\n" * 90_000, mtime=0)[:-20],
    ],
)
def test_what_was_printed_is_read_whatever_the_bytes_beside_it(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "vasp.out"
    path.write_bytes(content)
    assert SAID in read_log(path).text


@pytest.mark.parametrize("packed", [False, True])
def test_a_long_log_is_its_head_and_its_tail(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "vasp.out"
    content = b"begin\n" + b"x" * 300_000 + b"\nend\n"
    path.write_bytes(gzip.compress(content) if packed else content)
    log = read_log(path, 1_001)
    assert log.text.startswith("begin\nx")
    assert log.text.endswith("x\nend\n")
    assert log.left_out == len(content) - 1_001
    assert len(log.text) == 1_001 + len("\n")
    assert read_log(path, len(content)).text == content.decode()
    assert read_log(path, len(content)).left_out == 0


def test_a_line_without_an_end_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "vasp.out"
    path.write_bytes(b"a\n\n" + b"x" * 25_000)
    lines = list(log_lines(path))
    assert [len(line) for line in lines] == [2, 1, *2 * [LONGEST_LINE + 1], 5_001]


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        read_log(tmp_path)
