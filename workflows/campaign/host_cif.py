"""A CIF as the crystal of a host: read by pymatgen, every value of it looked at first.

pymatgen repairs what it can: an unreadable occupancy becomes 1, an atom with a negative
one or of no element is left out, ``.`` is 0. Of what is calculated that would make
another crystal.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from structures.values import FULL
from workflows.analysis.cell_volume import determinant
from workflows.analysis.elements import SYMBOLS
from workflows.campaign.cif_formula import formula_problem
from workflows.campaign.cif_symmetry import (
    NUMBERS_OF_GROUP,
    cell_problem,
    group_problem,
    named_groups,
    overfull_place,
)
from workflows.campaign.host_crystal import FAR, too_many
from workflows.counts import count_of
from workflows.errors import one_line, printable, shortened

if TYPE_CHECKING:
    from pymatgen.core import Structure

NUMBER = re.compile(
    r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\(\d*\)?)?", re.ASCII
)
"""With or without its uncertainty: ``0.2632(5)``."""
ELEMENT = re.compile(r"([A-Z][a-z]?)(?![A-Za-z])")
"""What ``Mn3+`` and ``Mn1A`` begin with."""
CELL = (
    *(f"_cell_length_{name}" for name in "abc"),
    *(f"_cell_angle_{name}" for name in ("alpha", "beta", "gamma")),
)
PLACE = tuple(f"_atom_site_fract_{name}" for name in "xyz")
LABEL, SYMBOL = "_atom_site_label", "_atom_site_type_symbol"
OCCUPANCY = "_atom_site_occupancy"
FLAG, DUMMY = "_atom_site_calc_flag", "dum"
"""Says of a row that it is no atom: a place to describe others by."""
OPERATIONS = tuple(
    f"{name}{end}"
    for name in ("_symmetry_equiv_pos_as_xyz", "_space_group_symop_operation_xyz")
    for end in ("", "_")
)
"""Under each of the names that pymatgen knows."""
NAMES = frozenset((*CELL, *PLACE, LABEL, SYMBOL, OCCUPANCY, *OPERATIONS))
"""What the crystal is made of."""
MOST_LENGTH = 1000.0
"""A; 2000 atoms in a row are shorter."""
MOST_OPERATIONS = 192
"""Of Fm-3m in its cubic cell."""
HALL_SYMBOLS = 530
"""As many does spglib number."""
SETTINGS = frozenset({"1", "2", "H", "R"})
"""What spglib's choice begins with: origin 1 or 2, hexagonal or rhombohedral axes."""
_TERM = r"(?:[xyz]|\d+(?:/[1-9]\d*)?|\d*\.\d+)"
_COMPONENT = re.compile(rf"[-+]?{_TERM}(?:[-+]{_TERM})*", re.ASCII)
_KEYWORD = re.compile(r"\s*(?:data_|loop_)", re.IGNORECASE)
_BLOCK = re.compile(r"^\s*data_", re.MULTILINE)
_NOTHING = "No structure parsed for section 1 in CIF. "
MAGNETIC = ("_atom_site_moment", "_space_group_magn", "_space_group_symop_magn")
"""What names of a magnetic CIF begin with; its operations have names of their own."""
NO_MAGNETIC_GROUP = "No magnetic symmetry"
"""pymatgen then takes the identity alone, and drops the ordinary operations."""
MISSING = "Missing elements"
"""Told after `formula_problem`, which says more of a formula that can be read."""
GUESSES = (
    "parsed as",
    "Defaulting to P1",
    NO_MAGNETIC_GROUP,
    "implicit hydrogens",
    "Pauling file corrections",
    MISSING,
)
"""In warnings of pymatgen that say that it left something out, or guessed."""


