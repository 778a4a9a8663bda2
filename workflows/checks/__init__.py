"""Is a finished run what it claims to be? Findings, each with number, limit and cure.

Lives here: the physics of a result (moments, charge order, sites), inputs as run
against inputs as planned, and ``rules/``, the linter for any VASP directory. Comes in:
documents and files that ``vasp`` has read. May import: ``records``, ``campaign``,
``vasp``, ``analysis``. Runs nothing, changes nothing.
"""
