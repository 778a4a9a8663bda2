"""What is wrong with a campaign file, in one line, from pydantic's list of problems."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def explained(error: ValidationError, model: type[BaseModel]) -> str:
    """Say what is wrong: the key, the value, the limit, the nearest known name.

    Parameters
    ----------
    error
        What validating ``model`` raised.
    model
        Knows the keys.
    """
    return "; ".join(_explain(problem, model) for problem in _own(error.errors()))


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Suggest the known name that is most like a wrong one, if any is."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f" (did you mean {close[0]}?)" if close else ""


def _own(problems: Sequence[Any]) -> list[Any]:
    """Leave out what only follows from another problem of the same key."""
    follows = {"too_short", "literal_error"}

    def same_key(one: Any, other: Any) -> bool:
        key = tuple(part for part in one["loc"] if "literal[" not in str(part))
        return one is not other and tuple(other["loc"][: len(key)]) == key

    return [
        problem
        for problem in problems
        if problem["type"] not in follows
        or not any(same_key(problem, other) for other in problems)
    ]


def _explain(problem: Any, model: type[BaseModel]) -> str:
    location = tuple(problem["loc"])
    key = ".".join(str(part) for part in location)
    if problem["type"] == "extra_forbidden":
        known = _keys_at(location[:-1], model)
        return f"unknown key {key}{nearest(str(location[-1]), known)}"
    value = problem["input"]
    if key == "engine":
        engines = get_args(model.model_fields[key].annotation)
        return f"unknown engine {value!r}; known: {', '.join(engines)}"
    if problem["type"] in {"greater_than_equal", "less_than_equal"} and "x" in location:
        return f"x = {float(value):g} is outside 0..2 (Li per Ni0.5Mn1.5O4)"
    message = problem["msg"].removeprefix("Value error, ")
    shown = (
        ""
        if isinstance(value, Mapping) or problem["type"] == "missing"
        else f" = {value!r}"
    )
    return f"{key}{shown}: {message}"


def _keys_at(location: tuple[Any, ...], top: type[BaseModel]) -> tuple[str, ...]:
    model: Any = top
    for part in location:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        candidates = (annotation, *get_args(annotation))
        model = next(
            (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)),
            None,
        )
        if model is None:
            return ()
    return tuple(model.model_fields)
