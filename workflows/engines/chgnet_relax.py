"""Relax a structure, atoms and cell, with the CHGNet potential through ASE.

CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031 (2023), 10.1038/s42256-023-00716-3) is
a machine-learned *surrogate* of PBE+U. Its charges are not constrained and its moments
carry no sign, so what comes from here ranks structures and demonstrates a campaign; it
does not replace a DFT calculation.

FIRE brings the displaced start close to a minimum, BFGS finishes. The order matters:
from a start with 8b Li, BFGS alone diverges, and LBFGS after FIRE stops early. Nothing
here touches the disk: a relaxation that is stopped, for instance by an exception out of
``on_step``, leaves nothing behind.
"""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from workflows.errors import MachineError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

EV_PER_A3_IN_GPA = 160.21766208
"""Pressure of 1 eV/Å³, GPa; the rounding of the constant is CHGNet's own."""


class ChgnetMissing(MachineError, ImportError):
    """The optional packages of the CHGNet engine are not installed."""


@dataclass(frozen=True)
class RelaxationSettings:
    """What decides the result of a relaxation: all of it belongs into its id.

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
        Where FIRE hands over to BFGS, eV/Å; cell gradients per atom count as forces.
    max_steps
        Cap on the steps of both stages together.
    """

    model: str = "0.3.0"
    fmax: float = 0.01
    smax: float = 0.1
    coarse_fmax: float = 0.05
    max_steps: int = 400


@dataclass(frozen=True)
class Progress:
    """One step of a running relaxation; step 0 is the start.

    Attributes
    ----------
    step, max_steps
        Steps taken, and the most that will be taken.
    stage
        ``"coarse"`` (FIRE) or ``"fine"`` (BFGS).
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


def load_model(settings: RelaxationSettings) -> Any:
    """Load the weights, once in every worker process.

    Sets the number of torch threads of the *whole process* to 1: workers, not threads,
    fill the cores, and sums in a fixed order make a relaxation repeatable.

    Parameters
    ----------
    settings
        Names the weights.

    Returns
    -------
    chgnet.model.model.CHGNet
        On the CPU, for inference only; any number of relaxations may share it.

    Raises
    ------
    ChgnetMissing
        If torch or chgnet is not installed.
    ValueError
        If CHGNet has no weights of that name.
    """
    try:
        import torch
        from chgnet.model.model import CHGNet
    except ImportError as error:
        raise ChgnetMissing(
            f"the CHGNet engine needs a package that is missing ({error}); "
            "install it with: pip install 'lnmo[chgnet]'"
        ) from error
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its size
        model = CHGNet.load(model_name=settings.model, use_device="cpu", verbose=False)
    return model.eval().requires_grad_(False)


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


@dataclass(frozen=True, eq=False)
class Prediction:
    """What CHGNet says of one structure; units and shapes as in `Relaxation`."""

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64]
    magnetization: NDArray[np.float64]

    @property
    def fmax(self) -> float:
        """Largest force on an atom, eV/Å."""
        return float(np.linalg.norm(self.forces, axis=1).max())

    @property
    def smax(self) -> float:
        """Largest absolute component of the stress, GPa."""
        return float(np.abs(self.stress).max())


def predict(structure: "Structure", *, model: Any) -> Prediction:
    """Evaluate energy, forces, stress and moments of one ordered structure.

    The energy is a function of the fractional coordinates and of the lattice matrix;
    its two first derivatives, from a single backward pass, give forces and stress.
    CHGNet's own calculator takes two passes and keeps the graph of second derivatives,
    which only training needs: the same numbers at 2.5 times the cost.

    Parameters
    ----------
    structure
        Ordered structure.
    model
        From `load_model`.

    Returns
    -------
    Prediction
    """
    import torch

    graph = model.graph_converter(structure)
    # CHGNet copies the cell volume, for its own stress, out of the graph.
    with _without_warning("Converting a tensor with requires_grad"):
        output = model([graph], task="em")
    energy = output["e"].sum() * (len(structure) if model.is_intensive else 1)
    by_fraction, by_lattice = (
        gradient.numpy().astype(float)
        for gradient in torch.autograd.grad(
            energy, [graph.atom_frac_coord, graph.lattice]
        )
    )
    lattice = structure.lattice.matrix
    virial = lattice.T @ by_lattice
    return Prediction(
        energy=float(energy.detach()),
        forces=-np.linalg.solve(lattice, by_fraction.T).T,
        stress=(virial + virial.T) / 2 / structure.volume * EV_PER_A3_IN_GPA,
        magnetization=output["m"][0].detach().numpy().astype(float),
    )


class ChgnetCalculator:
    """The four methods that ASE asks of a calculator, over `predict`.

    Parameters
    ----------
    model
        From `load_model`.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cell: NDArray[np.float64] = np.empty(0)
        self._positions: NDArray[np.float64] = np.empty(0)
        self._prediction: Prediction | None = None

    def predict(self, atoms: Any) -> Prediction:
        """Return the prediction for `atoms`, computed once for one geometry."""
        if self._prediction is None or self.calculation_required(atoms, ()):
            from pymatgen.core.structure import Structure

            fractions = atoms.get_scaled_positions(wrap=False)
            structure = Structure(atoms.cell.array, atoms.numbers, fractions)
            self._prediction = predict(structure, model=self._model)
            self._cell, self._positions = atoms.cell.array.copy(), atoms.get_positions()
        return self._prediction

    def calculation_required(self, atoms: Any, _properties: object) -> bool:
        """Tell whether `atoms` has moved since the last prediction."""
        return not (
            np.array_equal(self._cell, atoms.cell.array)
            and np.array_equal(self._positions, atoms.positions)
        )

    def get_potential_energy(
        self, atoms: Any, *, force_consistent: bool = False
    ) -> float:
        """Return the energy, eV; a potential has no electronic entropy to leave out."""
        del force_consistent
        return self.predict(atoms).energy

    def get_forces(self, atoms: Any) -> NDArray[np.float64]:
        """Return the forces, eV/Å, shape (n_atoms, 3)."""
        return self.predict(atoms).forces

    def get_stress(self, atoms: Any) -> NDArray[np.float64]:
        """Return the stress, eV/Å³, shape (6,): xx, yy, zz, yz, xz, xy."""
        voigt = self.predict(atoms).stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]
        return voigt / EV_PER_A3_IN_GPA


def _stages(
    system: Any, settings: RelaxationSettings
) -> Iterator[Literal["coarse", "fine"]]:
    """Move `system` step by step, without end but for the cap on the steps."""
    from ase.optimize import BFGS, FIRE

    coarse: Any = FIRE(system, logfile=None)
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
        with _without_warning("logm result may be inaccurate"):
            if next(states, None) is None:
                return
        yield


@contextlib.contextmanager
def _without_warning(beginning: str) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=beginning)
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
