"""VASP: how a directory of it is run, and what its files prove.

Running: ``engine`` drives one directory or a chain of relaxations; ``process`` starts
VASP under custodian, with the ``handlers`` chosen and a ``clock`` for the wall time;
``restart`` finds the last whole structure of a cut run.

Reading: ``files`` finds the runs of a directory and ``packed`` unpacks them; ``open``,
``outcar`` and ``inputs`` read; ``numbers`` gathers what they give, ``finite`` and
``proof`` say whether that is a result, ``ends`` whether a file was cut, and ``state``
judges.

Belonging together: ``agreement`` of the files with each other, by ``pair``, ``tags``
and ``mesh``; ``applied`` with what was asked; ``originals`` with what custodian was
given.

``parse`` does all of it, and ``document`` writes it down, with the ``remarks``.
"""
