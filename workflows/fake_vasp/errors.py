"""What VASP prints when it gives up, and what has to change before it stops doing so.

The words are VASP's, as far as custodian looks for them. A message is shown again and
again until its cure is found in the input files, so that an error handler that only
believes it has changed something is found out. Where no cure is known, or where
custodian ought to keep its hands off, the message comes every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workflows.fake_vasp.inputs import Inputs

Shows = Callable[[Inputs], bool]
SETUP, SCF, IONIC = "setup", "scf", "ionic"


@dataclass(frozen=True)
class Message:
    """One way to fail.

    `when` is the place in the run: before the first electronic step, after the first
    electronic loop, or after the second ionic step if there is one. `stops` tells an
    error from a warning.
    """

    text: str
    when: str = SETUP
    shows: Shows = lambda _: True
    stream: str = "stdout"  # stdout, stderr or OUTCAR
    stops: bool = True


def _algo(inputs: Inputs) -> str:
    return str(inputs.get("ALGO"))[0].upper()


def _symmetric(inputs: Inputs) -> bool:
    return bool(inputs.get("ISYM") > 0)


def _tetrahedra(inputs: Inputs) -> bool:
    return bool(inputs.get("ISMEAR") == -5)


def _real_space(inputs: Inputs) -> bool:
    return inputs.get("LREAL") is not False


def _own_bands(inputs: Inputs) -> bool:
    return "NBANDS" not in inputs.incar


def _symprec_above(limit: float) -> Shows:
    return lambda inputs: inputs.get("SYMPREC") > limit * 1.01


def _symprec_below(limit: float) -> Shows:
    return lambda inputs: inputs.get("SYMPREC") < limit * 0.99


def _long_steps(inputs: Inputs) -> bool:
    return inputs.relaxes and inputs.get("POTIM") > 0.29


def _not(letters: str) -> Shows:
    return lambda inputs: _algo(inputs) not in letters


def _bad_news(where: str, what: str) -> str:
    return f" VERY BAD NEWS! internal error in subroutine {where}:\n {what}\n"


MESSAGES = {
    # The k mesh and its integration.
    "bzint": Message(
        _bad_news("BZINTS", "Tetrahedron method fails (number of k-points < 4) 3"),
        shows=_tetrahedra,
    ),
    "tet": Message(
        " Tetrahedron method fails for NKPT<4. NKPT = 3\n", shows=_tetrahedra
    ),
    "tetirr": Message(" Routine TETIRR needs special values\n", shows=_tetrahedra),
    "dentet": Message(
        " WARNING: DENTET: can't reach specified precision\n", SCF, _tetrahedra
    ),
    "ibzkpt": Message(
        _bad_news("IBZKPT", "not all point group operations associated"),
        shows=_symmetric,
    ),
    "point_group": Message(
        _bad_news("IBZKPT", "Error: point group operation missing       2"),
        shows=_symmetric,
    ),
    "ksymm": Message(
        _bad_news("IBZKPT", "Fatal error detecting k-mesh"), shows=_symprec_above(1e-6)
    ),
    "hnform": Message(
        " HNFORM: k-point generating vectors and reciprocal lattice are\n"
        " incommensurate\n",
        shows=_symmetric,
    ),
    "incorrect_shift": Message(" ERROR: Could not get correct shifts\n"),
    "kpoints_trans": Message(
        " internal error in GENERATE_KPOINTS_TRANS: number of G-vector changed in star"
        "\n",
        SCF,
        _symmetric,
        stream="stderr",
    ),
    # Symmetry.
    "inv_rot_mat": Message(
        _bad_news(
            "INVGRP", "inverse of rotation matrix was not found (increase SYMPREC) 13"
        ),
        shows=_symprec_below(1e-4),
    ),
    "sgrcon": Message(
        _bad_news("SGRCON", "Found some non-integer element in rotation matrix 3"),
        shows=_symmetric,
    ),
    "rhosyg": Message(
        _bad_news(
            "RHOSYG", "stars are not distinct, try to increase SYMPREC to e.g. 1E-4 1"
        ),
        SCF,
        _symprec_below(1e-4),
    ),
    "posmap": Message(
        " POSMAP internal error: symmetry equivalent atom not found,\n"
        "   you might try decreasing or increasing SYMPREC by an order of magnitude.\n",
        shows=_symprec_above(1e-6),
    ),
    "pricel": Message(
        " internal error in subroutine PRICEL (probably precision problem)\n",
        shows=_symprec_above(1e-8),
    ),
    "pricelv": Message(
        " PRICELV: current lattice and primitive lattice are incommensurate\n",
        shows=_symprec_above(1e-6),
    ),
    "bravais": Message(
        " Inconsistent Bravais lattice types found\n", shows=_symprec_above(1e-6)
    ),
    "symprec_noise": Message(
        " The determination of the symmetry of your systems shows a strong\n"
        " dependence on the tolerance parameter SYMPREC.\n",
        shows=lambda inputs: _symmetric(inputs) and inputs.get("SYMPREC") > 1.01e-6,
    ),
    "triple_product": Message(
        " ERROR: the triple product of the basis vectors is negative\n"
    ),
    # Electrons.
    "brmix": Message(
        " BRMIX: very serious problems\n the old and the new charge density differ\n",
        SCF,
        lambda inputs: inputs.incar.get("IMIX") != 1,
    ),
    "edddav": Message(
        " Error EDDDAV: Call to ZHEGV failed. Returncode = 1 2 128\n", SCF, _not("AC")
    ),
    "eddrmm": Message(
        " WARNING in EDDRMM: call to ZHEGV failed, returncode =   6  3     20\n",
        SCF,
        lambda inputs: _algo(inputs) in "FV" or _long_steps(inputs),
    ),
    "eddiag": Message(
        " ERROR in EDDIAG: call to ZHEEV/ZHEEVX/DSYEV/DSYEVX failed! error code = 3\n",
        SCF,
        _not("AC"),
    ),
    "zheev": Message(
        " ERROR EDDIAG: Call to routine ZHEEV failed! 38 1 1920\n", SCF, _not("AC")
    ),
    "pssyevx": Message(
        " ERROR in subspace rotation PSSYEVX: not enough eigenvalues found  430  432\n",
        SCF,
        _not("N"),
    ),
    "pdsyevx": Message(
        " ERROR in subspace rotation PDSYEVX: not enough eigenvalues found  430  432\n",
        SCF,
        _not("N"),
    ),
    "algo_tet": Message(
        " ALGO=A and IALGO=5X tend to fail with the tetrahedron method\n",
        SCF,
        lambda inputs: inputs.get("ISMEAR") < 0 and _algo(inputs) in "ACD",
    ),
    "gradient_not_orthogonal": Message(
        " EDWAV: internal error, the gradient is not orthogonal         1         2\n",
        SCF,
        lambda inputs: _own_bands(inputs) and _algo(inputs) != "F",
    ),
    "subspace": Message(" WARNING: Sub-Space-Matrix is not hermitian in DAV\n", SCF),
    "too_few_bands": Message(" TOO FEW BANDS\n", SCF, _own_bands),
    "nbands_not_sufficient": Message(
        " The number of bands is not sufficient to hold all electrons. I am\n", SCF
    ),
    "auto_nbands": Message(
        " The number of bands has been changed from the values supplied in\n"
        " the INCAR file. This is a result of running the parallel version.\n",
        stops=False,
    ),
    "large_sigma": Message(
        "  entropy T*S    EENTRO =        -4.47831600\n",
        SCF,
        stream="OUTCAR",
        stops=False,
    ),
    # Atoms and data sets.
    "nicht_konvergent": Message(
        " ERROR: SBESSELITER : nicht konvergent\n", shows=_real_space
    ),
    "real_optlay": Message(" REAL_OPTLAY: internal error (1)\n", shows=_real_space),
    "rspher": Message(" ERROR RSPHER: internal error\n", shows=_real_space),
    "set_core_wf": Message(
        " internal error in SET_CORE_WF: core electrons incorrect 51.0000000000000\n"
    ),
    "read_error": Message(
        " Error reading item EFERMI from file INCAR.\n Error code was IERR= 5 ... .\n"
    ),
    "coef": Message(
        " ERROR: while reading plane wave coef. from WAVECAR 13 1 129\n",
        shows=lambda _: Path("WAVECAR").exists(),
    ),
    # The ions' motion.
    "zpotrf": Message(
        " LAPACK: Routine ZPOTRF failed!           1           2\n", IONIC, _long_steps
    ),
    "ztrtri": Message(
        " ERROR in LAPACK: Routine ZPOTRF ZTRTRI failed! i k-point spin: 1 1 1\n",
        IONIC,
        _long_steps,
    ),
    "brions": Message(
        " BRIONS problems: POTIM should be increased\n",
        IONIC,
        lambda inputs: inputs.relaxes and inputs.get("POTIM") < 0.39,
    ),
    "drift": Message(
        "    total drift:                      0.500000      0.000000      0.000000\n",
        IONIC,
        lambda inputs: inputs.relaxes,
        stream="OUTCAR",
        stops=False,
    ),
    # The machine.
    "dfpt_ncore": Message(
        " The PEAD routines do not work for NCORE /= 1 (or NPAR /= NCPU).\n",
        shows=lambda inputs: bool({"NCORE", "NPAR"} & set(inputs.incar)),
    ),
    "fd_ncore": Message(
        " VASP internal routines have requested a change of the k-point set.\n"
        " Please remove the tag NPAR from the INCAR file and restart\n",
        shows=lambda inputs: "NPAR" in inputs.incar,
    ),
    "oom": Message(
        " slurmstepd: error: Allocation would exceed memory limit\n",
        SCF,
        lambda inputs: inputs.incar.get("KPAR", 1) > 1,
        stream="stderr",
    ),
    "lrf_comm": Message(
        " LRF_COMMUTATOR internal error: the vector H(1)-e(1) S(1) |phi(0)> is not\n",
        SCF,
        stream="stderr",
    ),
}
