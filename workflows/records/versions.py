"""Versions of the packages that a number depends on."""

from __future__ import annotations


def versions(*packages: str) -> dict[str, str]:
    """Return installed versions, for provenance."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for package in ("lnmo", *packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
