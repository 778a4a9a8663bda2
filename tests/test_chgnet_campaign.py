"""The surrogate engine end to end, on the real 56-atom cells of the paper.

The moments are CHGNet's own: at x = 1 the paper's values, at x = 0 below its 0.5 muB.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import TOP
from workflows import open_results


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, require_chgnet: None) -> Path:
    """A directory in which x = 0 and x = 1 were run by the command."""
    here = tmp_path_factory.mktemp("chgnet")
    shutil.copy(TOP / "launchpad.yaml", here)
    options = ["--engine", "chgnet", "--x", "0", "--x", "1", "-j", "2"]
    command = [sys.executable, "-m", "workflows.cli", "run", "paper", *options]
    ran = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return here


def test_the_moments_are_the_ones_chgnet_is_known_for(project: Path) -> None:
    series = open_results(project).series().set_index("x")
    assert series.loc[0.0, "m_ni"] == pytest.approx(0.28, abs=0.05)
    assert series.loc[1.0, "m_ni"] == pytest.approx(1.70, abs=0.05)
    assert series.loc[0.0, "m_mn"] == pytest.approx(3.28, abs=0.05)
    assert series.loc[1.0, "m_mn"] == pytest.approx(3.20, abs=0.05)


def test_both_ends_stay_cubic_and_keep_every_ion_on_its_site(project: Path) -> None:
    series = open_results(project).series()
    assert list(series["state"]) == ["DONE", "DONE"]
    assert list(series["lattice_class"]) == ["cubic", "cubic"]
    assert list(series["findings"]) == ["", ""]
    assert series["volume"].tolist() == pytest.approx([545.4, 575.2], rel=0.003)


def test_every_number_says_that_it_is_a_surrogate(project: Path) -> None:
    series = open_results(project).series()
    assert series["surrogate"].all()
    assert all("chgnet" in version for version in series["engine_version"])
    told = [
        {finding.id for finding in document.findings}
        for document in open_results(project).documents()
    ]
    assert all("surrogate" in ids for ids in told)
