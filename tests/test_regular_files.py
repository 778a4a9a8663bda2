"""What lies in a user's directory is read only if it is a file.

A FIFO of the name of a result would be waited for without end. So our code opens files
by the functions of ``workflows/atomic.py``, which look first, or says here why not.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests.places import TOP

METHODS = {"read_text", "read_bytes", "open"}
OWN = {"resources", "__file__", "O_WRONLY", "devnull"}
"""Names in a call that reads a file of the package, or reads nothing."""
WRITING = {"w", "wb", "a", "ab", "x"}
LOOKED_BEFORE = {
    "records/summary.py": "its own code",
    "cluster/project_files.py": "its own templates",
    "atomic.py": "it is the place that looks",
    "vasp/packed.py": "asks for the kind of file first",
    "cli/page_name.py": "asks for the kind of file first",
    "campaign/campaign.py": "asks for the kind of file first",
    "records/launchpad_settings.py": "asks for the kind of file first",
    "engines/gpaw/process.py": "what GPAW prints, opened for writing",
    "engines/gpaw/runner.py": "runs alone, beside GPAW, on files of its own",
    "fake_vasp/": "stands for VASP, which opens what it finds",
    "records/plan_cache.py": "its own code",
    "records/held_directory.py": "opens directories alone",
    "launchpad/file_lock.py": "locks, and /proc/locks",
    "cluster/scheduler.py": "a script that it wrote, or /dev/null",
    "cli/completion.py": "the start file of a shell, which that shell has read",
}


def opened(path: Path) -> list[str]:
    """Calls that open a file for reading, with their lines."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [f"{path.name}:{c.lineno} {ast.unparse(c)}" for c in calls if _opens(c)]


def test_json_that_others_may_have_written_is_read_where_nesting_is_no_traceback() -> (
    None
):
    own = {
        "atomic.py",
        "records/run_file.py",
        "engines/chgnet/engine.py",
        "engines/chgnet/imported.py",
        "records/document.py",
        "engines/gpaw/runner.py",
        "launchpad/local_queue.py",
        "launchpad/worker_process.py",
        "launchpad/worker_pool.py",
    }
    top = TOP / "workflows"
    found = {
        path.relative_to(top).as_posix()
        for path in top.rglob("*.py")
        if "json.loads(" in path.read_text("utf-8")
    }
    assert found == own, "what we have just written ourselves"


def _opens(call: ast.Call) -> bool:
    func = ast.unparse(call.func)
    method = isinstance(call.func, ast.Attribute) and call.func.attr in METHODS
    if not (method or func == "open") or func in {"tarfile.open", "step.open"}:
        return False
    nodes = list(ast.walk(call))
    words = {n.id for n in nodes if isinstance(n, ast.Name)}
    words |= {n.attr for n in nodes if isinstance(n, ast.Attribute)}
    modes = {str(a.value) for a in call.args if isinstance(a, ast.Constant)}
    return not (words & OWN or modes & WRITING)


def test_no_file_is_opened_without_a_look_at_its_kind() -> None:
    top = TOP / "workflows"
    found = {p.relative_to(top).as_posix(): opened(p) for p in top.rglob("*.py")}
    opening = {name: calls for name, calls in found.items() if calls}
    told = {
        name: next((key for key in LOOKED_BEFORE if name.startswith(key)), "")
        for name in opening
    }
    assert {name: opening[name] for name, key in told.items() if not key} == {}
    assert set(told.values()) == set(LOOKED_BEFORE), "a reason without a call"
