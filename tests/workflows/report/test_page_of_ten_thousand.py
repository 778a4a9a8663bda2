"""The page of a large campaign: small enough to mail, and it says what is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from workflows.campaign.calculation import Calculation
from workflows.records.document import Finding, TaskDocument
from workflows.records.summary import Summary, summarize
from workflows.report.page import report_html
from workflows.results.results import Results

CALCULATIONS = 10_000


@dataclass
class Many:
    """A store of copies of a few documents, one energy each; kept in memory."""

    root: Path
    originals: list[TaskDocument]
    kept: dict[str, TaskDocument] = field(default_factory=dict)

    def put(self, document: TaskDocument) -> None:
        raise NotImplementedError

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        number = int(calculation_id)
        original = self.originals[number % len(self.originals)]
        return original.model_copy(update=self._own(number))

    def documents(self) -> Iterator[TaskDocument]:
        raise AssertionError("a page must not read every structure")

    def summaries(self) -> Iterator[Summary]:
        summaries = [summarize(document) for document in self.originals]
        for number in range(CALCULATIONS):
            base = summaries[number % len(summaries)]
            own = self._own(number)
            document = base.document.model_copy(update=own)
            numbers = {**base.numbers, "energy_per_fu": own["energy"] / 8}
            yield replace(base, document=document, numbers=numbers)

    def _own(self, number: int) -> dict[str, object]:
        original = self.originals[number % len(self.originals)]
        assert original.energy is not None
        energy = original.energy + 1e-3 * number
        told = Finding(
            id="li_left_site", severity="warning", message=f"{number} Li left 8a"
        )
        return {
            "calculation_id": f"{number:012d}",
            "energy": energy,
            "energy_per_atom": energy / 56,
            "dir_name": f"calculations/{number:012d}/static",
            "findings": (told,),
        }


@pytest.fixture(scope="module")
def html(
    calculations: tuple[Calculation, ...], finished: Callable[..., TaskDocument]
) -> str:
    originals = [finished(c) for c in calculations]
    return report_html(Results(Many(Path("/nowhere"), originals)), None)


def test_it_is_below_ten_megabytes(html: str) -> None:
    assert len(html.encode()) < 10_000_000


def test_what_is_left_out_is_said(html: str) -> None:
    page = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    told = set(re.findall(r"[Ss]howing ([\d,]+) of ([\d,]+) ?(\w*)", page))
    assert ("300", "10,000", "steps") in told
    assert any(what == "points" for _, _, what in told)
    assert any(of == "27000" for _, of, _ in told)  # hull.csv, told
