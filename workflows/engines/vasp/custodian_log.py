"""What custodian changed while VASP ran, read from its log; and the logs kept small."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.vasp.custodian_json import LOG_FILE, read_jobs
from workflows.vasp.run_files import VaspFiles

LARGE = ("OUTCAR", "vasprun.xml")
"""Left out of what custodian archives of a failed attempt: its errors are in
vasp.out, its energies in OSZICAR, its inputs beside them."""


def read_corrections(directory: Path) -> tuple[dict[str, Any], ...]:
    """Read every correction of a run, or of a chain of relaxations.

    Runs that were cut and set aside count too.

    Returns
    -------
    tuple of dict
        ``run`` (name of the directory), ``handler``, ``errors`` (custodian's names)
        and ``actions``, each as one line such as ``INCAR: ALGO = All``; no action
        means that custodian gave up.
    """
    chain = sorted(directory.glob(f"relax-*/{LOG_FILE}"))
    logs = [directory / LOG_FILE, *chain]
    return tuple(entry for log in logs for entry in _corrections(log))


def _corrections(log: Path) -> Iterator[dict[str, Any]]:
    for job in read_jobs(VaspFiles(log.parent, "", {})):
        for entry in job.corrections:
            if entry.get("skipped"):  # a handler that raised: nothing was corrected
                continue
            yield in_words(entry, log.parent.name)


def in_words(entry: Mapping[str, Any], run: str) -> dict[str, Any]:
    """Describe one entry of custodian's log as :func:`read_corrections` does."""
    handler = entry.get("handler") or {}
    actions = entry.get("actions") or ()
    return {
        "run": run,
        "handler": str(handler.get("@class", "unknown")),
        "errors": [str(error) for error in entry.get("errors") or ()],
        "actions": [line for action in actions for line in _lines(action)],
    }


def _lines(action: Mapping[str, Any]) -> Iterator[str]:
    """Describe one of custodian's actions."""
    where = action.get("dict") or action.get("file") or "unknown"
    for verb, what in (action.get("action") or {}).items():
        if verb == "_file_copy":
            yield f"{where} copied to {what.get('dest')}"
        elif verb == "_file_delete":
            yield f"{where} deleted"
        elif verb == "_set" and where == "POSCAR":
            yield "POSCAR: structure changed"
        elif verb in {"_set", "_unset"}:
            for tag, value in what.items():
                ending = f"= {value}" if verb == "_set" else "removed"
                yield f"{where}: {tag} {ending}"
        else:
            yield f"{where}: {verb.strip('_')}"


def slim_archives(directory: Path) -> None:
    """Take the large outputs out of custodian's ``error.N.tar.gz``."""
    for archive in directory.glob("error.*.tar.gz"):
        slim = archive.with_name(f".{archive.name}.part")
        try:
            with tarfile.open(archive) as old, tarfile.open(slim, "w:gz") as new:
                members = old.getmembers()
                if not any(Path(member.name).name in LARGE for member in members):
                    continue
                for member in members:
                    if member.isfile() and Path(member.name).name not in LARGE:
                        new.addfile(member, old.extractfile(member))
            slim.replace(archive)
        except (OSError, tarfile.TarError, EOFError):
            continue  # cut by a kill or a full disk: kept as it is, as evidence
        finally:
            slim.unlink(missing_ok=True)
