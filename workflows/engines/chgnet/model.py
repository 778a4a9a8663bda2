"""CHGNet itself: its weights, one evaluation of a structure, and ASE's view of it.

CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031 (2023), 10.1038/s42256-023-00716-3) is
a machine-learned *surrogate* of PBE+U. Its charges are not constrained and its moments
carry no sign.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workflows.engines.chgnet.imported import (
    known_weights,
    unknown_weights,
    unusable,
    without_weights,
)

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

EV_PER_A3_IN_GPA = 160.21766208
"""Pressure of 1 eV/Å³, GPa; the rounding of the constant is CHGNet's own."""


def load_model(name: str) -> Any:
    """Load the weights, once in every worker process.

    Sets the number of torch threads of the *whole process* to 1: workers, not threads,
    fill the cores, and sums in a fixed order make a relaxation repeatable.

    Parameters
    ----------
    name
        CHGNet's name of the weights, such as ``"0.3.0"``.

    Returns
    -------
    chgnet.model.model.CHGNet
        On the CPU, for inference only; any number of relaxations may share it.

    Raises
    ------
    ChgnetUnusable
        If torch or chgnet is missing or cannot be imported, or the weights not read.
    InputError
        If CHGNet has no weights of that name.
    """
    try:
        import torch
        from chgnet.model.model import CHGNet
    except Exception as error:  # of a library of another build, any
        raise unusable(error) from error
    torch.set_num_threads(1)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its size
        try:
            model = CHGNet.load(model_name=name, use_device="cpu", verbose=False)
        except Exception as error:
            known = known_weights()
            if isinstance(error, ValueError) and name not in known:
                raise unknown_weights(name, known) from None
            raise without_weights(name, error) from error
    return model.eval().requires_grad_(False)


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
    with without_warning("Converting a tensor with requires_grad"):
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
        """Return whether `atoms` has moved since the last prediction."""
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


@contextlib.contextmanager
def without_warning(beginning: str) -> Iterator[None]:
    """Silence one warning, known by its first words, while a block runs."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=beginning)
        yield
