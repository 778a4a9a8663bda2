"""Distances between sites, all periodic images counted."""

from collections.abc import Iterator

import numpy as np

from structures.cell import FloatArray

SAME_SITE = 1e-6
"""Two positions closer than this are one site; Angstrom, or units of a."""


def image_distances(
    vectors: FloatArray, first: FloatArray, second: FloatArray, cutoff: float
) -> Iterator[FloatArray]:
    """Go through the distances from first sites to every image of second sites.

    Parameters
    ----------
    vectors
        Cell vectors as rows, in any unit of length, shape (3, 3).
    first, second
        Fractional coordinates, shapes (n, 3) and (m, 3).
    cutoff
        All distances up to this one are given, besides some longer ones; same unit.

    Yields
    ------
    ndarray of float
        Distances for one translation of the cell, shape (n, m). That of a site from
        itself is 0.
    """
    gaps = second[None, :, :] - first[:, None, :]
    heights = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=0)
    reach = np.ceil(cutoff / heights + np.abs(gaps).max(initial=0)).astype(int)
    axes = [np.arange(-n, n + 1) for n in reach]
    for image in np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3):
        yield np.asarray(np.linalg.norm((gaps + image) @ vectors, axis=-1))
