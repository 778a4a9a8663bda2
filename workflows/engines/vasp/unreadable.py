"""Why a run could not be read: a damaged file, an unknown form, or a fault of ours.

The traceback decides. Only what a reader raises because its text is broken is called
damage. What pymatgen raises while it reads may be damage or a form that it does not
know. Anything else is our own fault, and the message says so.
"""

from __future__ import annotations

import errno
import zlib
from lzma import LZMAError

from workflows.engines.fault import place_of
from workflows.errors import LnmoError, one_line

GONE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)
"""The last of a network disk: the file was removed on another machine."""
REPORT = "please report it with this line and the file"


def unreadable(error: Exception) -> str:
    """Return one line on why a run could not be read, and what to do."""
    words = one_line(error)[:200]
    shown = f"{type(error).__name__}: {words}" if words else type(error).__name__
    if isinstance(error, LnmoError):
        return words
    if isinstance(error, OSError) and error.filename and error.errno in GONE:
        return (
            f"{error.filename}: gone while it was read: the directory was moved, or "
            "cleaned; read the run again where it is now"
        )
    if _is_damage(error):
        return (
            f"unreadable output: {shown}: a file is damaged; copy it again from where "
            "VASP ran, or run it again"
        )
    where, ours = place_of(error.__traceback__)
    if ours:
        return (
            f"a bug in lnmo, not in the run: {shown}, at {where}; the run is not "
            f"judged, {REPORT}"
        )
    return (
        f"unreadable output: {shown}, at {where}: a file is damaged, or has a form "
        "that is not known there; copy it again, and if it is as VASP left it, "
        f"{REPORT}"
    )


def _is_damage(error: Exception) -> bool:
    """Return whether a reader raised because its text is broken."""
    broken = (EOFError, zlib.error, LZMAError, UnicodeError, SyntaxError)
    return isinstance(error, broken)  # XML's are a SyntaxError too
