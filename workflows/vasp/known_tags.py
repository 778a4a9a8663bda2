"""INCAR tags: which exist, and which affect energies, files or speed only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

MACHINE_TAGS = ("NCORE", "NPAR", "KPAR", "NSIM", "LPLANE")
"""Tags that decide where the work is done, not what."""

PREFIXES = (
    *("ML_", "PHON_", "ELPH_", "TRANSPORT_", "KPOINTS_OPT", "HILLS_", "WANNIER90_"),
    *("LIBMBD_", "LIBXC", "DFTD4_", "BSE", "SPRING_", "WRT_", "CH_", "IFC_", "BANDGAP"),
)
"""Families of tags that grow with every version of VASP."""

MORE_TAGS = (
    "ALDAX AMGGAC AMGGAX BEXT BPARAM BSEPREC CPARAM CSVR_PERIOD DDR DFNMAX DFNMIN "
    "DRMAX DROTMAX EB_K EFERMI ENCUTAE EREF ESF_CONV ESF_NINTER ESF_SPLINES "
    "EVENONLYX FALPHA FDSTEP FNMIN FTIMEDEC FTIMEINC FTIMEMAX IBSE ICHAIN ILBFGSMEM "
    "INVCURV IOPT IRESTART ISPECIAL ITIM IVDW_NL JACOBIAN KERNEL_TRUNCATION "
    "LAMBDA_D_K LAUTOSCALE LBFCONST LBFGSMEM LCHARGH5 LCLIMB LDISENTANGLED LDMATRIX "
    "LDNEB LFINITE_TEMPERATURE LGLOBAL LH5 LIBXC1 LIBXC2 LINTERFAST LKPOINTS_OPT "
    "LLINEOPT LMAXFOCKMP2 LMP2LT LNEBCELL LNMR LPARDH5 LPHON_DISPERSION LPHON_POLAR "
    "LRHOB LRHOION LSCK LSFBXC LSMP2LT LTANGENTOLD LTBOUNDLIBXC LTSSURF LVDWSCS "
    "LVDW_ONECELL LVDW_SAMETYPE LVGVAPPL LVGVCALC LWAVEH5 LWRITE_SPN MAGATOM "
    "MAXMOVE NBANDSEXACT NBANDS_WAVE NCSHMEM NC_K NEBCELL NEFG NELMGW NELMHF "
    "NHC_NCHAINS NHC_NRESPA NHC_NS NHC_PERIOD NKREDLF NKREDLFX NKREDLFY NKREDLFZ "
    "NMAXALT NMIN NOMEGA_DUMP NREBOOT NTEMPER NUM_WANN PLUGINS QPOINTS SCALEE "
    "SDALPHA SIGMA_K SMIX STOPCAR TAU TURBO VCA VDW_ALPHA VDW_C6AU VDW_GAMMA "
    "VDW_MBD_SIZE VDW_R0AU XC XC_C "
    "ALPHA_VDW AMGGAC_PN BEXX CMBJE DEG_THRESHOLD DIMER_DIST EFERMI_NEDOS EFOR ENCUTLR "
    "ESTOP FOCKCORR GAMMA_VDW HFALPHA INMRPRINT INTERACTIVE KPOINTS_WAN LALL_IN_ONE "
    "LANCZOSTHR LFOCKACE LFOCKSTD LINTPOL_KPATH LKPOINTS_WAN LNLRPA LNMRLEG "
    "LNMRSHIELD LNOAUGXC LORBITALREAL LPHON_READ_FORCE_CONSTANTS LPOSNICS LSCALER0 "
    "LSCDM LSCRPA LSOSHIFT LSPIN_VDW LSYNCH5 LTEMPER LTWO_CENTRE LUSENCCL LVACPOTAV "
    "LVDW LWEIGHTED LZORA MIX NATURALO NBSEBLOCKO NBSEBLOCKV NCORE_IN_IMAGE1 NICS "
    "NRMM NSTORB POSNICS PROFILING RANDOM_GENERATOR RSMBJ SCISSOR SHAKETOLSOFT SMBJ "
    "STOP_ON TILAMBDA VACPOTFLAT VCAIMAGES VELOCITY XCM_PN"
)
"""Tags of VASP 6 and of the VTST and VASPsol patches that pymatgen's list lacks."""

