"""The table over x from 10,000 recorded steps, cold and again.

    python benchmarks/series.py [--documents 10000] [--keep DIR]

Static steps of as many Li orderings at x = 0.5, made up from one structure, are
recorded as a run records them. ``cold``: a process that has read nothing of them yet
opens the results and asks for ``series()``, imports not counted. ``again``: it asks a
second time; every document is still looked at, since one may have been replaced.
``upgrade``: the first reading of all after an upgrade that makes the kept summaries
void, on all cores; with the processor time of every process.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from workflows import load_campaign, plan
from workflows.engines.protocol import identity
from workflows.records.document import State, TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.summary_cache import SUMMARIES

ASK = """
import sys, time
from workflows import open_results
open_results
import workflows.results, pandas, pymatgen.core
for name in ("cold", "again"):
    start, used = time.perf_counter(), time.process_time()
    results = open_results(sys.argv[1]) if name == "cold" else results
    series = results.series()
    elapsed, used = time.perf_counter() - start, time.process_time() - used
    print(f"{name:9s} {elapsed:6.2f} s, {used:.2f} s of them on the processor")
assert len(series) == 1 and series["n_orderings"].iloc[0] == int(sys.argv[2])
"""


def record(where: Path, number: int) -> None:
    (where / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    store = FileResults(where / "lnmo-data")
    campaign = load_campaign("paper").override(x=(0.5,))
    calculation = next(c for c in plan(campaign) if not c.reference)
    structure = calculation.structure
    moments = {"Li": 0.0, "Ni": -1.1, "Mn": 3.2, "O": 0.0}
    for k in range(number):
        own = f"{k:012x}"
        document = TaskDocument(
            **{**identity(calculation, "static"), "calculation_id": own},
            state=State.DONE,
            engine_version="6.4.2",
            cell_relaxed=True,
            structure=structure,
            initial_structure=structure,
            energy=-390.0 - 1e-4 * k,
            magnetization=tuple(moments[s.specie.symbol] for s in structure),
            settings={"functional": "pbe_u", "ENCUT": 520.0, "kpoints": [3, 3, 3]},
            final_sites={"Li": {"8a": 4}},
            dir_name=f"calculations/{own}/static",
        )
        store.directory(own, "static").mkdir(parents=True)
        store.put(document)


def processor() -> float:
    """Processor time of this process and those it has waited for, s."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="use, or leave, the files here")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        where = asked.keep or Path(scratch)
        where.mkdir(exist_ok=True)
        if not (where / "lnmo-data").exists():
            start = time.perf_counter()
            record(where, asked.documents)
            print(f"recording {time.perf_counter() - start:6.2f} s")
        command = [sys.executable, "-c", ASK, str(where), str(asked.documents)]
        subprocess.run(command, check=True)
        kept = where / "lnmo-data" / SUMMARIES
        kept.rename(where / "kept")
        start, used = time.perf_counter(), processor()
        read = list(FileResults(where / "lnmo-data").summaries())
        elapsed, used = time.perf_counter() - start, processor() - used
        assert len(read) == asked.documents
        assert all("energy_per_fu" in each.numbers for each in read)
        print(f"upgrade {elapsed:6.2f} s, {used:.2f} s on {os.cpu_count()} processors")
        shutil.rmtree(kept)
        (where / "kept").rename(kept)


if __name__ == "__main__":
    main()
