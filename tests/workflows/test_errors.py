"""Names from a disk may hold any byte; a terminal gets only what can be shown."""

from __future__ import annotations

import os

import pytest

from workflows.errors import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x=1.25 tet_8b, 4 µB", "x=1.25 tet_8b, 4 µB"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("two\nlines\r", "two\\nlines\\r"),
        ("turned\u202eround", "turned\\u202eround"),
        ("bell\x07 c1 \x9b", "bell\\x07 c1 \\x9b"),
        (os.fsdecode(b"run\xff"), "run\\xff"),
        ("half \ud800 pair", "half \\ud800 pair"),
    ],
)
def test_what_commands_a_terminal_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).encode("utf-8")
