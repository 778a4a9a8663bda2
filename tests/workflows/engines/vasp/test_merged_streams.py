"""A script may merge VASP's streams: each error is mended once, and no quote is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from custodian.vasp.handlers import StdErrHandler, VaspErrorHandler
from pymatgen.io.vasp import Incar

from tests.test_error_logs import COMMAND
from workflows import load_campaign, plan
from workflows.engines.machine import Machine
from workflows.engines.vasp.custodian_log import read_corrections
from workflows.engines.vasp.custodian_readers import our_readers
from workflows.engines.vasp.engine import VaspEngine
from workflows.engines.vasp.handlers import Frozen, handlers
from workflows.engines.vasp.last_words import line_with
from workflows.engines.vasp.state import vasp_error
from workflows.records.document import TaskDocument
from workflows.vasp import log_text
from workflows.vasp.run_files import VaspFiles

Write = Callable[..., Path]

ERR, OUT = "StdErrHandler", "VaspErrorHandler"
STAR = StdErrHandler.error_msgs["kpoints_trans"][0]
MEMORY = StdErrHandler.error_msgs["out_of_memory"][0]
EDWAV = StdErrHandler.error_msgs["grad_not_orth"][0]
ZHEGV = VaspErrorHandler.error_msgs["edddav"][0]
BEGIN = " running on    4 total cores\n"
STEP = "DAV:   1    -0.100E+02   -0.10000E+00   -0.10E+00   100   0.1E+00    0.1E+00\n"
MERGED = {"2>&1": "2>&1", "1>&2": "1>&2", "apart": ""}


def run(place: Path, script: str, write_campaign: Write) -> TaskDocument:
    wrapper = place / "wrapper.sh"
    wrapper.write_text(f"#!/bin/sh\n{script}\n")
    wrapper.chmod(0o755)
    incar = {"common": {"NEDOS": 301}, "static": {"ISYM": 2}}
    vasp = {"steps": ["static"], "dos_at": [], "kpoints": [1, 1, 1], "incar": incar}
    campaign = load_campaign(write_campaign({"x": [1], "vasp": vasp}))
    calculation = next(c for c in plan(campaign) if c.x == 1)
    directory, engine = place / "static", VaspEngine()
    engine.write_inputs(calculation, "static", directory, None)
    machine = Machine(vasp_cmd=str(wrapper), incar={"KPAR": 2}, poll_seconds=0.05)
    engine.run(directory, machine, lambda _: None)
    return engine.parse(directory)


@pytest.mark.parametrize("merge", MERGED)
@pytest.mark.parametrize(
    ("failure", "handler"),
    [
        ("kpoints_trans", ERR),
        ("oom", ERR),
        ("edddav", OUT),
        ("gradient_not_orthogonal", OUT),
        ("bravais", OUT),
    ],
)
def test_an_error_is_mended_once_whichever_stream_a_script_sends_it_to(
    merge: str,
    failure: str,
    handler: str,
    write_campaign: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAKE_VASP_FAIL", failure)
    document = run(tmp_path, f"exec {COMMAND} {MERGED[merge]}", write_campaign)
    made = read_corrections(tmp_path / "static")
    assert [(each["handler"], len(each["errors"])) for each in made] == [(handler, 1)]
    assert document.state == "DONE"


@pytest.mark.parametrize("merge", MERGED)
def test_what_a_script_quotes_on_either_stream_mends_nothing(
    merge: str, write_campaign: Write, tmp_path: Path
) -> None:
    said = "\n".join(
        f"echo '{lead}{error}: see our pages{end}' {to}"
        for error in (STAR, MEMORY, EDWAV, ZHEGV)
        for lead, end in (("Known here: ", ""), ('"', '"'), ("# ", ""))
        for to in ("", ">&2")
    )
    script = f"{said}\n{COMMAND} {MERGED[merge]}\ncode=$?\n{said}\nexit $code"
    document = run(tmp_path, script, write_campaign)
    assert read_corrections(tmp_path / "static") == ()
    assert document.state == "DONE"


def found(place: Path, out: str, err: str, *, runs: bool = False) -> list[str]:
    """Return the errors of a run that printed this, in the handlers' order."""
    (place / "vasp.out").write_text(out)
    (place / "std_err.txt").write_text(err)
    Incar({"ALGO": "Normal"}).write_file(place / "INCAR")
    watching = [
        each
        for each in handlers(relaxes=False, frozen_seconds=600)
        if isinstance(each, StdErrHandler | VaspErrorHandler)
    ]
    with our_readers(lambda: runs):
        return [
            name
            for each in watching
            if each.check(str(place))
            for name in sorted(each.errors)
        ]


