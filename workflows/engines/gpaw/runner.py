"""Run one DFT step with GPAW, as a JSON file says: ``python run_gpaw.py input.json``.

Needs gpaw, ase and numpy and nothing of lnmo, so that it runs by hand, in any Python
that has GPAW, and under MPI. It leaves in its directory one ``gpaw-N.txt`` a start,
``restart.gpw``, from which the next start goes on after any kill, and at the very end
``result.json`` in one move. Stopped on request (SIGTERM, --deadline) it leaves
``stopped.json`` and goes on when started again. Exit code 0: at its end, whatever that
gave; 75: stopped; anything else: an error, told on standard error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, Final

import ase
import gpaw
import numpy as np
from ase import filters
from ase.optimize import bfgs
from gpaw import GPAW, KohnShamConvergenceError
from gpaw.dos import get_projector_numbers
from gpaw.mpi import broadcast
from gpaw.mpi import world as mpi_world

world: Any = mpi_world
ASE_FILTERS: Any = filters
ASE_BFGS: Any = bfgs
GO_ON: Final = 75
BAND_ERROR: Final = 1e-6
"""eV^2 per electron, of the bands of a density of states."""
TOP_BANDS: Final = 4
"""Highest bands of a density of states, left out of its convergence."""
GPA: Final = 160.21766208
"""Pressure of 1 eV/A^3, GPa."""
ORBITALS: Final = (("s",), ("py", "pz", "px"), ("dxy", "dyz", "dz2", "dxz", "dx2"))
"""By l, in GPAW's order of m."""


class Stop(Exception):
    """There is no more time, or SIGTERM came; ``restart.gpw`` has the state."""


class NotConverged(Exception):
    """No rung of the ladder brought the density to self-consistency."""


class Step:
    """What the input asks for, and everything that outlives a kill."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.input = json.loads(Path(options.input).read_text("utf-8"))
        self.deadline, self.every = options.deadline, options.checkpoint
        self.asked, self.saved, self.began = "", time.time(), time.monotonic()
        self.calc: Any = None
        self.log: Any = None
        self.state = _read("state.json") or {
            "geometries": [],
            "attempts": [],
            "rung": 0,
            "optimizer": None,
            "seconds": 0.0,
            "cpu_seconds": 0.0,
        }
        self.before = self.state["seconds"], self.state["cpu_seconds"]

    def save(self) -> None:
        """Keep the history, with the time that it took."""
        self.state["seconds"] = self.before[0] + time.monotonic() - self.began
        self.state["cpu_seconds"] = self.before[1] + time.process_time()
        _write("state.json", self.state)

    def watch(self, _context: object) -> None:
        """After an iteration: save the density now and then; stop if it is time."""
        if self.deadline and time.time() > self.deadline:
            self.asked = self.asked or "the wall time ends"
        asked = _of_first(self.asked)
        if asked or _of_first(time.time() - self.saved > self.every):
            self.checkpoint()
        if asked:
            raise Stop(asked)

    def checkpoint(self) -> None:
        """Keep density and wave functions, so that the next start is a warm one."""
        self.write_gpw("restart.gpw", mode="all")
        self.saved = time.time()

    def write_gpw(self, name: str, mode: str = "") -> None:
        """Write GPAW's state in one move."""
        part = f".part-{name}"
        self.calc.write(part, mode=mode)
        if world.rank == 0:
            os.replace(part, name)

    def open(self, source: str | None = None, **changes: Any) -> None:
        """Make a calculator with a text file of its own; from a state, or cold."""
        self.close()
        self._new_log()
        if source:
            self.calc = GPAW(source, txt=self.log)
            self.calc.dft.results = {}  # converged here, whatever the file says
        else:
            self.calc = GPAW(**{**self.input["gpaw"], **changes}, txt=self.log)
        self.calc.hooks["scf_step"] = self.watch

    def open_fixed(self, source: str, **changes: Any) -> None:
        """Make a calculator that solves for bands in the density of a state."""
        self.close()
        self._new_log()
        before: Any = GPAW(source, txt=None)
        bands = before.get_number_of_bands() - TOP_BANDS
        self.calc = before.fixed_density(
            txt=self.log,
            convergence={"bands": bands, "eigenstates": BAND_ERROR},
            **changes,
        )
        self.calc.hooks["scf_step"] = self.watch

    def _new_log(self) -> None:
        number = 1 + max(map(_number, Path().glob("gpaw-*.txt")), default=0)
        if world.rank == 0:
            self.log = Path(f"gpaw-{number}.txt").open("w", 1, "utf-8")  # noqa: SIM115
        world.barrier()

    def close(self) -> None:
        """End the text file with the timing and the memory that GPAW writes last."""
        if self.calc is not None:
            self.calc.hooks.clear()
            self.calc.__del__()
            self.calc = None
        if self.log is not None:
            self.log.flush()
            os.fsync(self.log.fileno())
            self.log.close()
            self.log = None


