"""Which file a page goes to: never over the page of another campaign or engine.

A page says at its end whose it is, so that the next one knows.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from workflows.atomic import parse_json
from workflows.errors import ResultsError, StoreError

DEFAULT = "report.html"
HTML = (".html", ".htm", ".xhtml")
TAIL = 600
"""Bytes at the end of a page that hold its mark."""
LETTERS = 60
"""Letters of directory names kept in a file name: the last ones, which differ."""
_MARK = re.compile(r"<!-- lnmo page of (\{.*?\}) -->")


@dataclass(frozen=True)
class PageOf:
    """Whose results a page shows; empty for all of them.

    ``runs`` names the directories of a page of any runs, as they were given; ``file``
    is the path of the campaign's file from where the command ran, empty for a packaged
    campaign, None where a page does not say.
    """

    campaign: str = ""
    engine: str = ""
    variant: str = ""
    runs: str = ""
    file: str | None = None

    def marked(self, page: str) -> str:
        """Return a page with its mark at the end."""
        return f"{page.rstrip()}\n<!-- lnmo page of {json.dumps(asdict(self))} -->\n"

    def __str__(self) -> str:
        """Return it for people: ``paper chgnet``."""
        if self.runs:
            return f"runs in {self.runs}"
        words = " ".join(filter(None, (self.campaign, self.engine, self.variant)))
        if self.file and Path(self.file).stem != self.campaign:
            words += f" of {self.file}"
        return words or "all results"

    @property
    def file_name(self) -> str:
        """Name that no other campaign or engine has: ``report-paper-chgnet.html``.

        A campaign whose file has another name than itself is named by the file: two
        files may hold campaigns of one name.
        """
        if self.runs:
            letters = re.sub(r"[^A-Za-z0-9]+", "-", self.runs).strip("-")
            return f"report-runs-{letters[-LETTERS:].strip('-') or 'here'}.html"
        name = Path(self.file).stem if self.file else self.campaign
        words = " ".join(filter(None, (name, self.engine, self.variant)))
        return f"report-{words.replace(' ', '-') or 'all-results'}.html"

    def may_replace(self, other: PageOf | None) -> bool:
        """Return whether a page is of the same, or of nobody known."""
        if other is None or None in {self.file, other.file}:
            other = other and replace(other, file=self.file)
        return other in {None, self}


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
        if not page.may_replace(there := owner_of(given)):
            raise ResultsError(
                f"{given} is the page of {there}, not of {page}: choose another file "
                f"with -o, such as {page.file_name}, or delete it"
            )
        return given
    default = Path(DEFAULT)
    if _free(default, page):
        return default
    own = Path(page.file_name)
    if not _free(own, page):
        raise ResultsError(
            f"{default} and {own} exist and are not the page of {page}: choose another "
            "file with -o"
        )
    return own


def _free(path: Path, page: PageOf) -> bool:
    if not os.path.lexists(path):
        return True
    there = owner_of(path)
    return there is not None and page.may_replace(there)


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
        return None if found is None else PageOf(**parse_json(found[1]))
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
        page = shlex.quote(str(path.with_suffix(".html")))
        raise ResultsError(
            f"{path}: a report is HTML: -o {page}; a browser can "
            "print it as PDF, and lnmo figures draws PDF, SVG and PNG"
        )
