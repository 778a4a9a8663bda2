"""Packed files: told by their first bytes, and kept as far as they go."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import DATA
from workflows.engines.vasp.parse import parse_files
from workflows.errors import StoreError
from workflows.records.document import State, TaskDocument
from workflows.vasp import packed as packing
from workflows.vasp.packed import Unpacked, bare_name, hold
from workflows.vasp.run_files import read_end, run_files, run_of

PROGRAMS = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}
OUTCAR = gzip.decompress((DATA / "NiO_static" / "OUTCAR.gz").read_bytes())

Pack = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import what reads a run, and a damaged one, before memory is measured."""
    place = packed("NiO_static", tmp_path_factory.mktemp("run"), bytes, "")
    assert parsed(place).state is State.DONE
    (place / "vasprun.xml").write_bytes(lzma.compress(bytes(1000)))
    assert parsed(place).state is not State.DONE


def unpack(content: bytes, place: Path) -> Unpacked:
    (place / "OUTCAR").write_bytes(content)
    return hold(place / "OUTCAR")


def packed(name: str, place: Path, pack: Pack, ending: str) -> Path:
    """Copy a run of the data, packed another way."""
    for path in (DATA / name).glob("*.gz"):
        content = gzip.decompress(path.read_bytes())
        (place / f"{path.stem}{ending}").write_bytes(pack(content))
    return place


def parsed(place: Path) -> TaskDocument:
    (files,) = run_files(place)
    return parse_files(files)


@pytest.mark.parametrize("pack", PROGRAMS.values(), ids=PROGRAMS)
def test_what_was_packed_comes_back_and_of_a_cut_file_its_beginning(
    pack: Pack, tmp_path: Path
) -> None:
    content = pack(OUTCAR)
    assert unpack(content, tmp_path).content == OUTCAR
    assert unpack(content + pack(b"more"), tmp_path).content == OUTCAR + b"more"
    assert unpack(content + b"junk", tmp_path).content == OUTCAR
    chosen = random.Random(0)
    for length in [chosen.randrange(12, len(content)) for _ in range(20)]:
        found = unpack(content[:length], tmp_path)
        assert OUTCAR.startswith(found.content)
        assert "was cut" in found.problem


@pytest.mark.parametrize("pack", PROGRAMS.values(), ids=PROGRAMS)
def test_of_a_damaged_file_nothing_is_believed(pack: Pack, tmp_path: Path) -> None:
    content = bytearray(pack(OUTCAR))
    content[len(content) // 2] ^= 0xFF
    found = unpack(bytes(content), tmp_path)
    assert found.content == b""
    assert "is a damaged" in found.problem


@pytest.mark.parametrize("pack", PROGRAMS.values(), ids=PROGRAMS)
def test_the_end_of_a_packed_file_is_that_of_its_content(
    pack: Pack, tmp_path: Path
) -> None:
    for content in (OUTCAR, pack(OUTCAR)):
        (tmp_path / "OUTCAR").write_bytes(content)
        assert read_end(tmp_path / "OUTCAR", 5000).content == OUTCAR[-5000:]


@pytest.mark.parametrize(
    ("pack", "ending"),
    [
        (bz2.compress, ".bz2"),
        (lzma.compress, ".xz"),
        (gzip.compress, ".GZ"),
        (gzip.compress, ".z"),
        (gzip.compress, ""),
        (bytes, ".gz"),
    ],
)
def test_a_run_is_read_by_what_its_files_are_whatever_their_names(
    pack: Pack, ending: str, tmp_path: Path
) -> None:
    wanted, found = (
        parsed(place)
        for place in (DATA / "NiO_static", packed("NiO_static", tmp_path, pack, ending))
    )
    assert found.state is State.DONE
    assert (found.energy, found.magnetization) == (wanted.energy, wanted.magnetization)
    assert run_of(tmp_path / f"OUTCAR{ending}").suffix == ""


@pytest.mark.parametrize(
    ("ending", "mark", "cure"),
    [
        (".zst", b"\x28\xb5\x2f\xfd", "unzstd OUTCAR.zst"),
        (".Z", b"\x1f\x9d", "uncompress OUTCAR.Z"),
        ("", b"PK\x03\x04", "unzip OUTCAR"),
        (".zip", b"PK\x03\x04", "unzip OUTCAR.zip"),
        (".lzma", lzma.compress(OUTCAR, lzma.FORMAT_ALONE), "unlzma OUTCAR.lzma"),
        (".lz4", b"\x04\x22\x4d\x18", "unlz4 OUTCAR.lz4"),
        (".lz", b"LZIP\x01", "lzip -d OUTCAR.lz"),
        (".7z", b"7z\xbc\xaf\x27\x1c", "7z x OUTCAR.7z"),
    ],
)
def test_what_cannot_be_unpacked_here_says_how_to_unpack_it(
    ending: str, mark: bytes, cure: str, tmp_path: Path
) -> None:
    (tmp_path / f"OUTCAR{ending}").write_bytes(mark + b"\x00" * 100)
    with pytest.raises(StoreError, match=rf"which is not read here: .*\({cure}\)"):
        parsed(tmp_path)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("UTF-16LE", "\ufeff"),
        ("UTF-16BE", "\ufeff"),
        ("UTF-32LE", "\ufeff"),
        ("UTF-32BE", "\ufeff"),
        ("UTF-16LE", ""),
        ("UTF-16BE", ""),
        ("UTF-32LE", ""),
        ("UTF-32BE", ""),
    ],
)
def test_text_in_another_encoding_is_called_so_and_no_disk_is_blamed(
    encoding: str, mark: str, pack: Pack, tmp_path: Path
) -> None:
    text = mark + OUTCAR.decode()
    (tmp_path / "OUTCAR").write_bytes(pack(text.encode(encoding)))
    with pytest.raises(StoreError, match=f"is text in {encoding}, .* -f {encoding} "):
        hold(tmp_path / "OUTCAR")


