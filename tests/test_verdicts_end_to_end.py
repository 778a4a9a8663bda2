"""Verdicts as a user gets them: a wrong state at x = 2, and what every file says.

The fake VASP gives every Mn of x = 2 the same moment (``wrong_valence``): the mean of
the paper, and not one Mn3+.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import forked
from tests.places import FAKE_VASP
from workflows import cli, load_campaign, open_results
from workflows.report.page import report_html
from workflows.results.verdict import Status, overall

MODEL = "oct_16c_rocksalt"
CAMPAIGN: dict[str, Any] = {
    "name": "c",
    "x": [0, 1, 1.5, 2],
    "insertion": [{"model": MODEL}],
    "orderings": {"max_enumerate": 20},
    "start": {"single": True},
    "vasp": {
        "dos_at": [1],
        "kpoints_lithium": [3, 3, 3],
        "incar": {"common": {"NEDOS": 301}, "dos": {"NEDOS": 1501}},
    },
}
TABLES = ("series", "sites", "runs", "voltage", "hull", "pdos", "verdicts")


def lnmo(place: Path, *words: str, **more: str) -> str:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("LNMO_", "FAKE_"))}
    fake = {"LNMO_VASP_CMD": f"{sys.executable} {FAKE_VASP}"}
    environment = {**own, **fake, "LNMO_POLL_SECONDS": "0.1", **more}
    ran = forked.lnmo(*words, cwd=place, env=environment)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def run(place: Path, **more: str) -> Path:
    (place / "launchpad.yaml").write_text("host: embedded\n")
    (place / "c.yaml").write_text(yaml.safe_dump(CAMPAIGN))
    lnmo(place, "run", "c.yaml", "-j", "2", **more)
    return place


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("wrong"), FAKE_VASP_FAIL="wrong_valence")


def test_the_stand_in_reproduces_the_paper_where_nothing_is_wrong(right: Path) -> None:
    verdicts = open_results(right).compare_to_paper()
    at_two = {v.check: v for v in verdicts if v.insertion and v.value is not None}
    assert {v.outcome for v in at_two.values()} == {Status.PASS}
    assert {"charge_order_x2", "gap_x2", "voltage_1_to_2"} <= set(at_two)
    assert overall(verdicts, MODEL) == "PASS (fake)"


def test_twelve_equal_mn_pass_on_no_row_and_fail_as_a_whole(wrong: Path) -> None:
    verdicts = open_results(wrong).compare_to_paper()
    at_two = {v.check: v for v in verdicts if v.insertion}
    assert Status.PASS not in {v.outcome for v in at_two.values()}
    mean = at_two["m_mn_x2"]
    assert mean.value == pytest.approx(3.70, abs=0.01)  # that of the paper
    assert mean.status == "WARN (fake)"
    assert "all Mn alike: symmetrised or delocalised" in mean.reason
    assert at_two["charge_order_x2"].status == "FAIL (fake)"
    assert overall(verdicts, MODEL) == "FAIL (fake)"


def test_a_user_reads_the_same_in_the_terminal_and_on_the_page(wrong: Path) -> None:
    text = lnmo(wrong, "results", "c.yaml")
    assert f"overall, {MODEL}: FAIL (fake)" in text
    words = " ".join(text.split())
    assert "all Mn alike" in words
    # Turned round: a voltage says that the mesh of its lithium is coarse, too.
    assert "PASS" not in words.replace("PASS (fake", "")
    campaign = load_campaign(wrong / "c.yaml")
    page = report_html(open_results(wrong), campaign)
    assert f'<code>{MODEL}</code>: <span class="FAIL">FAIL (fake)</span>' in page
    assert ">PASS<" not in page


@pytest.fixture
def printed(
    right: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What ``lnmo results`` prints of the right project, in this process."""
    monkeypatch.chdir(right)
    for name in ("LNMO_ROOT", "LNMO_LAUNCHPAD"):
        monkeypatch.delenv(name, raising=False)

    def call(table: str, form: str) -> str:
        own = ("--x", "1") if table == "pdos" else ()
        words = ["lnmo", "results", "c.yaml", "--table", table, form, *own]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        return capsys.readouterr().out

    return call


@pytest.mark.parametrize("table", TABLES)
def test_every_csv_says_in_every_row_that_it_is_fake(
    printed: Callable[..., str], table: str
) -> None:
    rows = list(csv.DictReader(io.StringIO(printed(table, "--csv"))))
    assert rows
    for row in rows:
        if not row["engine"]:
            assert row["status"] == "NOT_COMPUTED"
            continue
        assert row["fake"] == "True"
        assert row["surrogate"] == "False"
        assert row["engine_version"].endswith("fake")
        assert row["functional"] == "pbe_u"
        assert row["hubbard_u"] in {"Mn 5.96, Ni 4.5", "none"}  # none: lithium metal
        for name in ("state", "insertion", "ended_as"):
            assert name in row


@pytest.mark.parametrize("table", TABLES)
def test_every_json_says_in_every_row_that_it_is_fake(
    printed: Callable[..., str], table: str
) -> None:
    found = json.loads(printed(table, "--json"))
    made = [row for row in found["rows"] if row["engine"]]
    assert made
    for row in made:
        assert row["fake"] is True
        assert row["surrogate"] is False
        assert {"hubbard_u", "state", "insertion", "ended_as"} <= set(row)


def test_every_other_json_has_both_words(right: Path) -> None:
    series = json.loads(lnmo(right, "results", "c.yaml", "--json"))
    assert all(row["fake"] and not row["surrogate"] for row in series)
    runs = next((right / "lnmo-data" / "calculations").iterdir())
    parsed = json.loads(lnmo(right, "parse", str(runs), "--json"))
    text = json.dumps(parsed)
    assert '"fake": true' in text
    assert '"surrogate": false' in text
