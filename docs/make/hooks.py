"""Pages of the site that are files of the project's top: one source, no copy.

A page ``<!-- file README.md -->`` shows that file, its links as seen from docs/.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

TOP = Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- file (\S+) -->")
AT_THE_TOP = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
EXAMPLE = "example.html"
TARGET = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of the DFT+U results in the repository; it is made, not kept."""
    with tempfile.TemporaryDirectory() as place:
        page = Path(place, EXAMPLE)
        maker = TOP / "benchmarks" / "example_page.py"
        subprocess.run([sys.executable, maker, page], check=True, capture_output=True)
        if (kept := files.get_file_from_path(EXAMPLE)) is not None:
            files.remove(kept)  # of an earlier `make example`
        files.append(File.generated(config, EXAMPLE, content=page.read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the file in place of its mark."""
    return MARK.sub(lambda found: _shown(found.group(1)), markdown)


def _shown(name: str) -> str:
    text = (TOP / name).read_text("utf-8")
    return TARGET.sub(lambda link: _link(link.group(1), link.group(2) or ""), text)


def _link(target: str, anchor: str) -> str:
    """Return a link of the top as a page in docs/ has it."""
    if target.startswith(("http:", "https:")):
        return f"]({target}{anchor})"
    if target == "docs/adr/":
        return "](adr/index.md)"
    if target == "LICENSE":
        return "](license.md)"
    inside = target.removeprefix("docs/")
    return f"]({AT_THE_TOP.get(target, inside)}{anchor})"