def read_cif(text: str) -> Structure:
    """Read the one crystal of a CIF, its atoms in every equivalent place.

    Parameters
    ----------
    text
        The file.

    Raises
    ------
    ValueError
        It holds no crystal or several, a value in it is none, or pymatgen would have to
        guess. The message says where.
    """
    from pymatgen.io.cif import CifFile, CifParser

    # pymatgen drops other letters: a typographic minus sign would be lost.
    plain = text.removeprefix("\ufeff").encode("ascii", "replace").decode("ascii")
    block = f"data_{_one_block(plain)}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            (read,) = CifFile.from_str(block).data.values()
            data = read.data
        except (ValueError, ZeroDivisionError, IndexError):
            raise ValueError(
                "a loop_ has another number of values than its names ask for: a value "
                "is missing, or one too many; complete its rows"
            ) from None
        if _leave_out_dummies(data, read.loops):
            block = str(read)
        if problem := next(_problems(data), ""):
            raise ValueError(problem)
        parser = CifParser.from_str(block, occupancy_tolerance=1 + FULL)
        try:
            (found,) = parser.parse_structures(primitive=False, on_error="raise")
        except ValueError as error:
            told = _overfull(data, parser) or one_line(error).removeprefix(_NOTHING)
            raise ValueError(shortened(told, 250)) from None
    own = vars(parser)["warnings"]  # some are kept there alone
    warned = [*own, *(str(warning.message) for warning in caught)]
    for guess in GUESSES:
        if guess == NO_MAGNETIC_GROUP and _is_p1(data):
            continue
        if guess == MISSING and (problem := formula_problem(data, found)):
            raise ValueError(problem)
        if guessed := [one for one in warned if guess in one]:
            raise ValueError(
                f"pymatgen would have to guess ({shortened(guessed[0], 150)}): correct "
                "or complete the CIF"
            )
    if problem := _problem_of_symmetry(data, parser, found):
        raise ValueError(problem)
    return found


def _leave_out_dummies(data: dict[str, Any], loops: list[list[str]]) -> bool:
    """Take the rows of no atom out of the loop of the atoms; False if it has none."""
    flags = data.get(FLAG)
    loop = next((names for names in loops if LABEL in names and FLAG in names), None)
    if loop is None or not isinstance(flags, list):
        return False
    kept = [row for row, flag in enumerate(flags) if flag.lower() != DUMMY]
    if len(kept) == len(flags) or not kept:
        return False
    for name in loop:
        data[name] = [data[name][row] for row in kept]
    return True


def _overfull(data: Mapping[str, Any], parser: Any) -> str:
    """Say which rows fill one place more than once; empty for none."""
    shares = data.get(OCCUPANCY, ["1"] * len(data[LABEL]))
    atoms = [
        (
            f"atom {row + 1} ({_shown(label)})",
            [_number(data[name][row]) or 0.0 for name in PLACE],
            _number(shares[row]) or 0.0,
        )
        for row, label in enumerate(data[LABEL])
    ]
    return overfull_place(atoms, parser.symmetry_operations)


def _problem_of_symmetry(data: Mapping[str, Any], parser: Any, found: Structure) -> str:
    """Say in what the operations contradict the cell, or the group that is named."""
    operations = parser.symmetry_operations
    listed = next((name for name in OPERATIONS if _listed(data, name)), "")
    told = f"{listed}: its operations" if listed else "the operations of its group"
    if problem := cell_problem(operations, found.lattice.parameters, told):
        return problem
    if _is_magnetic(data):  # it names the group of its parent
        return ""
    return group_problem(data, operations, found.lattice.matrix)


def _one_block(text: str) -> str:
    """Return the data block that has the atoms."""
    from pymatgen.io.cif import CifBlock

    found = []
    for block in _BLOCK.split(f"\n{_with_keywords(text)}")[1:]:
        tokens = CifBlock._process_string(f"data_{block}")
        given = Counter(word.lower() for word, *_ in tokens if word.startswith("_"))
        if PLACE[0] in given:
            found.append((block, given))
    if len(found) != 1:
        cure = (
            "; some databases write one crystal in several settings: keep one of them"
            if found
            else ""
        )
        raise ValueError(
            f"{count_of(len(found), 'data block')} with atoms; give a CIF of one "
            f"crystal{cure}"
        )
    ((block, given),) = found
    if twice := [name for name in sorted(NAMES) if given[name] > 1]:
        raise ValueError(f"{twice[0]} is given {given[twice[0]]} times: keep one")
    return block


def _with_keywords(text: str) -> str:
    """Write keywords in small letters, and mark what only looks like one in a text.

    pymatgen knows no capitals, and begins a block within a text field too.
    """
    lines = []
    within = False
    for line in text.splitlines():
        edge = line.startswith(";")
        word = _KEYWORD.match(line)
        if word and within:
            line = f"| {line}"
        elif word:
            line = word[0].lower() + line[word.end() :]
        lines.append(line)
        within ^= edge
    return "\n".join(lines)


