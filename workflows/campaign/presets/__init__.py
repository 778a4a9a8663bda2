"""The packaged INCAR tags, U values, ions and GPAW recipe, one YAML file a kind.

What lives here: the presets, each value with its source behind it, and the order in
which they merge (``incar_layers``). Names of presets come in; tags with their origins
go out. It imports nothing of ours.
"""

from workflows.campaign.presets.incar_layers import (
    CAMPAIGN,
    CHAIN,
    SPECIES_TAGS,
    STEPS,
    Tag,
    functionals,
    gpaw_preset,
    has_hubbard,
    hubbard_presets,
    hubbard_source,
    hubbard_values,
    ion_preset,
    ion_source,
    ion_values,
    merge,
)

__all__ = [
    "CAMPAIGN",
    "CHAIN",
    "SPECIES_TAGS",
    "STEPS",
    "Tag",
    "functionals",
    "gpaw_preset",
    "has_hubbard",
    "hubbard_presets",
    "hubbard_source",
    "hubbard_values",
    "ion_preset",
    "ion_source",
    "ion_values",
    "merge",
]
