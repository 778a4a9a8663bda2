"""POTCARs: found in pymatgen's library, checked, assembled; their content is not kept.

A data set of the wrong valence shifts every energy and converges all the same. What is
kept of a POTCAR is its title, a hash, ZVAL and ENMAX.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from workflows.errors import InputError
from workflows.vasp.parts import Potential

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
            A data set is missing, unreadable, or has another valence than it should.
        """
        if self.directory is None:
            return None
        key = (functional, tuple(symbols))
        if key not in self._known:
            self._known[key] = self._read(*key)
        return self._known[key]

    def _read(self, functional: str, symbols: tuple[str, ...]) -> Assembled:
        from pymatgen.core import SETTINGS
        from pymatgen.io.vasp import Potcar

        configured = SETTINGS.get("PMG_VASP_PSP_DIR")
        # pymatgen read the environment when it was imported; this call decides now.
        SETTINGS["PMG_VASP_PSP_DIR"] = self.directory
        try:
            potcar = Potcar(list(symbols), functional=functional)
            sets = tuple(map(_data_set, symbols, potcar))
        except (OSError, ValueError, KeyError, AttributeError) as error:
            first_line = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"PMG_VASP_PSP_DIR={self.directory}: no {functional} POTCAR for "
                f"{' '.join(symbols)} ({first_line}); unset the variable to write "
                "POTCAR.spec instead"
            ) from None
        finally:
            SETTINGS["PMG_VASP_PSP_DIR"] = configured
        for data_set in sets:
            self._refuse_other(data_set, functional)
        return Assembled(str(potcar), sets)

    def _refuse_other(self, data_set: DataSet, functional: str) -> None:
        known = valences().get(data_set.symbol)
        element = Potential(data_set.symbol).element
        where = f"PMG_VASP_PSP_DIR={self.directory}: the {functional} POTCAR of "
        if Potential.titled(data_set.titel).element != element:
            raise InputError(
                f"{where}{data_set.symbol} is titled {data_set.titel!r}: it is of "
                f"another element than {element}; put the right file there"
            )
        if known is not None and data_set.zval != known:
            raise InputError(
                f"{where}{data_set.symbol} ({data_set.titel}) has ZVAL = "
                f"{data_set.zval:g} valence electrons, {data_set.symbol} has {known}: "
                f"NELECT would be off by {data_set.zval - known:+g} for every "
                f"{element}; it is another data set, put the right file there"
            )


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
            f"{told}: the basis does not hold this POTCAR; raise ENCUT to "
            f"{VOLUME_FACTOR * enmax:.0f} eV or take a softer one"
        )
    if incar.get("ISIF") == 3 and encut < VOLUME_FACTOR * enmax:
        return (
            f"{told}: below {VOLUME_FACTOR:g} x ENMAX = {VOLUME_FACTOR * enmax:.0f} "
            "eV, which VASP asks for where the cell changes (Pulay stress); the "
            "campaign `convergence` tells what it costs"
        )
    return None


@cache
def valences() -> dict[str, int]:
    """Return the valence electrons of PBE POTCARs by symbol, where they are known."""
    text = resources.files(__package__).joinpath("valences.yaml").read_text("utf-8")
    loaded: dict[str, int] = yaml.safe_load(text)
    return loaded
