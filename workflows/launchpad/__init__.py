"""FireWorks on one machine.

Lives here: the embedded LaunchPad (one owner, one file) and the one on a MongoDB,
submission, the local run with its worker processes, recovery after a kill, locks and
leases. Comes in: calculations. May import: ``firetasks``, ``engines``, ``records``,
``campaign``.
"""

from workflows.launchpad.fireworks_settings import import_fireworks

import_fireworks()  # before any module here, or in cluster, imports it
