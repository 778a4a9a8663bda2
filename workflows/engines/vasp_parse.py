"""VASP output in a directory -> ``TaskDocument``, with the truth about its end.

pymatgen reads a vasprun.xml that was cut in the middle as converged. So a run is
DONE only if OUTCAR has its timing footer, vasprun.xml is closed, every ionic
step converged electronically, a relaxation converged ionically, and the INCAR
that ran is the one intended wherever that matters.
"""

from __future__ import annotations

import re
import warnings
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monty.io import zopen

from workflows.audit import audit
from workflows.calculation import Calculation, cell_formula
from workflows.engines.base import identity, read_run_file, versions
from workflows.errors import StoreError
from workflows.findings import site_findings, sites_at_the_end
from workflows.taskdoc import Finding, State, TaskDocument

FOOTER = "General timing and accounting informations for this job"
CLOSING = "</modeling>"
TAIL_BYTES = 1_000_000
"""A VASP built with profiling writes its profile, tens of kB, after the footer."""
OUTPUTS = ("OUTCAR", "vasprun.xml", "OSZICAR", "vasp.out", "custodian.json")


@dataclass(frozen=True)
class RelaxationChain:
    """A chain of restarts, and whether its volume has settled."""

    document: TaskDocument
    settled: bool


def has_output(directory: Path) -> bool:
    """Tell whether VASP was ever started here."""
    return any(_find(directory, name) for name in OUTPUTS)


def parse_vasp(directory: Path) -> TaskDocument:
    """Read one VASP directory.

    Raises
    ------
    StoreError
        There is neither a run file of ours nor any VASP output.
    """
    found = read_run_file(directory)
    if found is None and not has_output(directory):
        raise StoreError(f"{directory}: no VASP run here (no OUTCAR, no vasprun.xml)")
    calculation, step, more = found or (None, directory.name, {})
    common = _common(directory, calculation, step)
    if not has_output(directory):
        return TaskDocument(state=State.PLANNED, reason="not started", **common)
    if reason := _cut(directory):
        return TaskDocument(state=State.TRUNCATED, reason=reason, **common)
    try:
        return _finished(directory, calculation, more, common)
    except Exception as error:
        # pymatgen raises whatever the broken file leads it to; none of it is a result.
        reason = (
            f"unreadable output: {type(error).__name__}: {' '.join(str(error).split())}"
        )
        return TaskDocument(state=State.FAILED, reason=reason[:300], **common)


def parse_relaxation(directory: Path) -> RelaxationChain:
    """Read a chain ``relax-1``, ``relax-2``, ... by its last member.

    DONE means: at least two, and the last restart changed the volume by less than
    ``settled_volume`` in at most ``settled_steps`` ionic steps.
    """
    members = sorted(
        (path for path in directory.glob("relax-*") if _is_member(path)),
        key=lambda path: int(path.name.rpartition("-")[2]),
    )
    if not members:
        return RelaxationChain(parse_vasp(directory), settled=False)
    last = parse_vasp(members[-1])
    found = read_run_file(directory)
    updates: dict[str, Any] = {"dir_name": str(directory), "task_label": "relax"}
    settled = False
    if found is not None and last.state.usable:
        settings = found[0].settings
        settled = len(members) > 1 and _settled(last, settings)
        if not settled:
            updates["state"] = State.UNCONVERGED
            updates["reason"] = (
                f"volume not settled after {len(members)} relaxations "
                f"(limit {1 + settings['max_restarts']})"
            )
    return RelaxationChain(last.model_copy(update=updates), settled)


def _is_member(path: Path) -> bool:
    """Tell a run from one set aside, and from one whose inputs are half written."""
    numbered = path.name.rpartition("-")[2].isdigit() and "." not in path.name
    return numbered and (read_run_file(path) is not None or has_output(path))


def _settled(last: TaskDocument, settings: Any) -> bool:
    if last.structure is None or last.initial_structure is None:
        return False
    change = abs(last.structure.volume / last.initial_structure.volume - 1)
    steps = last.n_ionic_steps or 0
    return bool(
        change < settings["settled_volume"] and steps <= settings["settled_steps"]
    )


