"""Read INCAR, KPOINTS, POSCAR and POTCAR (or POTCAR.spec).

These parsers are this program's own, independent of pymatgen and of the packages under
test: a mistake made on the writing side is not repeated on the reading side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from workflows.fake_vasp.crystal import Cell, Vector, to_fractions, volume
from workflows.fake_vasp.kmesh import Mesh
from workflows.fake_vasp.refusal import Refusal
from workflows.fake_vasp.tags import DEFAULTS, Value, typed

# Valence electrons of the PBE_54 data sets that a POTCAR.spec may name.
_ZVAL = {
    **{"Li": 1, "Li_sv": 3, "O": 6, "O_h": 6, "O_s": 6},
    **{"Mn": 7, "Mn_pv": 13, "Mn_sv": 15, "Ni": 10, "Ni_pv": 16},
    **{"Ti": 4, "Ti_pv": 10, "Ti_sv": 12, "V": 5, "V_pv": 11, "V_sv": 13},
    **{"Cr": 6, "Cr_pv": 12, "Fe": 8, "Fe_pv": 14, "Co": 9, "Cu": 11, "Cu_pv": 17},
}


@dataclass(frozen=True)
class Potential:
    """One POTCAR data set."""

    symbol: str
    titel: str
    zval: float

    @property
    def element(self) -> str:
        """`Li` for `Li_sv`."""
        return self.symbol.split("_")[0]


@dataclass(frozen=True)
class Inputs:
    """Everything found in one directory."""

    incar: dict[str, Value]
    incar_text: str
    mesh: Mesh
    mesh_comment: str
    cell: Cell
    potentials: list[Potential]

    def get(self, tag: str) -> Value:
        """Value of a tag: from INCAR, or VASP's default."""
        return self.incar.get(tag, DEFAULTS.get(tag, ""))

    @property
    def spins(self) -> int:
        """1 or 2."""
        return int(self.get("ISPIN"))

    @property
    def moments_asked(self) -> list[float]:
        """MAGMOM of every atom; VASP starts at 1 where nothing is said."""
        ones = [1.0] * len(self.cell.atoms)
        return self.incar.get("MAGMOM", ones) if self.spins == 2 else [0.0] * len(ones)

    @property
    def electrons(self) -> float:
        """NELECT of the neutral cell: ZVAL of the data sets times the block counts."""
        blocks = zip(self.cell.counts, self.potentials, strict=True)
        return sum(count * potential.zval for count, potential in blocks)

    @property
    def relaxes(self) -> bool:
        """Whether ions move at all."""
        return bool(self.get("NSW") > 0 and self.get("IBRION") > 0)

    @property
    def relaxes_cell(self) -> bool:
        """Whether the cell moves too."""
        return self.relaxes and self.get("ISIF") == 3


def read_inputs(directory: Path) -> Inputs:
    """Read the four input files of a directory."""
    incar_text = _text(directory / "INCAR")
    kpoints_text = _text(directory / "KPOINTS")
    return Inputs(
        incar=_incar(incar_text),
        incar_text=incar_text,
        mesh=_mesh(kpoints_text),
        mesh_comment=kpoints_text.splitlines()[0].strip(),
        cell=read_cell(directory / "POSCAR"),
        potentials=_potentials(directory),
    )


def read_cell(path: Path) -> Cell:
    """Read the structure at the head of a POSCAR or CHGCAR."""
    lines = _text(path).splitlines()
    try:
        return _cell(lines)
    except (ValueError, IndexError):
        raise Refusal(f"{path.name}: not a VASP 5 structure file") from None


def _text(path: Path) -> str:
    if not path.is_file():
        raise Refusal(f"{path.name}: the file is missing")
    text = path.read_text()
    if not text.strip():
        raise Refusal(f"{path.name}: the file is empty")
    return text


