"""What an engine needs to know beside the structure: presets and campaign, resolved.

Everything here enters a calculation's id.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Any, assert_never

from workflows.campaign import presets
from workflows.campaign.campaign import Campaign
from workflows.campaign.gpaw_settings import (
    gpaw_metal_settings,
    gpaw_settings,
    metal_mesh,
)
from workflows.campaign.wavecar_tags import chain_tags, kept, reads_wavecar
from workflows.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from structures import SpinelHost


def engine_settings(
    campaign: Campaign, host: SpinelHost, structure: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    """Resolve the settings of one calculation.

    The campaign names presets and values by element; the host says which elements are
    transition metals, and scales the k mesh.

    Raises
    ------
    InputError
        An element without U, moment or POTCAR symbol, a POTCAR of another element, or
        U on a non-metal.
    """
    match campaign.engine:
        case "chgnet":
            return campaign.chgnet.model_dump(mode="json")
        case "gpaw":
            return gpaw_settings(campaign, host.chemistry.metal_names, structure, steps)
        case "vasp":
            return _vasp_settings(campaign, host, structure, steps)
        case unknown:
            assert_never(unknown)


def _vasp_settings(
    campaign: Campaign, host: SpinelHost, structure: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    vasp = campaign.vasp
    elements = tuple(dict.fromkeys(site.specie.symbol for site in structure))
    meshes = {s: vasp.kpoints_dos if s == "dos" else vasp.kpoints for s in steps}
    return {
        "functional": vasp.functional,
        "hubbards": _hubbards(campaign, host, elements),
        "magmom": _by_element(campaign, "magmom", elements),
        "potcar": _potcars(campaign, elements),
        "potcar_functional": vasp.potcar_functional,
        "kpoints": {s: _scaled_mesh(meshes[s], host) for s in steps},
        "incar": {s: _incar(campaign, s) for s in steps},
        **_procedure(campaign, steps),
    }


def magmom_of(campaign: Campaign) -> Mapping[str, float]:
    """Return the first moments by element of the campaign's engine, signed, muB."""
    match campaign.engine:
        case "gpaw":
            return campaign.gpaw.magmom
        case "vasp" | "chgnet":  # CHGNet takes none; its seeds are named by them
            return campaign.vasp.magmom
        case unknown:
            assert_never(unknown)


