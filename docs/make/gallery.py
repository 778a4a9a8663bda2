"""Draw docs/gallery: the figures of ``lnmo figures`` from GPAW's documents.

``python docs/make/gallery.py``. The documents are tests/data/gpaw/dft, which ``lnmo run
dft`` left; what is above 150 kB as SVG is kept as PNG.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from workflows import open_results
from workflows.report.figure_files import write_figures

DOCS = Path(__file__).resolve().parents[1]
DATA = DOCS.parent / "tests" / "data" / "gpaw" / "dft"
GALLERY = DOCS / "gallery"
LARGEST = 150_000
"""Bytes of a figure."""


def draw() -> list[Path]:
    """Draw every figure there are numbers for; return the files."""
    with TemporaryDirectory() as place:
        project = Path(place)
        shutil.copytree(DATA, project / "lnmo-data")
        (project / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
        write_figures(open_results(project), project / "figures")
        GALLERY.mkdir(exist_ok=True)
        for old in GALLERY.iterdir():
            old.unlink()
        drawn = sorted((project / "figures").glob("*.svg"))
        return [_keep(path) for path in drawn]


def _keep(path: Path) -> Path:
    from PIL import Image

    if path.stat().st_size <= LARGEST:
        return Path(shutil.copy(path, GALLERY))
    kept = GALLERY / f"{path.stem}.png"
    with Image.open(path.with_suffix(".png")) as picture:
        picture.thumbnail((1200, 1200))
        picture.convert("P", palette=Image.Palette.ADAPTIVE).save(kept, optimize=True)
    return kept


if __name__ == "__main__":
    for figure in draw():
        print(figure.relative_to(DOCS), figure.stat().st_size)
