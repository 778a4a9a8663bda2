"""Names from a disk may hold any byte; a terminal gets only what can be shown."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from workflows.atomic import write_atomically
from workflows.errors import OTHER_DATA, StoreError, printable, unwritable


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


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.ENOSPC, "free some space and run again"),
        (errno.EDQUOT, "free some space and run again"),
        (errno.EROFS, "read-only; run again once it can be written"),
        (errno.EEXIST, "move it away"),
        (errno.EACCES, "chmod u+rwX it and its directory"),
        (errno.EPERM, "where lsattr shows i or a of one, chattr -i -a"),
        (errno.ENAMETOOLONG, "choose a shorter name"),
        (errno.EIO, "check the path and the disk, then run again"),
    ],
)
def test_what_a_disk_refuses_is_told_with_the_cure(
    number: int, cure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("workflows.atomic.write_part", refused)
    with pytest.raises(StoreError) as caught:
        write_atomically(tmp_path / "launchpad.json", "{}")
    message = str(caught.value)
    assert f"cannot be written ({os.strerror(number)}): " in message
    assert cure in message
    assert "nothing was changed" not in message


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_what_may_be_chosen_instead_is_said_once(number: int) -> None:
    told = unwritable("f", OSError(number, "no"), OTHER_DATA)
    assert told.count("choose another") == 1
    assert told.count("LNMO_ROOT") == 1
    assert "LNMO_ROOT" not in unwritable("f", OSError(number, "no"))
