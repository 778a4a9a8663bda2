"""The density of states that a dos step of GPAW left."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workflows.analysis.band_gap import band_gap
from workflows.analysis.dos import ORBITALS, DensityOfStates, Values
from workflows.engines.gpaw.state import NOT_OURS, another_form, read_result
from workflows.errors import ResultsError


def read_gpaw_density(directory: Path) -> DensityOfStates:
    """Read the density of states of a run directory.

    The integrated one is worked out from the levels themselves, broadened as the
    density is, so that it counts what lies below the grid.

    Raises
    ------
    ResultsError
        The run did not end well, or was no dos step.
    """
    result = read_result(directory)
    if isinstance(result, str):
        raise ResultsError(f"{directory}: {result}")
    if "dos" not in result:
        raise ResultsError(
            f"{directory}: a {result['step']} step of GPAW, which has no density of "
            "states; give the campaign this x under gpaw.dos_at"
        )
    try:
        return density_from(result)
    except NOT_OURS as error:
        raise ResultsError(f"{directory}: result.json {another_form(error)}") from None


def density_from(result: Mapping[str, Any]) -> DensityOfStates:
    """Return the density of states of a result."""
    dos = result["dos"]
    energies = np.array(dos["energies"])
    levels = np.stack([result["eigenvalues"], result["occupations"]], axis=-1)
    empty = np.zeros((2, len(energies)))
    return DensityOfStates(
        energies=energies,
        total=np.array(dos["total"]),
        integrated=_integrated(result, energies, dos["width"]),
        projected=np.array(
            [[site.get(name, empty) for name in ORBITALS] for site in dos["projected"]]
        ),
        orbitals=ORBITALS,
        efermi=result["fermi_level"],
        nsw=0,
        nelect=result["electrons"],
        levels=band_gap(dict(zip(("up", "down"), levels, strict=True))),
    )


def _integrated(result: Mapping[str, Any], energies: Values, width: float) -> Values:
    """Count the levels below each energy, of Gaussians exp(-(E/width)^2)."""
    step = np.vectorize(math.erf)
    levels = np.array(result["eigenvalues"])
    weights = np.array(result["k_weights"])
    found = [
        (0.5 * (1 + step((e - levels) / width))).sum(axis=2) @ weights for e in energies
    ]
    return np.array(found).T
