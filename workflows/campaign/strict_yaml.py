"""YAML of a file that people write: each key once, few nodes, no dates, real numbers.

PyYAML keeps the last of two equal keys without a word, takes ``1e-6`` for text,
``2024-01-01`` for a date, ``0520`` for 336 and ``8:40`` for 520, and follows aliases
that expand to more nodes than any memory holds. Here each of them is one error, or
what a reader of the file expects: numbers are decimal, all else stays text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

MAX_BYTES = 1_000_000
"""Size of the largest file; a campaign has some thousand bytes."""
MAX_DEPTH = 20
"""Levels of nested lists and mappings; a campaign has five."""
MAX_NODES = 100_000
"""Number of values, after every alias is written out."""
MAX_DIGITS = 400
"""Characters of one number: more than any float needs, fewer than Python refuses."""
_MARK = "\ufeff"
_PREFIX = "tag:yaml.org,2002:"
_REAL = re.compile(
    r"[-+]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OWN = (f"{_PREFIX}timestamp", f"{_PREFIX}int", f"{_PREFIX}float")
"""Tags whose rules in PyYAML are not those of this file."""
_TAGS = {
    f"{_PREFIX}{name}"
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "merge")
}


class _Loader(yaml.SafeLoader):
    """``SafeLoader`` with keys that are unique and words that stay words."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            merges = key_node.tag == f"{_PREFIX}merge"
            key = "<<" if merges else self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise ValueError(f"line {line}: a key must be a word")
            if key in seen:
                raise ValueError(
                    f"{str(key)[:60]!r} is given twice, in lines {seen[key]} and "
                    f"{line}: remove one"
                )
            seen[key] = line
        return super().construct_mapping(node, deep=deep)

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError):
            if not isinstance(node, yaml.ScalarNode):
                raise  # a message of this file
            kind = node.tag.removeprefix(_PREFIX)
            raise ValueError(
                f"{_line(node)}: {node.value[:60]!r} cannot be read as !!{kind}"
            ) from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag not in _OWN]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _rule in (("float", _REAL), ("int", _WHOLE)):
    _Loader.add_implicit_resolver(
        f"{_PREFIX}{_kind}", re.compile(f"(?:{_rule.pattern})$"), list("-+.0123456789")
    )


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def load(text: str) -> Any:
    """Read YAML, with or without byte order marks at its start.

    Raises
    ------
    ValueError
        It is not YAML, gives a key twice, or is larger or deeper than its limits.
    """
    text = text.lstrip(_MARK)
    if _MARK in text:
        line = text[: text.index(_MARK)].count("\n") + 1
        raise ValueError(
            f"line {line}: a byte order mark (U+FEFF), which no editor shows, as where "
            "files were joined; type the line again"
        )
    if len(text) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES // 1000} kB")
    try:
        _refuse_deep(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _count(node, {}, set())
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ValueError(f"not YAML: {where}{error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"nested more than {MAX_DEPTH} deep") from None


def _refuse_deep(text: str) -> None:
    depth = 0
    event: Any
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1
            raise ValueError(f"line {line}: nested more than {MAX_DEPTH} deep")


def _count(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """Count the nodes below one, each alias as often as it is used."""
    if id(node) in above:
        raise ValueError("an anchor (&name) that contains itself")
    if id(node) not in known:
        _refuse_strange(node)
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = list(node.value)
        inside = above | {id(node)}
        known[id(node)] = 1 + sum(_count(part, known, inside) for part in parts)
        if known[id(node)] > MAX_NODES:
            raise ValueError(
                f"more than {MAX_NODES} values once its aliases (*name) are written out"
            )
    return known[id(node)]


def _refuse_strange(node: yaml.Node) -> None:
    """Stop at a tag (``!!set``) that no campaign needs, and at endless digits."""
    if node.tag not in _TAGS:
        raise ValueError(
            f"{_line(node)}: the tag {node.tag.replace(_PREFIX, '!!')[:60]}; write the "
            "value without it"
        )
    is_number = node.tag in {f"{_PREFIX}int", f"{_PREFIX}float"}
    if is_number and len(node.value) > MAX_DIGITS:
        raise ValueError(f"{_line(node)}: a number of over {MAX_DIGITS} characters")
