"""Every rule of the linter: one directory that breaks it, one that keeps it.

The directories are written to disk and read back, so the reading is tested with the
rules. Runs are those of real VASP, with one thing changed.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.places import TESTS
from workflows.checks.rules import (
    RULES,
    SET_RULES,
    check,
    check_together,
    find_runs,
    read_run,
)
from workflows.checks.rules.rule import PAGE, Rule
from workflows.vasp.directory import VaspDirectory

Files = Mapping[str, str | None]
"""Name -> content; None removes a file of the base."""

TAGS = {
    **{"ENCUT": "650", "PREC": "Accurate", "EDIFF": "1E-6", "LASPH": ".TRUE."},
    **{"ISPIN": "2", "MAGMOM": "2*0 1*-2 3*4 8*0", "LORBIT": "11", "NSW": "0"},
    **{"LDAU": ".TRUE.", "LDAUTYPE": "2", "LDAUL": "-1 2 2 -1", "LMAXMIX": "4"},
    **{"LDAUU": "0 4.5 5.96 0", "LDAUJ": "0 0 0 0", "ISMEAR": "0", "SIGMA": "0.05"},
}
LATTICE = "5.8 0 0\n0 5.8 0\n0 0 5.8\n"
POTENTIALS = {
    "Li_sv": (499.034, 3),
    "Ni_pv": (367.986, 16),
    "Mn_pv": (269.864, 13),
    "O": (400, 6),
}


def incar(base: Mapping[str, str] = TAGS, more: str = "", **changes: str | None) -> str:
    tags = {**base, **changes}
    lines = [f"{tag} = {value}\n" for tag, value in tags.items() if value is not None]
    return "".join(lines) + more


def poscar(blocks: str = "Li2 Ni1 Mn3 O8", *, symbols: bool = True) -> str:
    pairs = re.findall(r"([A-Z][a-z]?)(\d+)", blocks)
    names = " ".join(name for name, _ in pairs) + "\n" if symbols else ""
    counts = [int(count) for _, count in pairs]
    sites = "".join(f"0.{i:02} 0.{i:02} 0.0\n" for i in range(sum(counts)))
    numbers = " ".join(map(str, counts))
    return f"{blocks}\n1.0\n{LATTICE}{names}{numbers}\nDirect\n{sites}"


def kpoints(style: str = "Gamma", mesh: str = "5 5 5") -> str:
    return f"mesh\n0\n{style}\n{mesh}\n0 0 0\n"


def potcar(*symbols: str, family: str = "PAW_PBE") -> str:
    return "".join(
        f"   TITEL  = {family} {s} 01Jan2000\n"
        f"   ENMAX  =  {POTENTIALS[s][0]}; ENMIN  =  100.000 eV\n"
        f"   POMASS =   1.0; ZVAL   =   {POTENTIALS[s][1]}.000    mass and valenz\n"
        for s in symbols
    )


def whole_potcar(*changes: tuple[str, str]) -> str:
    """Data sets with header and end; the changes are those of manganese."""
    sets = {
        s: " parameters from PSCTR are:\n"
        f"   VRHFIN ={s.partition('_')[0]}: d\n   LEXCH  = PE\n"
        + potcar(s).replace("   ENMAX", "   LULTRA =        F    use\n   ENMAX")
        + " END of PSCTR-controll parameters\n 1.0\n End of Dataset\n"
        for s in POTENTIALS
    }
    for old, new in changes:
        assert old in sets["Mn_pv"]
        sets["Mn_pv"] = sets["Mn_pv"].replace(old, new)
    return "".join(sets.values())


LINE = "band\n40\nLine-mode\nReciprocal\n0 0 0 ! G\n0.5 0 0 ! X\n"
INPUTS: Files = {
    "INCAR": incar(),
    "POSCAR": poscar(),
    "KPOINTS": kpoints(),
    "POTCAR": potcar("Li_sv", "Ni_pv", "Mn_pv", "O"),
}


def packed(directory: str, *names: str) -> dict[str, str | None]:
    return {
        name: gzip.decompress(
            (TESTS / "data" / directory / f"{name}.gz").read_bytes()
        ).decode()
        for name in names
    }


FINISHED: Files = {
    **packed(
        "MgMn2O4_static_antiferromagnetic", "INCAR", "POSCAR", "KPOINTS", "OUTCAR"
    ),
    "POTCAR.spec": "Mg\nMn_pv\nO\n",
}
RAN = dict(re.findall(r"(\w+) = (.*)", str(FINISHED["INCAR"])))
VASP_5: Files = packed("LiAlSiO4_vasp5", "OUTCAR")
LITHIUM: Files = {
    "INCAR": "ENCUT = 650\nPREC = A\nEDIFF = 1E-6\nISMEAR = 1\nSIGMA = 0.2\n",
    "POSCAR": poscar("Li2"),
    "KPOINTS": kpoints(mesh="17 17 17"),
    "POTCAR": potcar("Li_sv"),
}


def ran(**changes: str | None) -> Files:
    return {"INCAR": incar(RAN, **changes)}


def outcar(old: str = "", new: str = "", moments: tuple[float, ...] = ()) -> Files:
    """The real OUTCAR with a line changed, or with another last table of moments."""
    text = str(FINISHED["OUTCAR"])
    assert old in text
    rows = "".join(f"{i:5} 0.0 0.0 {m} {m}\n" for i, m in enumerate(moments, 1))
    table = f" magnetization (x)\n{rows}tot 0 0 0 0\n" if moments else ""
    return {"OUTCAR": (text.replace(old, new) if old else text) + table}


@dataclass(frozen=True)
class Case:
    """What breaks a rule, and what keeps it: changes to a base, or to two of them."""

    red: Files
    green: Files = field(default_factory=dict)
    base: Files = field(default_factory=lambda: INPUTS)
    beside: Files = field(default_factory=lambda: INPUTS)


def tags(**changes: str | None) -> Files:
    return {"INCAR": incar(**changes)}


AFM = (0, 0, -3.8, -3.8, 3.8, 3.8, *[0] * 8)
RELAX = {"NSW": "100", "IBRION": "2", "ISIF": "3"}
CASES: dict[str, Case] = {
    "unreadable-file": Case({"POSCAR": ""}),
    "nothing-asked": Case({}, {"INCAR": "ENCUT = 520\n"}, base=VASP_5),
    "incar-misspelt-tag": Case(tags(LMAXMX="4", LMAXMIX=None), tags(NELMIN="5")),
    "incar-unknown-tag": Case(tags(FROBNICATE="1"), tags(ML_NEW="1", LCLIMB="T")),
    "incar-repeated-tag": Case(
        {"INCAR": incar(more="ENCUT = 520\n")},
        {"INCAR": incar(more="encut = 650  # again\nNPAR = 1\nNPAR = 2\n")},
    ),
    "incar-line-ignored": Case(
        {"INCAR": incar(more="NELM 200\n")},
        {"INCAR": incar(more="Electronic part\n# NELM 200\n")},
    ),
    "incar-unclosed": Case(
        tags(SYSTEM='"a title'),
        {"INCAR": incar(more='WANNIER90_WIN = "\nnum_wann = 3\n"\nPLUGINS {\n }\n')},
    ),
    "incar-text-in-list": Case(
        tags(MAGMOM="2*0 1*-2 Mn: 3*4 8*0"),
        tags(MAGMOM="2*0 1*-2 3*4 8*0 order: Li Ni Mn O", ENCUT="650 eV or 700"),
    ),
    "incar-bad-value": Case(
        tags(ENCUT="high"), tags(ENCUT="650 eV", EDIFF="1d-6", LWAVE=".F.")
    ),
    "incar-strange-value": Case(tags(GGA="QQ"), tags(GGA="ps", PREC="acc", ALGO="f")),
    "dict-in-incar": Case(tags(LDAUU="{'Mn': 5.96, 'Ni': 4.5}")),
    "potcar-order": Case(
        {"POTCAR": potcar("Li_sv", "Mn_pv", "Ni_pv", "O")},
        {"POTCAR": None, "POTCAR.spec": "Li_sv\nNi_pv\nMn_pv\nO\n"},
    ),
    "potcar-mixture": Case(
        {"POTCAR": potcar("Li_sv", "Ni_pv", "Mn_pv") + potcar("O", family="PAW")}
    ),
    "potcar-contradictory": Case(
        {"POTCAR": whole_potcar(("VRHFIN =Mn", "VRHFIN =Fe"))},
        {"POTCAR": whole_potcar()},
    ),
    "potcar-damaged": Case(
        {"POTCAR": whole_potcar((" End of Dataset\n", ""))}, {"POTCAR": whole_potcar()}
    ),
    "potcar-ultrasoft": Case(
        {"POTCAR": whole_potcar(("LULTRA =        F", "LULTRA =        T"))},
        {"POTCAR": whole_potcar()},
    ),
    "potcar-differs-within-element": Case(
        {
            "POSCAR": poscar("Li2 Ni1 Mn1 Mn2 O8"),
            "POTCAR": None,
            "POTCAR.spec": "Li_sv\nNi_pv\nMn_pv\nMn\nO\n",
            **tags(LDAUL="-1 2 2 2 -1", LDAUU="0 4.5 5.96 5.96 0", LDAUJ="5*0"),
        },
        {
            "POSCAR": poscar("Li2 Ni1 Mn1 Mn2 O8"),
            "POTCAR": potcar("Li_sv", "Ni_pv", "Mn_pv", "Mn_pv", "O"),
            **tags(LDAUL="-1 2 2 2 -1", LDAUU="0 4.5 5.96 5.96 0", LDAUJ="5*0"),
        },
    ),
    "poscar-without-species": Case(
        {"POSCAR": poscar(symbols=False), "POTCAR": None},
        {"POSCAR": poscar(symbols=False)},
    ),
    "magmom-count": Case(
        tags(MAGMOM="1*-2 3*4 8*0"),
        tags(MAGMOM=" ".join(["0 0 1"] * 14), LNONCOLLINEAR=".TRUE."),
    ),
    "ldau-count": Case(tags(LDAUU="4.5 5.96")),
    "u-on-non-metal": Case(
        tags(LDAUL="2 -1 2 -1", LDAUU="4.5 0 5.96 0"), tags(LDAUL="-1 2 2 2")
    ),
    "u-on-other-shell": Case(tags(LDAUL="-1 2 2 1", LDAUU="0 4.5 5.96 5")),
    "metal-without-u": Case(
        tags(LDAUU="0 0 5.96 0"), tags(LDAUL="-1 -1 2 -1", LDAUU="0 0 5.96 0")
    ),
    "metal-u-zero": Case(tags(LDAUL="-1 -1 2 -1", LDAUU="0 0 5.96 0")),
    "ldauu-missing": Case(tags(LDAUU=None)),
    "u-all-zero": Case(
        tags(LDAUU="4*0"), tags(LDAUTYPE="3", LDAUU="0 0 0.1 0", LDAUJ="0 0 0.1 0")
    ),
    "ldau-off": Case(tags(LDAU=None), tags(LDAU=".FALSE.")),
    "ldau-switched-off": Case(
        tags(LDAU=".FALSE."), tags(LDAU=".FALSE.", LDAUU="4*0")
    ),
    "u-with-hybrid": Case(
        tags(LHFCALC="T", HFSCREEN="0.2"), tags(LHFCALC="T", LDAU="F")
    ),
    "ldaul-wrong-shell": Case(tags(LDAUL="-1 3 2 -1")),
    "ldaul-without-u": Case(tags(LDAUL="0 2 2 0")),
    "u-differs-within-element": Case(
        {
            "POSCAR": poscar("Li2 Ni1 Mn1 Mn2 O8"),
            "POTCAR": potcar("Li_sv", "Ni_pv", "Mn_pv", "Mn_pv", "O"),
            **tags(LDAUL="-1 2 2 2 -1", LDAUU="0 4.5 5.96 3.9 0", LDAUJ="5*0"),
        }
    ),
    "u-out-of-range": Case(tags(LDAUU="0 4.5 59.6 0"), tags(LDAUJ="0 1 1 0")),
    "lmaxmix-fixed-density": Case(
        tags(ICHARG="11", NEDOS="3001", LMAXMIX="2"), tags(ICHARG="11", NEDOS="3001")
    ),
    "lmaxmix-low": Case(tags(LMAXMIX=None), tags(LMAXMIX="6")),
    "lasph-off": Case(
        tags(LASPH=None), tags(LASPH=None, LDAU=None, LDAUU=None)
    ),
    "moment-on-non-metal": Case(
        tags(MAGMOM="2*4 4*0.6 8*0"), tags(MAGMOM="2*0.01 -1.7 3*3.8 8*-0.2")
    ),
    "moments-without-spin": Case(tags(ISPIN="1"), tags(ISPIN="1", MAGMOM=None)),
    "magmom-ignored": Case(
        tags(ISPIN="1", MAGMOM="14*0.6"), tags(ISPIN="1", MAGMOM="14*0")
    ),
    "ispin-2-noncollinear": Case(
        tags(MAGMOM="42*1", LSORBIT="T"),
        tags(MAGMOM="42*1", LSORBIT="T", ISPIN=None),
    ),
    "magmom-missing": Case(
        tags(MAGMOM=None), {"POSCAR": poscar("Li2 Ti4 O9"), **tags(MAGMOM=None)}
    ),
    "moments-all-zero": Case(tags(MAGMOM="14*0"), tags(MAGMOM="2*0 0 3*4 8*0")),
    "nupdown-set": Case(tags(NUPDOWN="10"), tags(NUPDOWN="-1")),
    "nelect-set": Case(tags(NELECT="108"), tags(NELECT="109")),
    "encut-missing": Case(tags(ENCUT=None)),
    "encut-below-enmax": Case(tags(ENCUT="450"), tags(ENCUT="499")),
    "encut-pulay": Case(tags(ENCUT="520", **RELAX), tags(ENCUT="520")),
    "ediff-loose": Case(tags(EDIFF="1E-3"), tags(EDIFF="1E-4")),
    "ediff-useless": Case(tags(EDIFF="0.1"), tags(EDIFF="1E-3")),
    "nbands-too-few": Case(tags(NBANDS="54"), tags(NBANDS="55")),
    "ediffg-loose": Case(tags(EDIFFG="+0.01", **RELAX), tags(EDIFFG="1E-4", **RELAX)),
    "nelm-low": Case(tags(NELM="20"), tags(NELM="40")),
    "prec-not-accurate": Case(tags(PREC=None), tags(PREC="accurate")),
    "lorbit-low": Case(tags(LORBIT=None), tags(LORBIT="10")),
    "nedos-low": Case(
        tags(ICHARG="11"), {"KPOINTS": LINE, **tags(ICHARG="11", ISMEAR="0")}
    ),
    "icharg-11-moving-ions": Case(
        tags(ICHARG="11", NSW="10", IBRION="2"),
        tags(ICHARG="11", NSW="10", IBRION="-1"),
    ),
    "icharg-11-beyond-density": Case(
        tags(ICHARG="11", METAGGA="R2SCAN"), tags(ICHARG="2", METAGGA="R2SCAN")
    ),
    "kpoints-missing": Case(
        {"KPOINTS": None}, {"KPOINTS": None, **tags(KSPACING="0.25")}
    ),
    "kspacing-ignored": Case(
        tags(KSPACING="0.25"), {"KPOINTS": None, **tags(KSPACING="0.25")}
    ),
    "kpoints-coarse": Case({"KPOINTS": kpoints(mesh="2 5 5")}),
    "tetrahedron-few-kpoints": Case(
        {"KPOINTS": kpoints(mesh="1 1 3"), **tags(ISMEAR="-5", ISYM="0")},
        tags(ISMEAR="-5"),
    ),
    "tetrahedron-on-a-line": Case(
        {"KPOINTS": LINE, **tags(ISMEAR="-5")}, {"KPOINTS": LINE}
    ),
    "tetrahedron-off-gamma": Case(
        {"KPOINTS": kpoints("Monkhorst", "4 4 4"), **tags(ISMEAR="-5")},
        {"KPOINTS": kpoints("Monkhorst", "5 5 5"), **tags(ISMEAR="-5")},
    ),
    "tetrahedron-metal-forces": Case(
        {"INCAR": "ENCUT = 650\nISMEAR = -5\nNSW = 20\nIBRION = 2\n"},
        {"INCAR": "ENCUT = 650\nISMEAR = 1\nNSW = 20\nIBRION = 2\n"},
        base=LITHIUM,
    ),
    "tetrahedron-direct-algo": Case(
        tags(ISMEAR="-5", ALGO="All"), tags(ISMEAR="-5", ALGO="Normal")
    ),
    "smearing-on-insulator": Case(tags(ISMEAR=None), tags(ISMEAR="-5")),
    "sigma-wide": Case(tags(SIGMA=None), tags(SIGMA="0.1")),
    "applied-u": Case(ran(LDAUU="0 5.9 0"), ran(LDAUU="0 3.94 0"), base=FINISHED),
    "applied-moments": Case(
        ran(MAGMOM="2*0 4*3.806 8*0"), ran(ISYM="0"), base=FINISHED
    ),
    "applied-encut": Case(ran(ENCUT="520"), base=FINISHED),
    "applied-kpoints": Case(
        {"KPOINTS": "mesh\n0\nGamma\n4 4 2\n"},
        {"KPOINTS": "mesh\n0\nMonkhorst\n4 4 2\n"},
        base=FINISHED,
    ),
    "applied-species": Case({"POSCAR": poscar("Mn2 Mg4 O8")}, base=FINISHED),
    "applied-potcar": Case({"POTCAR.spec": "Mg\nMn\nO\n"}, base=FINISHED),
    "applied-electrons": Case(
        outcar("NELECT =     104.0000", "NELECT =     103.0000"),
        {**ran(NELECT="103"), **outcar("NELECT =     104.0", "NELECT =     103.0")},
        base=FINISHED,
    ),
    "applied-science": Case(ran(LASPH=".FALSE."), ran(ISIF="0"), base=FINISHED),
    "applied-accuracy": Case(ran(LMAXMIX="6"), base=FINISHED),
    "applied-absent": Case(ran(IVDW="12"), ran(IVDW="0"), base=FINISHED),
    "applied-unseen": Case(
        {**ran(IVDW="12"), **outcar("INCAR:", "INPUT:")},
        {**ran(IVDW="0"), **outcar("INCAR:", "INPUT:")},
        base=FINISHED,
    ),
    "moment-collapsed": Case(
        outcar(moments=(0, 0, -0.99, -3.8, 3.8, 3.8, *[0] * 8)),
        outcar(moments=(0, 0, -1.01, -3.8, 3.8, 3.8, *[0] * 8)),
        base=FINISHED,
    ),
    "moment-flipped": Case(
        outcar(moments=(0, 0, -3.8, 3.8, -3.8, 3.8, *[0] * 8)),
        outcar(moments=tuple(-m for m in AFM)),
        base=FINISHED,
    ),
    "ligand-moment": Case(
        outcar(moments=(*AFM[:6], *[0.4] * 8)), outcar(moments=AFM), base=FINISHED
    ),
    "set-encut": Case(tags(ENCUT="680"), beside=LITHIUM),
    "set-functional": Case(tags(GGA="PS"), tags(GGA="PE"), beside=LITHIUM),
    "set-u": Case(tags(LDAUU="0 5.96 4.5 0"), tags(LDAUU="0 4.50 5.96 0")),
    "set-potcar": Case({"POTCAR": None, "POTCAR.spec": "Li\nNi_pv\nMn_pv\nO\n"},
        {"POTCAR": None, "POTCAR.spec": "Li_sv\nNi_pv\nMn_pv\nO\n"},
        beside={**INPUTS, "POTCAR": None, "POTCAR.spec": "Li_sv\nNi_pv\nMn_pv\nO\n"},
    ),
    "set-lasph": Case(tags(LASPH=None)),
    "set-spin": Case(tags(ISPIN="1", MAGMOM=None)),
    "set-tags": Case(tags(ADDGRID="T"), tags(ADDGRID="F", EDIFF="1E-7")),
    "set-prec": Case(tags(PREC="Normal"), tags(PREC="A"), beside=LITHIUM),
    "set-kpoints": Case({"KPOINTS": kpoints(mesh="3 3 3")}),
}  # fmt: skip
EVERY_RULE: tuple[Rule[VaspDirectory] | Rule[list[VaspDirectory]], ...] = (
    *RULES,
    *SET_RULES,
)

Read = Callable[[str, Files], VaspDirectory]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(name: str, files: Files) -> VaspDirectory:
        directory = tmp_path / name
        directory.mkdir()
        for file, content in files.items():
            if content is not None:
                (directory / file).write_text(content, "utf-8")
        (run,) = find_runs(directory)
        return read_run(run)

    return write_and_read


def found(case: Case, change: Files, read: Read, *, together: bool) -> set[str]:
    run = read("run", {**case.base, **change})
    findings = (
        check_together([run, read("beside", case.beside)]) if together else check(run)
    )
    return {finding.id for finding in findings}


def test_every_rule_has_its_own_id_and_a_case() -> None:
    ids = [rule.id for rule in EVERY_RULE]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(CASES)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.id)
def test_a_rule_speaks_where_it_is_broken_and_only_there(
    rule: Rule[VaspDirectory], read: Read, tmp_path: Path
) -> None:
    case = CASES[rule.id]
    together = rule.id.startswith("set-")
    red = found(case, case.red, read, together=together)
    for folder in tmp_path.iterdir():
        folder.rename(folder.with_name(f"{folder.name}-red"))
    green = found(case, case.green, read, together=together)
    assert rule.id in red
    assert rule.id not in green


@pytest.mark.parametrize(
    ("change", "rule", "told"),
    [
        ({"NELECT": "100"}, "set-tags", "NELECT: 100 in "),
        ({"NUPDOWN": "16"}, "set-tags", "NUPDOWN: 16 in "),
        ({"NUPDOWN": "0"}, "set-tags", "NUPDOWN: 0 in "),
        ({"VDW_C6": "1 2 3 4"}, "set-functional", "VDW_C6: 1 2 3 4 in "),
        ({"ISMEAR": "-5"}, "set-tags", "ISMEAR: -5 in "),
        ({"ISMEAR": "1", "SIGMA": "0.2"}, "set-tags", "SIGMA: 0.2 in "),
        ({"SIGMA": None}, "set-tags", "SIGMA: 0.2 in "),
        ({"ISYM": "0"}, "set-tags", "ISYM: off in "),
        ({"LMAXMIX": None}, "set-tags", "LMAXMIX: 2 in "),
        ({"I_CONSTRAINED_M": "1", "LAMBDA": "10"}, "set-tags", "LAMBDA: 10 in "),
        (
            {"LDAUTYPE": "1", "LDAUU": "0 5.5 5.96 0", "LDAUJ": "0 1 0 0"},
            "set-u",
            "J of Ni: 1 eV in ",
        ),
    ],
)
def test_what_only_a_metal_may_have_apart_is_compared_between_oxides(
    read: Read, change: dict[str, str | None], rule: str, told: str
) -> None:
    beside = {"LDAUTYPE": "1"} if "LDAUTYPE" in change else {}
    runs = [read("run", {**INPUTS, **tags(**change)})]
    runs.append(read("beside", {**INPUTS, **tags(**beside)}))
    messages = [f.message for f in check_together(runs) if f.id == rule]
    assert any(message.startswith(told) for message in messages)
    metal = read("metal", LITHIUM)
    with_metal = [f.message for f in check_together([runs[0], metal])]
    assert not any(message.startswith(told) for message in with_metal)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"LREAL": "Auto"}, {}, ["LREAL: A"]),
        ({"LREAL": "A"}, {"LREAL": "Auto"}, []),
        ({"LREAL": ".FALSE."}, {"LREAL": None}, []),
        ({**RELAX, "LREAL": "A"}, {}, []),
        ({**RELAX, "ISMEAR": "0"}, {"ISMEAR": "-5"}, []),
        ({**RELAX, "ISMEAR": "0"}, {**RELAX, "ISMEAR": "-5"}, ["ISMEAR: 0"]),
        ({"NEDOS": "3001", "ISMEAR": "-5"}, {"ISMEAR": "0"}, []),
        ({"ICHARG": "11", "ISMEAR": "-5"}, {"ISMEAR": "0"}, []),
        ({"ISMEAR": "0"}, {"ISMEAR": None}, ["ISMEAR: 0"]),
        ({"ISMEAR": "1"}, {"ISMEAR": None}, []),
        ({"ISMEAR": "-5", "SIGMA": "0.2"}, {"ISMEAR": "-5", "SIGMA": "0.05"}, []),
        ({"NUPDOWN": "-1"}, {"NUPDOWN": None}, []),
        ({"AGGAC": "0.0"}, {"AGGAC": None}, ["AGGAC: 0"]),
        ({"NKRED": "1"}, {"NKRED": None}, []),
        ({"ISYM": "-1"}, {"ISYM": "0"}, []),
        ({"IBRION": "0", "NSW": "9"}, {"IBRION": None}, ["IBRION: 0"]),
        ({"ENMAX": "700"}, {}, ["ENMAX: 700"]),
    ],
)
def test_tags_are_compared_by_what_they_mean_within_one_kind_of_run(
    read: Read,
    one: dict[str, str | None],
    other: dict[str, str | None],
    told: list[str],
) -> None:
    base = {"LMAXMIX": "4", "ISYM": "0", "NSW": None, "IBRION": None}
    runs = [
        read(name, {**INPUTS, **tags(**{**base, **change})})
        for name, change in (("one", one), ("other", other))
    ]
    found = [f.message.partition(" in ")[0] for f in check_together(runs)]
    assert found == told


def test_two_metals_are_compared_in_their_smearing(read: Read) -> None:
    runs = [
        read("one", {**LITHIUM, "INCAR": "ENCUT = 650\nISMEAR = 1\nSIGMA = 0.2\n"}),
        read("other", {**LITHIUM, "INCAR": "ENCUT = 650\nISMEAR = 0\nSIGMA = 0.2\n"}),
    ]
    told = [f.message.partition(" in ")[0] for f in check_together(runs)]
    assert "ISMEAR: 1" in told


@pytest.mark.parametrize("base", [INPUTS, LITHIUM], ids=["oxide", "lithium"])
def test_a_good_directory_has_no_finding(base: Files, read: Read) -> None:
    assert check(read("good", base)) == ()


def test_no_u_on_purpose_is_no_finding(read: Read) -> None:
    """As the study of U writes its end: LDAUL = -1 says that nothing is corrected."""
    none = tags(LDAUU="4*0", LDAUL="4*-1", LDAUJ="4*0")
    assert [f.id for f in check(read("run", {**INPUTS, **none}))] == []


def test_lithium_metal_may_differ_in_what_a_metal_needs(read: Read) -> None:
    assert check_together([read("oxide", INPUTS), read("metal", LITHIUM)]) == ()


def test_split_blocks_keep_their_own_entries(read: Read) -> None:
    files = {
        **INPUTS,
        "POSCAR": poscar("Li2 Ni1 Mn1 Mn2 O8"),
        "POTCAR": potcar("Li_sv", "Ni_pv", "Mn_pv", "Mn_pv", "O"),
        **tags(LDAUL="-1 2 2 2 -1", LDAUU="0 4.5 5.96 5.96 0", LDAUJ="5*0"),
    }
    assert check(read("split", files)) == ()


def test_findings_carry_reason_cure_and_page(read: Read) -> None:
    (finding,) = check(read("run", {**INPUTS, **tags(LDAUU="0 0 5.96 0")}))
    assert finding.model_dump() == {
        "id": "metal-without-u",
        "severity": "error",
        "message": "Ni1: U 0 eV, LDAUL 2, while U is on Mn 5.96 eV",
        "why": "A U that got lost: one metal corrected, its neighbour not, no "
        "oxidation state can be trusted.",
        "cure": "Give every transition metal its U; LDAUL = -1 and U = 0 where none is "
        "meant.",
        "page": "docs/checks.md#metal-without-u",
    }


def test_every_rule_has_its_section_with_severity_reason_and_cure() -> None:
    page = (TESTS.parent / PAGE).read_text("utf-8")
    sections = {
        name: " ".join(body.split())
        for name, body in re.findall(r"^### (\S+)\n(.*?)(?=^#|\Z)", page, re.M | re.S)
    }
    assert set(sections) == {rule.id for rule in EVERY_RULE}
    for rule in EVERY_RULE:
        assert sections[rule.id].startswith(
            f"**{rule.severity}**: {rule.why} Cure: {rule.cure}"
        )


@pytest.mark.parametrize(
    ("old", "new", "rule", "told"),
    [
        ("LEXCH  = PE", "LEXCH  = CA", "potcar-contradictory", "LEXCH = CA, TITEL"),
        ("LEXCH  = PE", "LEXCH  = CA", "potcar-mixture", "Mn_pv 01Jan2000 (LEXCH = CA"),
        ("ZVAL   =   13.000", "ZVAL   =   7.000", "potcar-contradictory", "ZVAL = 7, "),
        ("ZVAL   =   13.000", "ZVAL   =   ******", "potcar-damaged", "ZVAL is no num"),
        ("ZVAL   =   13.000", "ZVAL   =   NaN", "potcar-damaged", "ZVAL is no number"),
        ("ENMAX  =  269.864", "ENMAX  =  *******", "potcar-damaged", "ENMAX is no num"),
    ],
)
def test_a_potcar_made_by_hand_is_judged_data_set_by_data_set(
    read: Read, old: str, new: str, rule: str, told: str
) -> None:
    found = check(read("run", {**INPUTS, "POTCAR": whole_potcar((old, new))}))
    (finding,) = (f for f in found if f.id == rule)
    assert told in finding.message
    assert "Mn_pv" in finding.message


def test_pbe_data_sets_that_vasp_titles_otherwise_are_no_mixture(read: Read) -> None:
    text = whole_potcar(("TITEL  = PAW_PBE", "TITEL  = PAW"))
    assert check(read("run", {**INPUTS, "POTCAR": text})) == ()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("VRHFIN =Mn:", "VRHFIN =Fe:", "potcar-contradictory"),
        ("LULTRA =        F", "LULTRA =        T", "potcar-ultrasoft"),
        ("LEXCH  = PE", "LEXCH  = CA", "potcar-contradictory"),
    ],
)
def test_the_data_sets_of_a_run_without_potcar_are_judged_by_its_outcar(
    read: Read, old: str, new: str, rule: str
) -> None:
    files = {**FINISHED, **outcar(old, new), "POTCAR.spec": None}
    found = [f for f in check(read("run", files)) if f.id == rule]
    assert len(found) == (3 if "LEXCH" in old else 1)
    assert all(f.message.startswith("OUTCAR: ") for f in found)
