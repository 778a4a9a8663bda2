"""What a VASP that started said of its own end.

VASP's words come first: what launchers, queues and MPI print after them tells only that
it ended, and so does the last line of VASP's own box.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from workflows.engines.cause_lines import Line, Rank, last_lines, ranked
from workflows.errors import StoreError
from workflows.vasp.launcher_labels import unlabelled
from workflows.vasp.log_text import read_log, shown
from workflows.vasp.own_output import Streams
from workflows.vasp.standard_output import ELECTRONIC, IONIC

MOST_CHARACTERS = 300
MOST_BYTES = 200_000
"""Read of a log, half at its head and half at its tail."""
LONGEST_LINE = 2_000
LOGS = ("vasp.out", "std_err.txt")

_BOX = re.compile(r"\s*\|(.*)\|\s*")
_ART = re.compile(r"(?:([^\W_]|[#!*])\1*(?:\s+|$))+")
"""Letters of letters: ``E        R     R  R     R``."""
_REFUSES = "I REFUSE TO CONTINUE"
_ENDED = re.compile(r"signal|killed|memory|cancelled", re.IGNORECASE)
"""What even a launcher's last words tell of the cause."""


def own_words(directory: Path) -> str:
    """Return why VASP ended, with who says so; empty if nothing was printed.

    Parameters
    ----------
    directory
        Of a run whose VASP has ended.
    """
    output, errors = (unlabelled(_text(directory / name)) for name in LOGS)
    before, after = _around_last_step(output)
    own, others = (ranked(_without_boxes(text)) for text in (after, errors))
    earlier = [*ranked(_without_boxes(before)), *_boxed(after), *_boxed(errors)]
    for words, told in (
        ("VASP said", [*_refusals((after, errors))][:1]),
        ("VASP said", _causes(own)[:1]),
        ("standard error says", _causes(others)[-1:]),
        ("its launcher said", _ends([*own, *others])[:1]),
        ("the last line of VASP", _no_warnings(others)[-1:]),
        ("VASP said before", _causes(earlier)[-1:]),
        ("the last line of VASP", last_lines(own, 1)),
        ("the last line of VASP", last_lines(ranked(before), 1)),
        ("the last line of VASP", last_lines(others, 1)),
    ):
        for line in told:
            return f"{words}: {line[:MOST_CHARACTERS]}"
    return ""


def line_with(directory: Path, messages: Iterable[str]) -> str:
    """Return what VASP printed around one of some messages; empty if it did not.

    The box in which it is, or its line.
    """
    wanted = tuple(messages)
    output, errors = (_text(directory / name) for name in LOGS)
    streams = Streams(output, errors)
    for own in (streams.own_output, streams.own_errors):
        text = unlabelled(own)
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


def _around_last_step(text: str) -> tuple[str, str]:
    """Return what VASP printed before, from which it went on, and after it."""
    ends = [
        0,
        *(found.end() for kind in (IONIC, ELECTRONIC) for found in kind.finditer(text)),
    ]
    end = text.find("\n", max(ends)) if max(ends) else 0
    return (text[:end], text[end:]) if end >= 0 else (text, "")


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


def _without_boxes(text: str) -> str:
    """Leave out VASP's boxes: those that do not refuse are advice."""
    return "\n".join(line for line in text.splitlines() if not _BOX.fullmatch(line))


def _boxed(text: str) -> list[Line]:
    return ranked("\n\n".join(_boxes(text)))


def _causes(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines if line.names_cause]


def _ends(lines: Iterable[Line]) -> list[str]:
    """Return what launchers said of an end, if it tells of a cause."""
    last = (line.text for line in lines if line.rank is Rank.EPILOGUE)
    return [text for text in last if _ENDED.search(text)]


def _no_warnings(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines if line.rank > Rank.WARNING]
