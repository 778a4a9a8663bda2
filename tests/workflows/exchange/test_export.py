"""A directory of exports: replaced by the next one, and never anybody else's."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from workflows.cli import main
from workflows.errors import ResultsError, StoreError
from workflows.exchange.export import MARK, WRITERS, export
from workflows.results.results import Results


def content(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("form", WRITERS)
def test_an_export_lists_what_it_wrote(
    opened: dict[str, Results], form: str, tmp_path: Path
) -> None:
    written = export(opened["vasp"], form, tmp_path / "a" / "out")
    names = {path.name for path in written}
    assert set(content(tmp_path / "a" / "out")) == names | {MARK}
    mark = json.loads((tmp_path / "a" / "out" / MARK).read_text("utf-8"))
    assert mark == {form: sorted(names)}


def test_every_format_fits_into_one_directory(
    opened: dict[str, Results], tmp_path: Path
) -> None:
    for form in WRITERS:
        export(opened["vasp"], form, tmp_path)
    assert set(json.loads((tmp_path / MARK).read_text("utf-8"))) == set(WRITERS)


def test_a_second_export_replaces_the_files_of_its_format_alone(
    opened: dict[str, Results], tmp_path: Path
) -> None:
    export(opened["vasp"], "entries", tmp_path)
    kept = (tmp_path / "entries.json").read_bytes()
    first = {p.name for p in export(opened["vasp"], "cif", tmp_path)}
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    second = {p.name for p in export(opened["fake"], "cif", tmp_path)}
    assert set(content(tmp_path)) == second | {MARK, "entries.json", "notes.txt"}
    assert not first & second
    assert (tmp_path / "entries.json").read_bytes() == kept


@pytest.mark.parametrize("mark", ["fifo", "[" * 100_000, "[1]", "", "\xff"])
def test_a_mark_that_cannot_be_read_is_an_error_with_a_cure(
    opened: dict[str, Results], mark: str, tmp_path: Path
) -> None:
    if mark == "fifo":
        os.mkfifo(tmp_path / MARK)
    else:
        (tmp_path / MARK).write_text(mark, "latin-1")
    with pytest.raises(StoreError, match=f"{MARK} cannot be read .*new directory"):
        export(opened["vasp"], "cif", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [MARK]


@pytest.mark.parametrize("name", ["thesis.tex", ".hidden", "lnmo.db"])
def test_a_directory_of_others_is_refused_and_left_as_it_is(
    opened: dict[str, Results], name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(StoreError, match="is not empty"):
        export(opened["vasp"], "ase-db", tmp_path)
    assert content(tmp_path) == {name: b"mine"}


def test_a_file_of_others_in_a_directory_of_ours_is_not_replaced(
    opened: dict[str, Results], tmp_path: Path
) -> None:
    export(opened["vasp"], "cif", tmp_path)
    (tmp_path / "lnmo.db").write_text("mine", "utf-8")
    before = content(tmp_path)
    with pytest.raises(StoreError, match=r"lnmo\.db is there"):
        export(opened["vasp"], "ase-db", tmp_path)
    assert content(tmp_path) == before


@pytest.mark.parametrize("mark", ["", "[]", '{"cif": 3}', "not json"])
def test_a_mark_that_cannot_be_read_is_no_mark(
    opened: dict[str, Results], mark: str, tmp_path: Path
) -> None:
    (tmp_path / MARK).write_text(mark, "utf-8")
    with pytest.raises(StoreError, match="cannot be read"):
        export(opened["vasp"], "cif", tmp_path)


def test_a_mark_names_no_file_outside(
    opened: dict[str, Results], tmp_path: Path
) -> None:
    outside = tmp_path / "mine"
    outside.write_text("mine", "utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / MARK).write_text('{"cif": ["../mine"]}', "utf-8")
    export(opened["vasp"], "cif", tmp_path / "out")
    assert outside.read_text("utf-8") == "mine"


def test_an_unknown_format_is_answered_with_the_nearest(
    opened: dict[str, Results], tmp_path: Path
) -> None:
    with pytest.raises(ResultsError, match=r"did you mean optimade-json\?"):
        export(opened["vasp"], "optimade", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_writes_and_names_the_files(
    opened: dict[str, Results],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(opened["fake"]._recorded.root.parent)
    out = tmp_path / "out"
    monkeypatch.setattr(
        "sys.argv", ["lnmo", "export", str(out), "--format", "cif", "--x", "1"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names == [p.name for p in sorted(out.glob("*.cif"))]
    assert len(names) == 1
    assert names[0].startswith("x1-")
    assert names[0].endswith("-fake.cif")


@pytest.mark.parametrize("words", [("--format", "xyz"), ()])
def test_a_wrong_command_writes_nothing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    monkeypatch.setattr("sys.argv", ["lnmo", "export", "out", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert not (tmp_path / "out").exists()
