"""From a campaign file to the inputs of every step.

Lives here: the campaign's YAML and its defaults, which arrangements it asks for, the
plan, a calculation and its id, the INCAR presets, the inputs of one step. Comes in: a
campaign file and structures. May import: ``vasp``, ``analysis``, ``structures``. Pure:
no clock, no database, no engine; only ``write_tree`` writes files.
"""