def test_zeros_that_a_disk_left_are_still_called_so(tmp_path: Path) -> None:
    for content in (OUTCAR[:200] + bytes(4000), bytes(4000)):
        assert "a disk lost" in unpack(content, tmp_path).problem


def test_a_cut_gzip_keeps_its_whole_steps_and_is_named(tmp_path: Path) -> None:
    place = Path(shutil.copytree(DATA / "MgMn2O4_relax_ferromagnetic", tmp_path / "r"))
    whole = parsed(place)
    assert whole.energy is not None
    for name in ("OUTCAR.gz", "vasprun.xml.gz"):
        content = (place / name).read_bytes()
        (place / name).write_bytes(content[: len(content) * 98 // 100])
    found = parsed(place)
    assert found.state is State.TRUNCATED
    assert found.reason.startswith("OUTCAR.gz is a gzip file that was cut")
    assert found.energy == pytest.approx(whole.energy, abs=0.01)


def test_bytes_after_the_end_of_a_gzip_are_left_out(tmp_path: Path) -> None:
    place = Path(shutil.copytree(DATA / "NiO_static", tmp_path / "run"))
    for name in ("OUTCAR.gz", "vasprun.xml.gz"):
        with (place / name).open("ab") as file:
            file.write(b"junk")
    assert parsed(place).state is State.DONE


@pytest.mark.parametrize("name", ["OUTCAR", "vasprun.xml"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_an_empty_output_says_that_it_is_empty(
    name: str, pack: Pack, tmp_path: Path
) -> None:
    place = packed("NiO_static", tmp_path, bytes, "")
    (place / name).write_bytes(pack(b""))
    found = parsed(place)
    assert found.state is State.TRUNCATED
    assert found.reason.startswith(f"{name} is empty: the disk was full")


def test_only_the_ending_of_a_compression_is_taken_off_a_name() -> None:
    for name, bare in (
        ("OUTCAR.relax1.gz", "OUTCAR.relax1"),
        ("vasprun.xml.XZ", "vasprun.xml"),
        ("OUTCAR", "OUTCAR"),
        ("vasprun.xml", "vasprun.xml"),
        ("gz", "gz"),
    ):
        assert bare_name(name) == bare


@pytest.mark.parametrize("pack", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("name", ["OUTCAR", "vasprun.xml", "INCAR", "DOSCAR", "PROCAR"])
@pytest.mark.usefixtures("imported")
def test_a_packed_file_of_endless_zeros_is_refused_in_little_memory(
    name: str, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = packed("NiO_static", tmp_path, bytes, "")
    (place / name).write_bytes(pack(bytes(20_000_000)))
    monkeypatch.setattr(packing, "FREE", 2_000_000)
    tracemalloc.start()
    try:
        state, reason = parsed(place).state, parsed(place).reason
    except StoreError as error:
        state, reason = State.FAILED, str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert state is not State.DONE
    assert reason.startswith(name)
    assert peak < 60_000_000


def test_a_limit_of_what_is_unpacked_has_two_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "OUTCAR.gz"
    path.write_bytes(gzip.compress(b" " * 200_000))
    monkeypatch.setattr(packing, "MAX_RATIO", 0)
    monkeypatch.setattr(packing, "FREE", 200_000)
    assert len(hold(path).content) == 200_000
    monkeypatch.setattr(packing, "FREE", 199_999)
    with pytest.raises(StoreError, match=r"OUTCAR.gz holds more than"):
        hold(path)


@pytest.mark.parametrize("name", ["DOSCAR", "PROCAR"])
def test_a_large_file_is_read_in_little_memory(name: str, tmp_path: Path) -> None:
    place = packed("GaAs_all_files", tmp_path, bytes, "")
    alone = tracked(place)
    lines = (place / name).read_text("utf-8").splitlines(keepends=True)
    with (place / name).open("w", encoding="utf-8") as file:
        file.writelines(lines)
        for _ in range(60_000_000 // 80):
            file.write(" " * 79 + "\n")
    assert tracked(place) < alone + 40_000_000


def tracked(place: Path) -> int:
    """Return how many bytes the reading of a run takes at most."""
    tracemalloc.start()
    parsed(place)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