GROUPS = re.compile(r"(PLUGINS|KERNEL_TRUNCATION|IMAGE_\d+)(/.+)?")
"""Names of the groups that VASP 6.5 reads, ``NAME { ... }`` or ``NAME/TAG``."""
IMAGE = re.compile(r"IMAGE_\d+")
"""A group whose tags are those of an INCAR, for one image of a chain."""


@cache
def known_tags() -> dict[str, str]:
    """Return every INCAR tag known, with its type: pymatgen's list and some more."""
    from pymatgen.io.vasp import Incar

    listed = {tag: str(entry["type"]) for tag, entry in Incar.INCAR_PARAMS.items()}
    return dict.fromkeys(MORE_TAGS.split(), "any") | listed


def is_known(tag: str) -> bool:
    """Tell whether VASP, or a usual patch of it, has this tag."""
    return tag in known_tags() or tag.startswith(PREFIXES)


def nearest_tag(tag: str) -> str | None:
    """Return the known tag that a misspelt one most likely stands for, if any."""
    near = get_close_matches(tag, known_tags(), n=1, cutoff=0.8)
    return near[0] if near else None


def tag_names(words: str) -> frozenset[str]:
    """Split a list of tags that is written as text, one space or line between them."""
    return frozenset(words.split())


HARMLESS = tag_names(
    """
    ALGO NELM NELMIN NELMDL POTIM IBRION NBANDS SYMPREC
    AMIN AMIX BMIX AMIX_MAG BMIX_MAG IMIX MAXMIX TIME
    LWAVE ISTART SYSTEM ISEARCH
    """
) | set(MACHINE_TAGS)
"""Tags that decide how a solution is found, not which; see :func:`is_harmless`."""

SOLVERS = tag_names(
    """
    NORMAL N FAST F VERYFAST VERY_FAST VERY V ALL A CONJUGATE C DAMPED D
    """
)
"""Values of ALGO that iterate to the ground state; others solve something else, or
diagonalise once (vasp.at/wiki ALGO)."""

MOVERS = tag_names("-1 1 2 3")
"""Values of IBRION for ions at rest and for relaxations; others compute phonons, run
molecular dynamics, or look for a saddle point (vasp.at/wiki IBRION)."""

OUTPUT = tag_names(
    """
    LCHARG LCHARGH5 LWAVEH5 LH5 LORBIT NEDOS EMIN EMAX
    LVTOT LVHAR LELF LAECHG LDAUPRINT NWRITE NSW
    """
)
"""Tags that decide what is written, and how long a relaxation may take."""

STEP_TAGS = frozenset({"EDIFF", "EDIFFG", "ISIF"})
"""Physics tags in which the steps of one calculation rightly differ."""

METAL_TAGS = tag_names(
    """
    ISPIN ISMEAR SIGMA ISYM LMAXMIX LDAU LDAUTYPE
    NUPDOWN NELECT I_CONSTRAINED_M M_CONSTR LAMBDA RWIGS
    NKRED NKREDX NKREDY NKREDZ
    VDW_C6 VDW_R0 VDW_C6AU VDW_R0AU VDW_ALPHA
    """
)
"""Physics tags of spin, smearing, mesh, electron count and species.

A lithium reference has its own; its functional and its dispersion correction must be
those of the cathode.
"""


ON_BY_DEFAULT = tag_names("GGA_COMPAT KGAMMA LCORR LDIAG LADDER LHARTREE LVDW_EWALD")
"""Logical tags that are .TRUE. where they are left out."""


def is_harmless(tag: str, value: Any) -> bool:
    """Whether a value of a tag decides only how a solution is found, not which.

    None stands for VASP's own default.
    """
    if tag not in HARMLESS or value is None:
        return tag in HARMLESS
    if tag == "ALGO":
        return str(value).strip().upper() in SOLVERS
    if tag == "IBRION":
        return str(value).strip() in MOVERS
    return True


def physics_tags(tags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tags that affect energies or moments, out of all tags of a step.

    ICHARG below 10 says where a self-consistent run starts, not what it solves.
    """
    kept = {
        tag: tags[tag]
        for tag in sorted(tags)
        if tag not in OUTPUT and not is_harmless(tag, tags[tag])
    }
    if str(kept.get("ICHARG", "")).strip() in {"0", "1", "2", "4", "5"}:
        del kept["ICHARG"]
    return kept
