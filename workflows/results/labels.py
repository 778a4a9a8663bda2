"""Where a number comes from: the columns that every table carries.

A number that leaves without its engine, its U or the sites that its lithium ended on
may be taken for more than it is. These columns go with it into the shell, CSV, JSON and
the downloads of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from workflows.campaign.calculation import NO_INSERTION, Calculation
from workflows.campaign.presets import Tag, functionals, hubbard_values, merge
from workflows.campaign.step_names import GEOMETRY
from workflows.records.document import State, TaskDocument
from workflows.results.columns import Column
from workflows.results.hosts import HOST, host_of
from workflows.results.hosts import in_one as hosts_in_one
from workflows.results.lax_settings import (
    HAMILTONIAN,
    in_one,
    of_calculation,
    of_document,
)
from workflows.results.magnetic_orders import order_of
from workflows.results.u_in_words import NO_U, u_in_words
from workflows.vasp.equality import same_value

if TYPE_CHECKING:
    import pandas as pd

LABELS = (
    Column("engine"),
    Column("engine_version"),
    Column("functional"),
    Column(
        "hubbard_u",
        "U - J, or U and J where J counts by itself; eV by element; none: no U; empty: "
        "not recorded",
    ),
    Column("geometry", "engine that relaxed atoms and cell"),
    Column("lax_settings", "laxer than the paper or the packaged presets; or empty"),
    Column("surrogate", dtype="flag"),
    Column("fake", dtype="flag"),
)
"""What made the number; beside these every table has `STATE_LABELS`. The flags come
last: pandas prints the last columns however narrow the terminal is."""
STATE_LABELS = (
    Column("insertion", "insertion model of the start", shown=True),
    Column("state", shown=True),
    Column("ended_as", "insertion model, or the sites, that Li ended on", shown=True),
)
"""Where lithium was put, how far the calculation came, where lithium ended."""
ORDER = Column(
    "ended_order",
    "fim (Ni against Mn), fm, afm_mn or mixed, by the final signs; else as planned",
)
"""The magnetic order, of tables whose rows are calculations."""
LABEL_NAMES = tuple(c.name for c in (*STATE_LABELS, *LABELS, ORDER, HOST))

SURROGATE_U = "Mn 3.9, Ni 6.2"
"""U_eff in eV of the PBE+U data that CHGNet was trained on, as its paper states."""
SURROGATE_FUNCTIONAL = "learned PBE+U"
SURROGATE_ENGINE = "chgnet"


def paper_u() -> str:
    """Return the U of the paper, as the labels have it."""
    return u_in_words(hubbard_values("paper"))


def labels_of(document: TaskDocument) -> dict[str, Any]:
    """Return what made the numbers of a document; see `LABELS`."""
    engine, surrogate = document.engine, document.surrogate
    made = _made(engine, document.settings, document.steps, surrogate=surrogate)
    if document.hubbards or document.hubbard_j:
        made["hubbard_u"] = u_in_words(document.hubbards, document.hubbard_j)
    elif document.state.usable and made["hubbard_u"] != NO_U and not surrogate:
        made["hubbard_u"] = ""  # what was planned is not what was applied
    return {
        "engine": document.engine,
        "engine_version": document.engine_version,
        "surrogate": document.surrogate,
        "fake": document.fake,
        **made,
        "lax_settings": in_one(of_document(document)),
    }


def planned_labels(calculation: Calculation) -> dict[str, Any]:
    """Return the same of a calculation of which nothing is recorded."""
    surrogate = calculation.engine == SURROGATE_ENGINE
    return {
        "engine": calculation.engine,
        "engine_version": "",
        "surrogate": surrogate,
        "fake": False,
        **_made(
            calculation.engine,
            calculation.settings,
            calculation.steps,
            surrogate=surrogate,
        ),
        "lax_settings": in_one(of_calculation(calculation)),
    }


def _made(
    engine: str, settings: Mapping[str, Any], steps: Sequence[str], *, surrogate: bool
) -> dict[str, Any]:
    if surrogate:
        return {
            "functional": SURROGATE_FUNCTIONAL,
            "hubbard_u": SURROGATE_U,
            "geometry": engine,
        }
    hubbards = settings.get("hubbards")
    return {
        "functional": _functional(settings),
        "hubbard_u": "" if hubbards is None else u_in_words(hubbards),
        "geometry": _geometry(settings.get("geometry"), engine, steps),
    }


def _functional(settings: Mapping[str, Any]) -> str:
    """Name the functional, and every tag that makes it another one than its preset."""
    name, own = str(settings.get("functional", "")), settings.get("incar") or {}
    if name not in functionals():
        return name
    tags = own["static"] if isinstance(own.get("static"), Mapping) else own
    preset = _static_tags(name)
    changed = [
        f"{tag} = {tags[tag]}"
        for tag in HAMILTONIAN
        if tag in tags and not same_value(tags[tag], _value(preset.get(tag)))
    ]
    return ", ".join([name, *changed])


@cache
def _static_tags(functional: str) -> Mapping[str, Tag]:
    return merge("static", functional=functional)


def _value(tag: Tag | None) -> Any:
    return None if tag is None else tag.value


def _geometry(of: Any, engine: str, steps: Sequence[str]) -> str:
    """Name the engine that relaxed, empty if nobody says; a plan has its settings."""
    if isinstance(of, Mapping) or (not of and GEOMETRY in steps):
        return SURROGATE_ENGINE
    return str(of or ("" if engine == "gpaw" and "relax" not in steps else engine))


def combined(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the labels of a number that rests on several rows.

    Values that differ are joined by `` | ``; the state is the worst of them, and one
    fake or surrogate row makes the number fake or surrogate.
    """
    flags = {n: any(row.get(n, False) for row in rows) for n in ("surrogate", "fake")}
    texts = {
        name: " | ".join(dict.fromkeys(str(row.get(name, "")) for row in rows))
        for name in ("engine", "engine_version", "functional", "hubbard_u", "geometry")
    }
    lax = in_one(str(row.get("lax_settings", "")) for row in rows)
    above = [row for row in rows if row.get("x") is not None and row["x"] > 1]
    own = {
        name: " | ".join(dict.fromkeys(str(row.get(name, "")) for row in above))
        or (NO_INSERTION if rows else "")
        for name in ("insertion", "ended_as")
    }
    texts["lax_settings"] = lax
    orders = dict.fromkeys(map(order_of, rows))
    texts[HOST.name] = hosts_in_one([h for h in map(host_of, rows) if h])
    texts[ORDER.name] = " | ".join(order for order in orders if order)
    return {"state": worst_state(rows), **own, **texts, **flags}


