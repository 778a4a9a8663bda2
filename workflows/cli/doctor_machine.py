"""What ``lnmo doctor`` says of the machine itself: Python, packages, memory, locale."""

from __future__ import annotations

import locale
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from workflows.cli.health import Check, Health
from workflows.counts import count_of

PYTHONS = ((3, 11), (3, 12))
"""Versions that the packages are tested with."""
GIB = 2**30
LEAST_MEMORY = 2 * GIB
"""One worker with CHGNet takes 1 GB at 56 atoms, one with GPAW 0.5 GB at 14."""
INSTALL = "in a clone: make setup; else pip install again"


def of_machine() -> Iterator[Check]:
    """Yield Python, its packages, memory and locale."""
    yield python_check(sys.version_info[:2])
    yield packages_check()
    yield memory_check()
    yield locale_check(sys.getfilesystemencoding(), locale.getpreferredencoding(False))


def python_check(running: tuple[int, int]) -> Check:
    """Judge the version of Python."""
    found = f"{platform.python_version()}, {sys.executable}"
    if running in PYTHONS:
        return Check("Python", Health.OK, found)
    known = " or ".join(f"{major}.{minor}" for major, minor in PYTHONS)
    return Check("Python", Health.WRONG, found, f"make setup PYTHON=python{known[:4]}")


def packages_check() -> Check:
    """Judge the packages by what the installed project asks for."""
    from packaging.requirements import Requirement

    try:
        asked = requires("lnmo") or []
    except PackageNotFoundError:
        return Check("packages", Health.WRONG, "lnmo is not installed", INSTALL)
    wrong, checked = [], 0
    for requirement in map(Requirement, asked):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        checked += 1
        try:
            own = version(requirement.name)
        except PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(own, prereleases=True):
            wrong.append(f"{requirement.name} {own} is not {requirement.specifier}")
    if wrong:
        return Check("packages", Health.WRONG, "; ".join(wrong), INSTALL)
    return Check("packages", Health.OK, f"lnmo {version('lnmo')}, {checked} it needs")


def memory_check() -> Check:
    """Judge the free memory, and say how many cores share it."""
    import psutil

    memory, cores = psutil.virtual_memory(), os.cpu_count() or 1
    found = (
        f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GB free, "
        f"{count_of(cores, 'core')}"
    )
    if memory.available >= LEAST_MEMORY:
        return Check("memory", Health.OK, found)
    cure = f"free some: a worker may need {LEAST_MEMORY / GIB:.0f} GB; take -j 1"
    return Check("memory", Health.WRONG, found, cure)


def locale_check(of_files: str, of_text: str) -> Check:
    """Judge whether names and texts are UTF-8; lnmo writes both so."""
    wrong = {e for e in (of_files, of_text) if e.lower().replace("-", "") != "utf8"}
    if not wrong:
        return Check("locale", Health.OK, "UTF-8")
    found = f"{', '.join(sorted(wrong))} instead of UTF-8"
    return Check("locale", Health.ABSENT, found, "export LC_ALL=C.UTF-8")
