"""The arrangement of the metals on 16d that a row is of: its host.

Metals do not move when lithium goes in or out, so a difference of two energies, lengths
or moments is one of a single host. An ensemble has many of them in one campaign: each
is a series of its own, and stands for as many placements as its multiplicity says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from workflows.errors import ResultsError
from workflows.records.document import TaskDocument
from workflows.results.columns import Column

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
AnyRow = TypeVar("AnyRow", bound=Row)

HOST = Column(
    "host", "arrangement of the metals on 16d: P4_332, ensemble 3 of 22 and so on"
)
WEIGHT = Column("host_weight", "equivalent placements that this arrangement stands for")
MEMBER = re.compile(r"(\D+) (\d+) of (\d+)")
"""Name of a member of an ensemble, as the plan gives it: ``ensemble 3 of 22``."""
CELL_DEPENDENT = "disordered"
"""The best arrangement of a cell; that of another cell is another arrangement."""
OWN = "own"
"""The arrangement of a crystal of the user's own: of one campaign, as far as a record
tells."""


def host_columns(ordering: Mapping[str, Any]) -> dict[str, Any]:
    """Return name and multiplicity of the host, from the provenance of a start."""
    return {
        HOST.name: str(ordering.get("host") or ""),
        WEIGHT.name: int(ordering.get("host_weight") or 1),
    }


def host_of_row(row: Row) -> dict[str, Any]:
    """Return the same of a row, of a calculation or of a table."""
    return {HOST.name: host_of(row), WEIGHT.name: weight_of(row)}


def host_of(row: Row) -> str:
    """Return the host of a row; empty where none is recorded."""
    own = row.get("ordering") or {}
    return str(own.get("host") or row.get(HOST.name) or "")


def weight_of(row: Row) -> int:
    """Return how many placements the host of a row stands for."""
    own = row.get("ordering") or {}
    return int(own.get("host_weight") or row.get(WEIGHT.name) or 1)


def by_host(rows: Iterable[AnyRow]) -> dict[str, list[AnyRow]]:
    """Group rows by host, the members of an ensemble by their number."""
    found: dict[str, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(host_of(row), []).append(row)
    return dict(sorted(found.items(), key=lambda pair: host_place(pair[0])))


def of_one_host(rows: Sequence[AnyRow], host: str | None) -> list[AnyRow]:
    """Return the rows of one host.

    Raises
    ------
    ResultsError
        There is no such host; or none is named and there are several.
    """
    hosts = by_host(rows)
    if host is None and len(hosts) < 2:
        return list(rows)
    if host in hosts:
        return hosts[host]
    asked = "name one with host=" if host is None else f"host {host!r} is not there"
    raise ResultsError(
        f"the results are of {len(hosts)} arrangements of the metals, whose energies "
        f"are not subtracted; {asked}; there is: {', '.join(hosts) or 'none'}"
    )


def host_place(host: str) -> tuple[str, int]:
    """Sort hosts by name, members of an ensemble by number."""
    member = MEMBER.fullmatch(host)
    return (member[1], int(member[2])) if member else (host, 0)


def number_of(hosts: Iterable[str]) -> int:
    """Return how many hosts there are, those of an ensemble without a row included."""
    found = list(hosts)
    members = [member for host in found if (member := MEMBER.fullmatch(host))]
    return max([len(found), *(int(member[3]) for member in members)])


def member_name(host: str) -> str:
    """Return the name of a member of an ensemble; empty for the host of a campaign."""
    return host if MEMBER.fullmatch(host) else ""


def in_one(hosts: Sequence[str]) -> str:
    """Name the hosts of a mean; the same words only for the same hosts.

    Examples
    --------
    >>> in_one(["ensemble 1 of 22", "ensemble 4 of 22"])
    'ensemble 1, 4 of 22'
    >>> in_one(["ensemble 1 of 2", "ensemble 2 of 2"])
    'ensemble of 2'
    """
    found = [MEMBER.fullmatch(host) for host in sorted(set(hosts), key=host_place)]
    members = [member for member in found if member]
    families = {(member[1], member[3]) for member in members}
    if len(members) < len(found) or len(families) != 1 or len(members) == 1:
        return " | ".join(sorted(set(hosts), key=host_place))
    ((name, of),) = families
    numbers = ", ".join(member[2] for member in members)
    return f"{name} of {of}" if len(members) == int(of) else f"{name} {numbers} of {of}"


def shown_where_several(frame: pd.DataFrame) -> pd.DataFrame:
    """Let a terminal show the host of a table that has rows of several."""
    if frame[HOST.name].nunique() > 1:
        shown: list[str] = frame.attrs["shown"]
        after = 1 + max(n for n, name in enumerate(shown) if name in {"range", "x"})
        frame.attrs["shown"] = [*shown[:after], HOST.name, *shown[after:]]
    return frame


def family_of(document: TaskDocument) -> str:
    """Return what the hosts of one table share: a host, or the ensemble it is of."""
    host = str(document.ordering.get("host") or "")
    if member := MEMBER.fullmatch(host):
        return f"{member[1]} of {member[3]}"
    units = document.formula_units
    if host == CELL_DEPENDENT and units:
        return f"{host} ({units} formula units)"
    return f"{host} of {document.campaign}" if host == OWN else host
