"""Bcc lithium, the reference of every voltage, planned beside the cathode's cells.

Two atoms in the cubic cell, with the ENCUT, functional and Li POTCAR of the campaign:
energies of other settings do not subtract. It has no x and no row in the table over x.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflows.campaign.calculation import (
    NO_INSERTION,
    Calculation,
    cell_formula,
    content_id,
)
from workflows.campaign.settings import lithium_settings
from workflows.campaign.step_names import steps_of

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.campaign.campaign import Campaign

LITHIUM = "Li"
"""``Calculation.reference`` of bcc lithium."""
A_BCC = 3.44
"""Start of the lattice parameter, A; relaxed. Choice, near 3.44 of PBE with Li_sv."""


def lithium_reference(campaign: Campaign) -> Calculation:
    """Plan bcc lithium for a campaign: relax and static, or CHGNet's relax.

    Raises
    ------
    InputError
        ``vasp.potcar`` names none for Li.
    """
    structure = _bcc()
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
        settings=lithium_settings(campaign, steps),
        ordering={},
        campaign=campaign.name,
        reference=LITHIUM,
    )
    return replace(calculation, id=content_id(calculation))


def _bcc() -> Structure:
    from pymatgen.core import Lattice, Structure

    sites = [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
    return Structure(Lattice.cubic(A_BCC), [LITHIUM, LITHIUM], sites)
