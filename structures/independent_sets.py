"""Independent sets of a small graph: exact numbers by weight, and uniform draws.

The numbers obey N(G) = N(G - v) + t^w N(G - v - neighbours of v) for any vertex v of
weight w, and multiply over connected parts; every subgraph met is remembered. Read
backwards, the same rule draws a set: take v or leave it, in proportion to the numbers.
"""

from collections.abc import Sequence
from random import Random

from structures.errors import TooManyOrderings

_MAX_SUBGRAPHS = 40_000
"""Largest number of subgraphs to be remembered: some ten seconds."""

Counts = list[int]
"""Number of independent sets of weight 0, 1, ... up to a limit."""


class IndependentSets:
    """Independent sets of a graph with weighted vertices.

    Parameters
    ----------
    neighbours
        Neighbours of each vertex, as a bit mask.
    weights
        Weight of each vertex.
    limit
        Largest weight of the sets.
    """

    def __init__(
        self, neighbours: Sequence[int], weights: Sequence[int], limit: int
    ) -> None:
        self._neighbours = neighbours
        self._weights = weights
        self._limit = limit
        self._all = (1 << len(weights)) - 1
        self._known: dict[int, Counts] = {}

    def counts(self) -> Counts:
        """Return the number of sets of weight 0 to the limit.

        Raises
        ------
        TooManyOrderings
            If the graph is too large.
        """
        return self._count(self._all)

    def draw(self, weight: int, random: Random) -> list[int]:
        """Draw the vertices of a set of given weight, all with equal probability."""
        return self._draw(self._all, weight, random)

    def _count(self, vertices: int) -> Counts:
        """Multiply the numbers of the connected parts."""
        counts = [1] + [0] * self._limit
        for part in self._parts(vertices):
            counts = self._product(counts, self._connected(part))
        return counts

    def _connected(self, part: int) -> Counts:
        """Numbers of a connected part: the pivot left out, or taken."""
        if part not in self._known:
            if len(self._known) >= _MAX_SUBGRAPHS:
                raise TooManyOrderings(
                    f"exclude_closer_than: the forbidden pairs of {len(self._weights)} "
                    f"sites need more than {_MAX_SUBGRAPHS} steps to be counted; take "
                    "a smaller cell, or leave exclude_closer_than out"
                )
            without, taken, weight = self._branches(part)
            shifted = ([0] * weight + self._count(taken))[: self._limit + 1]
            counts = [a + b for a, b in zip(self._count(without), shifted, strict=True)]
            self._known[part] = counts
        return self._known[part]

    def _branches(self, part: int) -> tuple[int, int, int]:
        """Leave the pivot out, or take it: both remainders and the weight it adds."""
        pivot = self._pivot(part)
        without = part & ~(1 << pivot)
        return without, without & ~self._neighbours[pivot], self._weights[pivot]

    def _pivot(self, part: int) -> int:
        """Vertex with most neighbours; the first of equals."""
        degrees = {v: (self._neighbours[v] & part).bit_count() for v in _bits(part)}
        return max(degrees, key=lambda vertex: degrees[vertex])

    def _draw(self, vertices: int, weight: int, random: Random) -> list[int]:
        """Share the weight out among the connected parts."""
        chosen: list[int] = []
        for part in self._parts(vertices):
            vertices &= ~part
            own, rest = self._connected(part), self._count(vertices)
            ways = [own[i] * rest[weight - i] for i in range(weight + 1)]
            taken = random_index(ways, random)
            chosen += self._draw_connected(part, taken, random)
            weight -= taken
        return chosen

    def _draw_connected(self, part: int, weight: int, random: Random) -> list[int]:
        """Leave the pivot out, or take it."""
        without, taken, own = self._branches(part)
        ways_without = self._count(without)[weight]
        if random.randrange(self._connected(part)[weight]) < ways_without:
            return self._draw(without, weight, random)
        return [self._pivot(part), *self._draw(taken, weight - own, random)]

    def _parts(self, vertices: int) -> list[int]:
        """Split into connected parts, as bit masks."""
        parts = []
        while vertices:
            part = frontier = vertices & -vertices
            while frontier:
                reached = 0
                for vertex in _bits(frontier):
                    reached |= self._neighbours[vertex]
                frontier = reached & vertices & ~part
                part |= frontier
            parts.append(part)
            vertices &= ~part
        return parts

    def _product(self, first: Counts, second: Counts) -> Counts:
        """Product of two polynomials, cut off beyond the limit."""
        product = [0] * (self._limit + 1)
        for i, a in enumerate(first):
            if a:
                for j in range(self._limit + 1 - i):
                    product[i + j] += a * second[j]
        return product


def random_index(ways: Sequence[int], random: Random) -> int:
    """Draw an index in proportion to exact non-negative integers of any length."""
    place = random.randrange(sum(ways))
    for index, number in enumerate(ways):
        place -= number
        if place < 0:
            return index
    raise AssertionError("unreachable: the place is below the sum")


def _bits(mask: int) -> list[int]:
    """Positions of the bits that are set."""
    bits = []
    while mask:
        low = mask & -mask
        bits.append(low.bit_length() - 1)
        mask ^= low
    return bits
