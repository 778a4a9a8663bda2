"""``lnmo write``: a campaign as a tree of VASP inputs, for people and other tools."""

from __future__ import annotations

import json
from pathlib import Path

from workflows.calculation import Calculation
from workflows.campaign import Campaign
from workflows.errors import CampaignError, StoreError
from workflows.inputs import check_potcar, vasp_inputs, write_vasp_inputs
from workflows.plan import plan

README = """\
VASP inputs of the campaign {name}, one directory for each calculation and step.

Written before any of them ran, so two things are starting values here, and one is
left out; `lnmo run` fills them in from the step before:
- POSCAR and MAGMOM of static and dos are those of the first relaxation's start; run
  them from the relaxed CONTCAR and its final moments.
- relax is repeated from CONTCAR until the volume settles, at least twice.
- EMIN and EMAX of dos are left out: E_F(static) - 12 eV and + 8 eV.
- dos (ICHARG = 11) needs the CHGCAR of static.

{potcar}
"""
WITHOUT_LICENCE = (
    "POTCAR.spec names the POTCARs; set PMG_VASP_PSP_DIR to have them written."
)
WITH_LICENCE = (
    "POTCAR was assembled from PMG_VASP_PSP_DIR; it is licensed, keep it private."
)


def write_campaign(campaign: Campaign, output: Path) -> tuple[Path, ...]:
    """Write the inputs of every calculation and step.

    Parameters
    ----------
    campaign
        Its engine must be VASP.
    output
        Directory to fill; made if missing. Existing inputs are written anew.

    Returns
    -------
    tuple of Path
        The run directories.

    Raises
    ------
    CampaignError
        The engine takes no VASP inputs.
    StoreError
        The directory cannot be written.
    """
    if campaign.engine != "vasp":
        raise CampaignError(
            f"campaign {campaign.name}: engine {campaign.engine} has no VASP inputs to "
            "write; use --engine vasp"
        )
    calculations = plan(campaign)
    decided = [
        (output / _folder(calculation) / step, vasp_inputs(calculation, step))
        for calculation in calculations
        for step in calculation.steps
    ]
    for inputs in {i.potcar_symbols: i for _, i in decided}.values():
        check_potcar(inputs)
    try:
        for directory, inputs in decided:
            write_vasp_inputs(inputs, directory)
        potcar = (decided[0][0] / "POTCAR").exists()
        text = README.format(
            name=campaign.name, potcar=WITH_LICENCE if potcar else WITHOUT_LICENCE
        )
        (output / "README.txt").write_text(text, "utf-8")
        (output / "campaign.yaml").write_text(campaign.as_yaml(), "utf-8")
        manifest = [c.as_dict() for c in calculations]
        (output / "calculations.json").write_text(
            json.dumps(manifest, indent=1), "utf-8"
        )
    except OSError as error:
        raise StoreError(f"{output}: cannot be written ({error.strerror})") from None
    return tuple(directory for directory, _ in decided)


def _folder(calculation: Calculation) -> str:
    name = calculation.label.replace(" ", "-").replace("=", "").replace("#", "")
    return f"{name}-{calculation.id}"