def start(step: Step) -> tuple[Any, Any]:
    """Return the atoms of the input, and the same where the last start left them."""
    given = step.input["structure"]
    atoms: Any = ase.Atoms(
        given["symbols"],
        cell=given["cell"],
        pbc=True,
        scaled_positions=given["scaled_positions"],
        magmoms=given["magnetic_moments"],
    )
    there = atoms.copy()
    if step.state["geometries"]:
        last = step.state["geometries"][-1]
        there.set_cell(last["cell"])
        there.set_scaled_positions(last["scaled_positions"])
        there.set_initial_magnetic_moments([round(m, 1) for m in last["moments"]])
    for source in filter(None, ("restart.gpw", step.input["start_from"])):
        if not Path(source).exists():
            continue
        try:
            step.open(source)
        except Exception as error:  # whatever reads it raises whatever it meets
            print(f"{source} cannot be read: {error!r}; cold start", file=sys.stderr)
            step.close()
            continue
        if source == "restart.gpw":
            there.set_cell(step.calc.atoms.cell)
            there.set_positions(step.calc.atoms.positions)
        break
    return atoms, there


def converge(step: Step, atoms: Any) -> None:
    """Bring the density of this geometry to self-consistency, rung by rung."""
    ladder = step.input["ladder"]
    while True:
        rung = step.state["rung"]
        if step.calc is None:
            step.open(**ladder[rung])
        atoms.calc = step.calc
        try:
            atoms.get_potential_energy()
            converged = True
        except KohnShamConvergenceError:
            converged = False
        step.state["attempts"].append(
            {
                "geometry": len(step.state["geometries"]),
                "rung": rung,
                "changes": ladder[rung],
                "iterations": int(step.calc.dft.scf_loop.niter),
                "converged": converged,
            }
        )
        if converged:
            return
        step.close()
        if rung + 1 == len(ladder):
            raise NotConverged(f"not converged on {rung + 1} ways of mixing")
        step.state["rung"] = rung + 1
        step.save()


def relax(step: Step) -> dict[str, Any]:
    """Move atoms, and the cell if asked, until forces and stress are small."""
    asked = step.input["relax"]
    atoms, there = start(step)
    system: Any = atoms
    if asked["cell"]:
        factor = asked["exp_cell_factor"]
        system = ASE_FILTERS.FrechetCellFilter(atoms, exp_cell_factor=factor)
    atoms.set_cell(there.cell)
    atoms.set_positions(there.positions)
    atoms.set_initial_magnetic_moments(there.get_initial_magnetic_moments())
    optimizer: Any = ASE_BFGS.BFGS(system, logfile=None, maxstep=asked["max_step"])
    _take_up(optimizer, step.state["optimizer"])
    while True:
        converge(step, atoms)
        basis = asked["basis_energy"] / atoms.get_volume() if asked["cell"] else 0.0
        system.scalar_pressure = -basis  # without meaning where the cell is fixed
        here = record(step, atoms, basis)
        done = here["fmax"] <= asked["fmax"]
        done = done and (not asked["cell"] or here["smax"] <= asked["smax"])
        step.state["optimizer"] = _kept(optimizer)
        step.save()
        step.checkpoint()
        if done or len(step.state["geometries"]) > asked["max_steps"]:
            step.write_gpw("relax.gpw", mode="all")
            reason = "" if done else f"not relaxed after {asked['max_steps']} steps"
            return described(step, atoms, basis) | {"reason": reason}
        optimizer.step()


