"""Which files of a directory are one VASP run: plain or packed, with a suffix or not.

custodian and atomate rename the files of a first relaxation to ``OUTCAR.relax1``,
people call theirs ``vasprun.bad.xml``. What shares a suffix is one run; a directory
may hold several.
"""

from __future__ import annotations

import re
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from workflows.atomic import open_regular
from workflows.errors import StoreError, is_utf8
from workflows.vasp.file_kinds import odd_kind
from workflows.vasp.packed import (
    ENDINGS,
    LONGEST_MARK,
    ZEROS,
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
    odd_outputs
        The same, where the name is that of a directory, a FIFO, a broken link.
    """

    directory: Path
    suffix: str
    outputs: Mapping[str, Path]
    odd_outputs: Mapping[str, Path] = field(default_factory=dict)

    def odd(self, *names: str) -> dict[str, str]:
        """Return which of these names of the run are no files, and what they are."""
        found = {}
        for name in names:
            if self.find(name) is not None:
                continue
            path = self.odd_outputs.get(name, self.directory / f"{name}{self.suffix}")
            if kind := odd_kind(path):
                found[path.name] = f"is {kind}, not a file: put the file of VASP there"
        return found

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
    odd: dict[str, dict[str, Path]] = {}
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        named = _output(path)
        if named is not None:
            found.setdefault(named[1], {}).setdefault(named[0], path)
        elif wrong := _odd_output(path):
            found.setdefault(wrong[1], {})
            odd.setdefault(wrong[1], {})[wrong[0]] = path
        asked = _INCAR.fullmatch(bare_name(path.name)) if inputs else None
        if asked is not None and path.is_file():
            found.setdefault(asked[1] or "", {})
    others = ("OSZICAR",) if found else OUTPUTS
    if "" not in found and any(
        _find(directory, name) or odd_kind(directory / name) for name in others
    ):
        found[""] = {}
    return tuple(
        VaspFiles(directory, suffix, found[suffix], odd.get(suffix, {}))
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

    Of a file with zero bytes there, what follows them.

    Raises
    ------
    StoreError
        See :func:`workflows.vasp.packed.hold`.
    """
    with open_regular(path) as raw:
        if not is_packed(raw.read(LONGEST_MARK)):
            start = max(0, path.stat().st_size - size)
            raw.seek(start)
            end = raw.read()
            zero = end.rfind(b"\0")
            told = ZEROS.format(place=start + end.find(b"\0")) if zero >= 0 else ""
            return Unpacked(end[zero + 1 :], told)
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
    path: Path | None,
    pattern: re.Pattern[bytes],
    *,
    first: int | None = None,
    words: Sequence[bytes] = (b"",),
) -> re.Match[bytes] | None:
    """Find the first match of a pattern, shorter than a line, in a file as a stream.

    None without one, or without a file. Looks no further than the piece that has the
    last of the `first` bytes. Every match holds one of the `words`, in capitals or not:
    they are looked for first, a hundred times as fast as a pattern of alternatives.
    """
    if path is None:
        return None
    before, seen = b"", 0
    with suppress(PackingError):
        for piece in stream(path):
            text = before + piece
            capitals = text.upper()
            if any(word in capitals for word in words) and (
                found := pattern.search(text)
            ):
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
    """Give a file to a reader that goes by the name: plain, named so, in UTF-8."""
    name = bare_name(path.name)
    with open_regular(path) as raw:
        packed = is_packed(raw.read(LONGEST_MARK))
    if name == path.name and not packed and is_utf8(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as place:
        with suppress(PackingError), (Path(place) / name).open("wb") as plain:
            for piece in stream(path, limit=held_limit(path)):
                plain.write(piece)
        yield Path(place) / name


def _output(path: Path) -> tuple[str, str] | None:
    """Return (OUTCAR or vasprun.xml, suffix), or None for any other file."""
    named = _output_name(path.name)
    return named if named is not None and path.is_file() else None


def _odd_output(path: Path) -> tuple[str, str] | None:
    """Return the same of what has the name of an output and is no file.

    A directory may be called ``OUTCAR_old``: that is no output.
    """
    named = _output_name(path.name)
    if named is None or not odd_kind(path) or (path.is_dir() and named[1]):
        return None
    return named


def _output_name(name: str) -> tuple[str, str] | None:
    """Return (OUTCAR or vasprun.xml, suffix) of a name; None for any other."""
    for output, pattern in _NAMES.items():
        match = pattern.fullmatch(bare_name(name))
        if match is not None:
            return output, "".join(part or "" for part in match.groups())
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
