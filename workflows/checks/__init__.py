"""Is a finished run what it claims to be? Findings, each with number, limit and cure.

Lives here: the physics of a result (moments, charge order, sites), inputs as run
against inputs as planned, and ``rules/``, the linter for any VASP directory. Comes in:
documents and files that ``vasp`` has read. May import: ``records``, ``campaign``,
``vasp``, ``analysis``. Runs nothing, changes nothing.

A new finding on physics belongs in ``physics.physics_findings``; one on inputs, which
may change the state, where `engines/vasp/to_document.py` collects them. Either needs a
line in ``results.gates.EFFECTS``: an unknown id keeps every verdict from a PASS.
"""
