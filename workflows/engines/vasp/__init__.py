"""VASP: how a directory of it is run, and what its files prove.

Running: ``engine`` drives one directory or a chain of relaxations; ``process`` starts
VASP under custodian, with the ``handlers`` chosen and the ``deadline`` of the machine;
``restart`` finds the last whole structure of a cut run.

Judging: ``parse`` reads a directory into its document. ``state`` decides how far the
run came, :mod:`workflows.checks` finds what is wrong with it, ``to_document`` writes it
down, with the ``notes``. Files are read in :mod:`workflows.vasp`.
"""
