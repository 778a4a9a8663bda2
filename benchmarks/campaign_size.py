"""What a calculation costs in a queue's campaign of 100, and in one of 1,000.

    python benchmarks/campaign_size.py [100 1000]

Real Slurm and the tests' MongoDB (``mongod``, or the stand-in), all by command. VASP
is left out: its minutes would hide the rest. Jobs go to a partition that starts none;
then the ends of twenty are reported as their workers would. CPU seconds are those of
the command and of the database's server: they do not depend on who else uses the
machine, as the seconds on the clock do.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).parents[1]
sys.path.insert(0, str(TOP))

import psutil  # noqa: E402
from fireworks import FWAction, FWorker  # noqa: E402

from tests.clusters import Cluster, cluster  # noqa: E402
from tests.servers import Mongo, slurm_running  # noqa: E402
from workflows.launchpad.mongodb import connect  # noqa: E402
from workflows.records.database import read_database  # noqa: E402

ENDS = 20
PER_CALCULATION = ("submit", "launch", "end")
Cost = tuple[float, float]


def measure(number: int, place: Path) -> dict[str, Cost]:
    """Clock and CPU seconds of each verb; submit, launch, end: of one calculation."""
    server = Mongo(place / "mongo").start()
    with slurm_running(place / "slurm") as slurm:
        strains = [{"x": 1, "c_strain": n * 1e-4} for n in range(1, number)]
        made = cluster(place / f"size{number}", server, slurm, start={"more": strains})
        made.profile(queue="closed")
        costs: dict[str, Cost] = {}

        def count(name: str, call: Callable[[], object], times: int = 1) -> None:
            start, before = time.perf_counter(), cpu(server)
            call()
            clock = time.perf_counter() - start
            costs[name] = clock / times, (cpu(server) - before) / times

        count("submit", lambda: made.lnmo("submit", "c.yaml"), number)
        assert made.states() == {"READY": number}
        count("status, all ready", lambda: made.lnmo("status"))
        count("launch", lambda: made.lnmo("launch", "-m", str(number)), number)
        assert made.states() == {"RESERVED": number}
        assert len(made.jobs()) == number
        count("status, all in the queue", lambda: made.lnmo("status"))
        count("reconcile", lambda: made.lnmo("reconcile"))
        count("end", lambda: end_some(made), ENDS)
        assert made.states() == {"RESERVED": number - ENDS, "COMPLETED": ENDS}
        costs["two empty commands"] = empty(made, server)
    server.stop()
    return costs


def end_some(of: Cluster) -> None:
    """Check launches out and report their ends, as their workers do."""
    pad = connect(read_database(of.place))
    for fw_id in range(1, ENDS + 1):
        _, launch_id = pad.checkout_fw(FWorker(name=of.name), "/", fw_id=fw_id)
        pad.complete_launch(launch_id, FWAction(stored_data={"state": "DONE"}))
    pad.connection.close()


def empty(of: Cluster, server: Mongo) -> Cost:
    start, before = time.perf_counter(), cpu(server)
    of.lnmo("--help")
    of.lnmo("--help")
    return time.perf_counter() - start, cpu(server) - before


def cpu(server: Mongo) -> float:
    """CPU seconds so far: ours, our finished children's, the server's."""
    own = (
        resource.getrusage(r) for r in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    spent = sum(each.ru_utime + each.ru_stime for each in own)
    times = psutil.Process(server.pid).cpu_times()
    return float(spent + times.user + times.system)


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [100, 1000]
    found = {}
    for size in sizes:
        with scratch() as place:
            found[size] = measure(size, place)
    small, large = found[sizes[0]], found[sizes[-1]]
    print(f"seconds; CPU seconds in brackets. {sizes[0]} against {sizes[-1]}:")
    for name in small:
        kind = " each" if name in PER_CALCULATION else ""
        ratio = f"x {large[name][1] / small[name][1]:.2f}" if kind else ""
        shown = [
            f"{costs[name][0]:8.3f} ({costs[name][1]:.3f})" for costs in found.values()
        ]
        print(f"{name + kind:26}", *shown, ratio)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix="lnmo-", ignore_cleanup_errors=True
    ) as made:
        yield Path(made)


if __name__ == "__main__":
    main()
