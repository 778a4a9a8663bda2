"""Every key of a campaign, as the model lists them, refuses what is no value for it.

Nothing is written here by hand but the values: a key that is added is tried too.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows.campaign import strict_yaml
from workflows.campaign.campaign import Campaign, load_campaign
from workflows.errors import CampaignError

WORDS = ("a\nISPIN = 1; ISYM = 0 # !", "a\0b", "\x1b[31m", "a" * 3000, "\ud800")
NUMBERS = (math.nan, math.inf, -math.inf, -1e300, 10**30)
FREE_TEXT = {("description",)}


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inside:
        yield (*at, key)
        if isinstance(item, dict | list):
            yield from places(item, (*at, key))


def kind(place: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple("*" if isinstance(key, int) else key for key in place)


@pytest.fixture(scope="module")
def fields(paper: Campaign) -> tuple[dict[str, Any], tuple[tuple[Any, ...], ...]]:
    content = paper.model_dump(mode="json")
    own = {kind(place): place for place in places(content)}
    return content, tuple(own.values())


@pytest.mark.parametrize("value", [*WORDS, *NUMBERS], ids=lambda v: ascii(v)[:20])
def test_no_key_takes_what_is_no_value(
    fields: tuple[dict[str, Any], tuple[tuple[Any, ...], ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    value: Any,
) -> None:
    content, keys = fields
    assert len(keys) > 80
    path = tmp_path / "c.yaml"
    path.write_text("", "utf-8")
    for place in keys:
        if place in FREE_TEXT and isinstance(value, str):
            continue
        changed = copy.deepcopy(content)
        inside = changed
        for key in place[:-1]:
            inside = inside[key]
        inside[place[-1]] = value
        monkeypatch.setattr(strict_yaml, "load", lambda _, raw=changed: raw)
        with pytest.raises(CampaignError) as caught:
            load_campaign(path)
        told = str(caught.value)
        assert told.isprintable(), place
        assert len(told) < 700, place


@pytest.mark.parametrize(
    "text",
    [
        "name: !!python/object/apply:os.system [id]",
        "name: !!python/name:os.system",
        "name: t\nvasp: &v {kpoints: [3, 3, 3]}\ngpaw: {<<: *v, nosuch: 1}",
        "name: t\n\tx: [1]",
        "name: t\nx: !!set {1}",
        "name: *nothing",
        "name: &a [*a]",
        f"name: {'a' * 10_000}",
        f"{'a' * 10_000}: 1",
        f"vasp: {{incar: {{common: {{{'A' * 10_000}: 1}}}}}}",
        f"vasp: {{incar: {{common: {{ENCUT: {'9' * 10_000}}}}}}}",
    ],
)
def test_what_yaml_can_do_and_no_campaign_needs_is_one_line(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(CampaignError) as caught:
        load_campaign(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_another_encoding_is_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes("name: t\ndescription: \u00e9\u00fc\n".encode(encoding))
    with pytest.raises(CampaignError, match="cannot be read as a campaign file"):
        load_campaign(path)


@pytest.mark.parametrize("form", ["utf-8-sig", "crlf"])
def test_a_file_saved_on_windows_is_read(
    tmp_path: Path, paper: Campaign, form: str
) -> None:
    text = yaml.safe_dump(paper.model_dump(mode="json"))
    path = tmp_path / "c.yaml"
    if form == "crlf":
        path.write_bytes(text.replace("\n", "\r\n").encode())
    else:
        path.write_text(text, form)
    assert load_campaign(path) == paper
