"""What the files of a GPAW run prove about it.

==============  ==============================================================
PLANNED         inputs of ours, and no text of GPAW
NEVER_STARTED   a command that ended before GPAW wrote its text
RUNNING         not at its end, and a GPAW of ours is alive in the directory
TRUNCATED       no whole ``result.json``, or the text it was made with is gone,
                cut or changed
FAILED          at its end, but text and result contradict each other, or GPAW
                used something else than what was planned
UNCONVERGED     at its end without a self-consistent density, or not relaxed
DONE            converged, relaxed if that was asked, and everything agrees
==============  ==============================================================
"""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workflows.atomic import parse_json, read_regular, read_regular_bytes
from workflows.campaign.calculation import Calculation
from workflows.counts import count_of
from workflows.engines.gpaw.inputs import RESULT_FILE, parameters
from workflows.engines.gpaw.process import CORRECT, NEVER_STARTED, last_words
from workflows.engines.gpaw.text import TextNumbers, last_text, read_text_numbers
from workflows.engines.orphans import is_alive
from workflows.records.document import State

PRINTED = {"energy": 2e-6, "fermi": 1e-3, "moment": 2e-6, "u": 1e-6}
"""Half a unit of the last digit that GPAW prints, and some: eV, eV, muB, eV."""


NOT_OURS = (KeyError, TypeError, ValueError, IndexError, AttributeError)
"""Errors raised when a result was written by another version, or edited."""


def another_form(error: Exception) -> str:
    """Return what is wrong with a whole result that cannot be read, and the cure."""
    lacks = isinstance(error, KeyError)
    what = f"lacks {error}" if lacks else f"has another form ({type(error).__name__})"
    return f"{what}; another version of lnmo wrote it, or it was edited: run it again"


def read_result(directory: Path) -> dict[str, Any] | str:
    """Return the result of a run, or why there is none that can be believed."""
    try:
        content = parse_json(_whole(directory / RESULT_FILE))
        result, digest = content["result"], content["sha256"]
    except FileNotFoundError:
        return _interrupted(directory)
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
        return f"{RESULT_FILE} is cut or damaged: run the step again"
    own = json.dumps(result, sort_keys=True)
    if not isinstance(result, dict) or _sha256(own.encode()) != digest:
        return f"{RESULT_FILE} was changed after GPAW wrote it: run the step again"
    try:
        return _with_its_text(directory, result) or result
    except NOT_OURS as error:
        return f"{RESULT_FILE} {another_form(error)}"


def _whole(path: Path) -> bytes:
    """Read a file, or what was packed of it to be kept."""
    packed = path.with_name(f"{path.name}.gz")
    if packed.exists() and not path.exists():
        return gzip.decompress(read_regular_bytes(packed))
    return read_regular_bytes(path)


def _interrupted(directory: Path) -> str:
    said = last_words(directory)
    return f"no {RESULT_FILE}: the run was interrupted" + (
        f"; GPAW said last: {said}" if said else ""
    )


def _with_its_text(directory: Path, result: Mapping[str, Any]) -> str:
    name, digest = result["text"]["file"], result["text"]["sha256"]
    try:
        content = read_regular_bytes(directory / name)
    except OSError:
        return f"{name}, the text of GPAW that the result was made with, is gone"
    if _sha256(content) != digest:
        return f"{name} is cut or was changed after GPAW wrote it: no proof of a result"
    return ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unfinished(directory: Path) -> tuple[State, str] | None:
    """Return state and reason of a run that is not at its end, else None."""
    if last_text(directory) is None:
        if is_alive(directory):
            return State.RUNNING, "GPAW starts"
        said = last_words(directory)
        if not said:
            return State.PLANNED, "not started"
        cure = "" if CORRECT in said else f"; {CORRECT} or its environment"
        return State.NEVER_STARTED, f"{NEVER_STARTED}: {said}{cure}"
    found = read_result(directory)
    if isinstance(found, str):
        if is_alive(directory):
            return State.RUNNING, "GPAW is running here"
        return State.TRUNCATED, found
    return None


