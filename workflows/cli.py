"""The ``lnmo`` command: one function a verb, each a call or two deep.

Exit codes: 0 all well; 1 calculations failed or are not done; 2 bad input, one
line on stderr, nothing written.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.errors import LnmoError

if TYPE_CHECKING:
    from workflows.selection import Selection

app = typer.Typer(
    name="lnmo",
    help="DFT campaigns on the spinel cathode LixNi0.5Mn1.5O4, x = 0 to 2: a campaign "
    "file in; structures, VASP inputs, queue jobs, tables, figures and a report out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

CampaignName = Annotated[
    str, typer.Argument(help="packaged campaign or YAML file", metavar="CAMPAIGN")
]
MaybeCampaign = Annotated[
    str | None,
    typer.Argument(help="restrict to a campaign; all if left out", metavar="CAMPAIGN"),
]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="vasp or chgnet, instead of the campaign's"),
]
XOption = Annotated[
    list[float] | None, typer.Option("--x", help="only this x; repeatable", metavar="X")
]
VariantOption = Annotated[
    str | None, typer.Option("--variant", help="only this one", metavar="NAME")
]
LaunchpadOption = Annotated[
    Path | None,
    typer.Option(
        "--launchpad", "-l", help="launchpad.yaml or its directory", metavar="PATH"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout")]
IdOption = Annotated[
    list[str] | None, typer.Option("--id", help="this calculation", metavar="ID")
]
FwIdOption = Annotated[
    list[int] | None, typer.Option("--fw-id", help="this step", metavar="N")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="say what would be done, do nothing")
]


@app.command("plan")
def plan_verb(
    campaign: CampaignName = "paper",
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    json: JsonOption = False,
    show_campaign: Annotated[
        bool,
        typer.Option("--campaign", help="print the campaign, every default visible"),
    ] = False,
) -> None:
    """Show what a campaign would calculate; writes nothing."""
    from workflows import commands

    chosen = _selection(campaign, engine, x, variant=variant)
    if show_campaign:
        typer.echo(chosen.campaign().as_yaml(), nl=False)
    else:
        commands.show_plan(chosen, as_json=json)


@app.command("orderings")
def orderings_verb(
    campaign: CampaignName = "paper",
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    chgnet: Annotated[
        bool, typer.Option("--chgnet", help="CHGNet energies of the kept ones beside")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Count the arrangements of Li at each x: distinct, raw, kept, Ewald spread."""
    from workflows import commands

    chosen = _selection(campaign, engine, x, variant=variant)
    commands.show_orderings(chosen, chgnet=chgnet, as_json=json)


@app.command("write")
def write_verb(
    campaign: CampaignName = "paper",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="directory to fill", metavar="DIR")
    ] = Path("inputs"),
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    json: JsonOption = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="tell who set each tag; write nothing")
    ] = False,
) -> None:
    """Write the VASP inputs of every calculation and step; runs nothing."""
    from workflows.commands import write_inputs
    from workflows.explain import show_explained

    chosen = _selection(campaign, engine, x, variant=variant)
    if explain:
        show_explained(chosen, as_json=json)
    else:
        write_inputs(chosen, output, as_json=json)


@app.command("submit")
def submit_verb(
    campaign: CampaignName = "paper",
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    category: Annotated[
        str | None, typer.Option("--category", help="which workers may take it")
    ] = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Add a campaign's calculations to the LaunchPad; harmless to repeat."""
    from workflows.queue import submit

    chosen = _selection(campaign, engine, x, launchpad, variant=variant)
    submit.submit_verb(chosen, category=category, dry_run=dry_run, as_json=json)


@app.command("run")
def run_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="worker processes")
    ] = 1,
    retry: Annotated[
        bool, typer.Option("--retry", help="run failed steps again, from the start")
    ] = False,
    launchpad: LaunchpadOption = None,
) -> None:
    """Submit a campaign and run it here; killed, the same command goes on."""
    from workflows import commands
    from workflows.run_command import INTERRUPTED, run_campaign

    chosen = _selection(campaign, engine, x, launchpad, variant=variant)
    code = run_campaign(chosen, jobs=jobs, retry=retry)
    if code != INTERRUPTED:
        commands.show_all_results(chosen)
    raise typer.Exit(code)


