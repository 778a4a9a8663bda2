"""POTCARs are checked where they are read; the libraries are dummies of our own."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from pymatgen.core import SETTINGS, Lattice, Structure
from pymatgen.io.vasp import Poscar, Potcar
from pymatgen.io.vasp.inputs import POTCAR_STATS_PATH

from workflows import load_campaign
from workflows.campaign.calculation import Calculation
from workflows.campaign.inputs import structure_inputs, vasp_inputs, write_vasp_inputs
from workflows.campaign.write_tree import write_campaign
from workflows.cli import main
from workflows.engines.vasp.engine import VaspEngine
from workflows.errors import InputError
from workflows.vasp.potcars import PotcarLibrary, cutoff_note, valences

VALENCE = {"Li_sv": 3, "Ni_pv": 16, "Mn_pv": 13, "O": 6}
ENMAX = {"Li_sv": 499, "Ni_pv": 368, "Mn_pv": 270, "O": 400}
SECRET = "1.23456789E+02"  # stands for what a licence protects
MakeLibrary = Callable[..., Path]

pytestmark = pytest.mark.filterwarnings(
    "ignore::pymatgen.io.vasp.inputs.UnknownPotcarWarning"
)


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PMG_VASP_PSP_DIR", raising=False)
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", None)  # put back afterwards


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLibrary:
    """Write data sets with the header lines that are read, and point pymatgen there."""

    def make(
        zval: Mapping[str, int] | None = None, titles: Mapping[str, str] | None = None
    ) -> Path:
        top = tmp_path / "library"
        for symbol, valence in {**VALENCE, **(zval or {})}.items():
            folder = top / "POT_GGA_PAW_PBE_54" / symbol
            folder.mkdir(parents=True, exist_ok=True)
            titled = (titles or {}).get(symbol, symbol)
            (folder / "POTCAR").write_text(
                f"  PAW_PBE {titled} 01Jan2000\n"
                f"   {valence}.00000000000000\n"
                " parameters from PSCTR are:\n"
                f"   VRHFIN ={titled.split('_')[0]}: dummy\n"
                "   LEXCH  = PE\n"
                f"   TITEL  = PAW_PBE {titled} 01Jan2000\n"
                "   LULTRA =        F    use ultrasoft PP ?\n"
                f"   POMASS =   1.000; ZVAL   =  {valence}.000    mass and valenz\n"
                f"   ENMAX  =  {ENMAX[symbol]}.000; ENMIN  =  100.000 eV\n"
                "END of PSCTR-controll parameters\n"
                f" local part\n  {SECRET}\n"
                " End of Dataset\n",
                "utf-8",
            )
        monkeypatch.setenv("PMG_VASP_PSP_DIR", str(top))
        return top

    return make


def test_the_potcar_follows_the_blocks_of_the_poscar_and_counts_the_electrons(
    calculations: tuple[Calculation, ...], tmp_path: Path, library: MakeLibrary
) -> None:
    library()
    for c in (calculations[0], calculations[4], calculations[8]):
        directory = tmp_path / c.id
        record = write_vasp_inputs(vasp_inputs(c, "relax"), directory)
        assert not (directory / "POTCAR.spec").exists()
        potcar = Potcar.from_file(directory / "POTCAR")
        poscar = Poscar.from_file(directory / "POSCAR")
        assert [single.element for single in potcar] == poscar.site_symbols
        assert record is not None
        assert record["nelect"] == 412 + 24 * c.x
        assert [d["symbol"] for d in record["data_sets"]] == [
            *(() if c.x == 0 else ("Li_sv",)),
            *("Ni_pv", "Mn_pv", "O"),
        ]


def test_an_element_in_two_blocks_has_two_data_sets(
    calculations: tuple[Calculation, ...], tmp_path: Path, library: MakeLibrary
) -> None:
    library()
    species = ["O", "O", "Mn", "Li", "O", "Ni"]
    coords = [[0.0, 0.0, n / 6] for n in range(6)]
    structure = Structure(Lattice.cubic(8.0), species, coords)
    inputs = structure_inputs(structure, calculations[4].settings, "relax")
    record = write_vasp_inputs(inputs, tmp_path / "run")
    potcar = Potcar.from_file(tmp_path / "run" / "POTCAR")
    assert [single.element for single in potcar] == ["O", "Mn", "Li", "O", "Ni"]
    assert record is not None
    assert record["nelect"] == 3 * 6 + 13 + 3 + 16


def test_the_run_file_keeps_titles_and_hashes_and_no_content(
    calculations: tuple[Calculation, ...], tmp_path: Path, library: MakeLibrary
) -> None:
    library()
    directory = tmp_path / "static"
    VaspEngine().write_inputs(calculations[4], "static", directory, None)
    text = (directory / "lnmo.json").read_text("utf-8")
    record = json.loads(text)["inputs"]["potcar"]
    assert record["nelect"] == 436
    manganese = record["data_sets"][2]
    assert manganese["titel"] == "PAW_PBE Mn_pv 01Jan2000"
    assert (manganese["zval"], manganese["enmax"]) == (13, 270)
    assert len(manganese["sha256"]) == 64
    assert SECRET in (directory / "POTCAR").read_text("utf-8")
    assert SECRET not in text


def test_the_hash_is_that_of_the_data_set(library: MakeLibrary) -> None:
    def hashes() -> list[str]:
        found = PotcarLibrary.from_environment().assemble(["Ni_pv", "O"], "PBE_54")
        assert found is not None
        return [data_set.sha256 for data_set in found.data_sets]

    top, before = library(), hashes()
    path = top / "POT_GGA_PAW_PBE_54" / "O" / "POTCAR"
    path.write_text(path.read_text("utf-8").replace("E+02", "E+03"), "utf-8")
    after = hashes()
    assert before[0] == after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize(
    ("zval", "told"),
    [
        ({"Mn_pv": 7}, "Mn_pv (PAW_PBE Mn_pv 01Jan2000) has ZVAL = 7 valence electr"),
        ({"Li_sv": 1}, "Li_sv has 3: NELECT would be off by -2 for every Li"),
    ],
)
def test_a_data_set_of_another_valence_is_refused_by_name_and_nothing_is_written(
    library: MakeLibrary, tmp_path: Path, zval: dict[str, int], told: str
) -> None:
    library(zval)
    with pytest.raises(InputError) as caught:
        write_campaign(load_campaign("paper").override(x=[1]), tmp_path / "out")
    assert told in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_data_set_of_another_element_is_refused(library: MakeLibrary) -> None:
    library(titles={"Ni_pv": "Co_pv"})
    with pytest.raises(InputError, match="it is of another element than Ni"):
        PotcarLibrary.from_environment().assemble(["Ni_pv"], "PBE_54")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("PAW_PBE", "PAW", "'PAW Ni_pv 01Jan2000': a title of PBE begins with PAW_PBE"),
        ("PAW_PBE", "US", "'US Ni_pv 01Jan2000': a title of PBE begins with PAW_PBE"),
        ("LEXCH  = PE", "LEXCH  = CA", "LEXCH = CA, PE is PBE: it is of another funct"),
        ("   LEXCH  = PE\n", "", "LEXCH = missing, PE is PBE"),
        (
            "LULTRA =        F",
            "LULTRA =        T",
            "LULTRA = T, F is PAW: it is an ult",
        ),
        ("   LULTRA =        F    use ultrasoft PP ?\n", "", "LULTRA = missing"),
        ("VRHFIN =Ni", "VRHFIN =Fe", "VRHFIN = Fe: it is of another element than Ni"),
        ("VRHFIN =Ni", "VRHFIN =Fe ", "VRHFIN = Fe: it is of another element than Ni"),
        (" End of Dataset\n", "", "POTCAR cannot be read as one (it is cut: it has"),
        ("END of PSCTR", "x", "cannot be read as one"),
        ("16.000 ", "nan ", "(ZVAL and ENMAX must be numbers above 0)"),
        (
            "ENMAX  =  368.000",
            "ENMAX  =  *******",
            "(ZVAL and ENMAX must be numbers ab",
        ),
    ],
)
def test_a_data_set_of_another_kind_is_refused_in_one_message(
    library: MakeLibrary,
    recwarn: pytest.WarningsRecorder,
    old: str,
    new: str,
    told: str,
) -> None:
    path = library() / "POT_GGA_PAW_PBE_54" / "Ni_pv" / "POTCAR"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError) as caught:
        PotcarLibrary.from_environment().assemble(("Ni_pv", "O"), "PBE_54")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not recwarn.list


def test_a_file_of_two_data_sets_is_refused(library: MakeLibrary) -> None:
    path = library() / "POT_GGA_PAW_PBE_54" / "O" / "POTCAR"
    path.write_text(path.read_text("utf-8") * 2, "utf-8")
    with pytest.raises(InputError, match="it holds 2 data sets, a file of a library"):
        PotcarLibrary.from_environment().assemble(("Ni_pv", "O"), "PBE_54")


def test_an_empty_file_is_called_empty(library: MakeLibrary) -> None:
    path = library() / "POT_GGA_PAW_PBE_54" / "O" / "POTCAR"
    path.write_text("", "utf-8")
    with pytest.raises(InputError, match=r"\(it is empty\)"):
        PotcarLibrary.from_environment().assemble(("Ni_pv", "O"), "PBE_54")


def test_the_cutoff_is_told_against_the_hardest_data_set(library: MakeLibrary) -> None:
    library()
    found = PotcarLibrary.from_environment().assemble(list(VALENCE), "PBE_54")
    assert found is not None

    def note(encut: float, isif: int = 3) -> str:
        return cutoff_note({"ENCUT": encut, "ISIF": isif}, found.data_sets) or ""

    assert note(400).startswith("ENCUT = 400 eV, ENMAX of Li_sv is 499 eV: the basis ")
    assert "below 1.3 x ENMAX = 649 eV" in note(520)
    assert note(520, isif=2) == ""
    assert note(680) == ""


def test_writing_a_campaign_tells_the_cutoff_once(
    library: MakeLibrary, tmp_path: Path
) -> None:
    library()
    written = write_campaign(load_campaign("paper").override(x=[0, 1]), tmp_path)
    assert [note[:19] for note in written.notes] == [
        "ENCUT = 520 eV, ENM",
    ]
    assert written.notes[0] in (tmp_path / "README.txt").read_text("utf-8")


@pytest.mark.parametrize("verb", ["run", "submit"])
def test_a_cutoff_or_a_library_in_doubt_is_told_before_anything_is_submitted(
    library: MakeLibrary,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
) -> None:
    place = tmp_path / "project"
    place.mkdir()
    (place / "launchpad.yaml").write_text("host: embedded\n")
    monkeypatch.chdir(place)
    monkeypatch.setenv("LNMO_VASP_CMD", "true")
    monkeypatch.setenv("LNMO_POLL_SECONDS", "0.1")
    monkeypatch.setattr("sys.argv", ["lnmo", verb, "paper", "--x", "1"])
    top = library(titles={"Ni_pv": "Co_pv"})
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "it is of another element than Ni" in capsys.readouterr().err
    assert [path.name for path in place.iterdir()] == ["launchpad.yaml"]
    shutil.rmtree(top)
    library()
    with suppress(SystemExit):
        main()
    told = capsys.readouterr().err
    assert told.count("note: ENCUT = 520 eV, ENMAX of Li_sv is 499 eV") == 1


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_library_without_the_data_set_is_refused_and_nothing_is_written(
    calculations: tuple[Calculation, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PMG_VASP_PSP_DIR", str(tmp_path / name))
    with pytest.raises(InputError) as caught:
        write_vasp_inputs(vasp_inputs(calculations[4], "relax"), tmp_path / "run")
    message = str(caught.value)
    assert message.startswith(f"PMG_VASP_PSP_DIR={tmp_path / name}: no PBE_54 POTCAR")
    assert message.endswith("unset the variable to write POTCAR.spec instead")
    assert "\n" not in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff" * 50, b"no header\n", gzip.compress(b"x" * 9000, mtime=0)[:30]],
    ids=["empty", "binary", "headless", "cut"],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_of_the_library_that_cannot_be_read_is_named(
    library: MakeLibrary, content: bytes, ending: str
) -> None:
    folder = library() / "POT_GGA_PAW_PBE_54" / "Ni_pv"
    (folder / "POTCAR").unlink()
    broken = folder / f"POTCAR{ending}"
    broken.write_bytes(content)
    with pytest.raises(InputError) as caught:
        PotcarLibrary.from_environment().assemble(("Li_sv", "Ni_pv", "O"), "PBE_54")
    message = str(caught.value)
    assert f"no PBE_54 POTCAR for Ni_pv: {broken} cannot be read as one" in message
    assert "\n" not in message


def test_data_sets_that_are_missing_are_named_alone(library: MakeLibrary) -> None:
    top = library() / "POT_GGA_PAW_PBE_54"
    for symbol in ("Ni_pv", "O"):
        shutil.rmtree(top / symbol)
    with pytest.raises(InputError, match=r"POTCAR for Ni_pv O in POT_GGA_PAW_PBE_54"):
        PotcarLibrary.from_environment().assemble(("Li_sv", "Ni_pv", "O"), "PBE_54")


def test_without_a_licence_nothing_is_assembled(
    calculations: tuple[Calculation, ...], tmp_path: Path
) -> None:
    inputs = vasp_inputs(calculations[4], "relax")
    assert write_vasp_inputs(inputs, tmp_path) is None
    assert (tmp_path / "POTCAR.spec").read_text("utf-8") == "Li_sv\nNi_pv\nMn_pv\nO\n"


def test_the_known_valences_are_those_of_pymatgens_statistics() -> None:
    from monty.serialization import loadfn

    statistics = loadfn(POTCAR_STATS_PATH)
    for family in ("PBE_52", "PBE_54", "PBE_64"):
        found = {
            entry["symbol"]: entry["ZVAL"]
            for entries in statistics[family].values()
            for entry in entries
        }
        assert {s: found[s] for s in valences() if s in found} == {
            s: z for s, z in valences().items() if s in found
        }
        assert set(VALENCE) <= set(found)


def test_what_is_no_library_is_called_what_it_is(
    tmp_path: Path, library: MakeLibrary
) -> None:
    top = library()
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to("gone")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "potpaw").mkdir()
    for place, words in (
        (tmp_path / "file", "a file, not a directory; give the directory that holds"),
        (tmp_path / "absent", "no such directory; give the directory that holds"),
        (Path("~/absent"), "~ is not expanded here"),
        (tmp_path / "dead", "a link to gone, which is not there"),
        (tmp_path / "loop", "a link to loop, which is not there"),
        (tmp_path / "empty", "a directory without POT_GGA_PAW_PBE_54, it holds potpaw"),
        (
            top / "POT_GGA_PAW_PBE_54",
            f"one family of a library; give its parent, {top}",
        ),
        (top / "POT_GGA_PAW_PBE_54" / "O" / "POTCAR", "a file, not a directory"),
    ):
        with pytest.raises(InputError) as caught:
            PotcarLibrary(str(place)).assemble(("O",), "PBE_54")
        assert words in str(caught.value)
        assert str(caught.value).startswith(f"PMG_VASP_PSP_DIR={place}: ")
        assert "\n" not in str(caught.value)