def judged(
    directory: Path, result: Mapping[str, Any], calculation: Calculation
) -> tuple[State, str]:
    """Judge a run at its end by its text, its result and its plan."""
    if reason := result.get("reason"):
        if "energy" not in result and result["step"] != "dos":
            reason = f"the density is {reason}: {_ladder(result)}"
        return State.UNCONVERGED, str(reason)
    text = read_regular(directory / result["text"]["file"], "replace")
    numbers = read_text_numbers(text)
    problems = (*_not_applied(result, numbers, calculation), *_differs(result, numbers))
    for problem in problems:
        return State.FAILED, problem
    return State.DONE, ""


def _ladder(result: Mapping[str, Any]) -> str:
    tried = (count_of(a["iterations"], "iteration") for a in result["attempts"])
    return (
        f"tried {', '.join(tried)}; take another start (start.displacement, "
        "gpaw.magmom), a larger gpaw.width, or look at the last gpaw-N.txt"
    )


def _differs(result: Mapping[str, Any], text: TextNumbers) -> Iterator[str]:
    """Name each number of the result that the text does not have."""
    pairs: list[tuple[str, Any, Any, float]] = [
        ("Fermi level", result["fermi_level"], text.fermi, PRINTED["fermi"]),
    ]
    if result["step"] != "dos":
        if not text.converged:
            yield "the text of GPAW shows no converged density"
        spin_paired = len(result["eigenvalues"]) == 1  # no moment is printed then
        moments = [] if spin_paired else list(result["moments"])
        if len(text.moments) != len(moments):
            yield (
                f"the text has {count_of(len(text.moments), 'moment')}, the result "
                f"{len(moments)}"
            )
        close = PRINTED["moment"]
        pairs += [
            ("energy", result["energy"], text.energy, PRINTED["energy"]),
            *(
                [("total moment", result["total_moment"], text.total_moment, close)]
                if moments
                else []
            ),
            *(
                (f"moment of atom {i}", own, said, close)
                for i, (own, said) in enumerate(
                    zip(moments, text.moments, strict=False)
                )
            ),
        ]
    for name, own, said, limit in pairs:
        if said is None or not abs(own - said) <= limit:
            yield f"the {name} is {own} in {RESULT_FILE} and {said} in GPAW's text"


def _not_applied(
    result: Mapping[str, Any], text: TextNumbers, calculation: Calculation
) -> Iterator[str]:
    """Name what GPAW used and nobody planned: cutoff, functional, mesh, U."""
    step = result["step"]
    wanted, used = parameters(calculation, step), result["parameters"]
    names = ["mode", "xc", "occupations"] + (["kpts"] if step != "dos" else [])
    for name in names:
        for key, value in _items(wanted[name]):
            if (own := _items_of(used.get(name)).get(key)) != value:
                yield f"GPAW used {name} {key} = {own} where {value} was planned"
    for element, setup in result["setups"].items():
        planned = calculation.settings["hubbards"].get(element, 0.0)
        for own in (setup["hubbard_u"], *_printed_u(text, element)):
            if abs(own - planned) > PRINTED["u"]:
                yield (
                    f"GPAW used U = {own:g} eV on {element} where {planned:g} was "
                    "planned"
                )
        if text.setups.get(element, setup["md5"]) != setup["md5"]:
            yield f"the text names another PAW data set of {element} than the result"


def _printed_u(text: TextNumbers, element: str) -> tuple[float, ...]:
    return (text.hubbards.get(element, 0.0),) if text.setups else ()


def _items(value: Any) -> list[tuple[str, Any]]:
    return list(_items_of(value).items())


def _items_of(value: Any) -> dict[str, Any]:
    """Return a parameter as GPAW writes it, a name alone as its mapping."""
    if isinstance(value, str):
        return {"name": value}
    return dict(value) if isinstance(value, Mapping) else {}
