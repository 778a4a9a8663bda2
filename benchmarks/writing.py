"""``lnmo write`` of 180 directories against bare pymatgen writing the same files.

    python benchmarks/writing.py [--repeat N]

Ours is everything the command does: planning 60 cells (every Li arrangement on
tetrahedra, x = 0 to 2, and 15 more starts), deciding and writing relax, static and dos
of each, a README in each directory, and the manifest. Theirs is handed the finished
structures and tags and only writes POSCAR, INCAR, KPOINTS and POTCAR.spec. The files
are asserted to be equal, the ratio is printed: of the first round, in which caches are
cold, and the median of all.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from pymatgen.io.vasp import Incar, Kpoints, Poscar

from workflows import load_campaign, plan
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import VaspInputs, vasp_inputs
from workflows.campaign.write_tree import write_campaign
from workflows.vasp.potcars import PotcarLibrary

DIRECTORIES, LIMIT = 180, 1.5
FILES = ("POSCAR", "INCAR", "KPOINTS", "POTCAR.spec")
MORE_STARTS = (1.125, 1.25, 1.375, 1.5, 1.875)


def campaign() -> Campaign:
    content = load_campaign("paper").model_dump(mode="json")
    content |= {"x": [n / 8 for n in range(17)], "lithium_reference": False}
    content["insertion"] = [{"model": "tet_8b"}]
    content["orderings"]["keep"] = 7
    content["start"]["more"] = [{"x": x, "c_strain": -0.02} for x in MORE_STARTS]
    content["vasp"]["dos_at"] = content["x"]
    return Campaign.model_validate(content)


def theirs(decided: list[VaspInputs], root: Path) -> list[Path]:
    written = []
    for number, inputs in enumerate(decided):
        directory = root / str(number)
        directory.mkdir(parents=True)
        poscar = Poscar(inputs.structure, comment=inputs.comment, sort_structure=False)
        poscar.write_file(directory / "POSCAR", significant_figures=12)
        Incar(inputs.incar).write_file(directory / "INCAR")
        Kpoints.gamma_automatic(inputs.kpoints).write_file(directory / "KPOINTS")
        spec = "\n".join(inputs.potcar_symbols)
        (directory / "POTCAR.spec").write_text(spec + "\n", "utf-8")
        written.append(directory)
    return written


def seconds(run: Callable[[Path], list[Path]]) -> tuple[float, dict[str, bytes]]:
    """Time a run into a fresh directory; return what it wrote too."""
    with TemporaryDirectory() as name:
        start = time.perf_counter()
        directories = run(Path(name))
        took = time.perf_counter() - start
        assert len(directories) == DIRECTORIES, len(directories)
        return took, {
            f"{number} {file}": (directory / file).read_bytes()
            for number, directory in enumerate(directories)
            for file in FILES
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    if PotcarLibrary.from_environment().directory:
        parser.error("unset PMG_VASP_PSP_DIR: without POTCARs the files are equal")
    chosen, ratios = campaign(), []
    for _ in range(repeat):
        ours, mine = seconds(
            lambda root: list(write_campaign(chosen, root).directories)
        )
        decided = [vasp_inputs(c, step) for c in plan(chosen) for step in c.steps]
        bare, other = seconds(partial(theirs, decided))
        assert mine == other, "the files differ"
        ratios.append(ours / bare)
        print(f"lnmo write {ours:.2f} s, bare pymatgen {bare:.2f} s: {ratios[-1]:.2f}")
    told = "within" if median(ratios) <= LIMIT else "ABOVE"
    print(
        f"{DIRECTORIES} directories: ratio {ratios[0]:.2f} cold, median "
        f"{median(ratios):.2f}, {told} the limit of {LIMIT}"
    )


if __name__ == "__main__":
    main()
