"""A run is not DONE beside inputs of another one, whichever of its files are left."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.engines.vasp.parse import parse_files
from workflows.records.document import State, TaskDocument
from workflows.vasp.run_files import run_files

OTHER = "other\n1\n3 0 0\n0 3 0\n0 0 3\nAl\n2\ndirect\n0 0 0\n.5 .5 .5\n"
KEPT = {"both": (), "OUTCAR": ("vasprun.xml",), "vasprun.xml": ("OUTCAR",)}
EDITS = {
    "ENCUT": "777",
    "ISPIN": "1",
    "ISMEAR": "2",
    "EDIFF": "1e-2",
    "LASPH": ".FALSE.",
    **{"PREC": "Low", "SIGMA": "0.3", "LREAL": ".TRUE.", "ISYM": "-1", "GGA": "CA"},
    **{"EDIFFG": "-5", "ENAUG": "2000", "NUPDOWN": "3", "METAGGA": "SCAN"},
}


def unpacked(name: str, place: Path) -> None:
    for packed in (DATA / name).glob("*.gz"):
        (place / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))


def parsed(place: Path) -> TaskDocument:
    (files,) = run_files(place)
    return parse_files(files)


@pytest.mark.parametrize("name", ["GaAs_all_files", "MgMn2O4_static_ferromagnetic"])
@pytest.mark.parametrize("kept", KEPT)
def test_every_edit_of_an_input_is_told(tmp_path: Path, name: str, kept: str) -> None:
    unpacked(name, tmp_path)
    for gone in KEPT[kept]:
        (tmp_path / gone).unlink()
    assert parsed(tmp_path).state is State.DONE
    incar = tmp_path / "INCAR"
    written = incar.read_text()
    for tag, value in EDITS.items():
        pattern = re.compile(rf"(?im)^(\s*{tag}\s*=)\s*([^\n]*)")
        found = pattern.search(written)
        if found is None or found[2].strip() == value:
            continue
        incar.write_text(pattern.sub(rf"\1 {value}", written))
        document = parsed(tmp_path)
        assert document.state is State.NEEDS_REVIEW, tag
        assert tag in document.reason
        assert sum(f.message == document.reason for f in document.findings) == 1
    incar.write_text(written)
    for mesh in ("1 1 1", "8 8 8", "5 5 5"):
        (tmp_path / "KPOINTS").write_text(f"mesh\n0\nGamma\n{mesh}\n")
        document = parsed(tmp_path)
        assert document.state is State.NEEDS_REVIEW, mesh
        assert "KPOINTS" in document.reason
    (tmp_path / "KPOINTS").unlink()
    (tmp_path / "POSCAR").write_text(OTHER)
    document = parsed(tmp_path)
    assert document.state is State.NEEDS_REVIEW
    assert "POSCAR" in document.reason
