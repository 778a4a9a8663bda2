"""YAML of a file that people write: each key once, few nodes, no dates, real numbers.

PyYAML keeps the last of two equal keys without a word, takes ``1e-6`` for text and
``2024-01-01`` for a date, and follows aliases that expand to more nodes than any memory
holds. Here each of them is one error, or what a reader of the file expects.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

MAX_BYTES = 1_000_000
"""Of one file; a campaign has some thousand."""
MAX_DEPTH = 20
"""Of lists and mappings in each other; a campaign has five."""
MAX_NODES = 100_000
"""After every alias is written out."""
_REAL = re.compile(
    r"[-+]?(?:\d[\d_]*)(?:\.[\d_]*)?[eE][-+]?\d+|[-+]?\.[\d_]+[eE][-+]?\d+"
)


class _Loader(yaml.SafeLoader):
    """``SafeLoader`` with keys that are unique and words that stay words."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
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


_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _REAL, list("-+.0123456789"))


def load(text: str) -> Any:
    """Read YAML.

    Raises
    ------
    ValueError
        It is not YAML, gives a key twice, or is larger or deeper than its limits.
    """
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
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"more than {MAX_DEPTH} lists in each other") from None


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
            raise ValueError(f"line {line}: more than {MAX_DEPTH} lists in each other")


def _count(node: yaml.Node, known: dict[int, int], above: set[int]) -> int:
    """Count the nodes below one, each alias as often as it is used."""
    if id(node) in above:
        raise ValueError("an anchor (&name) that contains itself")
    if id(node) not in known:
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
