"""Versions of the packages that a number depends on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of lnmo and other packages."""
    found = {}
    for package in ("lnmo", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def own_version() -> str:
    """Return the version of lnmo; ``unknown`` where it runs without being installed."""
    return versions().get("lnmo", "unknown")
