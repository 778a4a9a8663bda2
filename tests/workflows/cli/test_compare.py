"""Which variants ``lnmo compare`` takes for different."""

from __future__ import annotations

from pathlib import Path

import pytest

from workflows.cli.compare import compare_results
from workflows.cli.selection import Selection
from workflows.errors import CampaignError

STUDY = """
name: study
x: [0, 1]
host: {{formula: LiMn2O4, ordering: none, a: 8.25, primitive: true}}
vasp: {{dos_at: [], hubbard_u: {{Mn: 3.9}}}}
start: {{single: true}}
variants: {{base: {{}}, other: {{vasp: {{kpoints_lithium: {mesh}}}}}}}
"""


def selected(directory: Path, mesh: str, engine: str | None = None) -> Selection:
    (directory / "launchpad.yaml").write_text("host: embedded\n")
    (directory / "study.yaml").write_text(STUDY.format(mesh=mesh))
    return Selection(str(directory / "study.yaml"), engine, launchpad=directory)


def test_variants_that_differ_by_their_reference_alone_are_compared(
    tmp_path: Path,
) -> None:
    found = compare_results(selected(tmp_path, "[4, 4, 4]"))
    assert set(found.cells.variant) == {"base", "other"}
    assert not any("repeat" in note for note in found.missing)


def test_a_surrogate_takes_no_mesh_of_the_reference(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match=r"chgnet ignores vasp\.kpoints_lithium"):
        compare_results(selected(tmp_path, "[4, 4, 4]", "chgnet"))


def test_no_engine_is_offered_in_place_of_itself(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="changes no calculation") as told:
        compare_results(selected(tmp_path, "[17, 17, 17]"))
    assert "--engine vasp" not in str(told.value)
