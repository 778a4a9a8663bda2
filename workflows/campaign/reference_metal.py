"""The metal of the working ion, planned beside the cathode's cells: bcc Li, Na, hcp Mg.

It is the reference of every voltage. Two atoms, with the ENCUT, functional and POTCAR
of the campaign: energies of other settings do not subtract. It has no U, no x and no
row in the table over x.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.campaign import presets
from workflows.campaign.calculation import (
    NO_INSERTION,
    Calculation,
    cell_formula,
    content_id,
)
from workflows.campaign.settings import metal_settings
from workflows.campaign.step_names import steps_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.campaign.campaign import Campaign


def metal_reference(campaign: Campaign, ion: str = "Li") -> Calculation:
    """Plan the metal of an ion for a campaign: relax and static, or CHGNet's relax.

    Parameters
    ----------
    campaign
        Gives engine and settings.
    ion
        ``Li``, ``Na`` or ``Mg``; it becomes ``Calculation.reference``.

    Raises
    ------
    InputError
        ``vasp.potcar`` names a potential of another element for it.
    """
    structure = metal_of(ion)
    steps = steps_of(campaign)
    calculation = Calculation(
        id="",
        x=None,
        n_li=len(structure),
        formula=cell_formula(structure),
        formula_units=None,
        insertion=NO_INSERTION,
        structure=structure,
        engine=campaign.engine,
        steps=steps,
        settings=metal_settings(campaign, structure, steps),
        ordering={},
        campaign=campaign.name,
        reference=ion,
    )
    return replace(calculation, id=content_id(calculation))


def metal_of(ion: str) -> Structure:
    """Return the metal of an ion, two atoms: bcc in its cubic cell, or hcp."""
    from pymatgen.core import Lattice, Structure

    start = presets.ion_preset(ion)
    if start["metal"] == "bcc":
        sites = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
        return Structure(Lattice.cubic(start["a"]), [ion, ion], sites)
    sites = [[1 / 3, 2 / 3, 0.25], [2 / 3, 1 / 3, 0.75]]
    return Structure(Lattice.hexagonal(start["a"], start["c"]), [ion, ion], sites)