def static(step: Step) -> dict[str, Any]:
    """Converge the electrons of one geometry, and keep the density for the next."""
    atoms, _ = start(step)
    converge(step, atoms)
    record(step, atoms, 0.0)
    step.write_gpw("static.gpw")
    return described(step, atoms, 0.0)


def dos(step: Step) -> dict[str, Any]:
    """Solve for the bands in the density of the static step, and project them."""
    asked = step.input["dos"]
    step.open_fixed(step.input["start_from"], **asked["gpaw"])
    atoms = step.calc.atoms.copy()
    for _ in step.calc.iconverge(atoms, need_wfs=True):
        pass
    return described_bands(step, atoms) | {"dos": densities(step.calc, asked)}


def record(step: Step, atoms: Any, basis: float) -> dict[str, Any]:
    """Put this geometry into the history, once; stress in GPa without the basis'."""
    stress = atoms.get_stress(voigt=False) * GPA
    here = {
        "energy": float(atoms.get_potential_energy()),
        "fmax": float(np.linalg.norm(atoms.get_forces(), axis=1).max()),
        "smax": float(abs(stress - basis * GPA * np.eye(3)).max()),
        "volume": float(atoms.get_volume()),
        "cell": atoms.cell.array.tolist(),
        "scaled_positions": atoms.get_scaled_positions(wrap=False).tolist(),
        "moments": [float(m) for m in atoms.get_magnetic_moments()],
        "total_moment": float(atoms.get_magnetic_moment()),
        "iterations": int(step.calc.dft.scf_loop.niter),
    }
    history = step.state["geometries"]
    if history and _same_place(history[-1], here):
        history.pop()
    history.append(here)
    return here


def described(step: Step, atoms: Any, basis: float) -> dict[str, Any]:
    """Return energy, forces, stress, moments and bands of a converged density."""
    return described_bands(step, atoms) | {
        "energy": float(atoms.get_potential_energy()),
        "free_energy": float(atoms.get_potential_energy(force_consistent=True)),
        "forces": atoms.get_forces().tolist(),
        "stress_gpa": (atoms.get_stress(voigt=False) * GPA).tolist(),
        "basis_stress_gpa": basis * GPA,
        "moments": [float(m) for m in atoms.get_magnetic_moments()],
        "total_moment": float(atoms.get_magnetic_moment()),
        "geometries": step.state["geometries"],
    }


def described_bands(step: Step, atoms: Any) -> dict[str, Any]:
    """Return the bands, and what GPAW really used."""
    calc = step.calc
    return {
        "cell": atoms.cell.array.tolist(),
        "scaled_positions": atoms.get_scaled_positions(wrap=False).tolist(),
        "symbols": atoms.get_chemical_symbols(),
        "fermi_level": float(calc.get_fermi_level()),
        "electrons": float(calc.get_number_of_electrons()),
        "eigenvalues": calc.eigenvalues().round(6).tolist(),
        "occupations": calc.occupations().round(6).tolist(),
        "k_points": calc.get_ibz_k_points().round(8).tolist(),
        "k_weights": [float(w) for w in calc.get_k_point_weights()],
        "symmetry_operations": len(calc.dft.ibzwfs.ibz.symmetries),
        "parameters": _plain(calc.params.todict()),
        "setups": _setups(calc),
    }


