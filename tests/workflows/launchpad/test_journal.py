"""The journal: a kill at any byte leaves a state that was, and readers never wait."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from workflows.errors import StoreError, StoreUnwritable
from workflows.launchpad import journal as module
from workflows.launchpad.journal import Journal

NAMES = ("fireworks", "launches")
FIRST = ObjectId("5f0000000000000000000001")


def document(identity: Any, state: str) -> dict[str, Any]:
    return {"_id": identity, "state": state}


def written(path: Path) -> Journal:
    """A snapshot with one Firework, and three changes after it."""
    journal = Journal(path, NAMES)
    journal.snapshot({"fireworks": [document(FIRST, "READY")], "launches": []})
    for change in CHANGES:
        journal.append(change)
    return journal


CHANGES: tuple[dict[str, Any], ...] = (
    {"set": {"fireworks": [document(FIRST, "RUNNING")]}, "unset": {}},
    {"set": {"launches": [document(1, "RUNNING")]}, "unset": {}},
    {
        "set": {"fireworks": [document(FIRST, "COMPLETED")]},
        "unset": {"launches": [1]},
    },
)


def states(path: Path) -> list[Any]:
    found = Journal(path, NAMES).read()
    assert found is not None
    return [
        found["fireworks"][FIRST]["state"],
        [each["state"] for each in found["launches"].values()],
    ]


AFTER = [
    ["READY", []],
    ["RUNNING", []],
    ["RUNNING", ["RUNNING"]],
    ["COMPLETED", []],
]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written(tmp_path / "launchpad.json")
    assert states(tmp_path / "launchpad.json") == AFTER[-1]


def test_without_a_file_there_is_no_launchpad(tmp_path: Path) -> None:
    assert Journal(tmp_path / "launchpad.json", NAMES).read() is None


def test_a_journal_cut_at_any_byte_gives_a_state_that_was(tmp_path: Path) -> None:
    path = tmp_path / "launchpad.json"
    written(path)
    journal = tmp_path / "launchpad.1.jsonl"
    whole = journal.read_bytes()
    seen = []
    for end in range(len(whole) + 1):
        journal.write_bytes(whole[:end])
        seen.append(AFTER.index(states(path)))
    assert seen == sorted(seen)
    assert set(seen) == set(range(len(AFTER)))


def test_a_cut_line_is_written_over_by_the_next_owner(tmp_path: Path) -> None:
    path = tmp_path / "launchpad.json"
    written(path)
    with (tmp_path / "launchpad.1.jsonl").open("ab") as file:
        file.write(b'{"set": {"fire')
    later = Journal(path, NAMES)
    later.read()
    later.append({"set": {"fireworks": [document(FIRST, "ARCHIVED")]}, "unset": {}})
    assert states(path) == ["ARCHIVED", []]


def test_a_new_snapshot_ends_the_old_journal(tmp_path: Path) -> None:
    path = tmp_path / "launchpad.json"
    journal = written(path)
    journal.snapshot({"fireworks": [document(FIRST, "READY")], "launches": []})
    assert states(path) == ["READY", []]
    assert [p.name for p in tmp_path.glob("*.jsonl")] == []


def test_an_old_journal_left_by_a_kill_is_never_read_again(tmp_path: Path) -> None:
    path = tmp_path / "launchpad.json"
    journal = written(path)
    left = (tmp_path / "launchpad.1.jsonl").read_bytes()
    journal.snapshot({"fireworks": [document(FIRST, "READY")], "launches": []})
    (tmp_path / "launchpad.1.jsonl").write_bytes(left)
    assert states(path) == ["READY", []]
    later = Journal(path, NAMES)
    later.read()
    later.snapshot({"fireworks": [document(FIRST, "PAUSED")], "launches": []})
    assert states(path) == ["PAUSED", []]
    assert [p.name for p in tmp_path.glob("*.jsonl")] == []


def test_a_reader_between_snapshot_and_journal_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "launchpad.json"
    owner = written(path)
    reader = Journal(path, NAMES)
    first = reader._lines

    def replaced_meanwhile(number: int) -> Any:
        monkeypatch.setattr(reader, "_lines", first)
        owner.snapshot({"fireworks": [document(FIRST, "DEFUSED")], "launches": []})
        return first(number)

    monkeypatch.setattr(reader, "_lines", replaced_meanwhile)
    found = reader.read()
    assert found is not None
    assert found["fireworks"][FIRST]["state"] == "DEFUSED"


def test_a_snapshot_is_due_when_the_journal_outgrows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM", 300)
    journal = Journal(tmp_path / "launchpad.json", NAMES)
    assert journal.full
    journal.snapshot({"fireworks": [], "launches": []})
    sizes = []
    while not journal.full:
        journal.append(CHANGES[0])
        sizes.append((tmp_path / "launchpad.1.jsonl").stat().st_size)
    assert sizes[-2] <= 300 < sizes[-1]


@pytest.mark.parametrize(
    "bad", [b"{}", b"[1]", b"nonsense", b'{"set": 3, "unset": {}}']
)
def test_a_damaged_line_is_an_error_that_names_the_file(
    tmp_path: Path, bad: bytes
) -> None:
    written(tmp_path / "launchpad.json")
    journal = tmp_path / "launchpad.1.jsonl"
    before = bad + b"\n" + journal.read_bytes()
    journal.write_bytes(before)
    with pytest.raises(StoreError, match=r"launchpad\.1\.jsonl: not a readable"):
        states(tmp_path / "launchpad.json")
    assert journal.read_bytes() == before


def test_the_first_format_is_read_and_its_first_change_is_a_snapshot(
    tmp_path: Path,
) -> None:
    path = tmp_path / "launchpad.json"
    content = {
        "format": "lnmo embedded launchpad 1",
        "collections": {"fireworks": [{"_id": 7, "state": "READY"}], "launches": []},
    }
    path.write_text(json.dumps(content))
    journal = Journal(path, NAMES)
    assert journal.read() == {
        "fireworks": {7: {"_id": 7, "state": "READY"}},
        "launches": {},
    }
    assert journal.full


def test_a_later_format_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "launchpad.json"
    path.write_text('{"format": "lnmo embedded launchpad 9", "collections": {}}')
    with pytest.raises(StoreError, match=r"format is 'lnmo embedded launchpad 9'"):
        Journal(path, NAMES).read()


def test_a_journal_that_a_backup_shares_is_not_appended_to(tmp_path: Path) -> None:
    """A copy made of hard links, as of ``cp -al``, has the same journal."""
    path = tmp_path / "launchpad.json"
    journal = written(path)
    assert not journal.full
    backup = tmp_path / "backup.jsonl"
    (shared,) = tmp_path.glob("launchpad.*.jsonl")
    backup.hardlink_to(shared)
    assert journal.full
    before = backup.read_bytes()
    journal.snapshot({"fireworks": [document(FIRST, "COMPLETED")], "launches": []})
    journal.append({"set": {"fireworks": [document(FIRST, "READY")]}, "unset": {}})
    assert backup.read_bytes() == before
    assert not journal.full


@pytest.mark.parametrize("call", ["open", "ftruncate", "fsync"])
@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.EROFS, errno.EIO])
def test_a_journal_that_cannot_be_written_is_named_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    journal = written(tmp_path / "launchpad.json")
    before = states(tmp_path / "launchpad.json")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(StoreUnwritable) as caught:
            journal.append(CHANGES[0])
    assert caught.value.errno == number
    name = tmp_path / "launchpad.1.jsonl"
    assert str(caught.value).startswith(f"{name}: cannot be written ")
    assert str(caught.value).endswith(". The file is as it was")
    if call == "open":
        assert states(tmp_path / "launchpad.json") == before


def test_a_journal_in_the_way_of_the_next_is_named_itself(tmp_path: Path) -> None:
    journal = written(tmp_path / "launchpad.json")
    (tmp_path / "launchpad.2.jsonl").mkdir()
    with pytest.raises(StoreUnwritable, match=r"launchpad\.2\.jsonl: cannot be"):
        journal.snapshot({"fireworks": [], "launches": []})