BOTH = {
    "edddav": f" {ZHEGV}\n",
    "grad_not_orth": f" {EDWAV}\n",
    "kpoints_trans": f"|   {STAR}   |\n",
    "out_of_memory": f"{MEMORY}\n",
}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("runs", [True, False])
def test_an_error_on_both_streams_is_one(name: str, runs: bool, tmp_path: Path) -> None:
    told = BEGIN + STEP + BOTH[name]
    assert found(tmp_path, told, told, runs=runs) == [name]
    assert found(tmp_path, told, BOTH[name], runs=runs) == [name]
    assert found(tmp_path, told, "", runs=runs) == [name]
    assert found(tmp_path, "", told, runs=runs) == [name]
    assert found(tmp_path, "Loading vasp\n", told, runs=runs) == [name]


@pytest.mark.parametrize("name", ["grad_not_orth", "kpoints_trans", "out_of_memory"])
def test_standard_error_of_its_own_has_what_vasp_or_its_library_prints_there(
    name: str, tmp_path: Path
) -> None:
    error = BOTH[name]
    for lead in ("", "At line 24 of file m.F\n", "Fortran runtime error: "):
        if lead and name != "out_of_memory":
            continue
        assert found(tmp_path, BEGIN + STEP, lead + error) == [name]
    label = f"[1,3]<stderr>:{error.lstrip('| ')}"
    assert found(tmp_path, BEGIN + STEP, label) == [name]
    assert found(tmp_path, " a vasp of another kind\n", error) == [name]
    assert found(tmp_path, "", error, runs=True) == []  # VASP has not begun
    (tmp_path / "OUTCAR").touch()
    assert found(tmp_path, "", error, runs=True) == [name]


def test_what_belongs_on_standard_output_is_not_looked_for_beside_it(
    tmp_path: Path,
) -> None:
    """A module system indents its news, and prints them on standard error."""
    news = f"   {ZHEGV}: load vasp/6.4\n"
    for out in (BEGIN + STEP, "", "another kind\n"):
        assert found(tmp_path, out, news) == []
    assert found(tmp_path, "", news + BEGIN + STEP) == ["edddav"]  # perhaps a rank's
    alone = BEGIN.replace("4", "1")
    assert found(tmp_path, "", news + alone + STEP) == []


@pytest.mark.parametrize("noise", ["x" * 100_000, "forrtl: a warning\n" * 9_000])
def test_an_error_is_found_at_the_ends_of_a_log_that_is_not_read_whole(
    noise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_text, "MOST_BYTES", 2_000)
    for told in (f" {STAR}\n{noise}", f"{noise}\n {STAR}\n"):
        assert found(tmp_path, BEGIN + STEP, told) == ["kpoints_trans"]
        assert found(tmp_path, BEGIN + told, "") == ["kpoints_trans"]
    assert found(tmp_path, BEGIN, f"{noise}\n {STAR}\n{noise}") == []


def test_the_reason_names_no_error_that_a_script_quotes(tmp_path: Path) -> None:
    quote = f"Known here: {ZHEGV}\n"
    for out, err in ((BEGIN + STEP, quote), (quote, BEGIN + STEP)):
        (tmp_path / "vasp.out").write_text(out)
        (tmp_path / "std_err.txt").write_text(err)
        assert vasp_error(VaspFiles(tmp_path, "", {})) == ""
        assert line_with(tmp_path, [ZHEGV]) == ""
    (tmp_path / "std_err.txt").write_text(f"{BEGIN}{STEP} {ZHEGV}\n")
    assert vasp_error(VaspFiles(tmp_path, "", {})).startswith("edddav")
    assert line_with(tmp_path, [ZHEGV]) == ZHEGV


@pytest.mark.parametrize("name", ["OSZICAR", "OUTCAR", "vasp.out"])
def test_a_vasp_that_writes_to_a_file_of_its_own_does_not_hang(
    tmp_path: Path, name: str
) -> None:
    names, long_ago = ("std_err.txt", "OSZICAR", "OUTCAR", "vasp.out"), time.time() - 60
    for each in names:
        (tmp_path / each).touch()
        os.utime(tmp_path / each, (long_ago, long_ago))
    frozen = Frozen(timeout=30)
    os.utime(tmp_path / "std_err.txt")  # where a launcher says that it waits
    assert frozen.check(str(tmp_path))
    os.utime(tmp_path / name)
    assert not frozen.check(str(tmp_path))
