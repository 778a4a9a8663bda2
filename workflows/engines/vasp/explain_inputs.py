"""Evidence on the inputs of a run: what was asked, what ran, what lies beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workflows.checks.applied_settings import knows_asked_u
from workflows.checks.files_agree import MOLECULAR_DYNAMICS, PLACES
from workflows.engines.protocol import RUN_FILE, read_run_file
from workflows.engines.vasp.evidence import Evidence
from workflows.records.document import Finding, TaskDocument
from workflows.vasp.custodian_json import input_changes
from workflows.vasp.input_files import UNREADABLE, read_input
from workflows.vasp.numbers import VaspNumbers
from workflows.vasp.one_run import ENERGY_DIFFERENCE
from workflows.vasp.poscar import read_poscar
from workflows.vasp.potcar_heads import read_potentials
from workflows.vasp.precision import ELECTRONS, OUTCAR_U
from workflows.vasp.run_files import VaspFiles

BESIDE = ("INCAR", "KPOINTS", "POTCAR", "POTCAR.spec", "POSCAR", "CONTCAR", "OSZICAR")
"""Files beside the output, as the messages of ``files_disagree`` begin."""
IDS = frozenset(
    {
        "inputs_changed",
        "charged_cell",
        "potcar_misplaced",
        "hubbard_not_applied",
        "hubbard_unknown",
        "hubbard_misplaced",
        "hubbards_differ",
        "not_numbers",
        "files_disagree",
    }
)
"""Findings that have a statement here."""
BECOMES = {"info": "", "warning": "NEEDS_REVIEW", "error": "FAILED"}


def input_evidence(
    files: VaspFiles, numbers: VaspNumbers, document: TaskDocument
) -> Iterator[Evidence]:
    """Yield the statements on inputs, U, charge and files beside the output."""
    planned = (read_run_file(files.directory) or (None, "", {}))[2].get("inputs", {})
    known = RUN_FILE if planned else _copies(files)
    yield from _rows_of(
        document,
        ("inputs_changed",),
        Evidence(
            "the inputs ran as they were asked",
            True if known else None,
            "INCAR, KPOINTS, POSCAR",
            value=f"as in {known}" if known else "no plan, no copies of custodian",
            state="NEEDS_REVIEW",
        ),
    )
    known_u = knows_asked_u(files, numbers, planned)
    named = _names_elements(files)
    for ids, row in _input_checks(numbers, knows_u=known_u, named=named):
        yield from _rows_of(document, ids, row)
    for name in BESIDE:
        path = files.find(name)
        own = [f for f in _found(document, ("files_disagree",)) if _names(f, name)]
        if path is None and not own:
            continue
        limits = {"POSCAR": f"{PLACES:g} A", "CONTCAR": f"{PLACES:g} A"}
        limits["OSZICAR"] = f"{ENERGY_DIFFERENCE:g} eV"
        row = Evidence(
            f"{name} belongs to this output",
            True if _can_tell(path, name, numbers) else None,
            path.name if path is not None else name,
            limit=limits.get(name, ""),
            state="NEEDS_REVIEW",
        )
        yield from _or_findings(row, own)


def _copies(files: VaspFiles) -> str:
    """Name the copies that custodian made of the inputs, if its log names this run."""
    given = VaspFiles(files.directory, "", {})
    names = ("INCAR.orig", "KPOINTS.orig")
    found = [name for name in names if given.find(name) is not None]
    return " and ".join(found) if input_changes(files) is not None else ""


def _names_elements(files: VaspFiles) -> bool:
    poscar = read_input(files, "POSCAR", read_poscar)
    return poscar not in (None, UNREADABLE) and bool(poscar.symbols)


def _can_tell(path: Path | None, name: str, numbers: VaspNumbers) -> bool:
    """Return whether the output has what a file is compared with."""
    if path is None:
        return False
    if name in {"POSCAR", "CONTCAR"}:
        moves = numbers.parameters.get("IBRION") == MOLECULAR_DYNAMICS
        there = numbers.initial if name == "POSCAR" else numbers.structure
        return there is not None and not moves and not numbers.many_body
    if name.startswith("POTCAR"):
        titels = numbers.potcar.values()
        paw = bool(titels) and all(titel.startswith("PAW") for titel in titels)
        return paw and bool(read_potentials(path))
    repeated: dict[str, Any] = {"INCAR": numbers.incar, "KPOINTS": numbers.kpoints}
    return bool(repeated[name]) if name in repeated else numbers.energy is not None


def _input_checks(
    numbers: VaspNumbers, *, knows_u: bool, named: bool
) -> tuple[tuple[tuple[str, ...], Evidence], ...]:
    """Return the ids of findings on U, charge and numbers, and the row without one."""
    outcar = numbers.outcar is not None
    source = "OUTCAR" if outcar else "vasprun.xml"
    asked, neutral = numbers.asked_nelect, numbers.neutral_nelect
    u = ", ".join(f"{e} {value:g}" for e, value in numbers.hubbards.items())
    j = ", ".join(f"{e} {value:g}" for e, value in numbers.hubbard_j.items())
    told = [*([f"U - J: {u} eV"] if u else []), *([f"own J: {j} eV"] if j else [])]
    row = Evidence("", True, source, "LDAUU", "; ".join(told) or "no U")
    return (
        (
            ("charged_cell",),
            Evidence(
                "the cell is neutral",
                None if asked is None or neutral is None else True,
                source,
                "NELECT",
                "" if asked is None else f"{asked:g} electrons",
                "" if neutral is None else f"{neutral:g} +- {ELECTRONS:g}",
                "NEEDS_REVIEW",
            ),
        ),
        (
            ("potcar_misplaced",),
            Evidence(
                "the potentials are in the order of POSCAR",
                True if outcar and named else None,
                f"{source}, POSCAR",
                "TITEL",
                " ".join(numbers.potcar.values()),
                state="FAILED",
            ),
        ),
        (
            ("hubbard_not_applied", "hubbard_unknown"),
            replace(
                row,
                statement="U was applied as asked",
                holds=True if knows_u else None,
                limit=f"as asked +- {OUTCAR_U:g} eV",
                state="FAILED",
            ),
        ),
        (
            ("hubbard_misplaced",),
            replace(
                row,
                statement="U acts on a shell that its potential has",
                place="LDAUL, TITEL",
                state="NEEDS_REVIEW",
            ),
        ),
        (
            ("hubbards_differ",),
            replace(
                row,
                statement="one U for each element",
                holds=True if outcar else None,
                state="NEEDS_REVIEW",
            ),
        ),
        (
            ("not_numbers",),
            Evidence(
                "both outputs confirm each number",
                True if len(numbers.sources) > 1 else None,
                " and ".join(numbers.sources),
                state="NEEDS_REVIEW",
            ),
        ),
    )


def _rows_of(
    document: TaskDocument, ids: Sequence[str], row: Evidence
) -> Iterator[Evidence]:
    yield from _or_findings(row, _found(document, ids))


def _or_findings(row: Evidence, findings: Sequence[Finding]) -> Iterator[Evidence]:
    """Yield the statement once, or once for each finding against it."""
    if not findings:
        yield row
    for finding in findings:
        harmless = finding.severity == "info"
        yield replace(
            row, holds=harmless, value=finding.message, state=BECOMES[finding.severity]
        )


def _found(document: TaskDocument, ids: Sequence[str]) -> list[Finding]:
    return [finding for finding in document.findings if finding.id in ids]


def _names(finding: Finding, name: str) -> bool:
    return re.match(rf"{re.escape(name)}\b(?!\.)", finding.message) is not None
