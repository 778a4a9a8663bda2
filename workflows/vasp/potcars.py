"""POTCARs: found in pymatgen's library, checked, assembled; their content is not kept.

A data set of the wrong valence shifts every energy and converges all the same. What is
kept of a POTCAR is its title, a hash, ZVAL and ENMAX.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from workflows.errors import InputError, StoreError
from workflows.vasp.parts import Potential
from workflows.vasp.potcar_heads import BEGIN, END, potcar_heads
from workflows.vasp.potcar_kinds import family_of, kind_problem
from workflows.vasp.run_files import read_text

READ_ERRORS = (OSError, ValueError, LookupError, AttributeError, EOFError, zlib.error)
"""What pymatgen raises at a data set that is missing, cut, or none."""
VOLUME_FACTOR = 1.3
"""ENCUT over the largest ENMAX where a cell changes (vasp.at/wiki ISIF)."""


@dataclass(frozen=True)
class DataSet:
    """What may be told of one data set of a POTCAR.

    Attributes
    ----------
    symbol
        Such as ``Mn_pv``.
    titel
        Its TITEL line.
    sha256
        Of its text.
    zval
        Valence electrons.
    enmax
        Recommended cutoff, eV.
    """

    symbol: str
    titel: str
    sha256: str
    zval: float
    enmax: float


@dataclass(frozen=True)
class Assembled:
    """A POTCAR to be written, and what may be told of it, block by block."""

    text: str
    data_sets: tuple[DataSet, ...]

    def electrons(self, counts: Sequence[int]) -> float:
        """Return NELECT of the neutral cell with so many atoms in each block."""
        pairs = zip(self.data_sets, counts, strict=True)
        return sum(data_set.zval * count for data_set, count in pairs)

    def record(self, counts: Sequence[int]) -> dict[str, Any]:
        """Return what a run file keeps: NELECT, and title and hash of each data set."""
        return {
            "nelect": self.electrons(counts),
            "data_sets": [asdict(data_set) for data_set in self.data_sets],
        }


class PotcarLibrary:
    """A directory of POTCARs in pymatgen's layout, or none without a licence.

    Parameters
    ----------
    directory
        None: no POTCAR can be assembled.
    """

    def __init__(self, directory: str | None) -> None:
        self.directory = directory
        self._known: dict[tuple[str, tuple[str, ...]], Assembled] = {}

    @classmethod
    def from_environment(cls) -> PotcarLibrary:
        """Take PMG_VASP_PSP_DIR, else what pymatgen is configured with."""
        from pymatgen.core import SETTINGS

        configured = SETTINGS.get("PMG_VASP_PSP_DIR")
        return cls(os.environ.get("PMG_VASP_PSP_DIR", configured) or None)

    def assemble(self, symbols: Sequence[str], functional: str) -> Assembled | None:
        """Read and check the data sets of a POTCAR; None without a library.

        Parameters
        ----------
        symbols
            One a block, in POSCAR order.
        functional
            POTCAR family, such as PBE_54.

        Raises
        ------
        InputError
            A data set is missing, unreadable, of another kind than the family's, or has
        another valence than it should.
        """
        if self.directory is None:
            return None
        key = (functional, tuple(symbols))
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _read(self, functional: str, symbols: tuple[str, ...]) -> Assembled:
        from pymatgen.core import SETTINGS

        if problem := _place_problem(Path(str(self.directory)), functional):
            raise InputError(
                f"PMG_VASP_PSP_DIR={self.directory}: no {functional} POTCAR for "
                f"{' '.join(symbols)}: it is {problem}; or unset the variable to write "
                "POTCAR.spec instead"
            )
        configured = SETTINGS.get("PMG_VASP_PSP_DIR")
        # pymatgen read the environment when it was imported; this call decides now.
        SETTINGS["PMG_VASP_PSP_DIR"] = self.directory
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                potcar = _potcar(symbols, functional)
                heads = tuple(map(_only_head, potcar))
                sets = tuple(map(_data_set, symbols, potcar))
        except READ_ERRORS as error:
            raise self._unreadable(functional, symbols, error) from None
        finally:
            SETTINGS["PMG_VASP_PSP_DIR"] = configured
        for data_set, head in zip(sets, heads, strict=True):
            self._refuse_other(data_set, head, functional)
        _warn_of_unknown(told)
        return Assembled(str(potcar), sets)

    def _unreadable(
        self, functional: str, symbols: Sequence[str], error: Exception
    ) -> InputError:
        """Say which data sets are missing, or which file cannot be read, and why."""
        from pymatgen.io.vasp import PotcarSingle

        family = PotcarSingle.functional_dir.get(functional, functional)
        folder = Path(str(self.directory)) / family
        where = f"PMG_VASP_PSP_DIR={self.directory}: no {functional} POTCAR for"
        instead = "or unset the variable to write POTCAR.spec instead"
        wanted = tuple(dict.fromkeys(symbols))
        missing = [symbol for symbol in wanted if not _files_of(folder, symbol)]
        if missing:
            return InputError(
                f"{where} {' '.join(missing)} in {family}: add "
                f"{'it' if len(missing) == 1 else 'them'}, {instead}"
            )
        for symbol in wanted:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for single in _potcar([symbol], functional):
                        _only_head(single)
                        _data_set(symbol, single)
            except READ_ERRORS as own:
                path = _files_of(folder, symbol)[0]
                return InputError(
                    f"{where} {symbol}: {path} cannot be read as one "
                    f"({_fault_of(path) or _first_line(own)}): copy it again, {instead}"
                )
        return InputError(
            f"{where} {' '.join(wanted)} ({_first_line(error)}); {instead}"
        )

    def _refuse_other(
        self, data_set: DataSet, head: Potential, functional: str
    ) -> None:
        known = valences().get(data_set.symbol)
        element = Potential(data_set.symbol).element
        where = f"PMG_VASP_PSP_DIR={self.directory}: the {functional} POTCAR of "
        if problem := kind_problem(head, data_set.symbol, family_of(functional)):
            raise InputError(
                f"{where}{data_set.symbol} is titled {data_set.titel!r}: {problem}; "
                "put the right file there"
            )
        if known is not None and data_set.zval != known:
            raise InputError(
                f"{where}{data_set.symbol} ({data_set.titel}) has ZVAL = "
                f"{data_set.zval:g} valence electrons, {data_set.symbol} has {known}: "
                f"NELECT would be off by {data_set.zval - known:+g} for every "
                f"{element}; it is another data set, put the right file there"
            )


def _place_problem(library: Path, functional: str) -> str:
    """Return why a path cannot be a library of this POTCAR family; empty if it may."""
    from pymatgen.io.vasp import PotcarSingle

    family = PotcarSingle.functional_dir.get(functional, functional)
    layout = f"give the directory that holds {family}/Mn_pv/POTCAR"
    try:
        if not os.path.lexists(library):
            home = ": ~ is not expanded here" if str(library).startswith("~") else ""
            return f"no such directory{home}; {layout}"
        if library.is_symlink() and not library.exists():
            return f"a link to {os.readlink(library)}, which is not there; {layout}"
        if not library.is_dir():
            return f"a file, not a directory; {layout}"
        held = sorted(path.name for path in library.iterdir())
    except OSError as error:
        return f"not readable ({error.strerror}); chmod u+rX, or {layout}"
    if family in held:
        return ""
    if library.name in PotcarSingle.functional_dir.values():
        return f"one family of a library; give its parent, {library.absolute().parent}"
    found = ", ".join(held[:4]) + (", ..." if len(held) > 4 else "") or "nothing"
    return f"a directory without {family}, it holds {found}; {layout}"


def _potcar(symbols: Sequence[str], functional: str) -> Any:
    """Read data sets by pymatgen, from the library that it is configured with."""
    from pymatgen.io.vasp import Potcar

    return Potcar(list(symbols), functional=functional)


def _only_head(single: Any) -> Potential:
    """Return the head of a file's one data set; ValueError if it is not one."""
    if fault := _fault(str(single.data)):
        raise ValueError(fault)
    return potcar_heads(str(single.data).splitlines())[0]


