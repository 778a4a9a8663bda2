"""``lnmo parse --explain``: which file proves each statement that a state rests on.

The document is the judgement; here its grounds are listed, in the order in which they
decide: whether the files end, the numbers, convergence, one run, the inputs, the
physics. Nothing is judged a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflows.counts import count_of
from workflows.engines.protocol import read_run_file
from workflows.engines.vasp.evidence import Evidence, stated
from workflows.engines.vasp.explain_inputs import IDS, input_evidence
from workflows.engines.vasp.launcher_output import (
    ELSEWHERE,
    LEFT_BEHIND,
    NEVER_STARTED,
    WROTE_NOTHING,
)
from workflows.engines.vasp.parse import is_member
from workflows.engines.vasp.process import ERROR_FILE
from workflows.engines.vasp.state import (
    electronic_problem,
    ionic_problem,
    missing,
    unknown_ibrion,
)
from workflows.records.document import Finding, State, TaskDocument
from workflows.vasp.file_ends import CLOSING, ENDS, FOOTER, file_ends
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import ENERGY_DIFFERENCE
from workflows.vasp.outcar_steps import REACHED
from workflows.vasp.read_numbers import read_numbers
from workflows.vasp.run_files import NUMBERS, VaspFiles, read_lines, run_files

END_MARKS = {"OUTCAR": FOOTER, "vasprun.xml": CLOSING}
COMMAND = {
    NEVER_STARTED: "VASP was started",
    WROTE_NOTHING: "the VASP command wrote files of VASP",
    ELSEWHERE: "VASP ran in its directory",
    LEFT_BEHIND: "the VASP command waited for VASP",
}
"""First words of a reason -> the statement that is false then."""
EDIFF_REACHED = "EDIFF is reached"


def evidence_of(document: TaskDocument) -> tuple[Evidence, ...]:
    """Return the grounds of a parsed VASP run, in the order in which they decide.

    The directory of the document must still be there.
    """
    directory = Path(document.dir_name)
    members = [path for path in directory.glob("relax-*") if is_member(path)]
    chain: tuple[Evidence, ...] = ()
    if members and read_run_file(directory) is not None:
        members.sort(key=lambda path: int(path.name.rpartition("-")[2]))
        directory, chain = members[-1], (_volume(document, members),)
    try:
        rows = [*_rows(_files(directory, document), document), *chain]
    except Exception:
        if document.state is not State.FAILED or document.n_ionic_steps is not None:
            raise
        # What cannot be read is the reason of the document.
        state = str(document.state)
        rows = [
            Evidence("the files can be read", False, value=document.reason, state=state)
        ]
    return tuple(_with_decision(row, document) for row in rows)


def _files(directory: Path, document: TaskDocument) -> VaspFiles:
    runs = run_files(directory)
    named = (run for run in runs if run.label and run.label == document.task_label)
    return next(named, next(iter(runs), VaspFiles(directory, "", {})))


def _rows(files: VaspFiles, document: TaskDocument) -> Iterator[Evidence]:
    state, reason = document.state, document.reason
    if state in {State.PLANNED, State.RUNNING}:
        statement = "VASP has ended" if state is State.RUNNING else "VASP was started"
        yield Evidence(statement, False, value=reason, state=str(state))
        return
    if statement := _of_command(document):
        yield Evidence(statement, False, ERROR_FILE, "", reason, "", str(state))
    if state is State.NEVER_STARTED:
        return
    yield from _ends(files, document)
    if state is State.TRUNCATED:
        return
    numbers = read_numbers(files)
    yield from _converged(files, numbers)
    yield from input_evidence(files, numbers, document)
    others = (found for found in document.findings if found.id not in IDS)
    yield from (_noted(found, document) for found in others)


def _of_command(document: TaskDocument) -> str:
    """Return what the command of VASP did not do; empty if that is not the reason."""
    told = (
        said for words, said in COMMAND.items() if document.reason.startswith(words)
    )
    never = document.state is State.NEVER_STARTED
    return next(told, "VASP was started" if never else "")


def _with_decision(row: Evidence, document: TaskDocument) -> Evidence:
    """Mark the statement whose words are the reason of the document."""
    against = row.holds is False and bool(row.state and row.value)
    decides = against and document.reason.startswith(row.value)
    return replace(row, decides=decides, state=document.state) if decides else row


def _ends(files: VaspFiles, document: TaskDocument) -> Iterator[Evidence]:
    if problem := missing(files, ours=document.calculation_id is not None):
        absent = next(name for name in NUMBERS if files.find(name) is None)
        yield Evidence(
            f"{absent} is there", False, absent, "", problem, "", "TRUNCATED"
        )
    ends = file_ends(files)
    for name in ENDS:
        path = files.find(name)
        if path is None:
            continue
        problem = ends.problem if ends.problem.startswith(f"{path.name} ") else ""
        mark = END_MARKS.get(name, "")
        place = "end of file" if problem else _line(path, mark)
        row = stated(
            f"{name} is whole", problem, path.name, place, mark, "", "TRUNCATED"
        )
        yield replace(row, holds=None) if path.name in ends.unknown else row
        if problem:
            return  # the files after it are not looked at


def _converged(files: VaspFiles, numbers: VaspNumbers) -> Iterator[Evidence]:
    source = " and ".join(p.name for n in NUMBERS if (p := files.find(n)) is not None)
    lost = f"no number for {numbers.lost}" if numbers.lost else ""
    energy = "" if numbers.energy is None else f"energy {numbers.energy:.6f} eV"
    yield stated("every quantity is a number", lost, source, "", energy, "", "FAILED")
    if numbers.many_body:
        what = f"ALGO = {numbers.many_body}: not read here"
        yield Evidence("the run converged", None, source, "ALGO", what)
        return
    outcar = files.find("OUTCAR")
    proof, parameters = outcar or files.find("vasprun.xml"), numbers.parameters
    name = proof.name if proof is not None else ""
    ionic = count_of(len(numbers.electronic), "ionic step")
    steps, _ = numbers.electronic[-1] if numbers.electronic else (0, None)
    yield stated(
        "every electronic cycle reached EDIFF",
        electronic_problem(numbers),
        name,
        _line(outcar, EDIFF_REACHED),
        f"{ionic}, {count_of(steps, 'electronic step')} in the last",
        f"NELM = {parameters.get('NELM', 60)}, EDIFF = {parameters.get('EDIFF', '?')}",
        "UNCONVERGED",
    )
    nsw, ibrion = (parameters.get(tag) for tag in ("NSW", "IBRION"))
    yield stated(
        "the ions came to their end",
        ionic_problem(numbers),
        name,
        _line(outcar, REACHED),
        f"{ionic}, IBRION = {ibrion}",
        f"NSW = {nsw}, EDIFFG = {parameters.get('EDIFFG', '?')}",
        "UNCONVERGED",
    )
    yield _one_run(numbers, source)
    if problem := unknown_ibrion(numbers):
        yield Evidence(
            "IBRION is known", False, name, "IBRION", problem, "", "NEEDS_REVIEW"
        )


def _one_run(numbers: VaspNumbers, source: str) -> Evidence:
    both = len(numbers.sources) > 1
    outcar = numbers.outcar.steps[-1:] if numbers.outcar is not None else ()
    energies = (numbers.energy, *(step.energy for step in outcar))
    shown = " and ".join(f"{e:.6f} eV" for e in energies if e is not None)
    row = stated(
        "OUTCAR and vasprun.xml are of one run",
        numbers.contradiction,
        source,
        "last energy",
        shown if both else f"only {source}",
        f"{ENERGY_DIFFERENCE:g} eV" if both else "",
        "FAILED",
    )
    return row if both or numbers.contradiction else replace(row, holds=None)


def _noted(finding: Finding, document: TaskDocument) -> Evidence:
    """Return a finding on the physics, or a note; few of them are the reason."""
    holds = None if finding.severity == "info" else False
    state = document.state if finding.message == document.reason else ""
    return Evidence(finding.id, holds, value=finding.message, state=state)


def _volume(document: TaskDocument, members: Sequence[Path]) -> Evidence:
    """Return the row on a chain of relaxations, whose volume has to settle."""
    found = read_run_file(Path(document.dir_name))
    settings: dict[str, Any] = {}
    if found is not None:
        settings = dict(found[0].settings)
    start, end = document.initial_structure, document.structure
    change = ""
    if start is not None and end is not None:
        percent = 100 * abs(end.volume / start.volume - 1)
        change = (
            f"{percent:.2f} % in {count_of(document.n_ionic_steps or 0, 'ionic step')} "
            "of the last"
        )
    open_end = document.reason.startswith("volume not settled")
    holds = False if open_end else True if document.state.usable else None
    limit = (
        f"{100 * settings.get('settled_volume', 0):g} % in "
        f"{count_of(settings.get('settled_steps', 0), 'step')}, in at least 2 runs"
    )
    return Evidence(
        "the volume has settled",
        holds,
        ", ".join(path.name for path in members),
        "volume",
        document.reason if open_end else change,
        limit,
        "UNCONVERGED",
    )


def _line(path: Path | None, mark: str) -> str:
    """Return the last line of a file that holds a text, by its number."""
    if path is None or not mark:
        return ""
    found, wanted = 0, mark.encode()
    for number, line in enumerate(read_lines(path), start=1):
        if wanted in line:
            found = number
    return f"line {found}" if found else ""
