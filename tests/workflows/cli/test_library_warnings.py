"""What a library warns of is one line on standard error, without a path of its code."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator

import pytest

from workflows.cli import library_warnings


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    logger = logging.getLogger("matplotlib")
    filters = list(logger.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        library_warnings.prepare()
        yield
    logger.filters[:] = filters


@pytest.mark.parametrize(
    "text", ["sizes collapsed", "two\nlines", "a \x1b[31mcolour", ""]
)
def test_a_warning_is_one_line_without_path_and_source(
    capfd: pytest.CaptureFixture[str], text: str
) -> None:
    warnings.warn(text, stacklevel=1)
    told = capfd.readouterr().err
    assert told.startswith("lnmo: warning: ")
    assert told.count("\n") == 1
    assert "\x1b" not in told
    assert __file__ not in told


def test_without_standard_error_nothing_is_printed_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    warnings.warn("unseen", stacklevel=1)
    assert capsys.readouterr().out == ""


def test_matplotlib_tells_of_fonts_and_not_of_its_cache(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("matplotlib").warning("mkdir -p failed for path /.config")
    logging.getLogger("matplotlib").error("broken")
    logging.getLogger("matplotlib.font_manager").warning("font not found")
    assert [record.message for record in caplog.records] == ["broken", "font not found"]