def _incar(text: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    joined = re.sub(r"\\\s*\n", " ", text)
    for line in joined.splitlines():
        for statement in re.split(r"[#!]", line)[0].split(";"):
            if not statement.strip():
                continue
            name, equals, value = (part.strip() for part in statement.partition("="))
            if not equals or not value:
                raise Refusal(f"INCAR: cannot read {statement.strip()!r}")
            if name.upper() in values:
                raise Refusal(f"INCAR: {name.upper()} is given twice")
            values[name.upper()] = typed(name.upper(), value)
    return values


def _mesh(text: str) -> Mesh:
    lines = [line.split() for line in text.splitlines()]
    try:
        number, style = int(lines[1][0]), lines[2][0][0].upper()
        x, y, z = (int(word) for word in lines[3][:3])
        shift = lines[4][:3] if len(lines) > 4 and lines[4] else ["0"] * 3
        sx, sy, sz = (float(word) for word in shift)
    except (ValueError, IndexError):
        raise Refusal("KPOINTS: not an automatic mesh") from None
    if number != 0 or style not in "GM":
        raise Refusal("KPOINTS: only automatic Gamma or Monkhorst-Pack meshes are read")
    name = "Gamma" if style == "G" else "Monkhorst-Pack"
    return Mesh(name, (x, y, z), (sx, sy, sz))


def _cell(lines: list[str]) -> Cell:
    lattice = [_vector(line) for line in lines[2:5]]
    factor = _scale(float(lines[1].split()[0]), lattice)
    lattice = [_times(factor, row) for row in lattice]
    symbols = lines[5].split()
    counts = [int(word) for word in lines[6].split()]
    if len(symbols) != len(counts) or any(word.isdigit() for word in symbols):
        raise Refusal(f"POSCAR: species {symbols} and counts {counts} do not match")
    first = 8 if lines[7].strip()[0] in "Ss" else 7
    rows = [_vector(line) for line in lines[first + 1 : first + 1 + sum(counts)]]
    if len(rows) != sum(counts):
        raise Refusal(f"POSCAR: {sum(counts)} atoms announced, {len(rows)} given")
    if lines[first].strip()[0] in "CcKk":
        rows = [to_fractions(lattice, _times(factor, row)) for row in rows]
    return Cell(lines[0].strip(), lattice, symbols, counts, rows)


def _times(factor: float, row: Vector) -> Vector:
    x, y, z = row
    return factor * x, factor * y, factor * z


def _vector(line: str) -> Vector:
    x, y, z = (float(word) for word in line.split()[:3])
    return x, y, z


def _scale(number: float, lattice: list[Vector]) -> float:
    """VASP reads a negative scale as the volume of the cell."""
    return number if number > 0 else (-number / volume(lattice)) ** (1 / 3)


def _potentials(directory: Path) -> list[Potential]:
    if (directory / "POTCAR").is_file():
        return _potcar(_text(directory / "POTCAR"))
    if (directory / "POTCAR.spec").is_file():
        lines = _text(directory / "POTCAR.spec").splitlines()
        words = [line.split("#")[0].strip() for line in lines]
        return [_named_potential(word) for word in words if word]
    raise Refusal("POTCAR: the file is missing, and so is POTCAR.spec")


def _potcar(text: str) -> list[Potential]:
    titels = re.findall(r"TITEL\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    zvals = re.findall(r"ZVAL\s*=\s*([\d.]+)", text)
    if not titels or len(titels) != len(zvals):
        raise Refusal(f"POTCAR: {len(titels)} TITEL and {len(zvals)} ZVAL lines")
    pairs = zip(titels, zvals, strict=True)
    return [Potential(titel.split()[1], titel, float(zval)) for titel, zval in pairs]


def _named_potential(symbol: str) -> Potential:
    if symbol not in _ZVAL:
        known = ", ".join(sorted(_ZVAL))
        raise Refusal(f"POTCAR.spec: {symbol} is not one of {known}")
    return Potential(symbol, f"PAW_PBE {symbol} fake", _ZVAL[symbol])
