"""Whether each file of a VASP run goes on to its end, told from its own text.

A queue that kills VASP, a full disk and a broken copy all leave files that read well
up to where they stop, and that parsers take for whole ones. Every file whose end can
be told is looked at, the ones we take no number from as well: a cut one means that
something went wrong with this directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path

from workflows.vasp.run_files import (
    NUMBERS,
    VaspFiles,
    read_bytes,
    read_end,
    read_file,
    unix_text,
)

FOOTER = "General timing and accounting informations for this job"
CLOSING = "</modeling>"
LAST_POSITIONS = b'name="finalpos"'
"""VASP writes these once more when it comes to its end, and not before."""
TAIL_BYTES = 1_000_000
"""A VASP built with profiling writes its profile, tens of kB, after the footer."""
EMPTY = "is empty: the disk was full, or VASP was killed before it wrote"
LARGEST_EMPTY = 100
_LORBIT = re.compile(rb'name="LORBIT"> *(\w+)')
DOSCAR_HEAD = 5
"""Lines that VASP writes at its start; a density of states only follows at its end."""
_AFTER_IONS = re.compile(
    rb" *(|imaginary and real dielectric function|Linear response finished"
    rb"|E_p = .*|ion +lambda.*|\d+( +-?\d\.\d+E[-+]\d+){1,3} *)"
)
"""Lines in OSZICAR below the last ionic step: of optics and of constrained moments."""
_RESPONSE = re.compile(rb'(?:LEPSILON|LCHIMAG)(?:">| *=) *T|IBRION(?:">| =) *[78]\b')
"""A run that goes on with electronic steps of a linear response."""


def cut_file(files: VaspFiles) -> str:
    """Return which file stops before its end, and how that shows; empty for none."""
    empty_procar = without_projections(files)
    for name, problem in ENDS.items():
        path = files.find(name)
        if path is None or (name == "PROCAR" and empty_procar):
            continue
        found = read_end(path, TAIL_BYTES) if name in NUMBERS else read_file(path)
        content = unix_text(found.content)
        told = found.problem or (problem(content) if content else EMPTY)
        if told and name == "DOSCAR" and without_states(files):
            continue
        if told and name == "OSZICAR" and _responds(files):
            told = found.problem or _oszicar(content[: _end_of_ions(content)])
        if told:
            return f"{path.name} {told}"
    return ""


def without_projections(files: VaspFiles) -> bool:
    """Tell a PROCAR that VASP has opened and left empty, as it does without LORBIT.

    Only beside both an OUTCAR and a vasprun.xml: these tell whether it came to its
    end. Any other empty file is damage.
    """
    outcar, vasprun, procar = (files.find(name) for name in (*NUMBERS, "PROCAR"))
    if outcar is None or vasprun is None or procar is None or not _is_empty(procar):
        return False
    return not _asks_projections(vasprun)


def without_states(files: VaspFiles) -> bool:
    """Tell a DOSCAR of its head alone, beside a vasprun.xml without states either.

    VASP writes the head at its start, and some set-ups make it write no more.
    """
    doscar, vasprun = (files.find(name) for name in ("DOSCAR", "vasprun.xml"))
    if doscar is None or vasprun is None:
        return False
    content = unix_text(read_bytes(doscar))
    only_head = content.count(b"\n") == DOSCAR_HEAD and content.endswith(b"\n")
    return only_head and b"<dos" not in read_bytes(vasprun)


def _responds(files: VaspFiles) -> bool:
    paths = [path for name in NUMBERS if (path := files.find(name)) is not None]
    return any(_RESPONSE.search(read_bytes(path)) for path in paths)


def _end_of_ions(oszicar: bytes) -> int:
    return oszicar.find(b"\n", max(0, oszicar.rfind(b"F="))) + 1


def _is_empty(path: Path) -> bool:
    """Spare reading a large one; an empty one packed has some bytes."""
    return path.stat().st_size < LARGEST_EMPTY and not read_bytes(path)


def _asks_projections(vasprun: Path) -> bool:
    found = _LORBIT.search(read_bytes(vasprun))
    return found is not None and found[1] not in (b"0", b"F")


def _outcar(tail: bytes) -> str:
    """Want the footer to its last line, and the profile to its own if there is one."""
    _, found, footer = tail.rpartition(FOOTER.encode())
    last = re.search(rb"Voluntary context switches:\s*\d+[^\n]*\n", footer)
    if not found:
        return "has no timing footer: VASP did not come to its end"
    rest = footer[last.end() :] if last else b""
    profiled = re.search(rb"Profiling took\s+[\d.]+ seconds\n$", rest)
    if last and (not rest or profiled or _other_end(rest)):
        return ""
    return "stops within its timing footer: it was cut"


def _other_end(rest: bytes) -> bool:
    """Bear a version that prints yet something else last, in whole lines."""
    return bool(rest.strip()) and rest.endswith(b"\n") and b"PROFILE, used" not in rest


def _vasprun(content: bytes) -> str:
    if not content.rstrip().endswith(CLOSING.encode()):
        return "is not closed: VASP did not come to its end"
    if LAST_POSITIONS not in content:
        return (
            "is closed but lacks the final positions that VASP writes last: it did not "
            "come to its end"
        )
    return ""


def _oszicar(content: bytes) -> str:
    """Want an ionic step's line at the end, as ``1 F= -.45E+01 E0= -.45E+01 ...``."""
    lines = content.splitlines()
    while lines and _AFTER_IONS.fullmatch(lines[-1]):
        lines.pop()
    if not content.endswith(b"\n") or not any(b"F=" in line for line in lines[-1:]):
        return "does not end with the energy of an ionic step: it was cut"
    return ""


