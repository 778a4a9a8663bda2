"""Rules on tags of INCAR that no output of the run has.

vasprun.xml repeats the tags that VASP read, and OUTCAR of VASP 6 the whole INCAR. In 30
real runs of VASP 5.2 to 6.4 only tags of the machine and of phonons were missing. A tag
that is missing was written into INCAR after the run, misspelt, or is of a patch that
repeats nothing. Tags that VASP does not read in this kind of run are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from workflows.checks.rules.asked_and_applied import ACCURACY, PRINTED, SCIENCE
from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.checks.rules.tag_values import value_of
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.equality import same_value
from workflows.vasp.incar_text import IncarText, leading_numbers
from workflows.vasp.known_tags import SOLVERS, physics_tags, tag_names
from workflows.vasp.precision import VASPRUN_REAL

JUDGED = frozenset({*SCIENCE, *ACCURACY}) | tag_names(
    "ENCUT ENMAX NELECT MAGMOM LDAU LDAUL LDAUU LDAUJ"
)
"""Tags that other rules compare with what VASP applied."""
DECIDES_NO_ENERGY = re.compile(
    r"PHON_.*|LPHON.*|WANNIER90_.*|LWANNIER.*|NUM_WANN|WRT_.*|BANDGAP|LBANDGAP"
    r"|LOPTICS|LEPSILON|LCALCEPS|LCALCPOL|LPEAD|IPEAD|LRPA|CSHIFT|LNABLA|LVEL|LEFG"
    r"|QUAD_EFG|LCHIMAG|LNMR.*|LHYPERFINE|NGYROMAG|DQ|LPARD|EINT|NBMOD|KPUSE|IBAND"
    r"|LSEPB|LSEPK|LORBMOM|RWIGS|LDOS.*|LKPOINTS_OPT|KPOINTS_OPT.*|LINTPOL_KPATH"
    r"|INIWAV|IWAVPR|WC|INIMIX|MIXPRE|MREMOVE|LMIXTAU|LSCAL.*|LASYNC|NCSHMEM|NBLK"
    r"|NBLOCK|KBLOCK|NFREE|NWRITE|LELF|LSCAAWARE|KPOINT_BSE|NPACO|APACO|POMASS"
    r"|IOPT|ICHAIN|LCLIMB|SPRING.*|IMAGES|MAXMOVE|FTIME.*|FALPHA|FNMIN|TIMESTEP"
    r"|ILBFGSMEM|LBFGS.*|INVCURV|LGLOBAL|LAUTOSCALE|DDR|DROTMAX|DFNM.*|STOPCAR|LSTOP"
)
"""Properties that are computed beside the energy, how ions move, who computes what."""


def _md(run: VaspDirectory) -> bool:
    return run.incar.number("IBRION", -1) == 0


def _many_body(run: VaspDirectory) -> bool:
    return run.incar.word("ALGO", "NORMAL") not in SOLVERS


def _dispersion(run: VaspDirectory) -> bool:
    return run.incar.number("IVDW", 0) != 0 or run.incar.flag("LVDW")


def _own_mesh(run: VaspDirectory) -> bool:
    return not any(name.startswith("KPOINTS") for name in run.files)


def _flag(*tags: str) -> Callable[[VaspDirectory], bool]:
    return lambda run: any(run.incar.flag(tag) for tag in tags)


def _vectors(run: VaspDirectory) -> bool:
    return not run.collinear


READ_ONLY_WITH: Mapping[str, Callable[[VaspDirectory], bool]] = {
    r"LDAU.*": _flag("LDAU"),
    r"AEXX|HFSCREEN|LTHOMAS|LMODELHF|PRECFOCK|NKRED.*|ENCUTFOCK|EXXOEP|HFRCUT"
    r"|LFOCKAEDFT|FOURORBIT|EVENONLY.*|ODDONLY.*|LRHFCALC|LMAXFOCK.*": _flag("LHFCALC"),
    r"BPARAM|CPARAM|ZAB_VDW|LVDWEXPANSION|NQ_VDW": _flag("LUSE_VDW"),
    r"VDW_.*|LVDW.+|DFTD4_.*|LIBMBD_.*|LSCSGRAD|LSPIN_VDW|MBD_.*": _dispersion,
    r"ML_.*": _flag("ML_LMLFF"),
    r"EB_K|TAU|LAMBDA_D_K|NC_K|SIGMA_K|CORE_C|LRHOB|LRHOION|LNLDIEL|LDIEL": _flag(
        "LSOL"
    ),
    r"M_CONSTR|LAMBDA": lambda run: run.incar.number("I_CONSTRAINED_M", 0) != 0,
    r"SAXIS|QSPIRAL|LSPIRAL|LZEROZ|ENINI": _vectors,
    r"FERWE|FERDO": lambda run: run.incar.number("ISMEAR", 1) == -2,
    r"KSPACING|KGAMMA": _own_mesh,
    r"CMBJ.*|RSMBJ|SMBJ|LMAXTAU": lambda run: run.meta_gga,
    r"LIBXC.*": lambda run: "LI" in {run.incar.word(t)[:2] for t in ("GGA", "METAGGA")},
    r"TEBEG|TEEND|SMASS|PMASS|MDALGO|ANDERSEN_PROB|LANGEVIN_.*|NHC_.*|CSVR_PERIOD"
    r"|TSIM|RANDOM_SEED|HILLS_.*|INCREM|SCALEE|LBLUEOUT|VALUE_.*": _md,
    r"NOMEGA.*|ENCUTGW.*|NBANDSGW|OMEGA.*|ANTIRES|NBANDS[OV]|LADDER|LHARTREE|LFXC"
    r"|LSELFENERGY|LSPECTRAL.*|MAXMEM|NATURALO|NTAU.*|NBSEEIG|IBSE|BSE.*": _many_body,
}
"""Names of tags -> whether VASP reads them in a run."""
SWITCHES = frozenset({"T", "F", "TRUE", "FALSE"})
CHOSEN_BY_POTCAR = frozenset({"--", "PE", "NONE", "F", ""})
"""GGA of a run with the functional of its potentials."""
OWN_TRACES = {
    "IVDW": "dispersion",
    "LVDW": "dispersion",
    "LSOL": "solvent",
}
"""Tags that OUTCAR shows by a part of the energy, whether or not it repeats them."""
PRINTED_AS = {"dispersion": "Edisp", "solvent": "Ediel_sol other than 0"}


def _to_judge(run: VaspDirectory) -> Iterator[str]:
    """Yield the tags of INCAR that VASP reads, whose value decides a number."""
    if run.incar_from != "INCAR" or not run.finished:
        return
    printed = run.outcar.tags if run.outcar is not None else {}
    for tag, text in run.incar.tags.items():
        if tag in JUDGED or (tag in PRINTED and (tag in printed or tag != "METAGGA")):
            continue
        decides = physics_tags({tag: run.incar.word(tag)})
        if not text.strip() or not decides or DECIDES_NO_ENERGY.fullmatch(tag):
            continue
        if _is_read(tag, run):
            yield tag


def _is_read(tag: str, run: VaspDirectory) -> bool:
    return all(
        on(run) for names, on in READ_ONLY_WITH.items() if re.fullmatch(names, tag)
    )


def _says_the_default(tag: str, run: VaspDirectory) -> bool:
    without = {name: text for name, text in run.incar.tags.items() if name != tag}
    return value_of(tag, run) == value_of(tag, replace(run, incar=IncarText(without)))


def _of_vasprun(run: VaspDirectory) -> Mapping[str, str]:
    return run.repeated.tags if run.repeated_by == "vasprun.xml" else {}


def _whole_incar(run: VaspDirectory) -> Mapping[str, str]:
    """Return the INCAR as OUTCAR repeats it, if it has all that vasprun.xml has too.

    A line that is continued may end the copy early.
    """
    copy = run.outcar.incar if run.outcar is not None else {}
    seen = run.incar.tags.keys() & _of_vasprun(run).keys()
    return copy if seen <= copy.keys() else {}


def _absent(run: VaspDirectory) -> Iterator[str]:
    copy, read = _whole_incar(run), _of_vasprun(run)
    for tag in _to_judge(run):
        asked = run.incar.tags[tag]
        if tag in copy:
            if not _alike(asked, copy[tag]):
                yield f"{tag} = {asked}, OUTCAR repeats {copy[tag]}"
        elif tag in read:
            if not _alike(asked, read[tag]):
                yield f"{tag} = {asked}, vasprun.xml repeats {read[tag]}"
        elif tag in run.parameters:
            if not _alike(asked, run.parameters[tag]):
                yield f"{tag} = {asked}, vasprun.xml says {run.parameters[tag]}"
        elif copy and not _says_the_default(tag, run):
            yield f"{tag} = {asked}, and OUTCAR, which repeats the INCAR, has no {tag}"
    yield from _taken_out(copy, run)


def _taken_out(copy: Mapping[str, str], run: VaspDirectory) -> Iterator[str]:
    """Yield the tags that OUTCAR repeats, and INCAR has no more."""
    if run.incar_from != "INCAR":
        return
    before = replace(run, incar=IncarText(copy))
    for tag in _to_judge(before):
        if tag not in run.incar and not _says_the_default(tag, before):
            yield f"no {tag}, OUTCAR repeats {tag} = {copy[tag]}"


def _unseen(run: VaspDirectory) -> Iterator[str]:
    if _whole_incar(run):
        return
    read = _of_vasprun(run)
    for tag in _to_judge(run):
        trace = OWN_TRACES.get(tag)
        said = tag in read or tag in run.parameters
        if said or trace in run.traces or _says_the_default(tag, run):
            continue
        asked = run.incar.tags[tag]
        if trace is not None and run.outcar is not None:
            yield (
                f"{tag} = {asked}, and OUTCAR has no {PRINTED_AS[trace]}: cannot tell "
                "that VASP applied it"
            )
        elif read:
            yield (
                f"{tag} = {asked}, and vasprun.xml, which repeats the tags that VASP "
                f"read, has no {tag}: cannot tell whether VASP applied it"
            )


def _alike(asked: str, said: str) -> bool:
    """Compare a value as written with one as VASP prints it, maybe shortened."""
    numbers = leading_numbers(asked), leading_numbers(said)
    if all(numbers):
        pairs = zip(*numbers, strict=False)
        return all(same_value(a, b, printed=VASPRUN_REAL) for a, b in pairs)
    words = [(text.split() or [""])[0].strip("'\".").upper() for text in (asked, said)]
    if SWITCHES.issuperset(words):
        return words[0][0] == words[1][0]
    if CHOSEN_BY_POTCAR.issuperset(words):
        return True
    return words[0].startswith(words[1]) or words[1].startswith(words[0])


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "applied-absent",
        "error",
        "The outputs say that the run had another value of this tag, or none.",
        "The INCAR was edited after the run: restore it, or rerun.",
        _absent,
    ),
    Rule(
        "applied-unseen",
        "error",
        "No output shows that VASP applied this tag, and it may decide the energy.",
        "Restore the INCAR of the run, or rerun; take out what VASP does not read.",
        _unseen,
    ),
)
