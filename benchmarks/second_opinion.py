"""A second code on the same cells: ABINIT with GPAW's own PAW data sets.

``python benchmarks/second_opinion.py`` prints the comparison that is kept in
``tests/data/second_opinion``; ``--run DIR`` computes it again in a directory (each
calculation once: run it again after a kill) and ``--keep`` stores it. Needs the engine
``gpaw`` and ABINIT (Debian: ``apt-get install --no-install-recommends abinit``).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[1]
sys.path[:0] = [str(TOP), str(Path(__file__).parent)]

from abinit_files import (  # noqa: E402
    AbinitError,
    Output,
    Point,
    read_abinit,
    read_gap,
    valence_of,
    write_abinit,
)
from second_opinion_points import Case, cases, volume  # noqa: E402
from second_opinion_table import KEPT, read_kept, report  # noqa: E402

WIDER = Path(__file__).with_name("wider_projector.py")
INPUT, OUTPUT, LEVELS = "run.abi", "run.abo", "runo_DS2_EIG"


def data_sets(elements: tuple[str, ...]) -> dict[str, str]:
    """Return GPAW's PAW data sets, XML, by element."""
    import gpaw_data

    folder = Path(str(gpaw_data.__file__)).parent / "setups"
    return {
        e: gzip.decompress((folder / f"{e}.PBE.gz").read_bytes()).decode()
        for e in elements
    }


def prepared(case: Case, directory: Path) -> bool:
    """Write ABINIT's files; tell whether the same input was there already."""
    directory.mkdir(parents=True, exist_ok=True)
    paw = data_sets(case.point.elements)
    for element, text in paw.items():
        (directory / f"{element}.PBE.xml").write_text(text, "utf-8")
    valence = {e: valence_of(text) for e, text in paw.items()}
    text = write_abinit(case.point, valence, case.abinit, case.fine)
    path = directory / INPUT
    if path.exists() and path.read_text("utf-8") == text:
        return True
    path.write_text(text, "utf-8")
    return False


def abinit(case: Case, directory: Path, command: str) -> dict[str, Any]:
    """Return ABINIT's numbers, computed if they are not there."""
    if not (prepared(case, directory) and finished(directory)):
        for old in directory.glob("run.abo*"):
            old.unlink()
        with (directory / "log").open("w") as log:
            subprocess.run(
                [command, INPUT],
                cwd=directory,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                check=False,
            )
    out = output(directory)
    return {
        "version": out.version,
        "cutoff": case.abinit,
        "fine_cutoff": case.fine,
        "energy": out.energy,
        "total_moment": out.total_moment,
        "moments": list(out.moments),
        "radii": list(out.radii),
        "d_moments": {str(k): v for k, v in out.d_moments.items()},
        "pressure": out.pressure,
        "gap": read_gap((directory / LEVELS).read_text("utf-8")),
        "iterations": out.iterations,
        "cpu_seconds": out.cpu_seconds,
        "input_sha256": digest(directory / INPUT),
    }


def output(directory: Path) -> Output:
    """Read the output of a directory; an error names it."""
    try:
        return read_abinit((directory / OUTPUT).read_text("utf-8", "replace"))
    except (OSError, AbinitError) as error:
        sys.exit(f"{directory}: {error}")


def finished(directory: Path) -> bool:
    """Tell whether a directory has a converged output and its levels."""
    try:
        read_abinit((directory / OUTPUT).read_text("utf-8", "replace"))
    except (OSError, AbinitError):
        return False
    return (directory / LEVELS).exists()


def gpaw(case: Case, directory: Path) -> dict[str, Any]:
    """Return the numbers of the project's engine, computed if they are not there."""
    from workflows.engines.gpaw.engine import GpawEngine
    from workflows.engines.machine import Machine

    assert case.gpaw is not None
    engine, step = GpawEngine(), "static"
    if not (directory / "result.json").exists():
        engine.write_inputs(calculation(case.point, case.gpaw), step, directory, None)
        command = None
        if case.d_radius is not None:
            command = f"{sys.executable} {WIDER} {case.d_radius}"
        engine.run(directory, Machine(gpaw_cmd=command), lambda _line: None)
    found = engine.parse(directory)
    if not found.state.usable or found.energy is None:
        sys.exit(f"{directory}: {found.state.value}: {found.reason}")
    result = json.loads((directory / "result.json").read_text("utf-8"))["result"]
    trace = sum(result["stress_gpa"][i][i] for i in range(3)) / 3
    return {
        "version": result["versions"]["gpaw"],
        "cutoff": case.gpaw,
        "energy": result["free_energy"],
        "total_moment": result["total_moment"],
        "moments": result["moments"],
        "pressure": -trace,
        "gap": found.bandgap,
        "iterations": sum(a["iterations"] for a in result["attempts"]),
        "cpu_seconds": result["cpu_seconds"],
        "input_sha256": digest(directory / "input.json"),
    }


def calculation(point: Point, cutoff: float) -> Any:
    """Return a static calculation of the packaged campaign ``nio`` at another cell."""
    from pymatgen.core import Lattice, Structure

    from workflows.campaign.calculation import content_id
    from workflows.campaign.campaign import load_campaign
    from workflows.campaign.gpaw_settings import gpaw_settings
    from workflows.campaign.nickel_oxide import nickel_oxide

    campaign = load_campaign("nio")
    changes = {"cutoff": cutoff, "hubbard_u": dict(point.hubbards)}
    own = campaign.gpaw.model_copy(update=changes)
    campaign = campaign.model_copy(update={"gpaw": own})
    structure = Structure(
        Lattice(point.cell),
        point.symbols,
        point.positions,
        site_properties={"magmom": list(point.moments)},
    )
    settings = gpaw_settings(campaign, tuple(point.hubbards), structure, ("static",))
    found = replace(
        nickel_oxide(campaign),
        structure=structure,
        steps=("static",),
        settings=settings,
    )
    return replace(found, id=content_id(found))


def digest(path: Path) -> str:
    """Return the sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compute(root: Path, command: str, *, light: bool) -> dict[str, Any]:
    """Compute every case in directories below ``root``."""
    runs: dict[str, dict[str, Any]] = {}
    elements: set[str] = set()
    for name, case in cases().items():
        if case.heavy and light:
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        elements.update(case.point.elements)
        runs[name] = {"volume": volume(case.point), "u": case.point.hubbards["Ni"]}
        if case.d_radius is None:
            runs[name]["abinit"] = abinit(case, root / "abinit" / name, command)
        if case.gpaw is not None:
            runs[name]["gpaw"] = gpaw(case, root / "gpaw" / name)
    paw = data_sets(tuple(sorted(elements)))
    return {
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "paw_md5": {e: hashlib.md5(t.encode()).hexdigest() for e, t in paw.items()},
        "runs": runs,
    }


def main() -> int:
    """Print what is kept, or compute it again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, metavar="DIR", help="compute it there")
    parser.add_argument("--light", action="store_true", help="without x = 1")
    parser.add_argument("--keep", action="store_true", help="store what --run found")
    parser.add_argument("--abinit", default="abinit", metavar="PROGRAM")
    asked = parser.parse_args()
    found = read_kept()
    if asked.run is not None:
        found = compute(asked.run, asked.abinit, light=asked.light)
        if asked.keep:
            KEPT.parent.mkdir(parents=True, exist_ok=True)
            KEPT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    if not found:
        parser.error(f"{KEPT} is not there: compute it with --run DIR --keep")
    print(report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