def metal_settings(
    campaign: Campaign, metal: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    """Resolve the settings of the ion's metal: the campaign's, without U and moments.

    Parameters
    ----------
    campaign
        Its ``kpoints_lithium`` are those of bcc lithium; another metal gets the same
        spacing.
    metal
        One element.
    steps
        Steps of the calculation.

    Raises
    ------
    InputError
        ``vasp.potcar`` names a potential of another element.
    """
    match campaign.engine:
        case "chgnet":
            return campaign.chgnet.model_dump(mode="json")
        case "gpaw":
            return gpaw_metal_settings(campaign, metal, steps)
        case "vasp":
            return _vasp_metal_settings(campaign, metal, steps)
        case unknown:
            assert_never(unknown)


def _vasp_metal_settings(
    campaign: Campaign, metal: Structure, steps: tuple[str, ...]
) -> dict[str, Any]:
    vasp = campaign.vasp
    return {
        "functional": vasp.functional,
        "hubbards": {},
        "magmom": {},
        "potcar": _potcars(campaign, (metal[0].specie.symbol,)),
        "potcar_functional": vasp.potcar_functional,
        "kpoints": {s: metal_mesh(vasp.kpoints_lithium, metal) for s in steps},
        "incar": {s: _incar(campaign, s, lithium=True) for s in steps},
        **_procedure(campaign, steps, lithium=True),
    }


def _procedure(
    campaign: Campaign, steps: tuple[str, ...], *, lithium: bool = False
) -> dict[str, Any]:
    vasp = campaign.vasp
    asked = tuple(s for s in steps if kept(vasp, s, lithium=lithium))
    return {
        "wavecar": {
            "read": [s for s in steps if reads_wavecar(vasp, s, lithium=lithium)],
            **({"kept": list(asked)} if asked else {}),
        },
        "max_restarts": vasp.max_restarts,
        "settled_volume": vasp.settled_volume,
        "settled_steps": vasp.settled_steps,
        "carry_moments": vasp.carry_moments,
    }


def merged_tags(
    campaign: Campaign, step: str, *, lithium: bool = False, deleted: bool = False
) -> dict[str, presets.Tag]:
    """Return the tags of a step that follow no species, each with its origin.

    `lithium` asks for those of bcc lithium, `deleted` also for those that ``null``
    deleted, with the value None.
    """
    vasp = campaign.vasp
    own = {str(section): tags for section, tags in vasp.incar.items()}
    return presets.merge(
        step,
        functional=vasp.functional,
        campaign=own,
        chain=chain_tags(vasp, step, lithium=lithium),
        lithium=lithium,
        deleted=deleted,
    )


def _incar(campaign: Campaign, step: str, *, lithium: bool = False) -> dict[str, Any]:
    merged = merged_tags(campaign, step, lithium=lithium)
    return {name: tag.value for name, tag in merged.items()}


def _hubbards(
    campaign: Campaign, host: SpinelHost, elements: tuple[str, ...]
) -> dict[str, float]:
    vasp = campaign.vasp
    if not presets.has_hubbard(vasp.functional):
        return {}
    metals = tuple(e for e in elements if e in host.chemistry.metal_names)
    values = vasp.hubbards()
    if vasp.hubbard_u == "none":
        values = dict.fromkeys(metals, 0.0)
    missing = [metal for metal in metals if metal not in values]
    if missing:
        raise InputError(
            f"campaign {campaign.name}: vasp.hubbard_u gives no U for "
            f"{', '.join(missing)} "
            f"(it names {', '.join(values) or 'nothing'}); every transition metal "
            f"needs one in eV (0 is allowed); there is no default"
        )
    strange = [e for e in values if e in elements and e not in metals and values[e]]
    if strange:
        raise InputError(
            f"campaign {campaign.name}: vasp.hubbard_u puts U on "
            f"{', '.join(strange)}, which "
            f"is not a transition metal of the host ({', '.join(metals)}); remove it"
        )
    return {metal: float(values[metal]) for metal in metals}


def _by_element(
    campaign: Campaign, key: str, elements: tuple[str, ...]
) -> dict[str, Any]:
    own: Mapping[str, Any] = getattr(campaign.vasp, key)
    values = {**presets.ion_values(key), **own}
    missing = [element for element in elements if element not in values]
    if missing:
        raise InputError(
            f"campaign {campaign.name}: vasp.{key} names no value for "
            f"{', '.join(missing)} "
            f"(it names {', '.join(own)}); add it"
        )
    return {element: values[element] for element in elements}


def _potcars(campaign: Campaign, elements: tuple[str, ...]) -> dict[str, Any]:
    """Return the POTCAR symbols; one of another element converges all the same."""
    found = _by_element(campaign, "potcar", elements)
    for element, symbol in found.items():
        own = str(symbol).partition("_")[0].partition(".")[0]
        if own != element:
            raise InputError(
                f"campaign {campaign.name}: vasp.potcar.{element} = {symbol} is a "
                f"potential of {own}: every {element} would be calculated as {own}; "
                f"name one of {element}, such as {element} or {element}_pv"
            )
    return found


def _scaled_mesh(mesh: tuple[int, int, int], host: SpinelHost) -> list[int]:
    """Keep the spacing of the conventional cell's mesh in any other cell."""
    from pymatgen.core import Lattice

    # The ideal cell: a strained start, or a relaxed host, keeps the mesh of the others.
    lengths = Lattice(host.cell.matrix).reciprocal_lattice_crystallographic.abc
    return [
        max(1, ceil(n * length - 1e-6)) for n, length in zip(mesh, lengths, strict=True)
    ]
