"""Whether the inputs beside a run are those that VASP says it applied.

The rules of ``lnmo check`` on asked and applied, for a run that would be DONE: they
need no vasprun.xml to repeat the INCAR, and no positions to compare a POSCAR with.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflows.checks.rules import asked_and_applied, unseen_tags
from workflows.records.document import Finding
from workflows.vasp.known_tags import HARMLESS, OUTPUT
from workflows.vasp.read_directory import Run, read_run
from workflows.vasp.run_files import VaspFiles


def inputs_not_applied(files: VaspFiles) -> Iterator[Finding]:
    """Name each input that is not what VASP worked with.

    A warning: the numbers are those of what was applied. ``info`` for tags that decide
    no number.
    """
    run = read_run(Run(files.directory, files.suffix))
    for rule in (*asked_and_applied.RULES, *unseen_tags.RULES):
        for found in rule(run):
            if found.id == "applied-potcar":
                continue  # files_agree compares potentials, by their element alone
            tag = found.message.partition(" ")[0]
            if tag == "EDIFF" and found.message.endswith(" says 0"):
                continue  # below the decimals that vasprun.xml prints
            if found.id == "applied-unseen":
                yield Finding(
                    id="files_disagree",
                    severity="warning",
                    message=f"INCAR may not be the one that ran: {found.message} "
                    f"({found.id})",
                )
                continue
            harmless = tag in HARMLESS | OUTPUT
            yield Finding(
                id="files_disagree",
                severity="info" if harmless else "warning",
                message=f"{_file(found.id, run.potentials_from)} is not the one that "
                f"ran: {found.message} ({found.id}); the numbers are of what was "
                "applied",
            )


def _file(rule: str, potentials: str) -> str:
    """Return the input that a rule is about."""
    if rule == "applied-potcar":
        return potentials
    other = {"applied-species": "POSCAR", "applied-kpoints": "KPOINTS"}
    return other.get(rule, "INCAR")
