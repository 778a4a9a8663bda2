"""The engines by name, and the parser that knows them all."""

from pathlib import Path
from typing import TYPE_CHECKING

from workflows.engines.protocol import Engine, read_run_file
from workflows.errors import CampaignError
from workflows.paths import given_path

if TYPE_CHECKING:
    from workflows.records.document import TaskDocument

__all__ = ["engine", "parse_run"]


def engine(name: str) -> Engine:
    """Return an engine by its name in a campaign file."""
    if name == "vasp":
        from workflows.engines.vasp.engine import VaspEngine

        return VaspEngine()
    if name == "chgnet":
        from workflows.engines.chgnet.engine import ChgnetEngine

        return ChgnetEngine()
    if name == "gpaw":
        from workflows.engines.gpaw.engine import GpawEngine

        return GpawEngine()
    raise CampaignError(f"unknown engine {name!r}; known: vasp, chgnet, gpaw")


def parse_run(directory: str | Path) -> "TaskDocument":
    """Read one run directory, made by lnmo or any VASP run.

    Parameters
    ----------
    directory
        A step's directory as ``lnmo`` makes it, any directory with VASP files (if it
        has several runs by suffix, the last), or one file of a run.

    Returns
    -------
    TaskDocument
        Its ``state`` says whether the run finished.

    Raises
    ------
    StoreError
        There is no run in the directory, or `directory` is no path.
    """
    path = given_path(directory, "directory")
    if path.is_file():
        from workflows.engines.vasp.parse import parse_files
        from workflows.vasp.run_files import run_of

        return parse_files(run_of(path))
    from workflows.records.document import State, TaskDocument
    from workflows.records.identity import problem_of_directory

    found = read_run_file(path)
    if found is None:
        return engine("vasp").parse(path)
    calculation, step, _ = found
    by_vasp = (
        calculation.engine == "vasp" and step != "relax"
    )  # judged where it is read
    if not by_vasp and (
        problem := problem_of_directory(path, calculation.id, step, None)
    ):
        known = {"engine": "unknown", "formula": "unknown", "dir_name": str(path)}
        return TaskDocument(
            state=State.FAILED, reason=problem, task_label=step, **known
        )
    return engine(calculation.engine).parse(path)
