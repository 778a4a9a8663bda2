"""A number with its noun, in the singular where the number is 1."""

from __future__ import annotations


def count_of(number: float, one: str, more: str = "", form: str = "") -> str:
    """Return a number and the words that follow it.

    Parameters
    ----------
    number
        How many.
    one
        The words after 1.
    more
        The words after any other number; empty: ``one`` with an s.
    form
        How the number is written, a format of Python such as ``,`` or ``.3g``.

    Examples
    --------
    >>> count_of(1, "step"), count_of(0, "step"), count_of(2, "step is", "steps are")
    ('1 step', '0 steps', '2 steps are')
    >>> count_of(1.0004, "hour", form=".3g"), count_of(1500, "run", form=",")
    ('1 hour', '1,500 runs')
    """
    shown = format(number, form)
    return f"{shown} {one if shown == '1' else more or f'{one}s'}"
