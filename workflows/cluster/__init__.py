"""The batch queue: submitted jobs, what became of them, and what to do about it.

FireWorks holds the states, the scheduler holds the jobs, and neither knows when the
other is wrong. Here both are read side by side (``standing``), a table says what a
difference means (``decide``), and the verbs act on it.
"""