def _contcar(content: bytes) -> str:
    """Want one line per atom, and as many velocities if there are any."""
    lines = content.decode("utf-8", "replace").splitlines()
    counts = next((t.split() for t in lines[5:7] if _whole_numbers(t)), [])
    atoms = sum(map(int, counts))
    coordinates = next(
        (i for i, t in enumerate(lines[6:10], 7) if t.strip()[:1] in tuple("DCKdck")), 0
    )
    rest = lines[coordinates:]
    positions, others = rest[:atoms], rest[atoms:]
    whole = all(len(t.split()) >= 3 for t in positions) and content.endswith(b"\n")
    velocities = len([t for t in others if t.strip()])
    if not coordinates or not atoms or not whole or len(positions) < atoms:
        return "does not list all atoms: it was cut"
    if others and velocities < atoms:
        return "does not list the velocities of all atoms: it was cut"
    return ""


def _whole_numbers(text: str) -> bool:
    words = text.split()
    return bool(words) and all(word.isdecimal() for word in words)


def _doscar(content: bytes) -> str:
    """Count rows: a grid for the cell, and one for each ion if the header says so."""
    head = list(islice(content.splitlines(), 6))
    try:
        ions, partial = int(head[0].split()[0]), head[0].split()[2] == b"1"
        grid = int(head[5][32:37])
    except (IndexError, ValueError):
        return "has no whole header: it was cut"
    return _counted(content, 6 + grid + partial * ions * (grid + 1))


def _eigenval(content: bytes) -> str:
    """Count rows: two and one per band for each k point."""
    head = list(islice(content.splitlines(), 6))
    try:
        _, points, bands = (int(word) for word in head[5].split())
    except (IndexError, ValueError):
        return "has no whole header: it was cut"
    return _counted(content, 6 + points * (bands + 2))


def _xdatcar(content: bytes) -> str:
    """Want every atom after the last ``Direct configuration=``."""
    lines = content.decode("utf-8", "replace").splitlines()
    counts = next((t.split() for t in lines[5:7] if _whole_numbers(t)), [])
    last = max((i for i, t in enumerate(lines) if "configuration=" in t), default=0)
    atoms = sum(map(int, counts))
    return _counted(content, last + 1 + atoms if last and atoms else len(lines) + 1)


def _procar(content: bytes) -> str:
    """Count bands, and want the last one to go down to its sum over the ions.

    Of a single ion VASP writes no sum.
    """
    head = re.search(
        rb"# of k-points:\s*(\d+)\s+# of bands:\s*(\d+)\s+# of ions:\s*(\d+)", content
    )
    if head is None:
        return "has no whole header: it was cut"
    points, bands, alone = int(head[1]), int(head[2]), head[3] == b"1"
    spins = content.count(b"# of k-points:")
    last = content.rstrip().rpartition(b"\n")[2].split()[:1]
    if (
        content.count(b"\nband ") < spins * points * bands
        or last not in ([b"tot"], [b"charge"], *([[b"1"]] if alone else []))
        or not content.endswith(b"\n")
    ):
        return "does not list all bands: it was cut"
    return ""


def _ibzkpt(content: bytes) -> str:
    """Count the k points, and the tetrahedra if there are any."""
    lines = content.splitlines()
    try:
        expected = 3 + int(lines[1].split()[0])
        if len(lines) > expected:
            expected += 2 + int(lines[expected + 1].split()[0])
    except (IndexError, ValueError):
        return "has no whole header: it was cut"
    return _counted(content, expected)


def _counted(content: bytes, lines: int) -> str:
    found = content.count(b"\n")
    if found < lines or not content.endswith(b"\n"):
        return f"has {found} of {lines} lines: it was cut"
    return ""


ENDS: Mapping[str, Callable[[bytes], str]] = {
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
"""File -> what is wrong with its end, in the order in which they are asked."""
