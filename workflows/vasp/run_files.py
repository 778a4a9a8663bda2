"""Which files of a directory are one VASP run: plain or packed, with a suffix or not.

custodian and atomate rename the files of a first relaxation to ``OUTCAR.relax1``,
people call theirs ``vasprun.bad.xml``. What shares a suffix is one run; a directory
may hold several.
"""

from __future__ import annotations

import re
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflows.errors import StoreError
from workflows.vasp.packed import (
    ENDINGS,
    LONGEST_MARK,
    PackingError,
    Unpacked,
    bare_name,
    held_limit,
    hold,
    is_packed,
    stream,
)

OUTPUTS = ("OUTCAR", "vasprun.xml", "OSZICAR", "vasp.out", "custodian.json")
"""Files that only a VASP that was started leaves behind."""
NUMBERS = ("OUTCAR", "vasprun.xml")
"""Files that hold results; a suffix counts as a run if one of them has it."""
_INCAR = re.compile(r"INCAR(\.relax\d+)?")
LONGEST_LINE = 1_000_000
"""Bytes; VASP writes no such line, a damaged file may."""
OVERLAP = 1_000
"""Bytes of the piece before in which a match may begin."""
_NAMES = {
    "OUTCAR": re.compile(r"OUTCAR(?:([._-].+))?"),
    "vasprun.xml": re.compile(r"vasprun([._-].+?)?\.xml(\..+)?"),
}


@dataclass(frozen=True)
class VaspFiles:
    """The files of one run.

    Attributes
    ----------
    directory
        Where they are.
    suffix
        What follows the name in all of them, such as ``.relax1``; mostly empty.
    outputs
        OUTCAR and vasprun.xml by these names, whatever they are called on disk.
    """

    directory: Path
    suffix: str
    outputs: Mapping[str, Path]

    @property
    def label(self) -> str:
        """The suffix as a name, such as ``relax1``; empty if there is none."""
        return self.suffix.lstrip("._-")

    def find(self, name: str) -> Path | None:
        """Return the file of this name in this run, if it is there."""
        if name in NUMBERS:
            return self.outputs.get(name)
        return _find(self.directory, name + self.suffix)


def run_files(directory: Path, *, inputs: bool = False) -> tuple[VaspFiles, ...]:
    """List the runs of a directory: without a suffix first, then by suffix.

    ``relax10`` comes after ``relax9``. Files with nothing but other outputs, such as
    an OSZICAR of a run that was killed early, count as a run without a suffix.

    Parameters
    ----------
    directory
        Where to look.
    inputs
        An INCAR without outputs is a run as well, also ``INCAR.relax1``.
    """
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        named = _output(path)
        if named is not None:
            found.setdefault(named[1], {}).setdefault(named[0], path)
        asked = _INCAR.fullmatch(bare_name(path.name)) if inputs else None
        if asked is not None and path.is_file():
            found.setdefault(asked[1] or "", {})
    others = ("OSZICAR",) if found else OUTPUTS
    if "" not in found and any(_find(directory, name) for name in others):
        found[""] = {}
    return tuple(
        VaspFiles(directory, suffix, found[suffix])
        for suffix in sorted(found, key=_natural)
    )


def last_run(directory: Path) -> VaspFiles:
    """Return the run that a directory stands for: its last one, by suffix.

    Raises
    ------
    StoreError
        It holds none, or several whose names give no order.
    """
    runs = run_files(directory)
    plain = [run for run in runs if run.suffix == ""]
    if plain:
        return plain[0]
    numbered = [run for run in runs if run.suffix[-1].isdigit()]
    if len(numbered or runs) == 1 or (numbered and len(numbered) == len(runs)):
        return runs[-1]
    if not runs:
        raise StoreError(f"{directory}: no VASP run here (no OUTCAR, no vasprun.xml)")
    raise StoreError(
        f"{directory}: {len(runs)} runs here ({', '.join(r.label for r in runs)}), and "
        "no telling which is meant; name one of its files"
    )


