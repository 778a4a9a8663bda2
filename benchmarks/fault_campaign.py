"""The campaign that ``faults.py`` disturbs: processes, documents, numbers."""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import yaml

from tests import forked
from workflows import load_campaign, open_results, plan
from workflows.campaign.calculation import Calculation
from workflows.engines.orphans import MARK
from workflows.records.document import TaskDocument

TOP = Path(__file__).parents[1]
FAKE = TOP / "tests" / "fake_vasp" / "vasp_std"
COMMAND = f"{sys.executable} -S {FAKE}"
FOREIGN = ("LNMO_", "FAKE_VASP_", "PMG_")
TAGS = {
    "common": {"NEDOS": 301, "ISYM": 2, "LREAL": "Auto", "ALGO": "Fast"},
    "dos": {"NEDOS": 301},
}
"""Symmetry, projection and algorithm from which most errors can be cured."""
LAST_DIGIT = 2e-6
"""Restarts may change the last digit of what VASP prints, in eV, A, muB or kbar."""


class Campaign:
    """A directory with a campaign, and the processes that work on it."""

    def __init__(self, place: Path, x: str) -> None:
        place.mkdir(parents=True)
        self.place = place
        self.root = place / "lnmo-data"
        shutil.copy(TOP / "launchpad.yaml", place)
        vasp = {
            "incar": TAGS,
            "kpoints": [1, 1, 1],
            "kpoints_dos": [3, 3, 3],
            "dos_at": [float(word) for word in x.split(",")],
        }
        content = {
            "name": "faults",
            "lithium_reference": False,
            "x": [float(word) for word in x.split(",")],
            "insertion": [{"model": "tet_8b"}],
            "vasp": vasp,
        }
        (place / "faults.yaml").write_text(yaml.safe_dump(content))

    @property
    def ledger(self) -> Path:
        """Return the file in which the fake VASP writes its starts and ends."""
        return self.place / "ledger"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of every process."""
        own = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        return {
            **own,
            "LNMO_VASP_CMD": COMMAND,
            "LNMO_POLL_SECONDS": "0.05",
            "LNMO_VASP_INCAR": "KPAR=2 NPAR=2",
            "FAKE_VASP_LEDGER": str(self.ledger),
        }

    def start(self, *words: str, seconds: float = 0.0) -> forked.Started:
        """Start ``lnmo run``, forked off a server of this process."""
        command = ("run", "faults.yaml", "-j", "1", *words)
        own = {**self.environment, "FAKE_VASP_SECONDS": str(seconds)}
        return forked.start(*command, cwd=self.place, env=own)

    def run(self, *words: str) -> int:
        """Run ``lnmo run`` to its end; return its exit code."""
        return self.start(*words).wait()

    def calculations(self) -> tuple[Calculation, ...]:
        """Plan."""
        return plan(load_campaign(self.place / "faults.yaml"))

    def documents(self) -> dict[tuple[str, str], TaskDocument]:
        """Return what is recorded, by calculation and step."""
        found = open_results(self.place).documents()
        return {(str(d.calculation_id), d.task_label): d for d in found}

    def failures(self) -> int:
        """Count the failures that the fake VASP has shown."""
        with suppress(FileNotFoundError):
            return self.ledger.read_text().count("fail:")
        return 0

    def processes(self) -> list[psutil.Process]:
        """Return every living process of this campaign."""
        return forked.processes_in(self.place)


def workers(campaign: Campaign) -> list[psutil.Process]:
    return [each for each in campaign.processes() if forked.is_worker(each)]


def vasps(place: Path) -> list[psutil.Process]:
    found, start = [], str(place.resolve())
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            if str(FAKE) in words and process.environ().get(MARK, "").startswith(start):
                found.append(process)
    return found


def differs(document: TaskDocument, reference: TaskDocument) -> str:
    """Name the first number that differs beyond the last digit VASP prints."""
    pairs = {
        "energy": (document.energy, reference.energy),
        "efermi": (document.efermi, reference.efermi),
        "total moment": (document.total_magnetization, reference.total_magnetization),
        "electrons": (document.nelect, reference.nelect),
        "pressure": (document.pressure_kbar, reference.pressure_kbar),
        "force": (document.max_force, reference.max_force),
    }
    axes = zip("abc", lengths(document), lengths(reference), strict=True)
    pairs |= {axis: (one, other) for axis, one, other in axes}
    moments = zip(
        document.magnetization or (), reference.magnetization or (), strict=True
    )
    pairs |= {f"moment {n}": pair for n, pair in enumerate(moments)}
    for name, (number, right) in pairs.items():
        if (number is None) != (right is None):
            return f"{name} is {number}, undisturbed {right}"
        if (
            number is not None
            and right is not None
            and abs(number - right) > LAST_DIGIT
        ):
            return f"{name} is {number!r}, undisturbed {right!r}"
    if document.hubbards != reference.hubbards:
        return f"U is {document.hubbards}, undisturbed {reference.hubbards}"
    return ""


def lengths(document: TaskDocument) -> tuple[float, ...]:
    return tuple(document.structure.lattice.abc) if document.structure else ()
