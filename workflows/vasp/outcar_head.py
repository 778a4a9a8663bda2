"""The head of OUTCAR: what VASP says it applied, before the first electronic step.

INCAR says what was asked. Only OUTCAR says which potentials were read, in which
order, and whether U reached the species it was meant for: vasprun.xml repeats the
INCAR, and goes on doing so when VASP ignored it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

from workflows.counts import count_of
from workflows.errors import StoreError
from workflows.vasp.hubbard import own_j, u_by_element
from workflows.vasp.packed import PackingError
from workflows.vasp.parts import Potential
from workflows.vasp.potcar_heads import potcar_heads
from workflows.vasp.precision import OUTCAR_U
from workflows.vasp.run_files import read_lines

MAX_LINES = 500_000
"""A head with 100 000 k-points is shorter; what follows it is never needed."""
MAX_LINE = 100_000
"""Characters; VASP writes no such line, a damaged file may."""
DIMENSIONS = "Dimension of arrays:"
FIRST_STEP = re.compile(r"-{5,}\s*Iteration|^\s*Iteration\s|FREE ENERGIE OF THE ION")
ION_COUNTS = "ions per type"
PLACES = "position of ions in cartesian coordinates"
"""What the head lists, one ion on a line, up to a blank line."""
FAKE = "-fake"
"""End of the version of ``lnmo-fake-vasp``: whatever says so is not of VASP."""
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EDed][-+]?\d+)?"


@dataclass(frozen=True)
class OutcarHeader:
    """What VASP applied. A value that OUTCAR does not print is None.

    A block is a run of atoms with its own POTCAR; an element may fill several
    (LiFePO4 with its iron in three), and each keeps its own entries, in POSCAR
    order. Energies are in eV.

    Attributes
    ----------
    version
        As ``6.4.1``.
    titels, elements
        TITEL of each POTCAR, such as ``PAW_PBE Mn_pv 02Aug2007``, and its element.
    enmax, zval
        Of each POTCAR: recommended cutoff, valence electrons of one atom.
    heads
        Of each POTCAR, what else OUTCAR repeats of its head; empty if that is damaged.
    ions_per_block
        Atoms of each block; empty if their sum is not NIONS.
    ions_problem
        In what ``ions per type``, NIONS and the positions contradict each other; empty
        for nothing.
    ldautype, ldaul, ldauu, ldauj
        None when no +U was selected. VASP prints U and J with one decimal; where
        the INCAR it repeats (since 6.3) agrees with that, its digits are taken.
    gga, metagga
        As printed; ``--`` is the functional of the POTCARs. None for no meta-GGA.
    kpoints
        Irreducible points, fractional, and how many points of the mesh each stands for.
    tags
        Every ``TAG = value`` of the parameter section, as text.
    incar
        The INCAR as VASP 6 repeats it, as text; empty for older versions.
    """

    version: str
    titels: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    enmax: tuple[float, ...] = ()
    zval: tuple[float, ...] = ()
    heads: tuple[Potential, ...] = field(default=(), repr=False)
    ions_per_block: tuple[int, ...] = ()
    ions_problem: str = ""
    ldautype: int | None = None
    ldaul: tuple[int, ...] | None = None
    ldauu: tuple[float, ...] | None = None
    ldauj: tuple[float, ...] | None = None
    nelect: float | None = None
    nupdown: float | None = None
    encut: float | None = None
    prec: str | None = None
    ediff: float | None = None
    ediffg: float | None = None
    nelm: int | None = None
    nsw: int | None = None
    ibrion: int | None = None
    isif: int | None = None
    ispin: int | None = None
    icharg: int | None = None
    isym: int | None = None
    ismear: int | None = None
    sigma: float | None = None
    lorbit: int | None = None
    lmaxmix: int | None = None
    nedos: int | None = None
    nkpts: int | None = None
    nbands: int | None = None
    nions: int | None = None
    lasph: bool | None = None
    lhfcalc: bool | None = None
    gga: str | None = None
    metagga: str | None = None
    kpoints: tuple[tuple[float, ...], ...] = field(default=(), repr=False)
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)
    incar: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def noncollinear(self) -> bool:
        """Whether moments are vectors, by LNONCOLLINEAR and LSORBIT as applied."""
        return any(_logical(self.tags, t) for t in ("LNONCOLLINEAR", "LSORBIT"))

    @property
    def neutral_nelect(self) -> float | None:
        """Electrons of the uncharged cell: ZVAL summed over the atoms."""
        if not self.zval or len(self.zval) != len(self.ions_per_block):
            return None
        return sum(z * n for z, n in zip(self.zval, self.ions_per_block, strict=True))

    @property
    def hubbards(self) -> dict[str, tuple[float, ...]]:
        """Effective U (U - J) applied, eV: element -> one value for each block.

        Blocks without +U have 0; empty when no +U was selected at all, or when
        the table does not fit the blocks.
        """
        columns = (self.ldaul, self.ldauu, self.ldauj)
        return u_by_element(self.elements, columns) or {}

    @property
    def own_j(self) -> dict[str, float]:
        """J by element, eV, where it counts by itself (LDAUTYPE other than 2)."""
        columns = (self.ldaul, self.ldauu, self.ldauj)
        return own_j(self.elements, columns, self.ldautype)


def read_outcar_header(path: Path) -> OutcarHeader:
    """Read the head of one OUTCAR, gzipped or not; a cut file gives what it has.

    Raises
    ------
    StoreError
        The file cannot be read, or is no OUTCAR.
    """
    return outcar_header(_lines(path), name=str(path))


def outcar_header(lines: Iterable[str], *, name: str = "OUTCAR") -> OutcarHeader:
    """Read the head of an OUTCAR given as lines; see :func:`read_outcar_header`."""
    head = [line.rstrip("\n") for line in _head(lines)]
    version = _version(head[:50])
    if version is None:
        raise StoreError(f"{name}: no OUTCAR of VASP (its first lines name no version)")
    cut = next((i for i, text in enumerate(head) if DIMENSIONS in text), len(head))
    potcars, parameters = head[:cut], head[cut:]
    incar = _incar(potcars)
    tags = _tags(potcars, only=("METAGGA",)) | _tags(parameters)
    titels = tuple(_after(potcars, "TITEL"))
    enmax = _floats(" ".join(_matches(potcars, rf"ENMAX\s*=\s*({NUMBER})")))
    zval = _floats(" ".join(_matches(potcars, rf"ZVAL\s*=\s*({NUMBER})")))
    if len(zval) != len(titels):  # the later table, with fewer digits
        zval = _row(parameters, "ZVAL")
    nions = _integer(tags, "NIONS")
    ions = _ions(parameters, nions)
    metagga = (tags.get("METAGGA") or "--").upper()
    ldau = _row(parameters, "LDAUL")
    return OutcarHeader(
        version=version,
        titels=titels,
        elements=tuple(Potential.titled(titel).element for titel in titels),
        enmax=enmax if len(enmax) == len(titels) else (),
        zval=zval,
        heads=_heads(potcars),
        ions_per_block=ions,
        ions_problem=("" if ions else _ions_problem(parameters, nions))
        or _places_problem(parameters, nions),
        ldautype=_integer(tags, "LDAUTYPE"),
        ldaul=tuple(int(value) for value in ldau) or None,
        ldauu=_sharpened(_row(parameters, "LDAUU"), incar.get("LDAUU")),
        ldauj=_sharpened(_row(parameters, "LDAUJ"), incar.get("LDAUJ")),
        nelect=_real(tags, "NELECT"),
        nupdown=_real(tags, "NUPDOWN"),
        encut=_real(tags, "ENCUT"),
        prec=tags.get("PREC"),
        ediff=_real(tags, "EDIFF"),
        ediffg=_real(tags, "EDIFFG"),
        nelm=_integer(tags, "NELM"),
        nsw=_integer(tags, "NSW"),
        ibrion=_integer(tags, "IBRION"),
        isif=_integer(tags, "ISIF"),
        ispin=_integer(tags, "ISPIN"),
        icharg=_integer(tags, "ICHARG"),
        isym=_integer(tags, "ISYM"),
        ismear=_integer(tags, "ISMEAR"),
        sigma=_real(tags, "SIGMA"),
        lorbit=_integer(tags, "LORBIT"),
        lmaxmix=_integer(tags, "LMAXMIX"),
        nedos=_integer(tags, "NEDOS"),
        nkpts=_integer(tags, "NKPTS"),
        nbands=_integer(tags, "NBANDS"),
        nions=nions,
        lasph=_logical(tags, "LASPH"),
        lhfcalc=_logical(tags, "LHFCALC"),
        gga=tags.get("GGA"),
        metagga=None if metagga in {"F", "--"} else metagga,
        kpoints=_kpoints(potcars),
        tags=tags,
        incar=incar,
    )


def _heads(lines: Iterable[str]) -> tuple[Potential, ...]:
    try:
        return potcar_heads(lines)
    except ValueError:
        return ()


def _lines(path: Path) -> Iterator[str]:
    """Yield the lines up to where a cut or damaged file ends."""
    try:
        for line in read_lines(path):
            yield line.decode("utf-8", "replace")
    except PackingError:
        return
    except OSError as error:
        raise StoreError(f"{path}: unreadable ({error.strerror or error})") from None


def _head(lines: Iterable[str]) -> Iterator[str]:
    for line in islice(lines, MAX_LINES):
        if len(line) > MAX_LINE or FIRST_STEP.search(line):
            return
        yield line


def _version(head: Iterable[str]) -> str | None:
    pattern = rf"^\s*vasp\.(\d+(?:\.\d+){{1,2}}(?:{FAKE})?)"
    found = re.search(pattern, "\n".join(head), re.MULTILINE)
    return found.group(1) if found else None


def _after(lines: Iterable[str], tag: str) -> list[str]:
    return [
        t.partition("=")[2].strip() for t in lines if t.split("=")[0].strip() == tag
    ]


def _matches(lines: Iterable[str], pattern: str) -> list[str]:
    return [m.group(1) for text in lines if (m := re.search(pattern, text))]


def _incar(lines: list[str]) -> dict[str, str]:
    """Return the INCAR that VASP 6 prints after its banner."""
    found: dict[str, str] = {}
    start = next((i for i, t in enumerate(lines) if t.strip() == "INCAR:"), None)
    for text in lines[start + 1 :] if start is not None else ():
        tag, equals, value = text.partition("=")
        if "POTCAR:" in text or not text.strip() or not equals:
            break
        found[tag.strip().upper()] = value.strip()
    return found


def _tags(lines: Iterable[str], *, only: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the first value after each ``TAG =``; what comes twice keeps the first."""
    found: dict[str, str] = {}
    for text in lines:
        for tag, value in re.findall(r"\b([A-Z][A-Z_]+)\s*=\s*([^\s;]+)", text):
            if not only or tag in only:
                found.setdefault(tag, value)
    return found