def densities(calc: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Return total and projected densities of states, on GPAW's own energy scale."""
    found = calc.dos(shift_fermi_level=False)
    grid = asked["emin"] + np.arange(asked["points"]) * asked["spacing"]
    energies = (grid + calc.get_fermi_level()).round(6)
    width = asked["width"]

    def projected(atom: int, ell: int, m: int) -> list[list[float]]:
        own = (found.raw_pdos(energies, atom, ell, m, s, width) for s in (0, 1))
        return [y.round(5).tolist() for y in own]

    return {
        "energies": energies.tolist(),
        "total": [found.raw_dos(energies, s, width).round(5).tolist() for s in (0, 1)],
        "projected": [
            {
                name: projected(atom, ell, m)
                for ell, names in enumerate(ORBITALS)
                if get_projector_numbers(setup, ell)
                for m, name in enumerate(names)
            }
            for atom, setup in enumerate(calc.setups)
        ],
        "width": width,
    }


def _setups(calc: Any) -> dict[str, dict[str, Any]]:
    """Return the PAW data set of each element, with GPAW's md5 of its file."""
    return {
        setup.symbol: {
            "file": Path(setup.filename).name,
            "md5": setup.fingerprint,
            "valence": float(setup.Nv),
            "hubbard_u": _hubbard(setup),
        }
        for setup in calc.setups
    }


def _hubbard(setup: Any) -> float:
    """Return U - J in eV, as the set-up has it; 0 without."""
    if setup.hubbard_u is None:
        return 0.0
    return float(sum(setup.hubbard_u.U)) * ase.units.Hartree


def _take_up(optimizer: Any, state: dict[str, Any] | None) -> None:
    """Give an optimizer the curvature that it had before a kill."""
    if state is not None:
        optimizer.state = ASE_BFGS.BFGSMethod(np.array(state["hessian"]))
        optimizer.pos0 = np.array(state["positions"])
        optimizer.forces0 = np.array(state["forces"])


def _kept(optimizer: Any) -> dict[str, Any] | None:
    if optimizer.state is None:
        return None
    return {
        "hessian": optimizer.state.hessian.tolist(),
        "positions": optimizer.pos0.tolist(),
        "forces": optimizer.forces0.tolist(),
    }


def _of_first(value: Any) -> Any:
    """Return what the first MPI process has, so that all do the same."""
    return broadcast(value if world.rank == 0 else None, 0)


def _same_place(one: dict[str, Any], other: dict[str, Any]) -> bool:
    names = ("cell", "scaled_positions")
    return all(np.allclose(one[n], other[n], rtol=0, atol=1e-9) for n in names)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if hasattr(value, "todict"):
        return _plain(value.todict())
    return value if isinstance(value, int | float | str | bool | None) else str(value)


def _read(name: str) -> Any:
    try:
        return json.loads(Path(name).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _write(name: str, content: Any) -> None:
    """Write JSON in one move; not a number is an error, never a number."""
    if world.rank == 0:
        part = Path(f".part-{name}")
        with part.open("w", encoding="utf-8") as file:
            json.dump(content, file, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(name)


def _number(text: Path) -> int:
    """Return N of ``gpaw-N.txt``."""
    return int(text.stem[5:]) if text.stem[5:].isdigit() else 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def finish(step: Step, found: dict[str, Any]) -> None:
    """Close the text file, and write the result with the digest of that file."""
    step.close()
    step.save()
    last = max(Path().glob("gpaw-*.txt"), key=_number)
    result = {
        **found,
        "step": step.input["step"],
        "attempts": step.state["attempts"],
        "text": {"file": last.name, "sha256": _digest(last)},
        "seconds": round(step.state["seconds"], 2),
        "cpu_seconds": round(step.state["cpu_seconds"], 2),
        "processes": world.size,
        "versions": _versions(),
        "completed_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
    }
    text = json.dumps(result, sort_keys=True, allow_nan=False)
    own = hashlib.sha256(text.encode()).hexdigest()
    _write("result.json", {"sha256": own, "result": result})
    if world.rank == 0:
        Path("restart.gpw").unlink(missing_ok=True)


def _versions() -> dict[str, str]:
    import gpaw_data

    found = {"gpaw": gpaw.__version__, "ase": ase.__version__, "numpy": np.__version__}
    return found | {"gpaw-data": str(getattr(gpaw_data, "__version__", ""))}


def main() -> int:
    """Run the step of the directory that the input lies in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("input", nargs="?", default="input.json")
    parser.add_argument("--deadline", type=float, help="Unix time at which to stop")
    parser.add_argument("--checkpoint", type=float, default=1200.0, help="seconds")
    options = parser.parse_args()
    os.chdir(Path(options.input).resolve().parent)
    options.input = Path(options.input).name
    step = Step(options)
    if world.rank == 0:
        Path("stopped.json").unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: setattr(step, "asked", "SIGTERM came"))
    try:
        found = {"relax": relax, "static": static, "dos": dos}[step.input["step"]](step)
    except Stop as stop:
        step.close()
        step.save()
        _write("stopped.json", {"reason": str(stop)})
        return GO_ON
    except NotConverged as problem:
        found = {"reason": str(problem), "geometries": step.state["geometries"]}
    finish(step, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
