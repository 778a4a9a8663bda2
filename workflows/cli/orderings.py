"""A second opinion on kept orderings: CHGNet energies beside the Ewald ranking.

Of the seven orderings at x = 0.5, Ewald energies rank 0.90 (Spearman) with relaxed
CHGNet energies and unrelaxed CHGNet 0.64: so Ewald chooses, and this only advises. For
a verdict keep several orderings and relax them with ``--engine chgnet``.
"""

from __future__ import annotations

from typing import Any

from workflows.campaign import Campaign
from workflows.choices import Choice

DIGITS = 4


def with_chgnet(
    row: dict[str, Any], choice: Choice, campaign: Campaign
) -> dict[str, Any]:
    """Add the surrogate's energies of the kept orderings to a row.

    Parameters
    ----------
    row
        From ``workflows.tables.ordering_row``.
    choice
        Whose kept orderings are evaluated, as built, unrelaxed.
    campaign
        Names the weights.

    Returns
    -------
    dict
        The row with ``chgnet_energies``, eV per cell, in the order of ``kept_ids``.

    Raises
    ------
    MachineError
        CHGNet is not installed.
    """
    from workflows.engines.chgnet_model import load_model, predict

    model = load_model(campaign.chgnet.model)
    energies = [
        round(predict(ranked.structure, model=model).energy, DIGITS)
        for ranked in choice.found.ranked
    ]
    return {**row, "chgnet_energies": energies}