def _fault_of(path: Path) -> str:
    """Return what is wrong with the form of a file; empty where nothing can be said."""
    try:
        return _fault(read_text(path))
    except (OSError, ValueError, StoreError):
        return ""


def _fault(text: str) -> str:
    if not text.strip():
        return "it is empty"
    try:
        heads = potcar_heads(text.splitlines())
    except ValueError as error:
        return str(error)
    if len(heads) > 1:
        return f"it holds {len(heads)} data sets, a file of a library one"
    (head,) = heads
    if not head.whole:
        return f"it is cut: it has not both lines, {BEGIN!r} and {END!r}"
    if not (head.zval and head.enmax):
        return "ZVAL and ENMAX must be numbers above 0"
    return ""


def _warn_of_unknown(told: Sequence[warnings.WarningMessage]) -> None:
    """Pass on that pymatgen does not know a data set; the rest is on form, ours too."""
    from pymatgen.io.vasp.inputs import UnknownPotcarWarning

    for each in told:
        if issubclass(each.category, UnknownPotcarWarning):
            warnings.warn(each.message, each.category, stacklevel=4)


def _files_of(folder: Path, symbol: str) -> list[Path]:
    """Return the files that pymatgen takes for a data set, packed or not."""
    found = [*folder.glob(f"POTCAR.{symbol}"), *folder.glob(f"POTCAR.{symbol}.*")]
    return sorted([*found, *(folder / symbol).glob("POTCAR*")])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__


def _data_set(symbol: str, single: Any) -> DataSet:
    return DataSet(
        symbol=symbol,
        titel=str(single.keywords["TITEL"]).strip(),
        sha256=hashlib.sha256(str(single.data).encode()).hexdigest(),
        zval=float(single.keywords["ZVAL"]),
        enmax=float(single.keywords["ENMAX"]),
    )


def cutoff_note(incar: Mapping[str, Any], data_sets: Sequence[DataSet]) -> str | None:
    """Say what is wrong with ENCUT for these POTCARs, or nothing.

    Parameters
    ----------
    incar
        Has ENCUT, eV, and ISIF.
    data_sets
        Of the POTCAR.
    """
    hardest = max(data_sets, key=lambda data_set: data_set.enmax)
    encut, enmax = float(incar.get("ENCUT", hardest.enmax)), hardest.enmax
    told = f"ENCUT = {encut:g} eV, ENMAX of {hardest.symbol} is {enmax:g} eV"
    if encut < enmax:
        return (
            f"{told}: the basis is too small for this POTCAR; raise ENCUT to "
            f"{VOLUME_FACTOR * enmax:.0f} eV or take a softer POTCAR"
        )
    if incar.get("ISIF") == 3 and encut < VOLUME_FACTOR * enmax:
        return (
            f"{told}: below {VOLUME_FACTOR:g} x ENMAX = {VOLUME_FACTOR * enmax:.0f} "
            "eV, recommended where the cell changes (Pulay stress); the campaign "
            "`convergence` shows how much that changes"
        )
    return None


@cache
def valences() -> dict[str, int]:
    """Return the valence electrons of PBE POTCARs by symbol, where they are known."""
    text = resources.files(__package__).joinpath("valences.yaml").read_text("utf-8")
    loaded: dict[str, int] = yaml.safe_load(text)
    return loaded
