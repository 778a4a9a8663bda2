"""README, typed line by line as a newcomer would, in a copy of what git has.

A line that cannot be typed in a test is listed with the reason; a line that takes hours
is replaced by a short one of the same verb. A line of neither kind must work.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from structures import spinel_host
from tests.places import FAKE_VASP, TOP
from workflows import load_campaign, plan
from workflows.errors import ResultsError

TEXT = (TOP / "README.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
BLOCKS = [(found[1] or "sh", found[2]) for found in BLOCK.finditer(TEXT)]

STUDIES = ("convergence", "u-sensitivity", "magnetic-order", "ordering", "functional")
NOT_TYPED = {
    "make ": "installs packages; .ci/run and the tests of the campaigns do the same",
    "lnmo --install-completion": "changes the files of the reader's shell",
    "export PMG_VASP_PSP_DIR": "there is no licensed library; POTCAR.spec is written",
    "lnmo submit paper": "needs a MongoDB: tests/test_cluster_docs.py types it",
    "lnmo launch": "needs a MongoDB and a queue: tests/test_cluster_docs.py",
    "lnmo status": "needs a MongoDB and a queue: tests/test_cluster_docs.py",
    "lnmo reconcile": "needs a MongoDB and a queue: tests/test_cluster_docs.py",
    **dict.fromkeys(
        [f"lnmo run {name}" for name in STUDIES],
        "a study of hours: tests/workflows/campaign/test_variants.py plans it",
    ),
    "lnmo compare": "compares a study: tests/workflows/results/test_variants.py",
}
"""Beginnings of lines, and why they are not typed here."""

TYPED_INSTEAD = {
    "lnmo orderings paper": "lnmo orderings paper --x 1",
    "lnmo write paper -o inputs": "lnmo write paper -o inputs --x 1",
    "lnmo write paper --explain": "lnmo write paper --explain --x 1",
    "lnmo run paper": "lnmo run paper --x 1",
    "lnmo report paper": "lnmo report paper --x 1",
    "lnmo figures paper": "lnmo figures paper --x 1",
    "lnmo figures --only": "lnmo figures --only 2e --width 8.5cm --style ggplot",
    "lnmo results u-sensitivity": "lnmo results u-sensitivity --variant mp --x 1",
    "export LNMO_VASP_CMD": f'export LNMO_VASP_CMD="{sys.executable} {FAKE_VASP}"',
    "lnmo check DIR": "lnmo check inputs",
    "lnmo report DIR": "lnmo report lnmo-data -o others.html",
    "lnmo check --same DIR": "lnmo check --same inputs",
}
"""Beginnings of lines, and the start of what is typed: one x, the stand-in for VASP."""

ONE_X = {
    "results.structure(2)": "x = 2 is not computed here",
}
"""Lines of Python that need another x; they say so."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone holds, without the data of the tests."""
    place = tmp_path_factory.mktemp("readme") / "lnmo"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git clone: there is no list of what belongs to it")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if not name.startswith("tests/data/") and (TOP / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, place / name)
    # No environment that a line could install into: the commands of this one.
    (place / ".venv" / "bin").mkdir(parents=True)
    commands = Path(sys.executable).parent
    (place / ".venv" / "bin" / "activate").write_text(f'PATH="{commands}:$PATH"\n')
    return place


def lines_of(block: str) -> Iterator[str]:
    """Yield the commands of a block without their comments."""
    for line in block.splitlines():
        if command := line.partition("  #")[0].partition(" # ")[0].strip():
            yield command


def instead(line: str) -> str:
    """Return what is typed for a line: itself, mostly."""
    for begin, other in TYPED_INSTEAD.items():
        if line.startswith(begin):
            return other
    return line


def script_of(block: str) -> str:
    """Return a block as a shell types it; that of a cluster in a directory beside."""
    lines = [
        f"echo '@@@ {line}'\n{instead(line)}"
        for line in lines_of(block)
        if not line.startswith(tuple(NOT_TYPED))
    ]
    typed = "\n".join(lines)
    if "lnmo init" in block:
        return f"mkdir cluster; cp launchpad.yaml cluster; cd cluster\n{typed}\ncd .."
    return typed


@pytest.fixture(scope="module")
def typed(clone: Path) -> dict[str, str]:
    """What each line of the shell blocks printed, in order; one shell for all."""
    blocks = [b for language, b in BLOCKS if language == "sh" and b[0] != " "]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LNMO_")}
    environment["LNMO_POLL_SECONDS"] = "0.1"
    done = subprocess.run(
        ["bash", "-c", "\n".join(["set -eu", *map(script_of, blocks)])],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    parts = re.split(r"^@@@ (.*)\n", done.stdout, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_every_line_of_the_shell_works(typed: dict[str, str], clone: Path) -> None:
    assert "PLANNED" in typed["lnmo results paper"]
    assert "x=1 relax ended" in typed["lnmo run paper"]
    assert typed["lnmo report paper"] == f"report: {clone / 'report.html'}\n"
    assert (clone / "report.html").is_file()
    assert (clone / "figures" / "fig2e-moments.pdf").is_file()
    assert (clone / "cluster" / "my_qadapter.yaml").is_file()
    assert "0 errors" in typed["lnmo check DIR..."]
    assert "no plan and no verdict" in typed["lnmo report DIR..."]


def test_every_exception_is_a_line_of_the_readme() -> None:
    lines = [line for _, block in BLOCKS for line in lines_of(block)]
    for begin in (*NOT_TYPED, *TYPED_INSTEAD, *ONE_X):
        assert any(line.startswith(begin) for line in lines), begin


@pytest.mark.usefixtures("typed")
def test_every_line_of_python_works(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clone)
    monkeypatch.delenv("LNMO_ROOT", raising=False)
    monkeypatch.delenv("LNMO_LAUNCHPAD", raising=False)
    names: dict[str, object] = {}
    (block,) = [b for language, b in BLOCKS if language == "python"]
    for statement in ast.parse(block).body:
        line = ast.unparse(statement)
        if line.startswith(tuple(ONE_X)):
            with pytest.raises(ResultsError):
                exec(line, names)
        else:
            exec(line, names)


@pytest.mark.parametrize("number", range(sum(kind == "yaml" for kind, _ in BLOCKS)))
def test_every_block_of_yaml_saved_alone_is_a_campaign(
    number: int, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    spinel_host().structure.to(str(tmp_path / "cell.cif"))
    path.write_text([b for kind, b in BLOCKS if kind == "yaml"][number], "utf-8")
    campaign = load_campaign(path).override(x=[1])
    assert campaign.name == "mine"
    assert plan(campaign)


def test_what_git_must_not_take_is_ignored(clone: Path) -> None:
    made = ["report.html", "report-paper-chgnet.html", "figures/a.pdf", "inputs/POSCAR"]
    found = subprocess.run(
        ["git", "check-ignore", *made, "lnmo-data/launchpad.json"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == [*made, "lnmo-data/launchpad.json"]