def _common(
    directory: Path, calculation: Calculation | None, step: str
) -> dict[str, Any]:
    common: dict[str, Any] = {"dir_name": str(directory)}
    if calculation is None:
        return {**common, "task_label": step, "formula": "unknown", "engine": "vasp"}
    settings = calculation.settings
    return {
        **common,
        **identity(calculation, step),
        "settings": {
            "functional": settings["functional"],
            "hubbards": settings["hubbards"],
            "potcar": [settings["potcar_functional"], settings["potcar"]],
        },
    }


def _cut(directory: Path) -> str:
    """Return why the output cannot be complete, or nothing."""
    outcar, vasprun = _find(directory, "OUTCAR"), _find(directory, "vasprun.xml")
    error = _text(directory / "custodian.error")
    told = f"; custodian: {error}" if error else ""
    if (directory / "POTCAR.spec").exists() and not (directory / "POTCAR").exists():
        told += "; there is no POTCAR here: set PMG_VASP_PSP_DIR for a real VASP"
    if outcar is None or vasprun is None:
        missing = "OUTCAR" if outcar is None else "vasprun.xml"
        return f"no {missing}: VASP stopped before it wrote one{told}"
    if FOOTER not in _tail(outcar):
        return f"OUTCAR has no timing footer: VASP did not come to its end{told}"
    if CLOSING not in _tail(vasprun):
        return f"vasprun.xml is not closed: VASP did not come to its end{told}"
    return ""


def _finished(
    directory: Path,
    calculation: Calculation | None,
    more: dict[str, Any],
    common: dict[str, Any],
) -> TaskDocument:
    from pymatgen.io.vasp import Outcar, Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pymatgen warns of POTCARs we do not keep
        run = Vasprun(
            str(_found(directory, "vasprun.xml")),
            parse_dos=False,
            parse_eigen=False,
            parse_potcar_file=False,
        )
        outcar = Outcar(str(_found(directory, "OUTCAR")))
    final, start = run.final_structure, run.structures[0]
    if calculation is not None:
        for structure in (final, start):
            for name, values in calculation.structure.site_properties.items():
                structure.add_site_property(name, list(values))
    state, reason = _state(run, outcar)
    findings: tuple[Finding, ...] = ()
    counts: dict[str, dict[str, int]] = {}
    if calculation is not None:
        sites = sites_at_the_end(calculation, final)
        findings, counts = site_findings(sites), sites.counts_final
        audited = audit(directory, more.get("inputs", {}))
        findings += audited
        if state is State.DONE and any(f.severity != "info" for f in audited):
            worst = next(f for f in audited if f.severity != "info")
            failed = worst.severity == "error"
            state = State.FAILED if failed else State.NEEDS_REVIEW
            reason = worst.message
    moments = tuple(float(m["tot"]) for m in outcar.magnetization) or None
    if moments is not None and len(moments) != len(final):
        raise StoreError(
            f"OUTCAR has {len(moments)} site moments and vasprun.xml {len(final)} "
            "atoms: they are not of one run"
        )
    fake = "fake" in run.vasp_version
    energy = float(run.final_energy)
    stress = run.ionic_steps[-1].get("stress")
    forces = run.ionic_steps[-1].get("forces")
    own = {} if calculation is not None else {"formula": cell_formula(final)}
    settings = {
        **common.get("settings", {}),
        "ENCUT": float(run.parameters.get("ENMAX", run.incar.get("ENCUT", 0))),
    }
    if calculation is not None and common["task_label"] != "dos":
        settings["kpoints"] = list(run.kpoints.kpts[0])
    return TaskDocument(
        **{**common, **own, "settings": settings},
        state=state,
        reason=reason,
        findings=(*((_fake(),) if fake else ()), *findings),
        engine_version=run.vasp_version,
        fake=fake,
        structure=final,
        final_sites=counts,
        initial_structure=start,
        cell_relaxed=calculation is not None and _relaxes_cell(calculation),
        energy=energy,
        energy_per_atom=energy / len(final),
        efermi=run.efermi if run.efermi is not None else outcar.efermi,
        magnetization=moments,
        total_magnetization=outcar.total_mag,
        hubbards=_applied_hubbards(directory, final, run),
        nelect=outcar.nelect,
        max_force=_largest(forces),
        pressure_kbar=_pressure(stress),
        n_ionic_steps=run.nionic_steps,
        run_seconds=outcar.run_stats.get("Elapsed time (sec)"),
        completed_at=_completed(directory),
        versions=versions("custodian", "pymatgen"),
    )


