"""Stand in for VASP: same files in, same files out, toy numbers.

Call ``lnmo-fake-vasp`` without arguments in a directory with INCAR, KPOINTS, POSCAR and
POTCAR or POTCAR.spec. It needs Python 3.11 and nothing else. Inputs that do not fit
together are refused: exit code 1, and every disagreement named on both output streams.
It says `1.0-fake` wherever a VASP version goes, so that its energies cannot pass as
real.

Where the numbers come from
---------------------------
No quantum mechanics is done. LixM2O4 (M = Ti, V, Cr, Mn, Fe, Co, Ni, Cu; 0 <= x <= 2)
gets:

valences  Li 1+, O 2-. The metals go down the ladder of metals.py until the cell is
          neutral: Ni takes 4+ at x = 0 to 2+ at x = 1; from there on Mn is reduced to
          3+. Charges are integers as equal as possible, and the first atoms in POSCAR
          are the reduced ones: at x = 0.25 two Ni are 3+ and two 4+, at x = 2 the first
          8 of 12 Mn are 3+.
moments   in the spheres: Mn4+ 3.2, Mn3+ 3.95, Ni4+ 0.5, Ni3+ 1.1, Ni2+ 1.7, O 0.01,
          Li 0 μB, with the sign of MAGMOM; other metals: metals.py. The total is the
          formal one (Mn4+ 3, Mn3+ 4, Ni4+ 0, Ni3+ 1, Ni2+ 2): 36 - 8x or 20 + 8x μB per
          56 atoms with Ni reversed.
lattice   a = b = c = 8.00 + 0.17 x Å up to x = 1; beyond, V grows linearly to
          1.118 V(0) and c/a to 1.07 at x = 2, c along the third vector. Fractional
          coordinates never change. Any cell that is not a multiple of the 56-atom one
          is scaled uniformly to the right volume.
energy    average voltages 4.7 V (0 to 1) and 2.8 V (1 to 2) against -1.90 eV for bcc
          Li, with a bow of -0.08 x (1 - x) eV per formula unit below x = 1 and
          +0.05 (x - 1) (2 - x) above; E(0) = -45.24 eV per formula unit. Ni2+ parallel
          to Mn costs 0.06 eV, half of Mn reversed 0.04 eV per formula unit. Cells that
          are not the model's cost elastic energy and show the stress. Neither U, nor
          ENCUT, nor the k mesh, nor who sits where has any effect. The free energy
          lies 0.0005 eV/atom below sigma -> 0, except with tetrahedra.
electrons NELECT is ZVAL times the counts. Every orbital of every ion is a Gaussian
          filled as the formal charge says, around a Fermi energy of 3.0 eV. There is a
          gap. Bands are these levels with a small dispersion. With the k points only
          time reversal is used. PAW-sphere moments and the projected densities thus
          do not agree exactly: 3.2 against 3 for Mn4+.
orbitals  with LDAUPRINT the d shell of every metal, once in an ionic step: diagonal in
          the Cartesian axes, dz2 filled before dx2-y2, so that Mn3+ has dz2 along z.
motion    a third of the strain is left after every ionic step, at least two steps are
          taken, and forces are 100 eV/Å times the strain: about 6 steps from a cell 2 %
          off, 2 from a converged one. The step that meets EDIFFG takes all that is
          left, so that the end does not depend on where a relaxation was restarted.

Bcc Li is the only other crystal: -1.90 eV/atom, a = 3.44 Å.

WAVECAR is written (LWAVE) and looked at (ISTART = 1): its size, k points, spins and
bands. It holds no orbitals, and no number depends on it. ISTART = 1 without one is
refused, where VASP would start from scratch.

Not modelled, hence refused: ISIF above 3, molecular dynamics, LORBIT other than 0 and
11, line-mode k points, other elements, ISPIN = 1 with a transition metal, and every
INCAR tag that tags.py does not list.

Environment
-----------
FAKE_VASP_SECONDS    wall time, spread over the ionic steps (default 0)
FAKE_VASP_UNTIL      a file; the first ionic step does not end before it exists
FAKE_VASP_LEDGER     a file that gets `start <directory> <pid> <time>` at the start and
                     `end <directory> <pid> <time>` as the very last act. A run that is
                     killed leaves no `end`. A run that shows the failure asked for
                     has a line `fail:<failure> ...` between them, and one that starts
                     from a WAVECAR (ISTART = 1) a line `wavecar ...`.
FAKE_VASP_FAIL       `unconverged`        the last ionic step uses up NELM
                     `unconverged_algo`   the same, until ALGO = All
                     `unconverged_ionic`  NSW steps without reaching EDIFFG
                     `unconverged_ibrion` the same, until IBRION is not 2
                     `nonconv`            13 ionic steps that use up NELM, until ALGO =
                                          All
                     `potim`              the second ionic step raises the energy by
                                          2 eV/atom, until POTIM < 0.29
                     `positive_energy`    all energies are positive, until ALGO =
                                          Normal and, if ions move, POTIM < 0.29
                     `zbrent`             stops a relaxation after two ionic steps with
                                          the ZBRENT error, as long as IBRION = 2 and
                                          NELMIN < 8: custodian's cure changes that
                     `crash`              exit code 1 in the middle of a line of
                                          vasprun.xml, in the second ionic step if any
                     `kill`               after some ionic step OUTCAR, OSZICAR,
                                          vasprun.xml and CONTCAR are cut at random
                                          bytes and SIGKILL ends the run
                     `kill_wavecar`       SIGKILL ends the run while it writes WAVECAR
                                          over the one that it read
                     `disk_full`          a write fails with ENOSPC at a random byte
                     `hang`               prints nothing after the first electronic
                                          loop until it is killed, at most 10 minutes
                     `walltime`           the same after the first ionic step
                     `wrong_valence`      all Mn get the same moment
                     or a message of errors.py, from `algo_tet` to `ztrtri`: it is
                     printed and, unless it is a warning, the run stops, until the tag
                     that cures it is changed
FAKE_VASP_FAIL_ONCE  a file: the failure happens only while it does not exist, and
                     creates it
FAKE_VASP_SEED       decides the random bytes, together with the directory's name
                     (default 0)

A STOPCAR with LSTOP or LABORT ends the run after the ionic step under way and is then
deleted, if it is writable. SIGTERM and SIGKILL end it at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

from workflows.fake_vasp.execution import execute
from workflows.fake_vasp.refusal import Refusal
from workflows.fake_vasp.switches import read_switches


def main() -> int:
    """Run in the working directory; return the exit code."""
    try:
        switches = read_switches()
        switches.record("start")
    except Refusal as refusal:
        return _refused(refusal)
    try:
        code = execute(Path(), switches)
    except Refusal as refusal:
        code = _refused(refusal)
    except OSError as error:
        print(f"forrtl: severe: {error.strerror}", file=sys.stderr)
        code = 1
    sys.stdout.flush()
    switches.record("end")
    return code


def _refused(refusal: Refusal) -> int:
    for stream in (sys.stdout, sys.stderr):
        print(f"fake_vasp refuses {refusal}", file=stream)
    return 1


if __name__ == "__main__":
    sys.exit(main())
