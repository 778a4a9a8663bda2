"""Plans on disk: a cache in the data directory that may always be deleted.

A plan is kept under the hash of its campaign and of all that makes plans: our code, and
the libraries that build and rank structures. A file that is damaged, or that is not of
this campaign and code, is not used: the campaign is planned again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from workflows.atomic import parse_json, read_regular
from workflows.campaign.calculation import Calculation, structure_from_dict
from workflows.campaign.campaign import Campaign

PLANS = "plans"
"""Directory of the plans, in the data directory; one file a campaign."""
MAX_PLANS = 64
"""Files kept; the oldest are deleted first."""
MAKERS = ("structures", "workflows/campaign", "workflows/vasp", "workflows/analysis")
"""Directories whose code decides a plan."""
LIBRARIES = ("numpy", "scipy", "pymatgen", "spglib", "pydantic")


class KeptCalculation(Calculation):
    """A calculation from a kept plan; its structure is built when it is asked for."""

    def __getattr__(self, name: str) -> Any:
        """Build the structure; called only while the instance has none."""
        if name != "structure" or "kept_structure" not in self.__dict__:
            raise AttributeError(name)
        built = structure_from_dict(self.__dict__["kept_structure"])
        self.__dict__["structure"] = built
        return built

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> KeptCalculation:
        """Rebuild a calculation from :func:`_as_kept`."""
        values = {name: plain[name] for name in cls.__dataclass_fields__}
        for name in ("steps", "notes"):
            values[name] = tuple(values[name])
        values["supercell"] = tuple(tuple(row) for row in values["supercell"])
        made = object.__new__(cls)
        made.__dict__.update(values | {"kept_structure": values.pop("structure")})
        return made


def kept_plan(
    campaign: Campaign, root: Path, *, keep: bool = True
) -> tuple[Calculation, ...]:
    """Return the plan of a campaign, from the data directory if it is kept there.

    A plan is kept only where the data directory exists; a disk that is full or may not
    be written costs time only.

    Parameters
    ----------
    campaign
        As for :func:`workflows.campaign.plan.plan`, whose errors are those of this.
    root
        Data directory.
    keep
        Keep it if it is not kept; a command that may still be refused does so later.
    """
    key = plan_key(campaign)
    found = _read(root / PLANS / f"{key}.json", key)
    if found is None:
        from workflows.campaign.plan import plan

        found = plan(campaign)
        if keep:
            keep_plan(campaign, root, found)
    return found


def keep_plan(
    campaign: Campaign, root: Path, calculations: Sequence[Calculation]
) -> None:
    """Keep a plan that :func:`kept_plan` returned, unless it comes from there."""
    if not root.is_dir() or any(isinstance(c, KeptCalculation) for c in calculations):
        return
    key = plan_key(campaign)
    with suppress(OSError, TypeError):
        _write(root / PLANS / f"{key}.json", key, calculations)


def plan_key(campaign: Campaign) -> str:
    """Hash a campaign and all that makes its plan."""
    content = [campaign.model_dump(mode="json"), planning_code()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


@cache
def planning_code() -> str:
    """Return the fingerprint of the code and the libraries that make plans."""
    top = Path(__file__).parents[2]
    files = [top / "workflows" / "errors.py"]
    for maker in MAKERS:
        found = (top / maker).rglob("*")
        files += sorted(f for f in found if f.suffix in {".py", ".yaml"})
    made = hashlib.sha256()
    for file in files:
        made.update(str(file.relative_to(top)).encode() + b"\0" + file.read_bytes())
    used = (sys.version, *(f"{name} {version(name)}" for name in LIBRARIES))
    made.update("\n".join(used).encode())
    return made.hexdigest()[:32]


def _read(path: Path, key: str) -> tuple[Calculation, ...] | None:
    """Return what a file holds, or None unless it is whole and of this key."""
    try:
        first, _, rest = read_regular(path).partition("\n")
        if first != _header(key, rest):
            return None
        return tuple(KeptCalculation.of(each) for each in parse_json(rest))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path: Path, key: str, calculations: Sequence[Calculation]) -> None:
    """Write a plan completely or not at all, under the name of this process first."""
    text = json.dumps([_as_kept(each) for each in calculations], allow_nan=False)
    part = path.with_suffix(f".{os.getpid()}")
    path.parent.mkdir(exist_ok=True)
    try:
        part.write_text(f"{_header(key, text)}\n{text}", "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for old in sorted(path.parent.iterdir(), key=_age)[MAX_PLANS:]:
        old.unlink(missing_ok=True)


def _header(key: str, text: str) -> str:
    return f"lnmo plan {key} {hashlib.sha256(text.encode()).hexdigest()}"


def _age(path: Path) -> float:
    with suppress(FileNotFoundError):
        return -path.stat().st_mtime
    return 0.0


def _as_kept(calculation: Calculation) -> dict[str, Any]:
    """Return plain JSON with every digit: a plan that was kept is the same plan."""
    structure = calculation.structure
    plain = {n: getattr(calculation, n) for n in calculation.__dataclass_fields__}
    plain["structure"] = {
        "lattice": structure.lattice.matrix.tolist(),
        "species": [site.specie.symbol for site in structure],
        "frac_coords": structure.frac_coords.tolist(),
        "site_properties": {
            name: list(values) for name, values in structure.site_properties.items()
        },
    }
    return plain
