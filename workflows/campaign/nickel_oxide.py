"""Nickel oxide, two atoms: seconds of PBE+U that show whether GPAW is right here.

Rock salt, one ferromagnetic Ni, its oxygen displaced; relaxed, then static and density
of states. Not LNMO, and in no table over x.
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
from workflows.campaign.gpaw_settings import gpaw_settings

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from workflows.campaign.campaign import Campaign

NICKEL_OXIDE = "NiO"
"""``Calculation.reference`` of the check."""
A_NIO = 4.2
"""Lattice parameter of the start, A; measured 4.18."""
NI_MOMENT = 2.0
"""muB, of the start."""
STEPS = ("relax", "static", "dos")


def nickel_oxide(campaign: Campaign) -> Calculation:
    """Plan the check with the campaign's cutoff, mesh and U of Ni."""
    structure = _rock_salt()
    calculation = Calculation(
        id="",
        x=None,
        n_li=0,
        formula=cell_formula(structure),
        formula_units=None,
        insertion=NO_INSERTION,
        structure=structure,
        engine=campaign.engine,
        steps=STEPS,
        settings=gpaw_settings(campaign, ("Ni",), structure, STEPS),
        ordering={},
        campaign=campaign.name,
        reference=NICKEL_OXIDE,
    )
    return replace(calculation, id=content_id(calculation))


def _rock_salt() -> Structure:
    from pymatgen.core import Lattice, Structure

    half = A_NIO / 2
    lattice = Lattice([[0, half, half], [half, 0, half], [half, half, 0]])
    return Structure(
        lattice,
        ["Ni", "O"],
        [[0.0, 0.0, 0.0], [0.49, 0.53, 0.5]],
        site_properties={"magmom": [NI_MOMENT, 0.0]},
    )
