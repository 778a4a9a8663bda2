"""Re-seeds in a LaunchPad: Fireworks added, as a detour, to the Workflow of the first.

Their spec has ``reseed_of``, the id of the calculation that was planned, by which
whoever asks for a plan's Fireworks finds them too.
"""

from __future__ import annotations

from collections.abc import Iterable

from fireworks import LaunchPad, Workflow


def with_reseeds(launchpad: LaunchPad, ids: Iterable[str]) -> list[str]:
    """Return ids of calculations, and those of their re-seeds that are submitted.

    Parameters
    ----------
    launchpad
        Where they are.
    ids
        Of planned calculations.
    """
    planned = list(ids)
    fields = {"_id": 0, "spec.calculation_id": 1}
    found = launchpad.fireworks.find({"spec.reseed_of": {"$in": planned}}, fields)
    reseeds = [each["spec"]["calculation_id"] for each in found]
    return list(dict.fromkeys([*planned, *reseeds]))


def not_there_yet(launchpad: LaunchPad, detours: Iterable[Workflow]) -> list[Workflow]:
    """Leave out the detours that the LaunchPad holds: a step that is run again.

    A Firework that no Workflow names is what a kill left of an addition, and does not
    count.
    """
    return [each for each in detours if not _held(launchpad, each)]


def _held(launchpad: LaunchPad, detour: Workflow) -> bool:
    ids = [f.spec["calculation_id"] for f in detour.fws if "reseed_of" in f.spec]
    query = {"spec.calculation_id": {"$in": ids}}
    found = launchpad.fireworks.find(query, {"_id": 0, "fw_id": 1})
    nodes = [each["fw_id"] for each in found]
    return launchpad.workflows.find_one({"nodes": {"$in": nodes}}) is not None
