"""Pages of docs/ run as a reader would: blocks in order, what they print compared.

A block ``sh`` runs in bash, and what it exports is there for the next one; a block
``text`` behind it is what it printed, with ``...`` for what differs. A block ``python``
is a doctest.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.places import TOP

DOCS = TOP / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
FLAGS = doctest.ELLIPSIS | doctest.REPORT_NDIFF
OUTPUT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
VARIABLES = ".environment"
"""File with the variables after a block."""
OURS = ("LNMO_", "FAKE_VASP_", "PMG_")


def run_page(path: Path) -> int:
    """Run every block of a page in the working directory; return how many examples."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
    bin_of_ours = Path(sys.executable).parent
    environment = {**kept, "PATH": f"{bin_of_ours}:{kept['PATH']}"}
    names: dict[str, object] = {}
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(optionflags=FLAGS)
    text, printed = path.read_text("utf-8"), ""
    for found in BLOCK.finditer(text):
        language, block = found.groups()
        if language == "sh":
            printed, environment = _run_shell(block, environment)
        elif language == "text":
            assert doctest.OutputChecker().check_output(block, printed, OUTPUT), printed
        else:
            assert language == "python"
            told: list[str] = []
            line = text[: found.start(2)].count("\n")
            example = parser.get_doctest(block, names, path.stem, str(path), line)
            runner.run(example, out=told.append, clear_globs=False)
            names = example.globs
            assert not told, "".join(told)
    return runner.tries


def _run_shell(block: str, environment: dict[str, str]) -> tuple[str, dict[str, str]]:
    file = Path(VARIABLES).absolute()
    done = subprocess.run(
        ["bash", "-c", f"set -eu\n{block}\nenv -0 > {file}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    pairs = file.read_text("utf-8").split("\0")
    variables = dict(pair.split("=", 1) for pair in pairs if pair)
    os.chdir(variables["PWD"])  # a block may have gone elsewhere
    return done.stdout, variables


def blocks(text: str) -> list[tuple[str, str]]:
    """Return each runnable block's language, and the line before it."""
    lines = text.splitlines()
    return [
        (line.strip("` "), lines[i - 1].strip() if i else "")
        for i, line in enumerate(lines)
        if line.strip() in {"```sh", "```bash", "```python", "```console"}
    ]