@app.command("init")
def init_verb(
    directory: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("."),
    queue: Annotated[
        str | None, typer.Option("--queue", help="slurm, pbs, sge or lsf")
    ] = None,
    mongodb: Annotated[
        bool, typer.Option("--mongodb", help="launchpad.yaml names a MongoDB")
    ] = False,
) -> None:
    """Write launchpad.yaml and the site profile to fill in; overwrites nothing."""
    from workflows.queue import init

    init.init_verb(directory, queue=queue, mongodb=mongodb)


@app.command("launch")
def launch_verb(
    max_jobs: Annotated[
        int | None,
        typer.Option("--max-jobs", "-m", min=1, help="jobs of ours in the queue"),
    ] = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Submit a queue job for each READY step; 1 if the scheduler refused one."""
    from workflows.database import read_database
    from workflows.queue import launch

    database = read_database(launchpad)
    raise typer.Exit(
        launch.launch_verb(database, max_jobs=max_jobs, dry_run=dry_run, as_json=json)
    )


@app.command("worker")
def worker_verb(
    fw_id: Annotated[int, typer.Option("--fw-id", metavar="N")],
    launch_id: Annotated[
        int | None, typer.Option("--launch-id", help="reservation this job has")
    ] = None,
    walltime: Annotated[
        str | None, typer.Option("--walltime", help="asked of the queue")
    ] = None,
    launchpad: LaunchpadOption = None,
) -> None:
    """Run one step; what a queue job calls."""
    from workflows.database import read_database
    from workflows.queue import worker

    database = read_database(launchpad)
    raise typer.Exit(
        worker.worker_verb(
            database, fw_id=fw_id, launch_id=launch_id, walltime=walltime
        )
    )


@app.command("reconcile")
def reconcile_verb(
    fix: Annotated[bool, typer.Option("--fix", help="mend what is found")] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Compare database and queue; 1 if something is left to mend."""
    from workflows.database import read_database
    from workflows.queue import reconcile

    raise typer.Exit(
        reconcile.reconcile_verb(
            read_database(launchpad), fix=fix and not dry_run, as_json=json
        )
    )


@app.command("status")
def status_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    history: Annotated[
        bool, typer.Option("--history", help="every launch there was, and its end")
    ] = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Show database and queue side by side, and a command for each trouble."""
    from workflows.queue import status
    from workflows.queue.chosen import Chosen

    own = _selection(campaign, engine, x, launchpad, variant=variant)
    chosen = Chosen(own, ids or (), fw_ids or ())
    status.status_verb(own.database(), chosen, history=history, as_json=json)


@app.command("cancel")
def cancel_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel steps and their queue jobs together; finished ones stay."""
    from workflows.queue import control
    from workflows.queue.chosen import Chosen

    own = _selection(campaign, engine, x, launchpad)
    chosen = Chosen(own, ids or (), fw_ids or ())
    raise typer.Exit(
        control.cancel_verb(own.database(), chosen, dry_run=dry_run, as_json=json)
    )


@app.command("rerun")
def rerun_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    ids: IdOption = None,
    fw_ids: FwIdOption = None,
    dead: Annotated[
        bool, typer.Option("--dead", help="what runs outside the queue is dead")
    ] = False,
    dry_run: DryRunOption = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Run failed or cancelled steps again; 1 while a job of one lives."""
    from workflows.queue import control
    from workflows.queue.chosen import Chosen

    own = _selection(campaign, engine, x, launchpad)
    chosen, database = Chosen(own, ids or (), fw_ids or ()), own.database()
    raise typer.Exit(
        control.rerun_verb(database, chosen, dead=dead, dry_run=dry_run, as_json=json)
    )


@app.command("delete")
def delete_verb(
    campaign: CampaignName,
    yes: Annotated[
        bool, typer.Option("--yes", help="delete; without it only told")
    ] = False,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
) -> None:
    """Delete what one campaign alone has submitted, results and all."""
    from workflows.database import read_database
    from workflows.queue import delete

    delete.delete_verb(read_database(launchpad), campaign, yes=yes, as_json=json)


@app.command("results")
def results_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout")] = False,
    table: Annotated[
        str | None,
        typer.Option(
            "--table", help="series, sites, runs, voltage, hull, pdos or verdicts"
        ),
    ] = None,
    by: Annotated[
        str, typer.Option("--by", help="pdos: element, orbital, site or t2g_eg")
    ] = "element",
    smooth: Annotated[
        int, typer.Option("--smooth", min=0, help="pdos: points averaged")
    ] = 10,
    mode: Annotated[
        str, typer.Option("--mode", help="pdos: origin, strict or centred")
    ] = "origin",
    align: Annotated[
        str, typer.Option("--align", help="pdos: zero at efermi or vbm")
    ] = "efermi",
    boltzmann: Annotated[
        bool, typer.Option("--boltzmann", help="series: average over orderings, 300 K")
    ] = False,
) -> None:
    """Print the table over x and the verdicts against the paper, or another table."""
    from workflows import commands, result_tables

    chosen = _selection(campaign, engine, x, launchpad, variant=variant)
    if table is None and not boltzmann:
        commands.show_results(chosen, as_json=json, as_csv=csv)
        return
    asked = result_tables.asked(
        table, by=by, smooth=smooth, mode=mode, align=align, boltzmann=boltzmann
    )
    result_tables.show_table(chosen, asked, as_json=json, as_csv=csv)


@app.command("compare")
def compare_verb(
    campaign: CampaignName,
    engine: EngineOption = None,
    x: XOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout")] = False,
) -> None:
    """Print the variants of a study beside each other, against the first."""
    from workflows.study import show_study

    chosen = _selection(campaign, engine, x, launchpad)
    show_study(chosen, as_json=json, as_csv=csv)


@app.command("report")
def report_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="HTML file to write", metavar="FILE")
    ] = Path("report.html"),
    launchpad: LaunchpadOption = None,
) -> None:
    """Write one self-contained HTML page: table, figures, verdicts, provenance."""
    from workflows import commands

    commands.write_report(
        _selection(campaign, engine, x, launchpad, variant=variant), output
    )


@app.command("figures")
def figures_verb(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="directory to fill", metavar="DIR")
    ] = Path("figures"),
    launchpad: LaunchpadOption = None,
) -> None:
    """Draw every figure for a manuscript: PDF, SVG and PNG."""
    from workflows.figures.files import write_figures

    chosen = _selection(campaign, engine, x, launchpad, variant=variant)
    for path in write_figures(chosen.results(), output):
        typer.echo(path)


@app.command("parse")
def parse_verb(
    paths: Annotated[list[Path], typer.Argument(metavar="DIR...")],
    json: JsonOption = False,
) -> None:
    """Read run directories, ours or any VASP's, and say what they hold."""
    from workflows.parsing import parse_verb as parse

    raise typer.Exit(parse(paths, as_json=json))


@app.command("check")
def check_verb(
    directories: Annotated[list[Path], typer.Argument(metavar="DIR...")],
    same: Annotated[
        bool, typer.Option("--same", help="also: may their energies be compared")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Lint VASP inputs and finished runs, ours or any, in and below directories."""
    from workflows.lint.report import show_checked

    raise typer.Exit(show_checked(directories, together=same, as_json=json))


def _selection(
    name: str | None,
    engine: str | None,
    x: list[float] | None,
    launchpad: Path | None = None,
    variant: str | None = None,
) -> Selection:
    from workflows.selection import Selection

    return Selection(name, engine, tuple(x or ()), launchpad, variant)


def main() -> None:
    """Run the command; an error the reader can act on is one line and exit code 2."""
    from structures.errors import StructuresError

    try:
        app()
    except (LnmoError, StructuresError) as error:
        print(f"lnmo: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
