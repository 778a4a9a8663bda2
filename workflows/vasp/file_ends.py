"""Whether each file of a VASP run goes on to its end, judged by its own text.

A queue that kills VASP, a full disk and a broken copy all leave files that read well
up to where they stop, and that parsers take for whole ones. Every file whose end can
be recognised is looked at, also those that no number is taken from: a cut one means
that something went wrong with this directory. A file in a form that is not known here
is not called cut: of such a file nobody can tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from workflows.counts import count_of
from workflows.vasp.many_body import many_body_algorithm
from workflows.vasp.packed import PackingError
from workflows.vasp.poscar import poscar_end
from workflows.vasp.run_files import (
    NUMBERS,
    VaspFiles,
    holds,
    read_end,
    read_lines,
    unix_text,
)

FOOTER = "General timing and accounting informations for this job"
CLOSING = "</modeling>"
_CLOSED = re.compile(rb"</(?:[\w.-]+:)?modeling\s*>\s*$")
"""With the prefix of a namespace too: such a file is whole, if not VASP's."""
LAST_POSITIONS = re.compile(rb'name="finalpos"')
"""VASP writes these once more when it comes to its end, and not before."""
TAIL_BYTES = 1_000_000
"""A VASP built with profiling writes its profile, tens of kB, after the footer."""
EMPTY = "is empty: the disk was full, or VASP was killed before it wrote"
NO_HEADER = "has no whole header: it was cut"
NOT_ALL_BANDS = "does not list all bands: it was cut"
_ASKS_PROJECTIONS = re.compile(rb'name="LORBIT"> *(?!0\b|F\b)\w')
_HAS_STATES = re.compile(rb"<dos")
DOSCAR_HEAD = 5
"""Lines that VASP writes at its start; a density of states only follows at its end."""
_ELECTRONIC_STEP = re.compile(rb" *[A-Za-z]{2,5}: +\d+ |  +N  +E  +dE ")
"""A line in OSZICAR of an ionic step that has not come to its energy, or its head."""
_AFTER_IONS = re.compile(
    rb" *(|imaginary and real dielectric function|Linear response finished"
    rb"|E_p = .*|ion +lambda.*|\d+( +-?\d\.\d+E[-+]\d+){1,3} *)"
)
"""Lines in OSZICAR below the last ionic step: of optics and of constrained moments."""
_RESPONSE_TAGS = (b"LEPSILON", b"LCHIMAG", b"IBRION")
_RESPONSE = re.compile(rb'(?:LEPSILON|LCHIMAG)(?:">| *=) *T|IBRION(?:">| =) *[78]\b')
"""A run that goes on with electronic steps of a linear response."""
_CONFIGURATION = re.compile(rb" *(Direct configuration|Konfig) *=")
_INTEGERS = re.compile(rb"[ \t]*\d+([ \t]+\d+)*[ \t]*\n")
_PROCAR_HEAD = re.compile(
    rb"# of k-points:\s*(\d+)\s+# of bands:\s*(\d+)\s+# of ions:\s*(\d+)"
)
_LONG_HEADER = 10_000
"""Lines before the first positions of XDATCAR; a million atoms have fewer."""


@dataclass(frozen=True)
class Ends:
    """How the files of one run end.

    Attributes
    ----------
    problem
        Which file stops before its end, and how that shows; empty for none.
    silent
        Files that VASP opened and had nothing to write to, and what they are.
    unknown
        Files in a form that is not known here: whether they are whole is not known.
    odd
        Whether the problem is that an output is no file.
    """

    problem: str = ""
    silent: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    odd: bool = False


def file_ends(files: VaspFiles) -> Ends:
    """Look at the end of every file of a run.

    Raises
    ------
    StoreError
        A file is larger than is read here, or packed in an unknown way.
    """
    for name, what in files.odd(*ENDS).items():
        return Ends(f"{name} {what}", odd=True)
    silent: list[str] = []
    unknown: list[str] = []
    many_body = bool(many_body_algorithm(files))
    for name, look in ENDS.items():
        path = files.find(name)
        if path is None or (many_body and name not in NUMBERS):
            continue  # such a run leaves what it has no use for as it was opened
        try:
            told = _look(path, name, look, many_body=many_body)
        except PackingError as error:
            return Ends(f"{path.name} {error}", tuple(silent), tuple(unknown))
        if told == EMPTY and name == "PROCAR" and _without_projections(files):
            silent.append("PROCAR: empty, as VASP leaves it without LORBIT")
        elif told and name == "DOSCAR" and _without_states(files):
            silent.append("DOSCAR: its head alone, no density of states")
        elif told and name == "OSZICAR" and _responds(files):
            continue
        elif told is None:
            unknown.append(path.name)
        elif told:
            return Ends(f"{path.name} {told}", tuple(silent), tuple(unknown))
    return Ends("", tuple(silent), tuple(unknown))