def _state(run: Any, outcar: Any) -> tuple[State, str]:
    nelm = run.parameters.get("NELM", 60)
    for number, step in enumerate(run.ionic_steps, start=1):
        if len(step["electronic_steps"]) >= nelm:
            return (
                State.UNCONVERGED,
                f"ionic step {number} of {len(run.ionic_steps)} reached NELM = "
                f"{nelm}: its energy and moments are not converged",
            )
    if outcar.is_stopped:
        return State.UNCONVERGED, "ended by STOPCAR before it had converged"
    if not run.converged_ionic:
        nsw = run.parameters.get("NSW", 0)
        return State.UNCONVERGED, f"reached NSW = {nsw} ionic steps before EDIFFG"
    return State.DONE, ""


def _relaxes_cell(calculation: Calculation) -> bool:
    """Tell whether its relax step varies the cell; a campaign may set another ISIF."""
    relax = calculation.settings["incar"].get("relax", {})
    return bool(relax.get("ISIF") == 3)


def _applied_hubbards(directory: Path, structure: Any, run: Any) -> dict[str, float]:
    """Return U as OUTCAR says it was applied; the INCAR only says what was asked."""
    with zopen(_found(directory, "OUTCAR"), "rt") as file:
        text = file.read(400_000)
    match = re.search(r"U \(eV\)\s+for each species\s+LDAUU =((?:\s+-?[\d.]+)+)", text)
    blocks = list(dict.fromkeys(site.specie.symbol for site in structure))
    if match is None:
        return {}
    values = [float(value) for value in match.group(1).split()]
    if len(values) != len(blocks):
        return {k: float(v) for k, v in run.hubbards.items() if v}
    return {b: v for b, v in zip(blocks, values, strict=True) if v}


def _largest(forces: Any) -> float | None:
    if forces is None or not len(forces):
        return None
    return float(max(sum(c * c for c in force) ** 0.5 for force in forces))


def _pressure(stress: Any) -> float | None:
    """Return a third of the trace, VASP's sign: positive wants to grow."""
    if stress is None or not len(stress):
        return None
    return float(sum(stress[i][i] for i in range(3)) / 3)


def _completed(directory: Path) -> str:
    stamp = _found(directory, "OUTCAR").stat().st_mtime
    return datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")


def _fake() -> Finding:
    return Finding(
        id="fake_vasp",
        severity="warning",
        message="made by the fake VASP of the test suite: every number is synthetic "
        "(formal valences and a linear lattice), none is a calculation",
    )


def _find(directory: Path, name: str) -> Path | None:
    for candidate in (directory / name, directory / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    return None


def _found(directory: Path, name: str) -> Path:
    path = _find(directory, name)
    if path is None:
        raise StoreError(f"{directory}: no {name}")
    return path


def _tail(path: Path) -> str:
    if path.suffix == ".gz":
        try:
            with zopen(path, "rt", errors="replace") as file:
                return str(file.read())[-TAIL_BYTES:]
        except (OSError, EOFError, zlib.error):
            return ""
    with path.open("rb") as raw:
        raw.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return raw.read().decode("utf-8", "replace")


def _text(path: Path) -> str:
    try:
        return " ".join(path.read_text("utf-8").split())[:200]
    except OSError:
        return ""
