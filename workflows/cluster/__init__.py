"""Batch queues: one job for each Firework, and what to do where the two disagree.

FireWorks holds the states, the scheduler holds the jobs, and neither knows when the
other is wrong. ``step_status`` reads both side by side, ``decision`` is the table of
what a difference means, ``repair`` and ``reconcile`` act on it. ``profile`` is the
site's settings, ``launch`` submits, ``worker`` runs inside a job. May import:
``launchpad``, ``firetasks``, ``engines``, ``records``.
"""
