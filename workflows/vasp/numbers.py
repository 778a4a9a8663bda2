"""The numbers of one VASP run; ``read_numbers`` fills them in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workflows.analysis.band_gap import BandGap
from workflows.analysis.d_orbitals import OnsiteOccupation
from workflows.vasp.outcar_steps import OutcarBody

if TYPE_CHECKING:
    from pymatgen.core import Structure


@dataclass(frozen=True)
class VaspNumbers:
    """What one run gave, whichever files it was read from.

    Units as in ``TaskDocument``. `electronic` holds, for each ionic step, the number
    of electronic steps and whether EDIFF was reached (None: the files do not say).
    `parameters` are the INCAR tags as VASP applied them, its defaults included.
    `not_relaxed` says what a vasprun.xml without OUTCAR lacks as proof of EDIFFG,
    `lost` says which quantities are no numbers in any file, `doubt` which only in one.
    """

    structure: Structure | None = None
    initial: Structure | None = None
    energy: float | None = None
    electronic: tuple[tuple[int, bool | None], ...] = ()
    magnetization: tuple[float, ...] | None = None
    total_magnetization: float | None = None
    occupations: tuple[OnsiteOccupation, ...] = ()
    nelect: float | None = None
    asked_nelect: float | None = None
    neutral_nelect: float | None = None
    hubbards: dict[str, float] = field(default_factory=dict)
    split_hubbards: dict[str, tuple[float, ...]] = field(default_factory=dict)
    potcar: dict[str, str] = field(default_factory=dict)
    version: str = ""
    efermi: float | None = None
    gap: BandGap | None = None
    max_force: float | None = None
    pressure: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    incar: dict[str, Any] = field(default_factory=dict)
    kpoints: Any = None
    outcar: OutcarBody | None = None
    contradiction: str = ""
    not_relaxed: str = ""
    sources: tuple[str, ...] = ()
    gap_lost: bool = False
    lost: str = ""
    doubt: str = ""