def run_of(path: Path) -> VaspFiles:
    """Return the run that one of its files belongs to.

    Raises
    ------
    StoreError
        No run of the file's directory ends in its suffix.
    """
    runs = run_files(path.parent)
    named = _output(path)
    bare = bare_name(path.name)
    for run in sorted(runs, key=lambda run: -len(run.suffix)):
        if run.suffix == named[1] if named else bare.endswith(run.suffix):
            return run
    raise StoreError(f"{path}: no file of a VASP run")


def read_end(path: Path, size: int) -> Unpacked:
    """Return the last `size` bytes of a file, unpacked, and what is wrong with it.

    Raises
    ------
    StoreError
        See :func:`workflows.vasp.packed.hold`.
    """
    with path.open("rb") as raw:
        if not is_packed(raw.read(LONGEST_MARK)):
            raw.seek(max(0, path.stat().st_size - size))
            return Unpacked(raw.read())
    end = b""
    try:
        for piece in stream(path, limit=held_limit(path)):
            end = (end + piece)[-size:]
    except PackingError as error:
        return Unpacked(end if error.cut else b"", str(error))
    return Unpacked(end)


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, unpacked, with their ends, in little memory.

    A line end of Windows becomes that of Unix. Of a line longer than
    :data:`LONGEST_LINE` the rest comes as another line.

    Raises
    ------
    PackingError
        It is damaged, or packed and cut.
    StoreError
        See :func:`workflows.vasp.packed.stream`.
    """
    rest, first = b"", True
    for piece in stream(path):
        rest += piece.removeprefix(BOM_UTF8) if first else piece
        first = False
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r") + b"\n"
        while len(rest) > LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
    if rest:
        yield rest


def read_bytes(path: Path) -> bytes:
    """Return a file's content unpacked, as far as it can be.

    Raises
    ------
    StoreError
        See :func:`workflows.vasp.packed.hold`.
    """
    return hold(path).content


def read_text(path: Path) -> str:
    """Return a file as text; bytes that are no UTF-8 become replacement marks."""
    return unix_text(read_bytes(path)).decode("utf-8", "replace")


def holds(
    path: Path | None, pattern: re.Pattern[bytes], *, first: int | None = None
) -> re.Match[bytes] | None:
    """Find the first match of a pattern, shorter than a line, in a file as a stream.

    None without one, or without a file. Looks no further than the piece that has the
    last of the `first` bytes.
    """
    if path is None:
        return None
    before, seen = b"", 0
    with suppress(PackingError):
        for piece in stream(path):
            text = before + piece
            if found := pattern.search(text):
                return found
            before = text[-OVERLAP:]
            seen += len(piece)
            if first is not None and seen >= first:
                break
    return None


def unix_text(content: bytes) -> bytes:
    """Leave out the mark and the line ends that a copy through Windows puts in."""
    return content.removeprefix(BOM_UTF8).replace(b"\r\n", b"\n")


@contextmanager
def plain_file(path: Path) -> Iterator[Path]:
    """Give a file to a reader that goes by the name: plain, and named so."""
    name = bare_name(path.name)
    with path.open("rb") as raw:
        packed = is_packed(raw.read(LONGEST_MARK))
    if name == path.name and not packed:
        yield path
        return
    with tempfile.TemporaryDirectory() as place:
        with suppress(PackingError), (Path(place) / name).open("wb") as plain:
            for piece in stream(path, limit=held_limit(path)):
                plain.write(piece)
        yield Path(place) / name


def _output(path: Path) -> tuple[str, str] | None:
    """Return (OUTCAR or vasprun.xml, suffix), or None for any other file."""
    for name, pattern in _NAMES.items():
        match = pattern.fullmatch(bare_name(path.name))
        if match is not None and path.is_file():
            return name, "".join(part or "" for part in match.groups())
    return None


def _find(directory: Path, name: str) -> Path | None:
    for ending in ("", *ENDINGS, *map(str.upper, ENDINGS[:-1])):
        candidate = directory / f"{name}{ending}"
        if candidate.is_file():
            return candidate
    return None


@cache
def _natural(text: str) -> tuple[tuple[int, str], ...]:
    parts = re.split(r"(\d+)", text)
    return tuple((int(p), "") if p.isdigit() else (-1, p) for p in parts)
