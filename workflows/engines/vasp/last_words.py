"""What a VASP that started said of its own end.

VASP's words come first: what launchers, queues and MPI print after them tells only that
it ended, and so does the last line of VASP's own box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from workflows.engines.vasp.launcher_output import LOGS, last_meaningful_line
from workflows.errors import StoreError
from workflows.vasp.log_text import read_log, shown
from workflows.vasp.standard_output import ELECTRONIC, IONIC

MOST_CHARACTERS = 300
MOST_BYTES = 200_000
"""Read of a log, half at its head and half at its tail."""
LONGEST_LINE = 2_000

_BOX = re.compile(r"\s*\|(.*)\|\s*")
_ART = re.compile(r"(?:([^\W_]|[#!*])\1*(?:\s+|$))+")
"""Letters of letters: ``E        R     R  R     R``."""
_REFUSES = "I REFUSE TO CONTINUE"
_CAUSE = re.compile(
    r"\b(?:error|fatal|severe|bad news|abort\w*|fail(?:ed|s|ure)?|"
    r"can ?not|could not|unable|not enough|insufficient|exceed\w*|illegal|invalid|"
    r"denied|no such file|no space|quota|panic|killed|oom\w*|out of memory|"
    r"segmentation|sig(?:segv|kill|bus|fpe|term|abrt|ill)|due to time limit)\b",
    re.IGNORECASE,
)
_WARNING = re.compile(r"\b(?:warning|advice|note)\b", re.IGNORECASE)
_EPILOGUE = re.compile(
    r"I REFUSE TO CONTINUE|BAD TERMINATION|EXIT CODE:|CLEANING UP REMAINING|"
    r"YOU CAN IGNORE|exited? with exit code|exit(?:ed|ing) on signal|"
    r"MPI_ABORT|mpirun has exited|prterun|primary job|aborting job|errorcode|"
    r"backtrace|Image +PC|task \d+: (?:killed|aborted|exited)|\*\*\* STEP|"
    r"job step aborted|srun: (?:terminating|force terminated)|job is aborted",
    re.IGNORECASE,
)
_ENDED = re.compile(r"signal|killed|memory|time limit", re.IGNORECASE)
"""What even a launcher's last words tell of the cause."""


def own_words(directory: Path) -> str:
    """Return why VASP ended, with who says so; empty if nothing was printed.

    Parameters
    ----------
    directory
        Of a run whose VASP has ended.
    """
    output, errors = (_text(directory / name) for name in ("vasp.out", "std_err.txt"))
    texts = (_after_steps(output), errors)
    for said in (_refusals(texts), _causes(texts[:1], last=False)):
        if line := next(said, ""):
            return f"VASP said: {line}"
    if line := next(_causes(texts[1:], last=False), ""):
        return f"standard error says: {line}"
    if line := next(_causes(texts, last=True), ""):
        return f"its launcher said: {line}"
    for name in LOGS:
        if line := last_meaningful_line(directory / name):
            return f"the last line of VASP: {line}"
    return ""


def line_with(directory: Path, messages: Iterable[str]) -> str:
    """Return what VASP printed around one of some messages; empty if it did not.

    The box in which it is, or its line.
    """
    wanted = tuple(messages)
    for name in ("vasp.out", "std_err.txt"):
        text = _text(directory / name)
        for told in (*_boxes(text), *text.splitlines()):
            if any(" ".join(each.split()) in " ".join(told.split()) for each in wanted):
                return shown(told)[:MOST_CHARACTERS]
    return ""


def _text(path: Path) -> str:
    try:
        lines = read_log(path, MOST_BYTES).text.splitlines()
    except (OSError, StoreError):
        return ""
    return "\n".join(line[:LONGEST_LINE] for line in lines)


def _after_steps(text: str) -> str:
    """Return what VASP printed after its last step: before it, it went on."""
    ends = [
        0,
        *(found.end() for kind in (IONIC, ELECTRONIC) for found in kind.finditer(text)),
    ]
    return text[max(ends) :]


def _refusals(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for box in _boxes(text):
            before, refuses, _ = box.partition(_REFUSES)
            if refuses and (said := before.strip(" ->")):
                yield shown(said)[:MOST_CHARACTERS]


def _boxes(text: str) -> Iterator[str]:
    """Yield the words of each of VASP 6's boxes, without its large letters."""
    words: list[str] = []
    for line in (*text.splitlines(), ""):
        if (inside := _BOX.fullmatch(line)) is None:
            if words:
                yield " ".join(words)
            words = []
        elif not _ART.fullmatch(inside[1].strip()):
            words += inside[1].split()


def _causes(texts: Iterable[str], *, last: bool) -> Iterator[str]:
    """Yield lines that name a cause; ``last``: those of a launcher after VASP's end."""
    for text in texts:
        for line in text.splitlines():
            epilogue = _EPILOGUE.search(line) is not None
            names = _CAUSE.search(line) and not _WARNING.search(line)
            if epilogue is last and (_ENDED.search(line) if last else names):
                yield shown(line)[:MOST_CHARACTERS]
