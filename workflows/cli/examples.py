"""What a person types first: examples for the help of every verb."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "plan": (
        "lnmo plan paper",
        "lnmo plan paper --engine chgnet --x 0 --x 1",
        "lnmo plan paper --campaign > mine.yaml",
    ),
    "orderings": ("lnmo orderings paper", "lnmo orderings paper --x 0.5 --chgnet"),
    "write": ("lnmo write paper -o inputs", "lnmo write paper --explain"),
    "submit": ("lnmo submit paper", "lnmo submit mine.yaml --dry-run"),
    "run": (
        "lnmo run paper --engine chgnet -j 2",
        "lnmo run mine.yaml",
        "lnmo run mine.yaml --retry",
    ),
    "results": (
        "lnmo results paper",
        "lnmo results paper --table sites --x 1 --csv > sites.csv",
        "lnmo results paper --table pdos --x 2 --by t2g_eg --align vbm",
    ),
    "compare": ("lnmo compare u-sensitivity", "lnmo compare convergence --csv"),
    "report": (
        "lnmo report paper",
        "lnmo report mine.yaml -o mine.html",
        "lnmo report runs-of-others -o others.html",
    ),
    "figures": (
        "lnmo figures paper",
        "lnmo figures mine.yaml -o figures-mine",
        "lnmo figures --only 2e --width 8.5cm --format pdf --style mine.mplstyle",
    ),
    "export": (
        "lnmo export out --format ase-db",
        "lnmo export out paper --format entries",
        "lnmo export out paper --format cif --x 2",
    ),
    "status": (
        "lnmo status",
        "lnmo status paper --x 1 --history",
        "lnmo status --json",
    ),
    "doctor": ("lnmo doctor", "lnmo doctor paper --engine gpaw", "lnmo doctor --json"),
    "init": (
        "lnmo init",
        "lnmo init --queue slurm",
        "lnmo init --queue slurm --allocation",
        "lnmo init my-project --mongodb",
    ),
    "launch": ("lnmo launch --dry-run", "lnmo launch -m 50"),
    "worker": ("lnmo worker --fw-id 12 --walltime 24:00:00",),
    "reconcile": ("lnmo reconcile", "lnmo reconcile --fix"),
    "cancel": ("lnmo cancel paper --x 2 --dry-run", "lnmo cancel --fw-id 12"),
    "rerun": ("lnmo rerun --fw-id 12", "lnmo rerun paper --dry-run"),
    "delete": ("lnmo delete mine.yaml", "lnmo delete mine.yaml --yes"),
    "parse": (
        "lnmo parse run1 run2",
        "lnmo parse --explain run1",
        "lnmo parse --table sites run1 --csv > sites.csv",
    ),
    "collect": (
        "lnmo collect inputs",
        "lnmo collect inputs --record",
        "lnmo collect old-runs --campaign mine.yaml",
    ),
    "check": ("lnmo check inputs", "lnmo check --same relaxed-x0 relaxed-x1"),
}
"""Command lines by verb."""

UNWRAPPED = "\b"
"""Before a paragraph whose lines the help must keep."""


def epilog(verb: str) -> str:
    """Return the examples of a verb as they stand below its help; empty without any."""
    lines = EXAMPLES.get(verb, ())
    return "\n".join([UNWRAPPED, "Examples:", *(f"  {line}" for line in lines)])