def _look(
    path: Path,
    name: str,
    look: Callable[[Iterable[bytes]], str | None],
    *,
    many_body: bool,
) -> str | None:
    if name in NUMBERS or name == "OSZICAR":
        end = read_end(path, TAIL_BYTES)
        if end.problem:
            raise PackingError(end.problem)
        content = unix_text(end.content)
        if name == "vasprun.xml" and content and not many_body:
            return _vasprun(content) or _final_positions(path)
        lines: Iterable[bytes] = content.splitlines(keepends=True)
    else:
        lines = read_lines(path)
    lines = iter(lines)
    first = next(lines, b"")
    return look(_with(first, lines)) if first else EMPTY


def _with(first: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from lines


def _without_projections(files: VaspFiles) -> bool:
    """Tell a PROCAR that VASP opened and left empty, as it does without LORBIT.

    Only beside both an OUTCAR and a vasprun.xml: these tell whether it came to its
    end. Any other empty file is damage.
    """
    outcar, vasprun = (files.find(name) for name in NUMBERS)
    return bool(outcar and vasprun) and not holds(vasprun, _ASKS_PROJECTIONS)


def _without_states(files: VaspFiles) -> bool:
    """Tell a DOSCAR of its head alone, beside a vasprun.xml without states either.

    VASP writes the head at its start, and some set-ups make it write no more.
    """
    doscar, vasprun = (files.find(name) for name in ("DOSCAR", "vasprun.xml"))
    if doscar is None or vasprun is None:
        return False
    head = list(islice(read_lines(doscar), DOSCAR_HEAD + 1))
    whole = len(head) == DOSCAR_HEAD and head[-1].endswith(b"\n")
    return whole and not holds(vasprun, _HAS_STATES)


def _responds(files: VaspFiles) -> bool:
    """Tell a run whose OSZICAR ends with the electronic steps of a linear response."""
    path = files.find("OSZICAR")
    content = b"" if path is None else unix_text(read_end(path, TAIL_BYTES).content)
    ions = content[: content.find(b"\n", max(0, content.rfind(b"F="))) + 1]
    if _oszicar(ions.splitlines(keepends=True)) != "":
        return False
    found = (holds(files.find(n), _RESPONSE, words=_RESPONSE_TAGS) for n in NUMBERS)
    return any(found)


def _outcar(tail: Iterable[bytes]) -> str:
    """Want the footer to its last line, and the profile to its own if there is one."""
    _, found, footer = b"".join(tail).rpartition(FOOTER.encode())
    last = re.search(rb"Voluntary context switches:\s*\d+[^\n]*\n", footer)
    if not found:
        return "has no timing footer: VASP did not come to its end"
    rest = footer[last.end() :] if last else b""
    profiled = re.search(rb"Profiling took\s+[\d.]+ seconds\n$", rest)
    if last and (not rest or profiled or _other_end(rest)):
        return ""
    return "stops within its timing footer: it was cut"


def _other_end(rest: bytes) -> bool:
    """Accept a version that prints yet something else last, in whole lines."""
    return bool(rest.strip()) and rest.endswith(b"\n") and b"PROFILE, used" not in rest


def _vasprun(tail: Iterable[bytes] | bytes) -> str:
    content = tail if isinstance(tail, bytes) else b"".join(tail)
    if _CLOSED.search(content):
        return ""
    return "is not closed: VASP did not come to its end"


def _final_positions(path: Path) -> str:
    if holds(path, LAST_POSITIONS):
        return ""
    return (
        "is closed but lacks the final positions that VASP writes last: it did not "
        "come to its end"
    )


def _oszicar(lines: Iterable[bytes]) -> str | None:
    """Want an ionic step's line at the end, as ``1 F= -.45E+01 E0= -.45E+01 ...``."""
    found = list(lines)
    last = max((i for i, line in enumerate(found) if b"F=" in line), default=-1)
    below = found[last + 1 :]
    cut = any(_ELECTRONIC_STEP.match(line) for line in below)
    if last < 0 or cut or not found[-1].endswith(b"\n"):
        return "does not end with the energy of an ionic step: it was cut"
    known = all(_AFTER_IONS.fullmatch(line.rstrip(b"\n")) for line in below)
    return "" if known else None


def _contcar(lines: Iterable[bytes]) -> str | None:
    return poscar_end(b"".join(lines).decode("utf-8", "replace"))


def _doscar(lines: Iterable[bytes]) -> str | None:
    """Count rows: a grid for the cell, and one for each ion if the header says so."""
    lines = iter(lines)
    head = list(islice(lines, 6))
    if len(head) < 6 or not head[-1].endswith(b"\n"):
        return NO_HEADER
    try:
        ions, partial = int(head[0].split()[0]), head[0].split()[2] == b"1"
        words = head[5].split()
        grid = int(words[2] if len(words) == 5 else head[5][32:37])
    except (IndexError, ValueError):
        return None
    return _counted(head, lines, 6 + grid + partial * ions * (grid + 1))


def _eigenval(lines: Iterable[bytes]) -> str | None:
    """Count rows: two and one per band for each k point."""
    lines = iter(lines)
    head = list(islice(lines, 6))
    if len(head) < 6 or not head[-1].endswith(b"\n"):
        return NO_HEADER
    try:
        _, points, bands = (int(word) for word in head[5].split())
    except ValueError:
        return None
    return _counted(head, lines, 6 + points * (bands + 2))


def _xdatcar(lines: Iterable[bytes]) -> str | None:
    """Want every atom below the last ``Direct configuration=``, or ``Konfig=``."""
    lines = iter(lines)
    head: list[bytes] = []
    for line in islice(lines, _LONG_HEADER):
        if _CONFIGURATION.match(line):
            break
        head.append(line)
    else:
        known = len(head) < 5 or len(head[1].split()) == len(head[2].split()) - 2 == 1
        return "has no positions: it was cut" if known else None
    atoms = _atoms(head)
    rows, whole = 0, True
    for line in lines:
        rows = 0 if _CONFIGURATION.match(line) else rows + 1
        whole = line.endswith(b"\n")
    if not atoms:
        return None
    if rows < atoms or not whole:
        return (
            f"has {rows} of {count_of(atoms, 'line')} below its last configuration: it "
            "was cut"
        )
    return ""


def _atoms(head: list[bytes]) -> int:
    """Add up the lines of whole numbers that come last before the positions."""
    below = next((i for i in reversed(range(len(head))) if _is_count(head[i])), -1)
    atoms = 0
    while below >= 0 and _is_count(head[below]):
        atoms += sum(map(int, head[below].split()))
        below -= 1
    return atoms


def _is_count(line: bytes) -> bool:
    return _INTEGERS.fullmatch(line) is not None


def _procar(lines: Iterable[bytes]) -> str | None:
    """Count bands, and want the last one to be as long as the others.

    Each form has its own tables below a band (sums over the ions, three components of
    the spin, phases), all bands of one file the same ones. A single band is judged by
    the sum that ends its table; VASP writes none for a single ion.
    """
    lines = iter(lines)
    head = list(islice(lines, 2))
    sizes = _PROCAR_HEAD.search(head[-1])
    if sizes is None:
        whole = len(head) == 2 and head[-1].endswith(b"\n")
        return None if whole else NO_HEADER
    points, wanted, alone = int(sizes[1]), int(sizes[2]), sizes[3] == b"1"
    spins, bands, length, shortest, last = 1, 0, 0, 0, head[-1]
    for line in lines:
        start = line.lstrip()[:6]
        if start.startswith((b"band ", b"k-poin", b"# of k")):
            shortest = min(shortest or length, length or shortest)
            length = 0
            spins += start.startswith(b"#")
            bands += start.startswith(b"band")
        elif start:
            length += 1
        if start:
            last = line
    if bands < spins * points * wanted or not last.endswith(b"\n"):
        return NOT_ALL_BANDS
    if shortest:
        return NOT_ALL_BANDS if length < shortest else ""
    summed = last.split()[:1] in ([b"tot"], [b"charge"], *([[b"1"]] if alone else []))
    if summed:
        return ""
    return NOT_ALL_BANDS if length <= int(sizes[3]) else None


def _ibzkpt(lines: Iterable[bytes]) -> str | None:
    """Count the k points, and the tetrahedra if there are any."""
    found = list(lines)
    if len(found) < 3:
        return NO_HEADER
    try:
        expected = 3 + int(found[1].split()[0])
        if len(found) > expected + 1:
            expected += 2 + int(found[expected + 1].split()[0])
        elif len(found) > expected:
            expected += 2
    except (IndexError, ValueError):
        return None if found[-1].endswith(b"\n") else NO_HEADER
    return _counted(found, (), expected)


def _counted(head: list[bytes], more: Iterable[bytes], wanted: int) -> str:
    """Compare the number of lines, those of `head` and those that follow."""
    found, last = len(head) - 1, head[-1]
    for line in more:
        found, last = found + 1, line
    found += last.endswith(b"\n")
    if found < wanted or not last.endswith(b"\n"):
        return f"has {found} of {wanted} lines: it was cut"
    return ""


ENDS: Mapping[str, Callable[[Iterable[bytes]], str | None]] = {
    "OUTCAR": _outcar,
    "vasprun.xml": _vasprun,
    "OSZICAR": _oszicar,
    "CONTCAR": _contcar,
    "DOSCAR": _doscar,
    "EIGENVAL": _eigenval,
    "PROCAR": _procar,
    "XDATCAR": _xdatcar,
    "IBZKPT": _ibzkpt,
}
"""File -> what is wrong with its end, in the order in which they are looked at.

"" for nothing, None for a form that is not known here.
"""
