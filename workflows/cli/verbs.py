"""The verbs of ``lnmo``, by what they are about: what its help lists without them."""

from __future__ import annotations

VERBS: dict[str, dict[str, str]] = {
    "A campaign": {
        "plan": "Show what a campaign would calculate; runs nothing.",
        "orderings": "Count the Li arrangements at each x: distinct, raw, kept, "
        "Ewald spread.",
        "write": "Write the VASP inputs of every calculation and step; runs nothing.",
        "run": "Submit a campaign and run it here; if killed, the same command "
        "continues it.",
        "status": "Show database and queue side by side, and a command for each "
        "problem.",
        "results": "Print the table over x and the verdicts against the paper, or "
        "another table.",
        "compare": "Print the variants of a study side by side, compared with the "
        "first.",
        "report": "Write one self-contained HTML page: table, figures, verdicts, "
        "provenance.",
        "figures": "Draw the figures for a manuscript: PDF, SVG and PNG.",
        "export": "Write finished results for ASE, pymatgen, OPTIMADE or a crystal "
        "viewer.",
        "delete": "Delete what this campaign alone has submitted, with its results.",
        "doctor": "Check this machine: what is installed, what is missing, and the "
        "cure.",
    },
    "A cluster": {
        "init": "Write launchpad.yaml and the site profile to fill in; never "
        "overwrites.",
        "submit": "Add a campaign's calculations to the LaunchPad; safe to repeat.",
        "launch": "Submit a queue job for each READY step; exit code 1 if one is "
        "refused.",
        "reconcile": "Compare database and queue; exit code 1 if repairs remain.",
        "cancel": "Cancel steps and their queue jobs together; finished ones stay.",
        "rerun": "Run failed or cancelled steps again; exit code 1 if a job is still "
        "alive.",
        "worker": "Run one step; queue jobs call this.",
    },
    "Directories of VASP runs, ours or not": {
        "parse": "Read VASP run directories, ours or not, and show their results.",
        "check": "Check VASP inputs and finished runs, ours or not, in and below "
        "directories.",
        "collect": "Match VASP runs made elsewhere to planned steps; --record keeps "
        "them.",
    },
}
"""Group, verb, and the first sentence of its help, which its docstring begins with."""

HELP = {verb: line for verbs in VERBS.values() for verb, line in verbs.items()}
"""The first sentence of each verb."""
