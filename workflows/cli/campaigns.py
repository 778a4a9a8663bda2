"""Verbs on a campaign: what it holds, its run here, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.options import (
    CampaignName,
    EngineOption,
    JsonOption,
    LaunchpadOption,
    MaybeCampaign,
    VariantOption,
    XOption,
    one_format,
    selection,
)


def plan(
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
    from workflows.cli.plan import show_plan

    chosen = selection(campaign, engine, x, variant=variant)
    if show_campaign:
        typer.echo(chosen.campaign().as_yaml(), nl=False)
    else:
        show_plan(chosen, as_json=json)


def orderings(
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
    from workflows.cli.orderings import show_orderings

    chosen = selection(campaign, engine, x, variant=variant)
    show_orderings(chosen, chgnet=chgnet, as_json=json)


def write(
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
    from workflows.cli.write import show_explained, write_inputs

    chosen = selection(campaign, engine, x, variant=variant)
    if explain:
        show_explained(chosen, as_json=json)
    else:
        write_inputs(chosen, output, as_json=json)


def run(
    campaign: MaybeCampaign = None,
    engine: EngineOption = None,
    x: XOption = None,
    variant: VariantOption = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, help="worker processes")
    ] = 1,
    retry: Annotated[
        bool, typer.Option("--retry", help="run failed steps again")
    ] = False,
    launchpad: LaunchpadOption = None,
) -> None:
    """Submit a campaign and run it here; killed, the same command goes on."""
    from workflows.cli.results import show_outcome
    from workflows.cli.run import INTERRUPTED, run_campaign

    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    code = run_campaign(chosen, jobs=jobs, retry=retry)
    if code != INTERRUPTED:
        show_outcome(chosen)
    raise typer.Exit(code)


def results(
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
    from workflows.cli import results as result_tables
    from workflows.cli.results import show_results

    one_format(json=json, csv=csv)
    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    if table is None and not boltzmann:
        show_results(chosen, as_json=json, as_csv=csv)
        return
    asked = result_tables.asked(
        table, by=by, smooth=smooth, mode=mode, align=align, boltzmann=boltzmann
    )
    result_tables.show_table(chosen, asked, as_json=json, as_csv=csv)


def compare(
    campaign: CampaignName,
    engine: EngineOption = None,
    x: XOption = None,
    launchpad: LaunchpadOption = None,
    json: JsonOption = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout")] = False,
) -> None:
    """Print the variants of a study beside each other, against the first."""
    from workflows.cli.compare import show_study

    one_format(json=json, csv=csv)
    chosen = selection(campaign, engine, x, launchpad)
    show_study(chosen, as_json=json, as_csv=csv)


def report(
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
    from workflows.cli.report import write_report

    write_report(selection(campaign, engine, x, launchpad, variant=variant), output)


def figures(
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
    from workflows.report.figure_files import write_figures

    chosen = selection(campaign, engine, x, launchpad, variant=variant)
    for path in write_figures(chosen.results(), output):
        typer.echo(path)
