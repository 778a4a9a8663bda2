"""How far two prints of one number may differ: VASP rounds each file in its own way."""

VASPRUN_REAL = 6e-9
"""vasprun.xml prints eight decimals: an EDIFF of 1e-9 is 0 there."""

OUTCAR_U = 0.051
"""eV; OUTCAR prints U and J with one decimal before VASP 6.3."""

OUTCAR_CUTOFF = 0.1
"""eV; OUTCAR prints ENCUT with one or two decimals."""

OUTCAR_EDIFF = 0.5
"""Relative; OUTCAR prints EDIFF with one digit."""

ELECTRONS = 1e-3
"""OUTCAR prints NELECT with four decimals."""

MOMENT = 1e-3
"""muB; both files print the moments of MAGMOM with at least three decimals."""
