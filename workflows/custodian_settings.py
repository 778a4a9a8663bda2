"""What custodian reads from the environment while it is imported."""

from __future__ import annotations

import os

from workflows.errors import MachineError, one_line, shortened

VARIABLES = ("SENTRY_DSN", "CUSTODIAN_REPORTING_OPT_IN")
"""Where custodian reports errors to, and whether. The first is used by others too."""


def check_custodian_settings() -> None:
    """Import custodian where a variable may keep it from being imported.

    Raises
    ------
    MachineError
        It cannot be imported: the package sentry_sdk is missing, or a value is none.
    """
    given = " and ".join(name for name in VARIABLES if name in os.environ)
    if not given:
        return
    try:
        import custodian.custodian  # noqa: F401
    except Exception as error:  # the environment is parsed as Python
        told = shortened(one_line(error) or type(error).__name__, 100)
        raise MachineError(
            f"custodian, which watches VASP, does not start with {given} as set here "
            f"({told}): unset {given}"
        ) from None
