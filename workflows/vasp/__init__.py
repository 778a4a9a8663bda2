"""VASP's own files: how each one is written, read, and found complete or truncated.

Lives here: INCAR, KPOINTS, POSCAR, POTCAR, OUTCAR, vasprun.xml, DOSCAR and the rest,
one reader each, and which files of a directory belong to one run. Comes in: paths and
text. May import: ``analysis``, ``structures``. Judges nothing: what a run is worth is
decided in ``checks`` and ``engines``.
"""
