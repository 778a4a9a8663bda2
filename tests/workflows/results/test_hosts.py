"""Metals do not move: no difference is taken between two arrangements of them."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.paper_rows import MODEL, row, series
from tests.places import TESTS
from workflows.analysis.lnmo import units_in
from workflows.campaign.calculation import Calculation
from workflows.campaign.campaign import load_campaign
from workflows.campaign.plan import plan
from workflows.cli.terminal_tables import series_table
from workflows.errors import ResultsError
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.report.beside import head
from workflows.report.series_charts import lattice_chart
from workflows.report.voltage_charts import hull_chart, voltage_chart
from workflows.results.hosts import in_one
from workflows.results.hull_voltage_tables import hull_frame, voltage_frame
from workflows.results.lithium_energy import Reference
from workflows.results.paper import compare_to_paper
from workflows.results.results import Results
from workflows.results.series_table import boltzmann_weights, series_frame
from workflows.results.summary_table import summary_frame
from workflows.results.verdict import Status, Verdict, overall

Finished = Callable[..., TaskDocument]
WriteCampaign = Callable[..., Path]
Row = dict[str, Any]
PASS, WARN, FAIL = Status.PASS, Status.WARN, Status.FAIL
ONE, TWO = "ensemble 1 of 2", "ensemble 2 of 2"
METAL = Reference(
    -1.9,
    {"state": "DONE", "cell_relaxed": True, "x": None, "insertion": "none"}
    | {"calculation_id": "li", "finding_ids": "", "functional": "pbe_u"},
)


def of_host(own: Row, host: str, weight: int = 96, **more: Any) -> Row:
    ordering = {"host": host, "host_weight": weight, "role": "8a", "occupied": []}
    made = {"ordering": {**ordering, "rank": 0, "degeneracy": 1}, "n_li": 8 * own["x"]}
    return own | made | {"calculation_id": f"{host}, {own['x']:g}"} | more


@pytest.fixture
def two() -> list[Row]:
    """Two hosts: the first has 4.1 V from 0 to 1, the second, of twice its weight, 4.7.

    The first lies lower at x = 0 and the second at x = 1: between them are 4.3 V.
    """
    return [
        of_host(row(0, energy_per_fu=-45.0), ONE),
        of_host(row(1, energy_per_fu=-51.0), ONE),
        of_host(row(0, energy_per_fu=-44.6), TWO, 192),
        of_host(row(1, energy_per_fu=-51.2), TWO, 192),
    ]


def named(rows: list[Row], check: str, **more: Any) -> Verdict:
    return next(v for v in compare_to_paper(rows, **more) if v.check == check)


def test_a_voltage_and_a_hull_are_of_one_arrangement_of_the_metals(
    two: list[Row],
) -> None:
    volts = voltage_frame(two, -1.9)
    average = volts[volts["kind"] == "average"].set_index("host")["volts"]
    assert average.to_dict() == pytest.approx({ONE: 4.1, TWO: 4.7})
    assert "host" in volts.attrs["shown"]
    hull = hull_frame(two)
    assert hull["on_hull"].all()  # either end of either host
    assert (hull["e_above_hull"] == 0).all()


def test_the_table_over_x_has_rows_of_each_arrangement(two: list[Row]) -> None:
    two[0] |= {"c": 8.0}
    frame = series_frame(two)
    assert list(frame["host"]) == [ONE, TWO, ONE, TWO]
    assert list(frame["host_weight"]) == [96, 192, 96, 192]
    assert frame["e_above_hull"].tolist() == [0, 0, 0, 0]
    assert frame["c_rel"].tolist() == pytest.approx([8.0 / 8.2, 1, 1, 1])
    assert "host" in frame.attrs["shown"]
    assert list(summary_frame(frame)["host"]) == [ONE, TWO, ONE, TWO]
    alone = series_frame(two[:2])
    assert "host" not in alone.attrs["shown"]
    assert "host" not in summary_frame(alone)


def test_a_verdict_on_an_ensemble_is_the_mean_by_multiplicity_and_says_who_fails(
    two: list[Row],
) -> None:
    found = named(two, "voltage_0_to_1", lithium=METAL)
    assert found.value == pytest.approx((4.1 + 2 * 4.7) / 3)
    assert found.outcome is WARN
    assert found.reason == (
        "mean over 2 arrangements of the metals by multiplicity, 4.1 to 4.7; "
        f"{ONE}: FAIL 4.100"
    )
    assert len(found.calculations) == 4


def test_an_ensemble_passes_where_every_arrangement_does_and_fails_where_none() -> None:
    good = [of_host(r, host) for host in (ONE, TWO) for r in series()]
    verdicts = compare_to_paper(good)
    assert overall(verdicts, MODEL) is PASS
    bad = [r | {"m_ni": 0.9} if r["x"] == 1 else r for r in good]
    assert named(bad, "m_ni_x1").outcome is FAIL
    half = [*bad[:5], *good[5:]]
    assert named(half, "m_ni_x1").outcome is WARN


def test_an_arrangement_without_a_number_takes_the_pass_away() -> None:
    rows = [of_host(r, ONE) for r in series()] + [of_host(row(0), TWO)]
    found = named(rows, "m_ni_1_to_0")
    assert (found.outcome, found.value) == (WARN, pytest.approx(-1.2))
    assert "1 of 2 have no number" in found.reason
    own = [v for v in compare_to_paper(rows) if v.check == "m_mn_x2"]
    assert [v.insertion for v in own] == [MODEL]


def test_one_arrangement_of_an_ensemble_is_not_the_ensemble() -> None:
    found = named([of_host(r, ONE) for r in series()], "m_ni_x1")
    assert found.outcome is WARN
    assert found.reason == ("of one arrangement of the metals; 1 of 2 have no number")


def test_magnetic_orders_are_compared_within_an_arrangement(two: list[Row]) -> None:
    fm = {"m_ni_signed": 1.7, "magnetic_order": "fm"}
    rows = [
        *(two[1], of_host(row(1), ONE, energy_per_fu=-50.95, **fm)),
        of_host(row(1, energy_per_fu=-50.8), TWO, 192),
        of_host(row(1), TWO, 192, energy_per_fu=-50.98, **fm),
    ]
    found = named(rows, "fim_below_fm")
    assert found.value == pytest.approx((-50 + 2 * 180) / 3)
    assert found.outcome is WARN
    assert f"{TWO}: FAIL 180" in found.reason


def test_frozen_metals_weigh_by_multiplicity_and_not_by_energy() -> None:
    low = of_host(row(1, energy_per_fu=-51.0), ONE, 96)
    high = of_host(row(1, energy_per_fu=-50.9), TWO, 192)
    other = of_host(row(1, energy_per_fu=-51.0), ONE, 96)
    other["ordering"] |= {"rank": 1, "degeneracy": 3}
    weights = boltzmann_weights([low, high, other], 300)
    shares = {
        (r["ordering"]["host"], r["ordering"]["rank"]): weight for weight, r in weights
    }
    expected = {(ONE, 0): 1 / 12, (ONE, 1): 1 / 4, (TWO, 0): 2 / 3}
    assert shares == pytest.approx(expected)


def test_a_mean_over_other_arrangements_is_not_subtracted(two: list[Row]) -> None:
    frame = series_frame(two, average="boltzmann")
    assert list(frame["host"]) == ["ensemble of 2"] * 2
    assert frame["energy_per_fu"].tolist() == pytest.approx(
        [-(45.0 + 2 * 44.6) / 3, -(51.0 + 2 * 51.2) / 3]
    )
    assert frame["e_above_hull"].tolist() == [0, 0]
    partly = series_frame(two[1:], average="boltzmann")
    assert list(partly["host"]) == [TWO, "ensemble of 2"]
    assert partly["e_above_hull"].isna().all()


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        (["P4_332"], "P4_332"),
        (["ensemble 10 of 22", "ensemble 2 of 22"], "ensemble 2, 10 of 22"),
        ([f"ensemble {n} of 3" for n in (1, 2, 3)], "ensemble of 3"),
        ([ONE], ONE),
        (["P4_332", "disordered"], "P4_332 | disordered"),
        ([], ""),
    ],
)
def test_the_hosts_of_a_mean_are_named(hosts: list[str], words: str) -> None:
    assert in_one(hosts) == words


def test_no_line_of_a_figure_joins_two_arrangements(two: list[Row]) -> None:
    frame = series_frame(two)
    (panel,) = lattice_chart(frame, "").panels
    lines = [t for t in panel.traces if t.line and t.x]
    assert all(len(t.x) == len(set(t.x)) for t in lines)
    (volts,) = voltage_chart(voltage_frame(two, -1.9), "").panels
    assert sum(t.line == "solid" for t in volts.traces) == 2
    (hull, *_) = hull_chart(hull_frame(two), "").panels
    assert sum(t.line == "solid" for t in hull.traces) == 2
    assert [t.label for t in hull.traces if t.label] == ["up to x = 1"]


def stored(where: Path, documents: list[TaskDocument]) -> FileResults:
    store = FileResults(where)
    for document in documents:
        (where / document.dir_name).mkdir(parents=True)
        store.put(document)
    return store


def planned(write: WriteCampaign, name: str, **host: Any) -> tuple[Calculation, ...]:
    changes = {"x": [0, 1], "start.single": True, "vasp.dos_at": [], "name": name}
    changes |= {"lithium_reference": False}
    changes |= {f"host.{key}": value for key, value in host.items()}
    return plan(load_campaign(write(changes, f"{name}.yaml")))


def test_two_campaigns_on_two_arrangements_share_no_table(
    write_campaign: WriteCampaign, finished: Finished, tmp_path: Path
) -> None:
    ordered = planned(write_campaign, "ordered")
    mixed = planned(write_campaign, "mixed", ordering="disordered")
    results = Results(
        stored(tmp_path / "data", [finished(c) for c in (*ordered, *mixed)])
    )
    for table in (results.series, results.hull, results.compare_to_paper):
        with pytest.raises(ResultsError) as told:
            table()
        assert "arrangement of the metals on 16d (host.ordering): P4_332 |" in str(
            told.value
        )
        assert '.select(campaign="mixed"' in str(told.value)
    for name, count in (("ordered", ordered), ("mixed", mixed)):
        assert len(results.select(campaign=name).series()) == len(count)
    with pytest.raises(ResultsError, match="arrangement of the metals"):
        results.select(calculations=[*ordered, *mixed]).series()


def test_a_cell_that_another_campaign_recorded_has_the_host_of_the_plan(
    write_campaign: WriteCampaign, finished: Finished, tmp_path: Path
) -> None:
    calculations = planned(write_campaign, "ordered")
    other = [
        d.model_copy(
            update={
                "ordering": {**d.ordering, "host": "disordered"},
                "campaign": "mixed",
            }
        )
        for d in map(finished, calculations[:1])
    ]
    rest = [finished(c) for c in calculations[1:]]
    store = stored(tmp_path / "data", [*other, *rest])
    with pytest.raises(ResultsError, match="arrangement of the metals"):
        Results(store).series()
    own = Results(store, calculations=calculations).series()
    assert set(own["host"]) == {"P4_332"}


def test_an_ensemble_of_a_plan_is_told_apart_in_every_table(
    write_campaign: WriteCampaign, finished: Finished, tmp_path: Path
) -> None:
    calculations = planned(write_campaign, "all", ordering="ensemble")
    one, two = "ensemble 1 of 22", "ensemble 2 of 22"
    pair = [c for c in calculations if c.ordering["host"] in {one, two}]
    energies = {(one, 0): -45.0, (one, 1): -51.0, (two, 0): -44.6, (two, 1): -51.2}
    made = [
        finished(c, energy=energies[c.ordering["host"], c.x] * units_in(c.formula))
        for c in pair
    ]
    results = Results(stored(tmp_path / "data", made), calculations=pair)
    lowest = results.series().set_index(["x", "host"])["energy_per_fu"]
    assert lowest.to_dict() == pytest.approx(
        {(x, host): energy for (host, x), energy in energies.items()}
    )
    assert results.structure(1).properties["host"] == two
    screen = Console(width=160, file=io.StringIO(), legacy_windows=False)
    screen.print(series_table(results.series(), screen))
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().count("ensemble 2 of 22") == 2
    heads = [head(r) for r in results.side_by_side().to_dict("records")]
    assert heads[-1] == f"x = 1, {two}"
    with pytest.raises(ResultsError, match="2 arrangements of the metals"):
        results.electrode()
    assert set(results.context()["source"]) > {"calculation"}
    found = next(v for v in results.compare_to_paper() if v.check == "m_ni_1_to_0")
    assert (found.outcome, found.value) == (WARN, pytest.approx(-1.2))
    assert "20 of 22 have no number" in found.reason  # recorded or not
    assert found.labels["host"] == "ensemble 1, 2 of 22"


def test_real_results_with_one_row_of_another_arrangement_are_refused(
    tmp_path: Path,
) -> None:
    source = TESTS / "data" / "gpaw" / "dft"
    root = Path(shutil.copytree(source, tmp_path / "dft"))
    paths = sorted(root.glob("calculations/*/static/task_document.json"))
    content = next(
        (p, c) for p in paths if (c := json.loads(p.read_text("utf-8")))["x"] == 1
    )
    path, document = content
    document["ordering"]["host"] = "P4_332"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ResultsError, match="arrangement of the metals"):
        Results(FileResults(root)).series()
