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
    of electronic steps and whether EDIFF was reached (None: the files do not say); a
    step of a learned force field has (0, True). `last_changes` holds the last change of
    the energy in each, eV.
    `parameters` are the INCAR tags as VASP applied them, its defaults included.
    `not_relaxed` says what a vasprun.xml without OUTCAR lacks as proof of EDIFFG,
    `lost` says which quantities are not a number in any file, `doubt` which only in
    one. `many_body` is the ALGO of a run above the ground state. In a noncollinear run
    `magnetization` holds lengths, `vectors` the moments. `learned` says that a learned
    force field gave the last energy, `overflow` that a force or a stress is printed as
    stars: it did not fit its field. `efermi_lost` names the files whose last Fermi
    level is no number. `undisplaced` holds the numbers of the first configuration of
    phonons by finite differences, where the others are of the last, a displaced one.
    """

    structure: Structure | None = None
    initial: Structure | None = None
    energy: float | None = None
    electronic: tuple[tuple[int, bool | None], ...] = ()
    last_changes: tuple[float | None, ...] = ()
    magnetization: tuple[float, ...] | None = None
    vectors: tuple[tuple[float, float, float], ...] | None = None
    noncollinear: bool = False
    total_magnetization: float | None = None
    occupations: tuple[OnsiteOccupation, ...] = ()
    nelect: float | None = None
    asked_nelect: float | None = None
    neutral_nelect: float | None = None
    hubbards: dict[str, float] = field(default_factory=dict)
    hubbard_j: dict[str, float] = field(default_factory=dict)
    split_hubbards: dict[str, tuple[float, ...]] = field(default_factory=dict)
    potcar: dict[str, str] = field(default_factory=dict)
    version: str = ""
    efermi: float | None = None
    efermi_lost: tuple[str, ...] = ()
    gap: BandGap | None = None
    max_force: float | None = None
    pressure: float | None = None
    max_stress: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    incar: dict[str, Any] = field(default_factory=dict)
    kpoints: Any = None
    outcar: OutcarBody | None = None
    contradiction: str = ""
    not_relaxed: str = ""
    sources: tuple[str, ...] = ()
    many_body: str = ""
    learned: bool = False
    overflow: bool = False
    gap_lost: bool = False
    lost: str = ""
    doubt: str = ""
    undisplaced: VaspNumbers | None = None
