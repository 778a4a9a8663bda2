"""Make every n-th summary of a data directory; `workflows.records.all_cores` starts it.

python -m workflows.records.summarize_share DATA SHARE OF
"""

from __future__ import annotations

import sys
from pathlib import Path

from workflows.records.file_store import FileResults


def main() -> None:
    """Make those whose place, counted from 0, is SHARE modulo OF."""
    root, share, of = sys.argv[1:]
    FileResults(Path(root)).make_summaries(int(share), int(of))


if __name__ == "__main__":
    main()