def _problems(data: Mapping[str, Any]) -> Iterator[str]:
    """Say what is no value: of the cell, the atoms and the operations."""
    for name in data:
        if name.lower() in NAMES and name not in NAMES:
            yield f"{printable(name)} would not be read: write {name.lower()}"
    for name in CELL:
        top = 180.0 if "angle" in name else MOST_LENGTH
        if name in data and not _within(data[name], top):
            yield f"{name} = {_shown(data[name])}: give a number between 0 and {top:g}"
    columns = [data.get(name) for name in (LABEL, *PLACE)]
    if not all(isinstance(column, list) for column in columns):
        yield f"the atoms are not in a loop_ of {LABEL} and {', '.join(PLACE)}"
        return
    if problem := too_many(len(data[LABEL])):
        yield problem
    for row in range(len(data[LABEL])):
        yield from _problems_of_atom(data, row)
    yield from _problems_of_operations(data)
    if not (any(_listed(data, name) for name in OPERATIONS) or _is_magnetic(data)):
        yield from _problems_of_group(data)


def _is_magnetic(data: Mapping[str, Any]) -> bool:
    return any(name.startswith(MAGNETIC) for name in data)


def _is_p1(data: Mapping[str, Any]) -> bool:
    """Tell whether the identity is the only ordinary operation."""
    listed = [text for name in OPERATIONS for text in _listed(data, name)]
    if listed:
        return all("".join(text.lower().split()) == "x,y,z" for text in listed)
    numbers = [data[name] for name in NUMBERS_OF_GROUP if name in data]
    return bool(numbers) and all(number == "1" for number in numbers)


def _listed(data: Mapping[str, Any], name: str) -> list[str]:
    given = data.get(name, [])
    return [given] if isinstance(given, str) else given


def _within(value: Any, top: float) -> bool:
    number = _number(value)
    return number is not None and 0 < number < top


def _number(value: Any) -> float | None:
    match = NUMBER.fullmatch(value) if isinstance(value, str) else None
    return float(match[1]) if match else None


def _shown(value: Any) -> str:
    return printable(shortened(value))


def _problems_of_atom(data: Mapping[str, Any], row: int) -> Iterator[str]:
    label = data[LABEL][row]
    atom = f"atom {row + 1} ({_shown(label)})"
    symbol = data[SYMBOL][row] if SYMBOL in data else label
    match = ELEMENT.match(symbol)
    if match is None or match[1] not in SYMBOLS:
        yield f"{atom}: {_shown(symbol)} is not an element, such as Mn or Mn3+"
    for name in PLACE:
        value = data[name][row]
        number = _number(value)
        if number is None or abs(number) > FAR:
            yield f"{atom}: {name} = {_shown(value)}: give a number, in units of a cell"
    if OCCUPANCY in data:
        value = data[OCCUPANCY][row]
        number = _number(value)
        if number is None or not 0 <= number <= 1 + FULL:
            yield f"{atom}: {OCCUPANCY} = {_shown(value)}: give a number from 0 to 1"
        elif 0 < number <= FULL:
            yield (
                f"{atom}: {OCCUPANCY} = {_shown(value)} is not above {FULL:g}: "
                "leave the atom out, or give its occupancy"
            )


def _problems_of_operations(data: Mapping[str, Any]) -> Iterator[str]:
    from pymatgen.core.operations import SymmOp

    for name in OPERATIONS:
        listed = _listed(data, name)
        if len(listed) > MOST_OPERATIONS:
            yield f"{name} has {len(listed)} operations, at most {MOST_OPERATIONS}"
            return
        for text in listed:
            parts = "".join(text.lower().split()).split(",")
            right = len(parts) == 3 and all(map(_COMPONENT.fullmatch, parts))
            matrix = SymmOp.from_xyz_str(text).rotation_matrix if right else None
            if matrix is None or not _is_rotation(matrix.tolist()):
                yield (
                    f"{name}: {_shown(text)} is not an operation, such as -x, y+1/2, z"
                )


def _problems_of_group(data: Mapping[str, Any]) -> Iterator[str]:
    """Say that a group without operations has several settings, all with its name."""
    for number in sorted(_groups(data) & _groups_of_two_settings()):
        yield (
            f"it lists no symmetry operations, and space group {number} has two "
            f"origins or two sets of axes: write the operations, as {OPERATIONS[0]}"
        )


def _groups(data: Mapping[str, Any]) -> set[int]:
    """Return the numbers of the groups that are named, by number or symbol."""
    return {number for *_, number in named_groups(data)}


def _groups_of_two_settings() -> set[int]:
    """Return the groups of which the International Tables list two origins, or axes."""
    from spglib import get_spacegroup_type

    every = [get_spacegroup_type(hall) for hall in range(1, HALL_SYMBOLS + 1)]
    return {one.number for one in every if one and one.choice[:1] in SETTINGS}


def _is_rotation(rows: list[list[float]]) -> bool:
    whole = all(number in {-1.0, 0.0, 1.0} for row in rows for number in row)
    return whole and abs(determinant(rows)) == 1
