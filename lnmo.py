"""The public names of the project, and its version, in one short import.

>>> import lnmo
>>> lnmo.open_results(campaign="paper").series()  # doctest: +SKIP

All names come from ``workflows`` and ``structures``. Each is imported when it is first
used.
"""

from typing import TYPE_CHECKING, Any

import structures
import workflows

if TYPE_CHECKING:
    from structures import *  # noqa: F403
    from workflows import *  # noqa: F403

    __version__: str

__all__ = ["__version__", *structures.__all__, *workflows.__all__]


def __getattr__(name: str) -> Any:
    """Import a name when it is first used."""
    if name == "__version__":
        from workflows.records.versions import own_version

        return own_version()
    for home in (workflows, structures):
        if name in home.__all__:
            return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, for completion in a shell."""
    return sorted(__all__)
