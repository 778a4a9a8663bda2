"""Which file a page goes to: never over the page of another campaign or engine.

A page says at its end whose it is, so that the next one knows.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from workflows.errors import ResultsError, StoreError

DEFAULT = "report.html"
HTML = (".html", ".htm", ".xhtml")
TAIL = 600
"""Bytes at the end of a page that hold its mark."""
_MARK = re.compile(r"<!-- lnmo page of (\{.*?\}) -->")


@dataclass(frozen=True)
class PageOf:
    """Whose results a page shows; empty for all of them."""

    campaign: str = ""
    engine: str = ""
    variant: str = ""

    def marked(self, page: str) -> str:
        """Return a page with its mark at the end."""
        return f"{page.rstrip()}\n<!-- lnmo page of {json.dumps(asdict(self))} -->\n"

    def __str__(self) -> str:
        """Return it for people: ``paper chgnet``."""
        return " ".join(filter(None, asdict(self).values())) or "all results"

    @property
    def file_name(self) -> str:
        """Name that no other campaign or engine has: ``report-paper-chgnet.html``."""
        return f"report-{str(self).replace(' ', '-')}.html"


def page_path(given: Path | None, page: PageOf) -> Path:
    """Return the file to write.

    Parameters
    ----------
    given
        What the reader named; None for ``report.html``, or a name of its own where that
        is the page of others.
    page
        Whose page it is.

    Raises
    ------
    ResultsError
        The file is the page of others.
    """
    if given is not None:
        if (there := owner_of(given)) not in {None, page}:
            raise ResultsError(
                f"{given} is the page of {there}, not of {page}: name another file "
                f"with -o, such as {page.file_name}, or delete it"
            )
        return given
    default = Path(DEFAULT)
    if not os.path.lexists(default) or owner_of(default) == page:
        return default
    own = Path(page.file_name)
    if os.path.lexists(own) and owner_of(own) != page:
        raise ResultsError(
            f"{default} and {own} are there and not the page of {page}: name another "
            "file with -o"
        )
    return own


def owner_of(path: Path) -> PageOf | None:
    """Return whose page a file is; None if it is none of ours, or of an old version.

    Raises
    ------
    StoreError
        It cannot be read.
    """
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            end = file.read().decode("utf-8", "replace")
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({error.strerror})") from None
    found = _MARK.search(end)
    try:
        return None if found is None else PageOf(**json.loads(found[1]))
    except (ValueError, TypeError):
        return None


def refuse_format(path: Path) -> None:
    """Refuse a file whose name says another format than HTML.

    Raises
    ------
    ResultsError
        Names the file to take, and what makes the other formats.
    """
    suffix = path.suffix.lower()
    if suffix and suffix not in HTML:
        raise ResultsError(
            f"{path}: a report is HTML: -o {path.with_suffix('.html')}; a browser "
            "prints it as PDF, and lnmo figures draws PDF, SVG and PNG"
        )
