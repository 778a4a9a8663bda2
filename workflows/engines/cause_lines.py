"""Which line of what a command printed is the cause of its end.

What a launcher, a shell, MPI or a queue print is ranked line by line: warnings are
printed by runs that go well too, and the last words of launchers tell only that
something ended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import chain

from workflows.engines.exit_status import CODES, signal_words
from workflows.vasp.launcher_labels import unlabelled
from workflows.vasp.log_text import shown

MOST_CHARACTERS = 160
"""Of a quoted line."""


class Rank(IntEnum):
    """What a line tells of a cause, the least first."""

    WARNING = 0
    EPILOGUE = 1
    """That something ended."""
    PLAIN = 2
    """Nothing that is known here."""
    TOOL = 3
    """An error of a tool for files, after which scripts mostly go on."""
    CAUSE = 4
    """An error."""
    NO_START = 5
    """Why a program cannot start."""


@dataclass(frozen=True)
class Line:
    """A line, or the sentence that it begins, as a reason may show it."""

    text: str
    rank: Rank

    @property
    def names_cause(self) -> bool:
        """Return whether it is an error, and no warning."""
        return self.rank >= Rank.CAUSE


_RULE = re.compile(r"[\W_]*$")
_WARNING = re.compile(
    r"\b(?:warn(?:ing)?|advice|note|avertissement|warnung|hinweis|advertencia|"
    r"ignor(?:ed|ing)|skip(?:ped|ping)|(?:not|non-?) ?fatal|optional|fall(?:ing )?back|"
    r"using \S+ instead|deprecated|retrying|cannot change locale|no errors?|"
    r"cannot modify limit|report any)\b|\busing \S+$|警告|"
    r"^(?:tput|stty|xauth|\S*/xauth|which|module|ulimit): |"
    r"^(?:please|contact|for (?:more |further )?(?:help|information)|"
    r"if (?:you|this)) ",
    re.IGNORECASE,
)
"""With what tools for terminals say, and requests to the reader."""
_TOOL = re.compile(r"(?:\S*/)?(?:rm|rmdir|mkdir|cp|mv|ln|ls|cat|chmod): ")
_EPILOGUE = re.compile(
    r"I REFUSE TO CONTINUE|BAD TERMINATION|EXIT CODE:|CLEANING UP REMAINING|"
    r"YOU CAN IGNORE|exited? with (?:exit code|non-zero)|exit(?:ed|ing) on signal|"
    r"MPI_ABORT|(?:mpi|prte)run (?:has exited|noticed)|primary job|aborting job|"
    r"errorcode|"
    r"backtrace|Image +PC|task \d+: (?:killed|aborted|exited|terminated)|"
    r"\*\*\* (?:STEP|JOB) (?!.*DUE TO)|job step aborted|job is aborted|"
    r"srun: (?:terminating|force terminated)|_step_signal|total processes failed|"
    r"Task launch for StepId|returned non-zero exit status|ORTE was unable to reliably|"
    r"during handling of the above exception|direct cause of the following exception",
    re.IGNORECASE,
)
_NO_START = re.compile(
    r"error while loading shared libraries|cannot open shared object|"
    r"symbol lookup error|GLIBC|exec format error|\bexecv|command not found|"
    r"unable to find the specified executable|executable .*(?:not found|be found)|"
    r"could not (?:find|locate|open|be executed)|cannot (?:find|open|execute|run)|"
    r"unable to (?:locate|find|open|launch|execute)|permission denied|"
    r"licen[cs]e.*(?:fail|expir|deni|error|invalid|unable|no such|\bnot\b|down|"
    r"checkout)|flexlm|flexnet|not enough slots|attempt to run as root|"
    r"invalid (?:account|partition|qos)|unrecognized|(?:unknown|invalid|bad) option|"
    r"illegal instruction|requested node configuration|more processors requested",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"\b(?:error|fatal|severe|bad news|abort\w*|fail(?:ed|s|ure)?|"
    r"can ?not|could not|unable|not enough|insufficient|exceed\w*|illegal|invalid|"
    r"denied|refused|no such file|not found|no space|quota|panic|killed|oom\w*|"
    r"out of memory|segmentation|sig(?:segv|kill|bus|fpe|term|abrt|ill)|unreachable|"
    r"licen[cs]e|cancelled .*due to)\b|^[\w.]*(?:Error|Exception)(?::|$)",
    re.IGNORECASE,
)
_SHELL = re.compile(
    r"(?:-?\w*sh|/\S*sh|\S+: (?:line|zeile|ligne|línea|riga|第) ?\d+(?: ?行)?|"
    r"\S+: \d+|exec|env) ?: |.*(?:not found|no such file|permission denied|"
    r"introuvable|nicht gefunden|未找到|cannot execute|exec format|while loading)",
    re.IGNORECASE,
)
"""A line by which a shell says that it started nothing."""
_TRACEBACK = "Traceback (most recent call last):"
_STACK = re.compile(r"\s*(?:#\d{3}: |\w+\(\d+\)\.*: ?|(?:major|minor): )")
"""Of MPICH and HDF5, below the line of an error, the deepest call last."""


def cause_of_silence(texts: Iterable[str], returncode: int | None = None) -> str:
    """Return the line that says why a program did not start; empty if none does.

    The last lines if none is known to be a cause.

    Parameters
    ----------
    texts
        What was printed, standard error first.
    returncode
        Of the command, as ``Popen`` has it; None if it is unknown.
    """
    printed = [ranked(text) for text in texts]
    if returncode in CODES and (
        said := next(filter(None, map(_of_shell, printed)), "")
    ):
        return _short(said)
    errors = printed[0] if printed else []
    for rank in (Rank.NO_START, Rank.CAUSE, Rank.TOOL):
        for lines in printed:
            if told := [line.text for line in lines if line.rank is rank]:
                apart = lines is not errors or rank is Rank.TOOL
                plain = (line for line in errors if line.rank >= Rank.PLAIN)
                return _quoted([*told[-1:], *(last_lines(plain, 1) if apart else ())])
    return _quoted(last_lines(chain.from_iterable(reversed(printed)), 2))


def started_nothing(texts: Iterable[str], returncode: int | None = None) -> bool:
    """Return whether a command said that nothing started, and no shell names a signal.

    The parameters are those of :func:`cause_of_silence`.
    """
    printed, words = list(texts), signal_words(returncode)
    if words and any(words in text for text in printed):
        return False
    lines = chain.from_iterable(map(ranked, printed))
    return any(line.rank is Rank.NO_START for line in lines)


def ranked(text: str) -> list[Line]:
    """Return the lines of what was printed, with what each tells of a cause.

    Of a Python traceback only the exception is left, of a stack of calls below an
    error the deepest. Rules, empty lines and the labels of ranks are dropped.
    """
    found: list[Line] = []
    for block in _blocks(_without_calls(unlabelled(text).splitlines())):
        lines = [Line(each, _rank(each)) for each in _sentences(block.lines)]
        if block.framed and lines and lines[0].rank <= Rank.EPILOGUE:
            lines = [replace(line, rank=lines[0].rank) for line in lines]
        found += lines
    return found


def _of_shell(lines: Iterable[Line]) -> str:
    """Return the last line by which a shell says that it started nothing, or empty."""
    said = [line.text for line in lines if line.rank >= Rank.PLAIN]
    shells = [text for text in said if _SHELL.match(text)]
    return (shells or said or [""])[-1]


def last_lines(lines: Iterable[Line], most: int) -> list[str]:
    """Return the last lines that are no warnings; warnings if there is nothing else."""
    told = list(lines)
    for least in (Rank.PLAIN, Rank.EPILOGUE, Rank.WARNING):
        if said := [line.text for line in told if line.rank >= least]:
            return said[-most:]
    return []


def _quoted(lines: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(map(_short, lines)))


def _short(paragraph: str) -> str:
    sentence = re.split(r"(?<=[a-z)]\.) ", paragraph, maxsplit=1)[0]
    return sentence[:MOST_CHARACTERS].rstrip(" .;")


def _rank(line: str) -> Rank:
    if _WARNING.search(line):
        return Rank.WARNING
    if _EPILOGUE.search(line):
        return Rank.EPILOGUE
    if _TOOL.match(line):
        return Rank.TOOL
    if _NO_START.search(line):
        return Rank.NO_START
    return Rank.CAUSE if _CAUSE.search(line) else Rank.PLAIN


def _without_calls(lines: Iterable[str]) -> Iterator[str]:
    """Leave the exception of a traceback, and the deepest call of a stack."""
    traceback, head, deepest = False, "", ""
    for line in lines:
        if traceback and line[:1].isspace():
            continue
        traceback = line.startswith(_TRACEBACK)
        if traceback:
            continue
        if head and _STACK.match(line):
            told = _STACK.sub("", line, count=1)
            deepest = told if _CAUSE.search(told) else deepest
            continue
        if head:
            yield f"{head} {deepest}"
        stack = "error stack:" in line or line.startswith("HDF5-DIAG: Error")
        head, deepest = (line, "") if stack else ("", "")
        if not stack:
            yield line
    if head:
        yield f"{head} {deepest}"


@dataclass(frozen=True)
class _Block:
    lines: list[str]
    framed: bool
    """Whether it stands between two rules: one message of Open MPI."""


def _blocks(lines: Iterable[str]) -> Iterator[_Block]:
    held: list[str] = []
    opened = False
    for line in lines:
        if re.fullmatch(r"\s*[-=*]{10,}\s*", line):
            if held or not opened:
                yield _Block(held, framed=opened)
                opened = not opened
            held = []
        else:
            held.append(line)
    yield _Block(held, framed=False)


def _sentences(lines: Iterable[str]) -> list[str]:
    """Join the lines of a sentence, and what is indented below a warning.

    Rules and empty lines are dropped.
    """
    found: list[str] = []
    open_ended, margin = False, 0
    for line in lines:
        words, indent = shown(line), len(line) - len(line.lstrip())
        if _RULE.match(words):
            open_ended = False
            continue
        below = open_ended and not re.match(r"[\w.\[\]/-]+: ", words)
        if below or (found and indent > margin and _WARNING.search(found[-1])):
            found[-1] = f"{found[-1]} {words}"
        else:
            found.append(words)
            margin = indent
        open_ended = re.search(r"(?:,| (?:and|therefore|the|of))$", words) is not None
    return found
