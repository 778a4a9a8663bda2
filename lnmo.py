"""The public names of the project, and its version, in one short import.

>>> import lnmo
>>> lnmo.open_results(campaign="paper").series()  # doctest: +SKIP

Everything is that of ``workflows`` and ``structures``; nothing is imported before it is
asked for.
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
    """Take a name from where it lives, when it is first asked for."""
    if name == "__version__":
        from workflows.records.versions import own_version

        return own_version()
    for home in (workflows, structures):
        if name in home.__all__:
            return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, which a shell completes."""
    return sorted(__all__)