def worst_state(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the state that a number on these rows has; empty without a row."""
    found = [str(row["state"]) for row in rows]
    order = [str(s) for s in reversed(State) if not s.usable]
    for state in (*order, str(State.NEEDS_REVIEW), str(State.DONE)):
        if state in found:
            return state
    return ""


def foreign_geometry(row: Mapping[str, Any]) -> bool:
    """Tell whether another engine, or nobody knows which, relaxed the cell of a row."""
    if "geometry" not in row:
        return False
    own, by = str(row.get("engine") or ""), str(row.get("geometry") or "").lower()
    return not row.get("surrogate") and not (
        by.startswith(own) and bool(by) == bool(own)
    )


def whose_cell(row: Mapping[str, Any]) -> str:
    """Say who relaxed a cell that is not its row's engine's."""
    by = row.get("geometry") or "an engine that is not recorded"
    return f"relaxed by {by}, not by {row.get('engine')}"


def of_a_surrogate(geometry: str) -> bool:
    """Return whether a label of a geometry names a surrogate, such as ``CHGNet 0.3.0``.

    Examples
    --------
    >>> of_a_surrogate("CHGNet 0.3.0"), of_a_surrogate("gpaw")
    (True, False)
    """
    return geometry.lower().startswith(SURROGATE_ENGINE)


def with_labels(frame: pd.DataFrame, labels: Mapping[str, Any]) -> pd.DataFrame:
    """Add labels, the same in every row, behind the columns of a table."""
    attrs = dict(frame.attrs)
    found = frame.assign(**{name: labels[name] for name in labels})
    found.attrs = attrs
    return found
