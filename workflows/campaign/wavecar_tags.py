"""How the electronic state goes from link to link: ISTART, ICHARG and LWAVE.

With +U a run from scratch may find another state than the one whose geometry it was
given. So each link of a chain (relax-1, relax-2, ..., static) starts from the WAVECAR
of the one before: ISTART = 1 sets the plane waves up again for a cell that changed, and
keeps the state. The dos step reads the density of static; where that does not define
the Hamiltonian (meta-GGA, hybrid) its orbitals if the mesh is the same, or the density
as a start. ``restart: scratch`` starts every link from atomic charges.

A campaign's own ISTART, ICHARG or LWAVE is obeyed, or refused where it cannot be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

TAGS = ("ISTART", "ICHARG", "LWAVE")
FROM_WAVECAR: Mapping[str, Any] = {"ISTART": 1, "ICHARG": 0}
FROM_SCRATCH: Mapping[str, Any] = {"ISTART": 0, "ICHARG": 2}
FIXED_DENSITY = 11
SOURCE = "S: vasp.at/wiki ISTART, recommended where the cell changed; keeps the state"
LWAVE_SOURCE = "C: the next link reads it; removed once that one is recorded"
CHGCAR_SOURCE = "S: starts from the density of static, so from its state"


class ChainKeys(Protocol):
    """The keys of a campaign's ``vasp`` section that decide these tags."""

    @property
    def steps(self) -> Sequence[str]:
        """Steps of every calculation."""

    @property
    def dos_at(self) -> Sequence[float]:
        """Compositions x with a dos step."""

    @property
    def functional(self) -> str:
        """Name of the functional's preset."""

    @property
    def restart(self) -> str:
        """``wavecar`` or ``scratch``."""

    @property
    def kpoints(self) -> Sequence[int]:
        """k-mesh of relax and static."""

    @property
    def kpoints_dos(self) -> Sequence[int]:
        """k-mesh of dos."""

    @property
    def incar(self) -> Mapping[Any, Mapping[str, Any]]:
        """The campaign's own tags by step."""


def chain_tags(
    vasp: ChainKeys, step: str, *, lithium: bool = False
) -> dict[str, tuple[Any, str]]:
    """Return the tags by which a step takes up the state of the one before.

    Parameters
    ----------
    vasp
        Its own tags go before these, and decide together with them.
    step
        ``relax`` (its first link), ``static`` or ``dos``.
    lithium
        Of bcc lithium.

    Returns
    -------
    dict
        Tag -> value and reason; a tag that is as in the presets is left out.
    """
    tags: dict[str, tuple[Any, str]] = {}
    if reads_wavecar(vasp, step, lithium=lithium) and step != "relax":
        tags |= {tag: (value, SOURCE) for tag, value in FROM_WAVECAR.items()}
        if step == "dos" and not _self_consistent(vasp):
            del tags["ICHARG"]  # beside the fixed density, or as the campaign says
    elif step == "dos" and _self_consistent(vasp) and vasp.restart == "wavecar":
        tags["ICHARG"] = (1, CHGCAR_SOURCE)
    if _is_read(vasp, step, lithium=lithium):
        tags["LWAVE"] = (True, LWAVE_SOURCE)
    own = own_tags(vasp, step, lithium)
    return {tag: set_by for tag, set_by in tags.items() if tag not in own}


def reads_wavecar(vasp: ChainKeys, step: str, *, lithium: bool = False) -> bool:
    """Return whether a step starts from a WAVECAR; of relax, its restarts.

    Parameters
    ----------
    vasp, step, lithium
        As in :func:`chain_tags`.
    """
    own = own_tags(vasp, step, lithium)
    if vasp.restart != "wavecar" or own.get("ISTART") == 0 or own.get("ICHARG") == 2:
        return False
    if step == "relax":
        return True
    if step == "static":
        return lithium or "relax" in vasp.steps
    same_mesh = vasp.kpoints == vasp.kpoints_dos
    asked = own.get("ISTART") == 1 or own.get("ICHARG") == 0
    return same_mesh and (asked or (_self_consistent(vasp) and "ICHARG" not in own))


def _is_read(vasp: ChainKeys, step: str, *, lithium: bool) -> bool:
    """Return whether a later link reads the WAVECAR of this one."""
    static = reads_wavecar(vasp, "static", lithium=lithium)
    if step == "relax":
        return reads_wavecar(vasp, "relax", lithium=lithium) or static
    return step == "static" and not lithium and reads_wavecar(vasp, "dos")


