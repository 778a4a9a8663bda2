"""Symmetry-distinct subsets, one canonical representative each.

The canonical form of a set of sites is the lexicographically smallest sorted tuple
among its images: exact, without tolerance. Written as a bit mask with site 0 as the
highest bit it is the *largest* number, so that whole arrays of subsets are compared at
once.

Subsets are grown orderly [1]_: a canonical set without its last site is canonical too,
so that only canonical sets need to be extended, and only beyond their last site. Far
fewer sets than all C(n, k) are ever looked at.

References
----------
.. [1] R. C. Read, Annals of Discrete Mathematics 2, 107 (1978).
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from structures.cell import IntArray

BoolArray = npt.NDArray[np.bool_]
Masks = npt.NDArray[np.uint64]

_WORD = 64
_CHUNK = 1 << 18
"""Candidates tested at a time: keeps memory within some ten megabytes."""
_HELD = 1 << 20
"""Words of masks held at a time: the images of few enough sets under all operations."""


class Subsets(NamedTuple):
    """Distinct subsets of equal size.

    Attributes
    ----------
    members
        Sorted site indices of each canonical subset, in lexicographic order, (m, k).
    degeneracies
        Number of subsets equivalent to each one, itself included, shape (m,).
    """

    members: IntArray
    degeneracies: IntArray


def canonical_subsets(
    permutations: IntArray, k: int, *, clashes: BoolArray | None = None
) -> Subsets:
    """List one subset of k sites from each symmetry-equivalent set.

    Parameters
    ----------
    permutations
        A permutation group, one row per element, shape (m, n).
    k
        Size of the subsets, 0 to n.
    clashes
        Symmetric matrix, True for two sites that must not both be taken (on the
        diagonal: a site that must not be taken at all), shape (n, n).

    Returns
    -------
    Subsets
        Canonical subsets with their degeneracies.
    """
    order, n = permutations.shape
    if clashes is None and 2 * k > n:
        return _complements(permutations, canonical_subsets(permutations, n - k))
    tables = _mask_tables(permutations)
    allowed = np.ones(n, dtype=bool) if clashes is None else ~np.diag(clashes)
    columns: IntArray = np.empty((0, 1), dtype=np.int64)
    stabilisers = np.full(1, order, dtype=np.int64)
    images: Masks | None = np.zeros((*tables.shape[:2], 1), dtype=np.uint64)
    for size in range(1, k + 1):
        grown = [
            _canonical_children(candidates, parents, images, tables)
            for candidates, parents in _extensions(
                columns, n - k + size, allowed, clashes
            )
        ]
        columns = np.concatenate([part for part, _, _ in grown], axis=1)
        stabilisers = np.concatenate([part for _, part, _ in grown])
        held = [part for _, _, part in grown if part is not None]
        whole = len(held) == len(grown) and sum(part.size for part in held) <= _HELD
        images = np.concatenate(held, axis=2) if whole else None
    return Subsets(columns.T, order // stabilisers)


def canonical_forms(permutations: IntArray, members: IntArray) -> Subsets:
    """Bring subsets, site indices in any order, shape (p, k), into canonical form.

    The permutations are a group, shape (m, n). Forms and degeneracies come in the order
    given; equal ones are kept.
    """
    order, n = permutations.shape
    tables = _mask_tables(permutations)
    columns = np.ascontiguousarray(members.T)
    best = _masks(tables[0], columns)
    stabilisers = np.ones(len(members), dtype=np.int64)
    own = best.copy()
    for table in tables[1:]:
        images = _masks(table, columns)
        better, _ = _compare(images, best)
        best[better] = images[better]
        stabilisers += _compare(images, own)[1]
    return Subsets(_members(best, n), order // stabilisers)


def _complements(permutations: IntArray, small: Subsets) -> Subsets:
    """Turn distinct subsets into their complements, sorted again."""
    n = permutations.shape[1]
    outside = np.ones((len(small.members), n), dtype=bool)
    np.put_along_axis(outside, small.members, False, axis=1)
    members = np.nonzero(outside)[1].reshape(len(outside), -1)
    forms = canonical_forms(permutations, members)
    order = np.lexsort(forms.members.T[::-1])
    return Subsets(forms.members[order], forms.degeneracies[order])


def _mask_tables(permutations: IntArray) -> Masks:
    """Bit of the image of each site under each operation, shape (m, words, n)."""
    n = permutations.shape[1]
    sites = np.arange(n)
    bits = np.zeros((n // _WORD + 1, n), dtype=np.uint64)
    bits[sites // _WORD, sites] = np.uint64(1) << (_WORD - 1 - sites % _WORD).astype(
        np.uint64
    )
    words = max(1, -(-n // _WORD))
    return np.ascontiguousarray(bits[:words, permutations].swapaxes(0, 1))


def _masks(table: Masks, columns: IntArray) -> Masks:
    """Bit masks of many subsets after one operation, shape (p, words)."""
    masks = np.zeros((columns.shape[1], len(table)), dtype=np.uint64)
    for word, bits in enumerate(table):
        for column in columns:
            masks[:, word] |= bits[column]
    return masks


def _compare(first: Masks, second: Masks) -> tuple[BoolArray, BoolArray]:
    """Compare masks word by word: (first larger than second, both equal)."""
    larger = np.zeros(len(first), dtype=bool)
    equal = np.ones(len(first), dtype=bool)
    for one, two in zip(first.T, second.T, strict=True):
        larger |= equal & (one > two)
        equal &= one == two
    return larger, equal


def _members(masks: Masks, n: int) -> IntArray:
    """Site indices of masks of equal size, shape (p, k)."""
    big_endian = masks.astype(">u8").view(np.uint8)
    bits = np.unpackbits(big_endian.reshape(len(masks), -1), axis=1)[:, :n]
    return np.nonzero(bits)[1].reshape(len(masks), -1).astype(np.int64)


def _canonical_children(
    columns: IntArray, parents: IntArray, images: Masks | None, tables: Masks
) -> tuple[IntArray, IntArray, Masks | None]:
    """Keep the canonical ones of grown subsets: with their stabilisers and images.

    The image of a set with one more site is that of the set, and of the site: for few
    enough sets all operations are applied at once, shape (m, words, p).
    """
    if images is None or tables[..., 0].size * columns.shape[1] > _HELD:
        return (*_canonical_only(columns, tables), None)
    grown = np.take(images, parents, axis=2)
    grown |= np.take(tables, columns[-1], axis=2)
    own = grown[0]
    larger, equal = grown[:, 0] > own[0], grown[:, 0] == own[0]
    for word in range(1, grown.shape[1]):
        larger |= equal & (grown[:, word] > own[word])
        equal &= grown[:, word] == own[word]
    keep = np.flatnonzero(~larger.any(axis=0))
    stabilisers = np.count_nonzero(equal[:, keep], axis=0)
    return columns[:, keep], stabilisers, np.take(grown, keep, axis=2)


def _canonical_only(columns: IntArray, tables: Masks) -> tuple[IntArray, IntArray]:
    """Keep the canonical subsets, with the orders of their stabilisers."""
    own = _masks(tables[0], columns)
    stabilisers = np.ones(columns.shape[1], dtype=np.int64)
    for table in tables[1:]:
        larger, equal = _compare(_masks(table, columns), own)
        stabilisers += equal
        if larger.any():
            keep = ~larger
            columns, own, stabilisers = columns[:, keep], own[keep], stabilisers[keep]
    return columns, stabilisers


def _extensions(
    columns: IntArray, stop: int, allowed: BoolArray, clashes: BoolArray | None
) -> Iterator[tuple[IntArray, IntArray]]:
    """Add to every subset each later site below `stop`, some parents at a time.

    Yields the larger subsets, and the place of the smaller one of each.
    """
    last = columns[-1] if len(columns) else np.full(columns.shape[1], -1)
    children = np.maximum(stop - 1 - last, 0)
    cuts = np.searchsorted(
        np.cumsum(children), np.arange(0, children.sum() + _CHUNK, _CHUNK)
    )
    for start, end in pairwise([*cuts[:-1], len(children)]):
        number = children[start:end]
        places = np.repeat(np.arange(start, end), number)
        parents = columns[:, places]
        first = np.repeat(np.cumsum(number) - number, number)
        added = np.arange(len(first)) - first + np.repeat(last[start:end], number) + 1
        keep = allowed[added]
        if clashes is not None:
            keep &= ~clashes[parents, added].any(axis=0)
        if keep.all():
            yield np.concatenate([parents, added[None, :]]), places
        else:
            yield np.concatenate([parents, added[None, :]])[:, keep], places[keep]
