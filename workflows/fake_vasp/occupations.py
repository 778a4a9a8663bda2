"""The blocks that LDAUPRINT asks for: occupation matrices of the d and s shells.

A filled orbital holds 0.96 electrons in the sphere, one that mixes with filled orbitals
of oxygen holds a part as well. The long axis is z: where one eg orbital of two is
filled, it is dz2.
"""

from __future__ import annotations

from workflows.fake_vasp.layout import row
from workflows.fake_vasp.metals import VALENCE, filling
from workflows.fake_vasp.run import Run
from workflows.fake_vasp.spinel import Ion

_T2G, _EG = (0, 1, 3), (2, 4)  # of xy, yz, z2, xz, x2-y2
_FILLED, _EMPTY_T2G = 0.96, 0.08
_EMPTY_EG = (0.45, 0.20)  # of the majority, of the minority
_OTHERS = 0.80  # an s or p shell


def blocks(run: Run) -> str:
    """Print one block for every ion whose LDAUL is not -1, if LDAUPRINT asks."""
    if not run.inputs.get("LDAU") or not run.inputs.incar.get("LDAUPRINT"):
        return ""
    cell = run.inputs.cell
    kinds = [
        (number, momentum)
        for number, (count, momentum) in enumerate(
            zip(cell.counts, run.inputs.get("LDAUL"), strict=True), start=1
        )
        for _ in range(count)
    ]
    return "".join(
        _block(i, kind, momentum, ion, equal=run.equal_mn)
        for i, ((kind, momentum), ion) in enumerate(
            zip(kinds, run.crystal.ions, strict=True), start=1
        )
        if momentum >= 0
    )


def _block(number: int, kind: int, momentum: int, ion: Ion, *, equal: bool) -> str:
    spins = _diagonals(ion, momentum, equal=equal and ion.element == "Mn")
    matrices = "".join(
        f" \nspin component {spin:2d}\n \n{_matrix(diagonal)}"
        for spin, diagonal in enumerate(spins, start=1)
    )
    vectors = "".join(
        f"  o = {value:7.4f}  v = {row(vector, '{:8.4f}')}      "
        f"{row([0.0] * len(vector), '{:8.4f}')}\n"
        for value, vector in _eigenvectors(spins)
    )
    return (
        f"atom = {number:3d}  type = {kind:2d}  l = {momentum}\n \n"
        f" onsite density matrix\n{matrices} \n"
        f" occupancies and eigenvectors\n \n{vectors} \n"
    )


def _diagonals(ion: Ion, momentum: int, *, equal: bool) -> tuple[list[float], ...]:
    if momentum != 2 or ion.element not in VALENCE:
        alone = [_OTHERS] * (2 * momentum + 1)
        return alone, alone
    own = filling(ion.element, ion.charge)
    majority = _diagonal(own.t2g, own.eg, _EMPTY_EG[0])
    minority = _diagonal(own.minority_t2g, own.minority_eg, _EMPTY_EG[1])
    if equal:
        mean = sum(majority[i] for i in _EG) / 2
        majority = [mean if i in _EG else value for i, value in enumerate(majority)]
    return (majority, minority) if ion.direction > 0 else (minority, majority)


def _diagonal(t2g: int, eg: int, empty_eg: float) -> list[float]:
    values = [0.0] * 5
    for place, orbital in enumerate(_T2G):
        values[orbital] = _FILLED if place < t2g else _EMPTY_T2G
    for place, orbital in enumerate(_EG):
        values[orbital] = _FILLED if place < eg else empty_eg
    return values


def _matrix(diagonal: list[float]) -> str:
    size = range(len(diagonal))
    rows = [[diagonal[i] if i == j else 0.0 for j in size] for i in size]
    return "".join(f"{row(values, '{:8.4f}')}\n" for values in rows)


def _eigenvectors(
    spins: tuple[list[float], ...],
) -> list[tuple[float, list[float]]]:
    """Return both spins' unit vectors, by rising occupation; matrices are diagonal."""
    both = [value for diagonal in spins for value in diagonal]
    places = sorted(range(len(both)), key=lambda place: both[place])
    return [(both[p], [float(p == q) for q in range(len(both))]) for p in places]
