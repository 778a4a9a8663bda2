"""``lnmo write``: a campaign as a tree of VASP inputs, for people and other tools."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workflows.atomic import staged
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.inputs import (
    DOS_ABOVE,
    DOS_BELOW,
    VaspInputs,
    poscar_body,
    potcar_notes,
    vasp_inputs,
    write_vasp_inputs,
)
from workflows.campaign.plan import plan
from workflows.errors import CampaignError, StoreError, unwritable
from workflows.vasp.potcars import PotcarLibrary
from workflows.vasp.run_files import run_files

README = """\
VASP inputs of the campaign {name}, one directory for each calculation and step.

They were written before any step ran. README.txt in each directory says which values
are provisional or left out; `lnmo run` fills them in from the step before.

{potcar}
"""
WITHOUT_LICENCE = (
    "POTCAR.spec names the POTCARs; set PMG_VASP_PSP_DIR to have them written."
)
WITH_LICENCE = (
    "POTCAR was assembled from PMG_VASP_PSP_DIR; it is licensed, keep it private."
)
RELAX = (
    "First relaxation, from the planned start. Repeat it from CONTCAR{orbitals}, with "
    "the final\nsite moments, scaled up by valence, as MAGMOM, until the volume "
    "changes by\nless than {settled_volume:.1%} in at most {settled_steps} ionic "
    "steps: at least twice, at most {most} times.\n"
)
FIRST = "Nothing here comes from another step.\n"
AFTER = (
    "POSCAR is the start of the relaxation. Replace it by the CONTCAR of the last one"
)
MOMENTS = (
    ",\nand MAGMOM by the final site moments of the step before, scaled up by valence"
)
ORBITALS = " and the WAVECAR (ISTART = 1, ICHARG = 0)"
WAVECAR = "It needs the WAVECAR of {before} (ISTART = 1).\n"
CHARGE = "It needs the CHGCAR of static (ICHARG = {icharg}).\n"
WINDOW = (
    "EMIN and EMAX are left out. Set them to E_F - {below:g} eV and E_F + {above:g} "
    "eV, with the Fermi level E_F of static.\n"
)


MANIFEST = "calculations.json"
"""In the directory of an earlier `lnmo write`, which may be written again."""
OF_A_TREE = ("README.txt", "campaign.yaml")
"""The other files at its top."""


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    directories
        The run directories.
    kept
        Those that hold outputs of VASP: their inputs are the ones that ran.
    notes
        What a reader should know of POTCARs and cutoff.
    """

    directories: tuple[Path, ...]
    kept: tuple[Path, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Run:
    calculation: Calculation
    step: str
    directory: Path
    inputs: VaspInputs


def write_campaign(campaign: Campaign, output: Path) -> Written:
    """Write the inputs of every calculation and step.

    Parameters
    ----------
    campaign
        Its engine must be VASP.
    output
        Directory to fill; made if missing. Existing inputs are overwritten, all of
        them or, if the disk refuses, none; but not beside outputs of VASP.

    Raises
    ------
    CampaignError
        The engine takes no VASP inputs.
    InputError
        The POTCAR library lacks a data set or holds another; nothing was written.
    StoreError
        The directory cannot be written.
    """
    if campaign.engine != "vasp":
        raise CampaignError(
            f"campaign {campaign.name}: engine {campaign.engine} has no VASP inputs to "
            "write; use --engine vasp"
        )
    calculations = plan(campaign)
    runs = [
        _Run(c, step, Path(_folder(c), step), vasp_inputs(c, step))
        for c in calculations
        for step in c.steps
    ]
    library = PotcarLibrary.from_environment()
    notes = potcar_notes(calculations, library)
    _refuse_strangers(output)
    kept = [run for run in runs if run_files(output / run.directory)]
    runs = [run for run in runs if run not in kept]
    try:
        with staged(output) as place:
            _write_runs(place, runs, library)
            potcar = WITH_LICENCE if library.directory else WITHOUT_LICENCE
            text = README.format(name=campaign.name, potcar="\n".join((potcar, *notes)))
            (place / OF_A_TREE[0]).write_text(text, "utf-8")
            (place / OF_A_TREE[1]).write_text(campaign.as_yaml(), "utf-8")
            manifest = json.dumps([c.as_dict() for c in calculations])
            (place / MANIFEST).write_text(manifest, "utf-8")
    except OSError as error:
        raise StoreError(unwritable(output, error)) from None
    written, left = (tuple(output / r.directory for r in rs) for rs in (runs, kept))
    return Written(written, left, notes)


def _refuse_strangers(output: Path) -> None:
    """Refuse to replace files of these names that an earlier `lnmo write` did not."""
    if (output / MANIFEST).exists():
        return
    there = [name for name in OF_A_TREE if os.path.lexists(output / name)]
    if there:
        raise StoreError(
            f"{output / there[0]} was not written by lnmo write and would be "
            "overwritten: name another directory"
        )


def _write_runs(place: Path, runs: Sequence[_Run], library: PotcarLibrary) -> None:
    bodies: dict[str, str] = {}  # the steps of a calculation start from one structure
    for run in runs:
        body = bodies.get(run.calculation.id)
        if body is None:
            body = bodies[run.calculation.id] = poscar_body(run.inputs.structure)
        here = place / run.directory
        write_vasp_inputs(run.inputs, here, library=library, poscar=body)
        (here / "README.txt").write_text(_provisional(run), "utf-8")


def _provisional(run: _Run) -> str:
    """Say what is a starting value in a directory, and what is left out."""
    settings = run.calculation.settings
    if run.step == "relax":
        again = "relax" in settings["wavecar"]["read"]
        most = 1 + settings["max_restarts"]
        return RELAX.format(**settings, most=most, orbitals=ORBITALS if again else "")
    if run.step == run.calculation.steps[0]:
        return FIRST
    carried = settings["carry_moments"] and "MAGMOM" in run.inputs.incar
    text = AFTER + (MOMENTS if carried else "") + ".\n"
    incar = run.inputs.incar
    if incar.get("ISTART") == 1:
        before = "the last relaxation" if run.step == "static" else "static"
        text += WAVECAR.format(before=before)
    if run.step == "dos":
        if (icharg := incar.get("ICHARG")) in (1, 11):
            text += CHARGE.format(icharg=icharg)
        text += WINDOW.format(below=DOS_BELOW, above=DOS_ABOVE)
    return text


def _folder(calculation: Calculation) -> str:
    name = calculation.label.replace(" ", "-")
    for mark in "=#()":
        name = name.replace(mark, "")
    return f"{name}-{calculation.id}"
