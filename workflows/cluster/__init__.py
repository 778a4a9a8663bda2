"""Batch queues: one job for each Firework, and repairs where the two disagree.

FireWorks holds the states and the scheduler holds the jobs; either may be out of date.
``step_status`` reads both side by side, ``decision`` is the table of what a difference
means, ``repair`` and ``reconcile`` act on it. ``profile`` holds the site's settings,
``launch`` submits jobs, ``worker`` runs inside a job. May import: ``launchpad``,
``firetasks``, ``engines``, ``records``.
"""

import workflows.launchpad  # noqa: F401  (it imports FireWorks with a look first)