def restart_tags(
    incar: Mapping[str, Any], step: str, *, wavecar: bool
) -> dict[str, Any]:
    """Return what a run has otherwise than planned because of the WAVECAR there.

    Parameters
    ----------
    incar
        As planned.
    step
        ``relax``, ``static`` or ``dos``.
    wavecar
        Whether there is one to start from.
    """
    if wavecar:
        return dict(FROM_WAVECAR) if step == "relax" else {}
    if incar.get("ISTART") != 1:
        return {}
    density = 1 if step == "dos" else FROM_SCRATCH["ICHARG"]
    return {"ISTART": 0, **({"ICHARG": density} if incar.get("ICHARG") == 0 else {})}


def kept(vasp: ChainKeys, step: str, *, lithium: bool = False) -> bool:
    """Return whether the campaign itself asks for the WAVECAR of a step."""
    return own_tags(vasp, step, lithium).get("LWAVE") is True


def own_tags(vasp: ChainKeys, step: str, lithium: bool) -> dict[str, Any]:
    """Return what the campaign's own INCAR says of these tags at a step."""
    parts: tuple[Any, ...] = ("common", step, *(["lithium"] if lithium else []))
    own: dict[str, Any] = {}
    for part in parts:
        own |= {t: v for t, v in vasp.incar.get(part, {}).items() if t in TAGS}
    return own


def _self_consistent(vasp: ChainKeys) -> bool:
    """Return whether the functional's dos step is a self-consistent one."""
    from workflows.campaign.presets import merge

    merged = merge("dos", functional=vasp.functional)
    return bool(merged["ICHARG"].value != FIXED_DENSITY)


def refusal(vasp: ChainKeys) -> str:
    """Say why a campaign's own ISTART, ICHARG or LWAVE cannot be obeyed, or nothing."""
    steps = [(s, False) for s in vasp.steps] + [("dos", False)] * bool(vasp.dos_at)
    if "lithium" in vasp.incar:
        steps += [("relax", True), ("static", True)]
    for step, lithium in steps:
        for tag, value in own_tags(vasp, step, lithium).items():
            where = "lithium" if lithium else step
            if why := _why_not(vasp, step, lithium, tag, value):
                return f"{tag} = {_shown(value)} (under {where}): {why}"
    return ""


def _why_not(vasp: ChainKeys, step: str, lithium: bool, tag: str, value: Any) -> str:
    if value is None:
        return (
            "null leaves it to VASP, whose default depends on the files that lie "
            "there; give a value or leave the tag out"
        )
    if tag == "LWAVE":
        if value is False and _is_read(vasp, step, lithium=lithium):
            return (
                "the next link starts from this WAVECAR; leave the tag out, or set "
                "vasp.restart: scratch"
            )
        return ""
    return _why_no_start(vasp, step, lithium, tag, value)


def _why_no_start(
    vasp: ChainKeys, step: str, lithium: bool, tag: str, value: Any
) -> str:
    own = own_tags(vasp, step, lithium)
    reads = reads_wavecar(vasp, step, lithium=lithium) and step != "relax"
    density = step == "dos" and "static" in vasp.steps
    if own.get("ISTART") == 1 and own.get("ICHARG") == 2:
        return (
            "ISTART = 1 starts from a WAVECAR and ICHARG = 2 from atomic charges; take "
            "one out"
        )
    if tag == "ISTART":
        if value == 0 or (value == 1 and reads):
            return ""
        if value != 1:
            return (
                "0 starts from scratch and 1 from the WAVECAR of the step before; "
                "no other value is supported"
            )
        return _no_wavecar(vasp, step)
    possible = {2: True, 0: reads, 1: density, FIXED_DENSITY: density}
    if possible.get(value):
        return ""
    if value == 0:
        return _no_wavecar(vasp, step)
    if value in (1, FIXED_DENSITY):
        return "no CHGCAR is there to read: only the dos step has one, that of static"
    return "no step has the file that this reads; 2 starts from atomic charges"


def _no_wavecar(vasp: ChainKeys, step: str) -> str:
    if vasp.restart != "wavecar":
        return "vasp.restart: scratch keeps no WAVECAR; remove that key, or this tag"
    if step == "dos" and vasp.kpoints != vasp.kpoints_dos:
        return (
            "a WAVECAR of another mesh cannot be read; set vasp.kpoints_dos to "
            f"{list(vasp.kpoints)}, or leave the tag out"
        )
    return (
        "the first run of a chain has no WAVECAR to read; leave the tag out, the "
        "restarts and the static run read one by themselves"
    )


def _shown(value: Any) -> str:
    return "null" if value is None else str(value)