def _kpoints(lines: list[str]) -> tuple[tuple[float, ...], ...]:
    """Return the table of irreducible points, whole or not at all."""
    title = "Following reciprocal coordinates:"
    start = next((i for i, t in enumerate(lines) if t.strip() == title), None)
    found: list[tuple[float, ...]] = []
    for text in lines[start + 2 :] if start is not None else ():
        if not text.strip():
            return tuple(found)
        row = _floats(text)
        if len(row) != 4:
            break
        found.append(row)
    return ()


def _row(lines: list[str], label: str) -> tuple[float, ...]:
    """Return the numbers of a per-block row, continuation lines included."""
    for index, text in enumerate(lines):
        left, equals, right = text.partition("=")
        if not equals or not left.strip().endswith(label):
            continue
        values = right
        for more in lines[index + 1 :]:
            if not re.fullmatch(rf"\s*{NUMBER}(?:\s*{NUMBER})*\s*", more):
                break
            values += " " + more
        return _floats(values)
    return ()


def _ions(lines: list[str], nions: int | None) -> tuple[int, ...]:
    """Return atoms per block; thousands of atoms touch in VASP's columns of four."""
    row = next((t for t in lines if t.strip().startswith(ION_COUNTS)), "")
    counts = tuple(int(value) for value in _row(lines, ION_COUNTS))
    if nions is None or sum(counts) == nions:
        return counts
    digits = row.partition("=")[2].rstrip()
    fields = [
        digits[max(0, end - 4) : end].strip() for end in range(len(digits), 0, -4)
    ]
    if not all(field.isdecimal() for field in fields if field):
        return ()
    columns = tuple(int(field) for field in reversed(fields) if field)
    return columns if sum(columns) == nions else ()


