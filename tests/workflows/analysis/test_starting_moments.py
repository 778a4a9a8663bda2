"""From the moments that were found to those that a calculation starts from."""

import pytest

from workflows.analysis.starting_moments import scaled_up, starting_moment


@pytest.mark.parametrize(
    ("element", "valence", "size"),
    [
        *(("Mn", 4, 4.0), ("Mn", 3, 5.0), ("Mn", 2, 6.25)),
        *(("Ni", 2, 2.5), ("Ni", 3, 1.5), ("Ni", 4, 0.6)),
        *(("Fe", 3, 6.25), ("Fe", 2, 5.0), ("Co", 2, 3.75), ("Co", 3, 0.6)),
        *(("Cr", 3, 3.75), ("V", 4, 1.25), ("Ti", 4, 0.6), ("Cu", 2, 1.25)),
    ],
)
def test_each_ion_starts_above_its_spin_only_moment(
    element: str, valence: int, size: float
) -> None:
    assert starting_moment(element, valence) == size


def test_final_moments_are_scaled_up_by_valence_with_their_sign() -> None:
    found = scaled_up(
        ["Mn", "Mn", "Mn", "Ni", "Ni", "Ni", "O", "Li"],
        [3.2, -3.9, 3.54, -1.7, 1.1, -0.3, 0.05, 0.0],
    )
    assert found == [4.0, -5.0, 4.0, -2.5, 1.5, -0.6, 0.065, 0.0]


def test_a_moment_that_shows_no_valence_is_scaled_by_itself() -> None:
    assert scaled_up(["Mn", "Mn"], [1.0, -2.59]) == [1.3, -3.367]
