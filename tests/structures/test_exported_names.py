"""The package exports what it promises, and no more."""

import structures

PROMISED = {
    "spinel_host",
    "insertion_sites",
    "count_orderings",
    "distinct_orderings",
    "sample_orderings",
    "disordered_hosts",
    "arrangements",
    "symmetry_broken_start",
}


def test_promised_names_are_exported() -> None:
    assert set(structures.__all__) >= PROMISED


def test_every_exported_name_exists_and_is_documented() -> None:
    for name in set(structures.__all__) - {"INSERTION_MODELS"}:
        assert getattr(structures, name).__doc__, name


def test_exported_names_are_sorted_for_the_reader() -> None:
    upper = [name for name in structures.__all__ if name.isupper()]
    classes = [
        name for name in structures.__all__ if name[0].isupper() and name not in upper
    ]
    functions = [name for name in structures.__all__ if name.islower()]
    assert structures.__all__ == [*sorted(upper), *sorted(classes), *sorted(functions)]
