"""Write docs/example.html: the page of real DFT+U results.

From the documents under tests/data/gpaw/dft, as ``lnmo report dft`` makes it:
``python benchmarks/example_page.py [FILE]``. It is 7 MB, and no part of the repository.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).parents[1]
sys.path.insert(0, str(TOP))

from workflows.campaign.campaign import load_campaign  # noqa: E402
from workflows.records.store import FileResults  # noqa: E402
from workflows.report.page import report_html  # noqa: E402
from workflows.results.results import Results  # noqa: E402

DATA = TOP / "tests" / "data" / "gpaw" / "dft"
PAGE = TOP / "docs" / "example.html"


def main() -> int:
    """Write the page."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    with tempfile.TemporaryDirectory() as scratch:  # summaries are written beside
        data = shutil.copytree(DATA, Path(scratch) / "dft")
        page = report_html(Results(FileResults(data)), load_campaign("dft"))
    where.write_text(page, "utf-8")
    print(f"{where}: {len(page.encode()) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
