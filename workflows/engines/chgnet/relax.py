"""Relax a structure, atoms and cell, with the CHGNet potential through ASE.

FIRE2 brings the displaced start close to a minimum, BFGS finishes. The order matters:
from a start with 8b Li, BFGS alone diverges, and LBFGS after FIRE stops early. With
plain FIRE the start x = 2 on 8b of the paper's campaign was unconverged after 800
steps; with FIRE2 starts at x <= 1 need 40 to 70, those above up to about 450. Nothing
here touches the disk: a relaxation that is stopped, for instance by an exception out of
``on_step``, leaves nothing behind.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from workflows.engines.chgnet.model import ChgnetCalculator, Prediction, without_warning

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure


@dataclass(frozen=True)
class RelaxationSettings:
    """What decides the result of a relaxation: all of it enters the calculation's id.

    Attributes
    ----------
    model
        CHGNet's name of the weights; ``"0.3.0"`` was trained on MPtrj (PBE and PBE+U).
    fmax
        Largest force on an atom at the end, eV/Å. At 0.05 the volume of one cell still
        depends on the start by more than 1 %.
    smax
        Largest absolute component of the stress at the end, GPa.
    coarse_fmax
        Where FIRE2 hands over to BFGS, eV/Å; cell gradients per atom count as forces.
    max_steps
        Cap on the steps of both stages together.
    """

    model: str = "0.3.0"
    fmax: float = 0.01
    smax: float = 0.1
    coarse_fmax: float = 0.05
    max_steps: int = 600


@dataclass(frozen=True)
class Progress:
    """One step of a running relaxation; step 0 is the start.

    Attributes
    ----------
    step, max_steps
        Steps taken, and the most that will be taken.
    stage
        ``"coarse"`` (FIRE2) or ``"fine"`` (BFGS).
    energy
        eV per cell.
    fmax, smax
        Largest force on an atom, eV/Å, and largest absolute stress component, GPa.
    volume
        Å³ per cell.
    """

    step: int
    max_steps: int
    stage: Literal["coarse", "fine"]
    energy: float
    fmax: float
    smax: float
    volume: float


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The end of a relaxation, converged or not.

    Attributes
    ----------
    structure
        Last structure: sites in the order of the start with all their properties,
        fractional coordinates not wrapped, axes strained but not rotated (by less than
        0.1°, of second order in the strain).
    energy
        eV per cell.
    magnetization
        |m| of every site in μB, shape (n_sites,). CHGNet does not know the sign.
    forces
        eV/Å, shape (n_sites, 3), Cartesian.
    stress
        GPa, shape (3, 3), Cartesian, positive when the cell wants to shrink.
    n_steps
        Steps taken, both stages.
    converged
        Whether forces *and* stress are within the settings.
    energies
        eV per cell at the start and after every step, shape (n_steps + 1,).
    """

    structure: "Structure"
    energy: float
    magnetization: NDArray[np.float64]
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]
    n_steps: int
    converged: bool
    energies: NDArray[np.float64]


def relax(
    structure: "Structure",
    settings: RelaxationSettings,
    *,
    model: Any,
    on_step: Callable[[Progress], None],
) -> Relaxation:
    """Minimise the energy with respect to atoms and cell.

    The start is used as it is: a caller who wants to leave a symmetric saddle point
    displaces and strains it first.

    Parameters
    ----------
    structure
        Start; ordered, not changed.
    settings
        Thresholds and limits.
    model
        From `load_model`.
    on_step
        Called at the start and after every step; what it raises ends the relaxation.

    Returns
    -------
    Relaxation
        Also when `settings.max_steps` was reached: ask its `converged`.
    """
    from ase import Atoms
    from ase.filters import FrechetCellFilter

    calculator = ChgnetCalculator(model)
    atoms: Any = Atoms(
        numbers=[site.specie.Z for site in structure],
        scaled_positions=structure.frac_coords,
        cell=structure.lattice.matrix,
        pbc=True,
        calculator=calculator,
    )
    system = FrechetCellFilter(atoms)  # type: ignore[no-untyped-call]
    energies: list[float] = []
    for stage in _stages(system, settings):
        now = calculator.predict(atoms)
        energies.append(now.energy)
        on_step(
            Progress(
                step=len(energies) - 1,
                max_steps=settings.max_steps,
                stage=stage,
                energy=now.energy,
                fmax=now.fmax,
                smax=now.smax,
                volume=float(atoms.get_volume()),
            )
        )
        if _is_converged(now, settings):
            break
    last = calculator.predict(atoms)
    return Relaxation(
        structure=_moved(structure, atoms),
        energy=last.energy,
        magnetization=last.magnetization,
        forces=last.forces,
        stress=last.stress,
        n_steps=len(energies) - 1,
        converged=_is_converged(last, settings),
        energies=np.array(energies),
    )


def _stages(
    system: Any, settings: RelaxationSettings
) -> Iterator[Literal["coarse", "fine"]]:
    """Move `system` step by step, without end but for the cap on the steps."""
    from ase.optimize import BFGS
    from ase.optimize.fire2 import FIRE2

    coarse: Any = FIRE2(system, logfile=None)  # type: ignore[arg-type]
    for _ in _steps(coarse, settings.coarse_fmax, settings.max_steps):
        yield "coarse"
    fine: Any = BFGS(system, logfile=None)
    remaining = _steps(fine, 0.0, settings.max_steps - coarse.nsteps)
    next(remaining)  # where the coarse stage ended
    for _ in remaining:
        yield "fine"


def _steps(optimizer: Any, fmax: float, steps: int) -> Iterator[None]:
    """Yield at the start and after every step of an ASE optimizer."""
    states = optimizer.irun(fmax=fmax, steps=steps)
    while True:
        # SciPy doubts the logarithm of a strain from an error of 1e-12 on.
        with without_warning("logm result may be inaccurate"):
            if next(states, None) is None:
                return
        yield


def _is_converged(now: Prediction, settings: RelaxationSettings) -> bool:
    return now.fmax <= settings.fmax and now.smax <= settings.smax


def _moved(start: "Structure", atoms: Any) -> "Structure":
    """Copy `start`, with everything its sites carry, into the geometry of `atoms`."""
    end = start.copy()
    end.lattice = atoms.cell.array
    for site, fractions in zip(
        end, atoms.get_scaled_positions(wrap=False), strict=True
    ):
        site.frac_coords = fractions
    return end
