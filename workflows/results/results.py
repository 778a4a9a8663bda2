"""Results in a Python shell: tables over x, tables over sites, documents.

>>> from workflows import open_results
>>> open_results().series()  # doctest: +SKIP

This module only reads. A shell may stay open while the campaign runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from workflows.analysis.ions import ion_of_series
from workflows.analysis.pdos import By
from workflows.analysis.smoothing import Mode
from workflows.analysis.voltage import insertion_electrode
from workflows.campaign.calculation import NO_INSERTION, Calculation
from workflows.campaign.campaign import Campaign
from workflows.campaign.sections import same_x
from workflows.campaign.step_names import GEOMETRY
from workflows.engines.gpaw.densities import read_gpaw_density
from workflows.errors import LnmoError, ResultsError
from workflows.paths import given_path
from workflows.records.collected import refuse_changed, structure_as_run
from workflows.records.database import read_or_embedded
from workflows.records.document import TaskDocument
from workflows.records.store import ResultsStore, results_store
from workflows.results.arguments import (
    ABOVE_ZERO,
    all_x,
    number,
    one_of,
    whole,
    word,
)
from workflows.results.calculation_rows import place
from workflows.results.campaign_results import campaign_results
from workflows.results.columns import frame_of
from workflows.results.context_table import context_frame
from workflows.results.description import described
from workflows.results.dos_table import (
    Align,
    Drawing,
    density_frame,
    dos_document,
    provenance,
    state_of_density,
)
from workflows.results.hosts import of_one_host
from workflows.results.hull_voltage_tables import hull_frame, voltage_frame
from workflows.results.labels import LABEL_NAMES, with_labels
from workflows.results.lithium_energy import doubt_of
from workflows.results.paper import compare_to_paper
from workflows.results.query import Recorded, Unchanging
from workflows.results.run_table import run_frame
from workflows.results.same_run import refuse_another_run
from workflows.results.series_table import (
    COLUMNS,
    ROOM,
    SERIES_UNITS,
    Average,
    series_frame,
)
from workflows.results.side_by_side_table import side_by_side_frame
from workflows.results.site_table import SITES, site_rows
from workflows.results.starts_table import starts_frame
from workflows.results.summary_table import summary_frame
from workflows.results.verdict import FINISHED, Verdict, verdict_frame
from workflows.vasp.dos_files import read_density

if TYPE_CHECKING:
    import pandas as pd
    from pymatgen.apps.battery.insertion_battery import InsertionElectrode
    from pymatgen.core import Structure

__all__ = ["COLUMNS", "SERIES_UNITS", "Results", "open_results", "records"]


def models_of(rows: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """Return the insertion models of a table, and the name for none of them."""
    found = (row["insertion"] for row in rows if row["x"] > 1)
    return tuple(dict.fromkeys((NO_INSERTION, *found)))


def open_results(
    where: str | Path | None = None,
    *,
    campaign: str | Path | Campaign | None = None,
    engine: str | None = None,
    x: float | Sequence[float] = (),
    variant: str | None = None,
) -> Results:
    """Open the results of a project for reading.

    Parameters
    ----------
    where
        ``launchpad.yaml`` or its directory; the current directory if None. If there is
        no such file, the embedded LaunchPad in ``lnmo-data`` is used.
    campaign, engine, x, variant
        As :meth:`Results.select`. By default, everything recorded.

    Raises
    ------
    StoreError
        There is neither launchpad.yaml nor lnmo-data, or `where` is no path.
    CampaignError, ResultsError
        As :meth:`Results.select`.

    Examples
    --------
    >>> open_results(campaign="paper", engine="chgnet").series()  # doctest: +SKIP
    """
    named = None if where is None else given_path(where, "where")
    everything = Results(results_store(read_or_embedded(named)))
    return everything.select(campaign=campaign, engine=engine, x=x, variant=variant)


class Results:
    """Finished and failed steps. Each call reads the store again.

    Parameters
    ----------
    store
        Where the documents are.
    calculations
        Only these, including those that are only planned; everything recorded if None.
    engine, x
        Only this engine and these x; all if empty.
    campaign
        Recorded name of a campaign that has no plan here.
    """

    def __init__(
        self,
        store: ResultsStore,
        *,
        calculations: Iterable[Calculation] | None = None,
        engine: str | None = None,
        x: float | Sequence[float] = (),
        campaign: str = "",
    ) -> None:
        self._recorded: Recorded = Recorded(
            store, calculations=calculations, engine=engine, x=x, campaign=campaign
        )

    @property
    def store(self) -> ResultsStore:
        """Where the documents are."""
        return self._recorded.store

    def select(
        self,
        calculations: Iterable[Calculation] | None = None,
        *,
        campaign: str | Path | Campaign | None = None,
        engine: str | None = None,
        x: float | Sequence[float] = (),
        variant: str | None = None,
    ) -> Results:
        """Return a selection of the results.

        Parameters
        ----------
        calculations
            A plan. Its rows are shown even before they are calculated.
        campaign
            A packaged campaign's name, a file, or a campaign; or the recorded name of a
            campaign whose file is not here. The engine is that of the campaign if it
            has results, else the only other engine with results.
        engine
            ``"vasp"``, ``"gpaw"`` or ``"chgnet"``.
        x
            Only this composition, or these.
        variant
            Only this variant of the campaign.

        Raises
        ------
        CampaignError
            There is no such campaign or variant.
        ResultsError
            There is no such engine, nothing at these x, or several engines have
            results of the campaign and its own has none.
        """
        own, x = self._recorded, all_x(x)
        engine, variant = word(engine, "engine"), word(variant, "variant")
        at = x or own.x
        if campaign is not None:
            found = campaign_results(
                own.store, campaign, engine=engine or own.engine, x=x, variant=variant
            )
            calculations, name = found.calculations, found.name
        else:
            _refuse_variant(variant)
            name = own.campaign
        chosen = Recorded(
            own.store,
            calculations=own.calculations if calculations is None else calculations,
            engine=engine or own.engine,
            x=at,
            campaign=name,
        )
        if x:
            chosen.refuse_empty(own)
        return _results(chosen)

    def __repr__(self) -> str:
        """Say what there is: counts of calculations, campaigns, engines and states."""
        where, own = _near(self.root), self._recorded
        planned = own.calculations
        ids = None if planned is None else [c.id for c in planned]
        try:
            return described([s.document for s in own.summaries()], where, ids)
        except LnmoError as error:
            return f"Results in {where}, which cannot be read: {error}"

    def summary(self) -> pd.DataFrame:
        """Return the twelve most important columns of the table over x.

        For other metals than Ni and Mn, their moments take the place of those of Ni and
        Mn. ``df.attrs["units"]`` has the units, ``df.attrs["origin"]`` how the numbers
        were made.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        return summary_frame(self.series())

    def verdicts(self) -> pd.DataFrame:
        """Return :meth:`compare_to_paper` as a table, a row for each statement.

        ``value`` and ``reference`` are in the unit of the column ``unit``. The status
        names a surrogate, a fake or another U: ``PASS (surrogate)``.
        ``df.attrs["units"]`` explains the other columns.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        return verdict_frame(self.compare_to_paper())

    def snapshot(self) -> Results:
        """Return the results as they are now, read once.

        All tables of a snapshot are of the same moment, even while the campaign runs.
        """
        found = self.select()
        found._recorded = Unchanging(found._recorded)
        return found

    @property
    def root(self) -> Path:
        """Data directory; ``TaskDocument.dir_name`` is relative to it."""
        return self._recorded.root

    def documents(self) -> tuple[TaskDocument, ...]:
        """Return the task documents, one for each recorded step; lowest x first."""
        return self._recorded.documents()

    def labelled(self) -> Iterator[tuple[dict[str, Any], TaskDocument]]:
        """Yield the row of each calculation with the full document of its final step.

        References are included. Unlike a table, the rows may be of several engines and
        settings; each row carries its labels.
        """
        return self._recorded.labelled()

    def headers(self) -> tuple[TaskDocument, ...]:
        """Return the task documents without their atoms, fast; lowest x first."""
        found = (s.document for s in self._recorded.summaries())
        return tuple(sorted(found, key=place))

    def lowest_documents(self) -> tuple[TaskDocument, ...]:
        """Return the documents behind the table over x, with atoms.

        Only finished ones; lowest x first.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        return tuple(self._recorded.finals(None, self._lowest_ids()))

    def series(
        self, *, average: Average = "lowest", temperature: float = ROOM
    ) -> pd.DataFrame:
        """Return the table over x: one row for each x and insertion model.

        Of an ensemble each arrangement of the metals, ``host``, has rows of its own. A
        row is the lowest energy of all orderings at its x. ``n_orderings`` is the
        number of orderings that finished, ``n_planned`` the number planned. Units are
        in ``df.attrs["units"]``.

        Parameters
        ----------
        average
            ``"lowest"``, or ``"boltzmann"``: numbers averaged over the orderings with
            weights g exp(-(E - E_0)/kT), E per actual cell, g the degeneracy; over
            the arrangements of the metals by their multiplicity alone.
        temperature
            K, for the average.

        Raises
        ------
        ResultsError
            The rows come from different engines or settings. The message names the key
            that differs.
        """
        one_of(average, "average", get_args(Average))
        number(temperature, "temperature", within=ABOVE_ZERO)
        rows = self._recorded.rows(planned=True)
        return series_frame(rows, average=average, temperature=temperature)

    def sites(self, x: float | None = None) -> pd.DataFrame:
        """Return one row per atom of each result.

        ``magnetization`` in muB, ``valence`` with its ``margin``, the octahedron of Ni
        and Mn, and the first and last site of the ion. Units are in
        ``df.attrs["units"]``.

        Parameters
        ----------
        x
            Only this composition; all if None.

        Raises
        ------
        ResultsError
            There is no result at this x; the message lists those there are.
        """
        if x is not None:
            self.select(x=number(x, "x"))
        rows = [row for d in self._recorded.finals(x) for row in site_rows(d)]
        return frame_of(rows, SITES)

    def lowest_sites(self) -> pd.DataFrame:
        """Return :meth:`sites`, only of the finished results in the table over x.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        rows = [row for d in self.lowest_documents() for row in site_rows(d)]
        return frame_of(rows, SITES)

    def side_by_side(self) -> pd.DataFrame:
        """Return the moments of the paper, ours, and those of the geometry's engine.

        One row for each x and insertion model; a missing number is NaN. Units are in
        ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        geometries = {
            str(s.document.calculation_id): s
            for s in self._recorded.summaries()
            if s.document.task_label == GEOMETRY
        }
        return side_by_side_frame(records(self.series()), geometries)

    def _lowest_ids(self) -> frozenset[str]:
        rows = records(self.series())
        return frozenset(r["calculation_id"] for r in rows if r["state"] in FINISHED)

    def runs(self) -> pd.DataFrame:
        """Return one row for each step of each calculation, references included.

        State, energy, gap, forces, findings, time. Units are in ``df.attrs["units"]``.
        """
        documents = [s.document for s in self._recorded.summaries()]
        return run_frame(sorted(documents, key=place))

    def context(self) -> pd.DataFrame:
        """Return the results beside the measurements of the paper.

        L3/L2 by formal valences, d(111), the x of NDP and EELS; no verdict.
        ``df.attrs["units"]`` has the units, ``df.attrs["notes"]`` the conclusion.

        Raises
        ------
        ResultsError
            As :meth:`series`; or the results are of another compound.
        """
        return context_frame(records(self.series()))

    def starts(self) -> pd.DataFrame:
        """Return one row for each start, with the state in which it ended.

        Starts of one lithium arrangement stand together, the lowest energy first. Units
        are in ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        return starts_frame(self._recorded.rows(planned=True))

    def hull(self) -> pd.DataFrame:
        """Return the distance of every finished ordering from its convex hull.

        There is a hull for each range (0 to 1, 1 to 2, both) and insertion model.
        Formation energies are in eV per formula unit, distances in meV per atom. No
        lithium reference is needed. Units are in ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            As :meth:`series`.
        """
        return hull_frame(self._recorded.rows())

    def voltage(self) -> pd.DataFrame:
        """Return the voltage curve of each range and insertion model.

        It has the steps between hull vertices and the average of the range, in volts
        against lithium metal, with capacities in mAh per g of LiNi0.5Mn1.5O4. Energies
        are those of the static runs. Units are in ``df.attrs["units"]``.

        Raises
        ------
        ResultsError
            As :meth:`series`; or there is no lithium reference, or only one with other
            settings.
        """
        metal = self._recorded.lithium()
        rows = self._recorded.rows()
        return voltage_frame(rows, metal.energy, of_metal=doubt_of(metal))

    def lithium_energy(self) -> float:
        """Return the energy of bcc lithium with the settings of the series, eV/atom.

        Raises
        ------
        ResultsError
            There is none, none has finished, or only one with other settings.
        """
        return self._recorded.lithium().energy

    def electrode(
        self, insertion: str = NO_INSERTION, host: str | None = None
    ) -> InsertionElectrode:
        """Return pymatgen's electrode: energy density, volume change, its plotter.

        Parameters
        ----------
        insertion
            Insertion model above x = 1; ``none`` for 0 to 1.
        host
            Arrangement of the metals, such as ``"ensemble 3 of 22"``: an electrode is
            of one.

        Raises
        ------
        ResultsError
            As :meth:`series`; there are several arrangements of the metals and `host`
            names none; or fewer than two x of this model have finished.
        """
        rows = of_one_host(records(self.series()), word(host, "host"))
        one_of(insertion, "insertion", models_of(rows))
        chosen = [
            row
            for row in finished_with_energy(rows)
            if row["x"] <= 1 or row["insertion"] == insertion
        ]
        if len({row["x"] for row in chosen}) < 2:
            raise ResultsError(
                "an electrode needs two x that have finished; there is: "
                f"{_places(chosen)}{_unfinished(rows)}"
            )
        found = [self._recorded.final(r["calculation_id"]) for r in chosen]
        cells = [(d.structure, d.energy) for d in found if d.structure and d.energy]
        ion = ion_of_series((d.formula, d.n_li) for d in found)
        return insertion_electrode(cells, self.lithium_energy(), ion=ion)

    def pdos(
        self,
        x: float,
        *,
        by: By = "element",
        smooth: int = 10,
        mode: Mode = "origin",
        align: Align = "efermi",
        insertion: str | None = None,
        window_ev: float | None = None,
    ) -> pd.DataFrame:
        """Return the projected density of states of the lowest energy at x.

        It comes from the dos step, or from the static step if no dos step was planned.
        Columns are ``energy`` (eV), ``<curve> up`` and ``<curve> down`` in states/eV
        per cell (both spins positive), then x and the labels. ``df.attrs`` has names,
        units, the window in eV, gaps and provenance; see
        :func:`~workflows.results.dos_table.density_frame`.

        Parameters
        ----------
        x
            Li per formula unit.
        by
            ``"element"``, ``"orbital"``, ``"site"`` or ``"t2g_eg"``.
        smooth
            Points of the adjacent average; 0 for none. They may span at most 0.3 eV.
        mode
            ``"origin"``, ``"strict"`` or ``"centred"``.
        align
            Zero of energy: ``"efermi"`` of the run itself, or ``"vbm"``. In a gap E_F
            is arbitrary, so compare two x by their VBM.
        insertion
            Insertion model above x = 1; the one of lowest energy if None.
        window_ev
            Width of the average, eV, instead of `smooth`; without a limit.

        Raises
        ------
        ResultsError
            As :meth:`series`; nothing at this x or of this model has finished (the
            message lists what there is); the engine has no electrons; the dos step has
            not finished; its files are gone, cut, or of another run; `by`, `mode` or
            `align` is unknown; t2g and eg are not defined, or not projected; an average
            over more than 0.3 eV that `window_ev` does not ask for.
        """
        for value, name, known in ((by, "by", By), (mode, "mode", Mode)):
            one_of(value, name, get_args(known))
        one_of(align, "align", get_args(Align))
        smooth = whole(smooth, "smooth")
        if window_ev is not None:
            number(window_ev, "window_ev", within=ABOVE_ZERO)
        row = self.lowest(x, insertion)
        own = self._recorded.steps(row["calculation_id"])
        document = self._recorded.whole(dos_document(own))
        assert document.structure is not None
        refuse_changed(document)
        directory = self._recorded.root / document.dir_name
        of_gpaw = document.engine == "gpaw"
        dos = read_gpaw_density(directory) if of_gpaw else read_density(directory)
        refuse_another_run(dos, document, directory)
        drawing = Drawing(by, smooth, mode, align, window_ev)
        frame = density_frame(dos, structure_as_run(document), drawing)
        static = next((d.efermi for d in own if d.task_label == "static"), None)
        frame.attrs |= provenance(document, efermi_static=static)
        labels = {name: row.get(name, "") for name in LABEL_NAMES}
        labels |= {"engine_version": document.engine_version, "fake": document.fake}
        labels |= {"x": document.x, "calculation_id": document.calculation_id}
        return with_labels(frame, labels | state_of_density(row, document))

    def structure(self, x: float, insertion: str | None = None) -> Structure:
        """Return the final structure of the lowest energy at x.

        Parameters
        ----------
        x
            Li per formula unit.
        insertion
            Insertion model above x = 1; the one of lowest energy if None.

        Returns
        -------
        Structure
            Sites keep ``role`` and ``label``; ``magmom`` has the site moments, muB.
            ``properties`` has the calculation, its labels, its state, the insertion
            model, the sites where lithium ended, and the findings against it.

        Raises
        ------
        ResultsError
            No finished result at this x. The message lists the results there are.
        """
        row = self.lowest(x, insertion)
        document = self._recorded.final(row["calculation_id"])
        assert document.structure is not None
        found = document.structure.copy()
        if document.magnetization is not None:
            found.add_site_property("magmom", list(document.magnetization))
        found.properties = {
            "x": document.x,
            "calculation_id": document.calculation_id,
            **{name: row[name] for name in LABEL_NAMES},
            "findings": row["findings"],
        }
        return found

    def lowest(self, x: float, insertion: str | None = None) -> dict[str, Any]:
        """Return the finished row of lowest energy at x, which :meth:`structure` takes.

        Raises
        ------
        ResultsError
            Nothing at x has finished. The message lists what has, and the states at x.
        """
        number(x, "x")
        word(insertion, "insertion")
        rows = records(self.series())
        usable = finished_with_energy(rows)
        here = _at(usable, x, insertion)
        if not here:
            model = f" {insertion}" if insertion else ""
            raise ResultsError(
                f"nothing at x = {x:.12g}{model} has finished; there is: "
                f"{_places(usable)}{_unfinished(_at(rows, x, insertion))}"
            )
        return min(here, key=lambda r: float(r["energy_per_fu"]))

    def compare_to_paper(self) -> tuple[Verdict, ...]:
        """Compare the series with the statements of the paper.

        Calculations are grouped by the model in which their lithium ended. Voltages are
        judged if the lithium reference has finished, the magnetic order if both orders
        have finished at x = 1.
        """
        rows = self._recorded.rows(planned=True)
        try:
            lithium = self._recorded.lithium()
        except ResultsError as error:
            return compare_to_paper(rows, no_voltage=str(error))
        return compare_to_paper(rows, lithium=lithium)


def finished_with_energy(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that may be used: all steps up to the energy have finished.

    A static run behind a relaxation that did not converge has an energy too; its row
    has the state of the relaxation, and stands for nothing.
    """
    return [
        row
        for row in rows
        if row["state"] in FINISHED and row["energy_per_fu"] == row["energy_per_fu"]
    ]


def _at(
    rows: Iterable[dict[str, Any]], x: float, insertion: str | None
) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if same_x(row["x"], x) and insertion in {None, row["insertion"]}
    ]


def _places(rows: Iterable[dict[str, Any]]) -> str:
    """Name rows by x and model, such as ``0 none, 1 none``."""
    found = sorted({f"{row['x']:g} {row['insertion']}" for row in rows})
    return ", ".join(found) or "no result"


def _unfinished(rows: Iterable[dict[str, Any]]) -> str:
    """Name the rows without a result, and their states; empty if there are none."""
    left = {
        f"{row['x']:g} {row['insertion']} is {row['state']}": None
        for row in rows
        if row["state"] not in FINISHED
    }
    return f" ({', '.join(left)})" if left else ""


def _results(chosen: Recorded) -> Results:
    return Results(
        chosen.store,
        calculations=chosen.calculations,
        engine=chosen.engine,
        x=chosen.x,
        campaign=chosen.campaign,
    )


def _refuse_variant(variant: str | None) -> None:
    if variant is not None:
        raise ResultsError(f"variant {variant!r} needs a campaign: name it too")


def _near(path: Path) -> str:
    """Write a path relative to the current directory if it is below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain dictionaries."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]
