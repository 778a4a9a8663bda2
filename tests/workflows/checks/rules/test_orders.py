"""Any order and split of species: the right INCAR passes, one of another fails."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workflows.checks.rules import check
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_text import IncarText
from workflows.vasp.parts import Block, Potential

U = {"Li": 0.0, "Ni": 4.5, "Mn": 5.96, "O": 0.0}
MOMENT = {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}
SHELL = {"Li": -1, "Ni": 2, "Mn": 2, "O": -1}

Order = tuple[tuple[str, int], ...]

more = st.lists(st.sampled_from(list(U)), max_size=3)
orders = more.flatmap(lambda extra: st.permutations([*U, *extra])).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(e), st.integers(1, 3)) for e in names))
)


def directory(order: Order, written_for: Order, moments_for: Order) -> VaspDirectory:
    """A directory whose LDAU* and MAGMOM were written for some order of species."""
    tags = {
        **{"ENCUT": "650", "EDIFF": "1E-6", "PREC": "Accurate", "LASPH": "T"},
        **{
            "ISPIN": "2",
            "LORBIT": "11",
            "LMAXMIX": "4",
            "ISMEAR": "0",
            "SIGMA": "0.05",
        },
        **{"LDAU": "T", "KSPACING": "0.25"},
        "LDAUL": " ".join(str(SHELL[e]) for e, _ in written_for),
        "LDAUU": " ".join(str(U[e]) for e, _ in written_for),
        "MAGMOM": " ".join(f"{n}*{MOMENT[e]}" for e, n in moments_for),
    }
    return VaspDirectory(
        name="any",
        incar=IncarText(tags),
        incar_from="INCAR",
        blocks=tuple(Block(element, count) for element, count in order),
        potentials=tuple(Potential(element) for element, _ in order),
        potentials_from="POTCAR.spec",
    )


@settings(max_examples=40)
@given(orders)
def test_what_follows_the_order_of_poscar_has_no_finding(order: Order) -> None:
    assert check(directory(order, order, order)) == ()


@settings(max_examples=40)
@given(orders, st.data())
def test_u_written_for_another_order_is_an_error(
    order: Order, data: st.DataObject
) -> None:
    other = tuple(data.draw(st.permutations(order)))
    right, wrong = ([bool(U[e]) for e, _ in o] for o in (order, other))
    assume(right != wrong)  # Ni and Mn exchanged look as good as they did
    errors = {f.id for f in check(directory(order, other, order))}
    assert errors & {"u-on-non-metal", "metal-without-u"}


@settings(max_examples=40)
@given(orders, st.data())
def test_moments_written_for_another_order_are_an_error(
    order: Order, data: st.DataObject
) -> None:
    other = tuple(data.draw(st.permutations(order)))
    right, wrong = (
        [abs(MOMENT[e]) > 1 for e, n in o for _ in range(n)] for o in (order, other)
    )
    assume(right != wrong)
    errors = {f.id for f in check(directory(order, order, other))}
    assert "moment-on-non-metal" in errors
