"""A script that quotes errors of VASP around a healthy VASP changes no setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import FAKE_VASP
from tests.vasp_commands import done
from workflows.campaign.calculation import Calculation
from workflows.records.document import State

EDDDAV = "Error EDDDAV: Call to ZHEGV failed"
ZBRENT = "ZBRENT: fatal error in bracketing"
SCRIPTS = {
    "before": f"echo '{ZBRENT}'; {FAKE_VASP}",
    "long before": f"echo '{ZBRENT}'; sleep 0.5; {FAKE_VASP}",
    "indented": f"echo '  {EDDDAV}'; sleep 0.5; {FAKE_VASP}",
    "after": f"{FAKE_VASP} && echo '{EDDDAV}' && sleep 0.5",
    "around": f"echo 'Ask us on {EDDDAV}'; {FAKE_VASP}; echo 'No {ZBRENT} found'",
}


@pytest.mark.parametrize("where", SCRIPTS)
def test_an_error_that_a_script_quotes_is_not_corrected(
    one: Calculation, tmp_path: Path, where: str
) -> None:
    found = done(one, tmp_path, SCRIPTS[where])
    assert found.state is State.DONE
    assert found.corrections == ()


def test_only_the_error_of_vasp_is_corrected_where_a_script_quotes_others(
    one: Calculation, tmp_path: Path
) -> None:
    fails = f"if ! test -e {tmp_path}/once; then export FAKE_VASP_FAIL=brmix; fi"
    script = f"echo '{ZBRENT}'; {fails}; touch {tmp_path}/once; {FAKE_VASP}"
    found = done(one, tmp_path, script)
    assert found.state is State.DONE
    assert [each["errors"] for each in found.corrections] == [["brmix"]]


def test_an_error_without_a_head_is_corrected(one: Calculation, tmp_path: Path) -> None:
    once = f"if ! test -e {tmp_path}/once; then touch {tmp_path}/once; echo '{EDDDAV}'"
    found = done(one, tmp_path, f"{once}; exit 1; fi; {FAKE_VASP}")
    assert found.state is State.DONE
    assert [each["errors"] for each in found.corrections] == [["edddav"]]
