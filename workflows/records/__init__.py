"""The record of a finished step, and where records are kept.

Lives here: ``TaskDocument`` and its states, the summary that tables read, the stores
(files or MongoDB), ``launchpad.yaml``, the atomic writer.
Comes in: numbers that an engine read. May import: ``campaign``, ``vasp``, ``analysis``.
"""
