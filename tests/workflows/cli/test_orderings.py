"""CHGNet's energies beside the Ewald ranking of kept orderings."""

from workflows.campaign.arrangements import all_arrangements
from workflows.campaign.campaign import Campaign
from workflows.cli.orderings import ordering_row, with_chgnet


def test_the_lowest_ewald_ordering_at_x_half_is_also_chgnets(
    paper: Campaign, require_chgnet: None
) -> None:
    content = paper.model_dump(mode="json")
    content["orderings"]["keep"] = 7
    campaign = Campaign.model_validate(content).override(x=[0.5])
    (choice,) = all_arrangements(campaign)
    row = with_chgnet(ordering_row(choice), choice, campaign)
    energies = row["chgnet_energies"]
    assert len(energies) == row["kept"] == 7
    assert energies[0] == min(energies)