def _ions_problem(lines: list[str], nions: int | None) -> str:
    """Say both numbers of atoms of a head whose blocks do not add up to NIONS."""
    if nions is None:
        return ""
    counts = _row(lines, ION_COUNTS)
    listed = " + ".join(f"{count:g}" for count in counts)
    total = f" = {sum(counts):g}" if len(counts) > 1 else ""
    found = f"{listed}{total}" if listed else "no number"
    return f"OUTCAR has NIONS = {nions}, and {found} as {ION_COUNTS}"


def _places_problem(lines: list[str], nions: int | None) -> str:
    """Say that the head lists other than NIONS positions; empty if it lists none."""
    starts = (n for n, line in enumerate(lines) if line.strip().startswith(PLACES))
    if nions is None or (start := next(starts, None)) is None:
        return ""
    found = sum(1 for _ in takewhile(str.strip, lines[start + 1 :]))
    if found == nions:
        return ""
    return f"OUTCAR has NIONS = {nions}, and the positions of {count_of(found, 'ion')}"


def _sharpened(
    printed: tuple[float, ...], asked: str | None
) -> tuple[float, ...] | None:
    """Give the printed values the digits of the INCAR they agree with."""
    if not printed:
        return None
    full = _floats(asked or "")
    if len(full) != len(printed):
        return printed
    pairs = zip(printed, full, strict=True)
    return tuple(f if abs(p - f) <= OUTCAR_U else p for p, f in pairs)


def _floats(text: str) -> tuple[float, ...]:
    return tuple(float(n.upper().replace("D", "E")) for n in re.findall(NUMBER, text))


def _real(tags: Mapping[str, str], tag: str) -> float | None:
    numbers = _floats(tags.get(tag, ""))
    return numbers[0] if numbers else None


def _integer(tags: Mapping[str, str], tag: str) -> int | None:
    value = _real(tags, tag)
    return None if value is None else round(value)


def _logical(tags: Mapping[str, str], tag: str) -> bool | None:
    value = tags.get(tag, "").strip(".").upper()[:1]
    return {"T": True, "F": False}.get(value)
