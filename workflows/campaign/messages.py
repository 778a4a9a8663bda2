"""What is wrong with a campaign file, in one line, from pydantic's list of problems."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from workflows.counts import count_of
from workflows.errors import nearest, shortened

_LIST = "expected a list, in [ ]"

_NUMBER = "expected a number"

_WHOLE_NUMBER = "expected a whole number"

_KEYS = "expected keys and values"

PLAIN = {
    "missing": "is missing",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "string_type": "expected a word",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "dict_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "too_short": "expected at least one value",
    "string_unicode": "expected text",
    "string_too_long": "expected a shorter name",
    "finite_number": "expected a finite number",
    "int_parsing_size": _WHOLE_NUMBER,
}
"""Pydantic's kinds of problem in words of a campaign file."""

LONGEST = 60
"""Letters of a value that are shown."""

_ALTERNATIVE = re.compile(r"^(str|int|float|bool|.*\[.*)$")
"""What pydantic puts among the keys for one type of several that a value may have."""


def explained(error: ValidationError, model: type[BaseModel]) -> str:
    """Say what is wrong: the key, the value, the limit, the nearest known name.

    `error` is what validating `model` raised.
    """
    return "; ".join(_explain(problem, model) for problem in _own(error.errors()))


def _own(problems: Sequence[Any]) -> list[Any]:
    """Leave out what only follows from another problem of the same key.

    Where a value may have several types, the problem that lies deepest is its own:
    there the type was right, and what it holds was not.
    """
    follows = {"too_short", "literal_error"}

    def shadows(one: Any, other: Any) -> bool:
        own, key = _place(one), _place(other)
        if one is other or own[: len(key)] != key:
            return False
        alternatives = own != one["loc"] or key != other["loc"]
        weaker = other["type"] in follows and one["type"] not in follows
        return weaker or (alternatives and len(own) > len(key))

    left = [p for p in problems if not any(shadows(other, p) for other in problems)]
    return list({_place(problem): problem for problem in left}.values())


def _keys(location: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(part for part in location if not _ALTERNATIVE.match(str(part)))


def _place(problem: Any) -> tuple[Any, ...]:
    """Return the keys down to a problem; an unknown key may be called anything."""
    location = problem["loc"]
    if problem["type"] == "extra_forbidden":
        return (*_keys(location[:-1]), location[-1])
    return _keys(location)


def _explain(problem: Any, model: type[BaseModel]) -> str:
    location = _place(problem)
    key = ".".join(shortened(part, LONGEST) for part in location)
    value, kind = problem["input"], problem["type"]
    if kind == "extra_forbidden":
        known = _keys_at(location[:-1], model)
        return f"unknown key {key}{nearest(str(location[-1])[:LONGEST], known)}"
    if key == "engine":
        known = get_args(model.model_fields[key].annotation)
        near = nearest(str(value)[:LONGEST], known)
        return (
            f"unknown engine {shortened(repr(value))}{near}; known: {', '.join(known)}"
        )
    if kind in {"greater_than_equal", "less_than_equal"} and "x" in location:
        return f"x = {float(value):.12g} is outside 0..2 (ions per formula unit)"
    if kind == "string_pattern_mismatch":
        return f"{key} = {_as_yaml(value)}: expected {_of_pattern(problem)}"
    if kind == "missing":
        return f"{key} {PLAIN[kind]}"
    message = PLAIN.get(kind, problem["msg"].removeprefix("Value error, "))
    if kind == "too_long":
        limit = problem["ctx"]
        message = (
            f"expected {count_of(limit['max_length'], 'value')}, found "
            f"{limit['actual_length']}"
        )
    if not location:
        return str(message)
    shown = "" if isinstance(value, Mapping) else f" = {_as_yaml(value)}"
    return f"{key}{shown}: {message.replace('Input should be', 'expected')}"


def _of_pattern(problem: Any) -> str:
    """Say what a pattern takes."""
    if "[A-Z]" in problem["ctx"]["pattern"]:
        return "an element, such as Mn"
    signs = "_ . + / -" if "+/" in problem["ctx"]["pattern"] else "_ . -"
    return f"a name: a letter or digit, then letters, digits and {signs}"


def _as_yaml(value: Any) -> str:
    """Show a value as the file has it, true or false with the words that mean it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "null"
    shown = str(value) if isinstance(value, float) else repr(value)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


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
