"""One row per atom and one per step, with valences, octahedra and places."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.places import DATA
from workflows import open_results, parse_run
from workflows.campaign.calculation import Calculation
from workflows.records.document import Finding, State, TaskDocument
from workflows.records.summary import summarize
from workflows.results.run_table import RUN_COLUMNS, RUN_UNITS
from workflows.results.site_table import SITE_COLUMNS, SITE_UNITS, site_rows

Calculations = tuple[Calculation, ...]
Finished = Callable[..., TaskDocument]
Project = Callable[..., Path]


@pytest.fixture
def rock_salt(calculations: Calculations, finished: Finished) -> TaskDocument:
    """16 Li on 16c: eight Mn3+, four Mn4+, one of these near the threshold."""
    (c,) = (c for c in calculations if c.insertion == "oct_16c_rocksalt")
    moments = (*[0.0] * 16, *[-1.7] * 4, *[3.95] * 8, *[3.2] * 3, 3.5, *[0.0] * 32)
    return finished(c, magnetization=moments)


def test_sites_tell_moment_valence_and_place(
    project: Project, rock_salt: TaskDocument
) -> None:
    frame = open_results(project(rock_salt)).sites(2)
    assert tuple(frame.columns) == SITE_COLUMNS
    assert frame.attrs["units"] == SITE_UNITS
    assert set(SITE_UNITS) < set(SITE_COLUMNS)
    manganese = frame[frame["element"] == "Mn"]
    assert list(manganese["valence"]) == [3] * 8 + [4] * 4
    assert list(manganese["valence_balanced"]) == [3] * 8 + [4] * 4
    assert list(manganese["ambiguous"]) == [False] * 11 + [True]  # 3.55 - 3.50
    assert manganese["margin"].iloc[-1] == pytest.approx(0.05)
    assert set(frame.loc[frame["element"] == "Ni", "valence"]) == {2}
    assert frame["valence_balanced"].sum() == 0
    lithium = frame[frame["element"] == "Li"]
    assert lithium["valence"].isna().all()
    assert set(lithium["initial_site"]) == set(lithium["final_site"]) == {"16c"}


def test_an_ion_that_moved_has_two_places(
    project: Project, rock_salt: TaskDocument
) -> None:
    assert rock_salt.structure is not None
    moved = rock_salt.structure.copy()
    moved.translate_sites([0], [1 / 8, 1 / 8, 1 / 8])  # from 16c onto 8a
    document = rock_salt.model_copy(update={"structure": moved})
    frame = open_results(project(document)).sites(2)
    assert (frame["initial_site"][0], frame["final_site"][0]) == ("16c", "8a")
    assert set(frame["final_site"][1:16]) == {"16c"}


def test_octahedra_are_given_of_ni_and_mn_only(rock_salt: TaskDocument) -> None:
    frame = pd.DataFrame(site_rows(rock_salt))
    metals = frame["element"].isin(["Ni", "Mn"])
    assert frame.loc[metals, "rho"].notna().all()
    assert frame.loc[~metals, "rho"].isna().all()
    # c is 5 % longer: every octahedron is stretched along z
    assert (frame.loc[metals, "l_z"] > frame.loc[metals, "l_x"]).all()
    assert set(frame.loc[metals, "jt_mode"]) == {"z elongated"}


def test_the_series_averages_the_sites(
    project: Project, rock_salt: TaskDocument
) -> None:
    results = open_results(project(rock_salt))
    row, frame = results.series().iloc[0], results.sites()
    manganese = frame[frame["element"] == "Mn"]
    assert row["jt_rho"] == pytest.approx(manganese["rho"].mean())
    assert row["n_mn3"] == (manganese["valence"] == 3).sum()
    assert row["n_ambiguous"] == frame["ambiguous"].sum()


def test_a_run_of_somebody_else_has_sites_without_roles() -> None:
    document = parse_run(DATA / "MgMn2O4_static_antiferromagnetic")
    frame = pd.DataFrame(site_rows(document))
    manganese = frame[frame["element"] == "Mn"]
    assert set(frame["final_site"]) == {""}
    assert set(manganese["valence"]) == {3}
    assert list(frame["valence_balanced"]) == [2] * 2 + [3] * 4 + [-2] * 8
    assert frame["balance_margin"].min() > 0.05
    # a turned primitive cell that nobody described: its bonds give the axes
    bonds = manganese[["l_y", "l_x", "l_z"]].to_numpy()
    assert bonds == pytest.approx(np.tile([1.93, 1.94, 2.27], (4, 1)), abs=0.005)
    assert manganese["axis_angle"].max() < 5
    # the paper's argument: the long bonds are where the eg electron is
    assert set(manganese["eg_orbital"]) == {"dz2"}
    assert set(manganese["eg_axis"]) == {"c"}
    assert manganese["eg_phase"].to_numpy() == pytest.approx(
        manganese["phi"].to_numpy(), abs=3
    )
    assert (manganese["n_t2g"] > 3).all()
    assert set(frame.loc[frame["element"] != "Mn", "eg_orbital"]) == {""}


def test_a_document_without_moments_or_structure_has_what_there_is(
    rock_salt: TaskDocument,
) -> None:
    still = rock_salt.model_copy(update={"magnetization": None})
    rows = site_rows(still)
    assert all(math.isnan(row["magnetization"]) for row in rows)
    assert all(math.isnan(row["valence"]) for row in rows)
    assert "m_mn" not in summarize(still).numbers
    assert site_rows(rock_salt.model_copy(update={"structure": None})) == []


def test_runs_are_one_row_a_step_in_the_order_of_the_steps(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    c = calculations[4]
    told = Finding(id="li_left_site", severity="warning", message="1 of 8 Li")
    documents = [
        finished(c, "static", bandgap=0.4, bandgap_up=0.4, bandgap_down=2.0),
        finished(
            c, "relax", findings=(told, told), run_seconds=60.0, corrections=({}, {})
        ),
        finished(c, "dos", state=State.TRUNCATED, reason="no footer", energy=None),
        finished(calculations[0]),
    ]
    frame = open_results(project(*documents)).runs()
    assert tuple(frame.columns) == RUN_COLUMNS
    assert RUN_UNITS.items() <= frame.attrs["units"].items()
    assert list(zip(frame["x"], frame["step"], strict=True)) == [
        (0, "static"), (1, "relax"), (1, "static"), (1, "dos")
    ]  # fmt: skip
    assert list(frame["state"]) == ["DONE", "DONE", "DONE", "TRUNCATED"]
    assert frame["reason"].iloc[-1] == "no footer"
    assert frame["findings"].iloc[1] == "li_left_site"
    assert (frame["corrections"].iloc[1], frame["seconds"].iloc[1]) == (2, 60)
    assert list(frame["gap"]) == [0.5, 0.5, 0.4, 0.5]
    assert math.isnan(frame["energy"].iloc[-1])


def test_a_structure_comes_with_its_moments_and_its_origin(
    project: Project, calculations: Calculations, finished: Finished
) -> None:
    lower, higher = (
        finished(c, energy=e)
        for c, e in zip(
            (c for c in calculations if c.x == 2), (-450.0, -449.0), strict=True
        )
    )
    results = open_results(project(lower, higher))
    found = results.structure(2)
    assert found.properties["calculation_id"] == lower.calculation_id
    labels = {"engine": "vasp", "hubbard_u": "Mn 5.96, Ni 4.5", "state": "DONE"}
    assert labels.items() <= found.properties.items()
    assert {"surrogate", "fake", "ended_as", "findings"} <= set(found.properties)
    assert found.site_properties["magmom"] == list(lower.magnetization or ())
    assert set(found.site_properties) >= {"role", "label"}
    other = results.structure(2, insertion=higher.insertion)
    assert other.properties["insertion"] == higher.insertion
