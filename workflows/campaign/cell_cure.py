"""What to write where a cell cannot hold the x of a campaign: YAML that works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workflows.campaign.sections import HostSection

MOST_REPEATS = 16
"""Times that the cell may be repeated; 16 primitive cells have 224 atoms."""
TOLERANCE = 1e-6
"""How far x times the formula units may be from a whole number."""

Repeats = tuple[int, int, int]


def suggest_cell(
    section: HostSection,
    xs: Sequence[float],
    units: int,
    builds: Callable[[HostSection], bool],
) -> str:
    """Return the lines of a campaign file that hold x, in one sentence.

    Parameters
    ----------
    section
        The host that cannot.
    xs
        Every x of the campaign.
    units
        Formula units in its cell.
    builds
        Whether there is a host with a section; asked of one with a larger supercell.

    Returns
    -------
    str
        Without a supercell where none is found.
    """
    cures = []
    larger = _larger(section, xs, units)
    if larger is not None and builds(larger):
        cures.append(f"host: {{{', '.join(_keys(larger))}}}")
    cures.append(f"x: [{', '.join(f'{x:.6g}' for x in possible(xs, units))}]")
    return f"write {' or '.join(cures)}"


def possible(xs: Sequence[float], units: int) -> list[float]:
    """Return the nearest x that a cell of so many formula units holds, each once.

    Examples
    --------
    >>> possible([0, 0.25, 0.5, 1], 2), possible([0.3], 8)
    ([0.0, 0.5, 1.0], [0.25])
    """
    return sorted({round(x * units) / units for x in xs})


def repeats_for(xs: Sequence[float], units: int) -> Repeats | None:
    """Return the fewest repeats of a cell that hold every x; None above the most.

    Examples
    --------
    >>> repeats_for([0, 0.25, 0.5], 2), repeats_for([0, 0.125], 2)
    ((1, 1, 2), (1, 2, 2))
    """
    for times in range(1, MOST_REPEATS + 1):
        if all(_whole(x * units * times) for x in xs):
            return _shared_out(times)
    return None


def _whole(value: float) -> bool:
    return abs(value - round(value)) < TOLERANCE


def _shared_out(times: int) -> Repeats:
    """Share repeats out over three axes, as evenly as whole numbers allow."""
    triples = (
        (a, b, times // (a * b))
        for a in range(1, times + 1)
        for b in range(a, times + 1)
        if times % (a * b) == 0 and times // (a * b) >= b
    )
    return min(triples, key=lambda each: each[2])


def _larger(
    section: HostSection, xs: Sequence[float], units: int
) -> HostSection | None:
    found = repeats_for(xs, units)
    if found is None:
        return None
    own = section.supercell or (1, 1, 1)
    a, b, c = (have * more for have, more in zip(own, found, strict=True))
    return section.model_copy(update={"supercell": (a, b, c)})


def _keys(section: HostSection) -> list[str]:
    """Return the keys that a person writes for a host."""
    crystal = section.crystal
    if crystal is not None:
        keys = [f"file: {crystal.source}"] if crystal.source else ["crystal: ..."]
        keys += [f"ion: {section.ion}"] if section.ion else []
    else:
        changed = section.model_dump(
            exclude_defaults=True, exclude={"supercell", "crystal", "file"}
        )
        keys = [f"{name}: {_yaml(value)}" for name, value in changed.items()]
    return [*keys, f"supercell: {list(section.supercell or ())}"]


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
