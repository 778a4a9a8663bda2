"""An environment in which custodian cannot be imported is found before a step is."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.places import DATA

LINE = (
    "from workflows.engines.vasp.process import vasp_command\n"
    "from workflows.errors import MachineError\n"
    "try: print(vasp_command('true'))\n"
    "except MachineError as error: print(error)\n"
)
NO_SENTRY = pytest.mark.skipif(
    find_spec("sentry_sdk") is not None, reason="sentry_sdk is installed"
)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        pytest.param(
            "SENTRY_DSN", "https://k@x/1", "unset SENTRY_DSN", marks=NO_SENTRY
        ),
        ("CUSTODIAN_REPORTING_OPT_IN", "abc", "unset CUSTODIAN_REPORTING_OPT_IN"),
        ("CUSTODIAN_REPORTING_OPT_IN", "", "unset CUSTODIAN_REPORTING_OPT_IN"),
        pytest.param("CUSTODIAN_REPORTING_OPT_IN", "true", "unset", marks=NO_SENTRY),
        ("CUSTODIAN_REPORTING_OPT_IN", "false", "['true']"),
    ],
)
def test_a_variable_that_keeps_custodian_from_starting_is_named(
    name: str, value: str, told: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LINE],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, name: value},
    )
    assert told in ran.stdout
    assert "https" not in ran.stdout
    assert ran.stdout.count("\n") == 1


@pytest.mark.parametrize("value", ["abc", ""])
def test_a_failed_run_is_not_called_a_bug_for_such_a_variable(value: str) -> None:
    directory = str(DATA / "NiTiNbN_aborted")
    ran = subprocess.run(
        [sys.executable, "-m", "workflows.cli", "parse", directory],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CUSTODIAN_REPORTING_OPT_IN": value},
    )
    assert ran.returncode == 2
    assert "unset CUSTODIAN_REPORTING_OPT_IN" in ran.stderr
    assert "a bug in lnmo" not in ran.stdout + ran.stderr
