"""docs/cluster.md says nothing that the command does not know."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from tests.places import TOP
from workflows.cli import app

PAGE = (TOP / "docs" / "cluster.md").read_text("utf-8")
IN_BLOCKS = re.findall(r"^\s*(?:srun -n1 )?(lnmo [^;#\n]*)", PAGE, re.MULTILINE)
IN_LINE = re.findall(r"`(lnmo [^`;]*)", PAGE)
COMMANDS = sorted({line.strip() for line in (*IN_BLOCKS, *IN_LINE)})


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_of_the_page_is_one(line: str) -> None:
    _, verb, *words = shlex.split(line)
    command = app.get_command(click.Context(app), verb)
    assert command is not None
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
    options = [word for word in words if word.startswith("-")]
    assert set(options) <= known, line


def test_the_page_was_read() -> None:
    assert len(COMMANDS) > 15
