"""Random faults, as ``benchmarks/faults.py`` does by the hundred: a few of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "faults.py"


def test_a_few_faults_cost_nothing() -> None:
    options = ("--faults", "8", "--x", "1", "--jobs", "1", "--seed", "3")
    ran = subprocess.run(
        [sys.executable, str(BENCHMARK), *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    faults = re.match(r"(\d+) faults in \d+ campaign", ran.stdout)
    assert faults is not None
    assert int(faults[1]) >= 8
    assert ran.stdout.endswith("no number differs\n")
