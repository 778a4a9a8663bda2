"""Listings of PBS, SGE and LSF in the formats of their manuals."""

from __future__ import annotations

from workflows.queue.batch import read_lsf, read_pbs, read_sge
from workflows.queue.job import Job, Listed

PBS_USER = """
pbs01:
                                                            Req'd  Req'd   Elap
Job ID          Username Queue    Jobname    SessID NDS TSK Memory Time  S Time
--------------- -------- -------- ---------- ------ --- --- ------ ----- - -----
1234.pbs01      anna     workq    lnmo-1-1     8122   1  32    --  24:00 R 00:12
1235.pbs01      anna     workq    lnmo-2-2      --    1  32    --  24:00 Q   --
1236.pbs01      anna     workq    lnmo-3-3     8122   1  32    --  24:00 E 00:12
"""
SGE = """\
job-ID  prior   name       user         state submit/start at     queue   slots ja-task
---------------------------------------------------------------------------------------
    231 0.55500 lnmo-1-1   anna         r     11/24/2026 10:00:00 all.q@n1   32
    232 0.00000 lnmo-2-2   anna         qw    11/24/2026 10:00:01            32
    233 0.00000 lnmo-3-3   anna         Eqw   11/24/2026 10:00:01            32
    234 0.55500 lnmo-4-4   anna         dr    11/24/2026 10:00:02 all.q@n2   32
"""
LSF = "301 RUN lnmo-1-1\n302 PEND lnmo-2-2\n303 DONE lnmo-3-3\n304 EXIT lnmo-4-4\n"


def test_a_listing_of_pbs_is_read() -> None:
    assert read_pbs(PBS_USER) == {
        "1234": Listed(Job.RUNNING, "lnmo-1-1", "R"),
        "1235": Listed(Job.PENDING, "lnmo-2-2", "Q"),
        "1236": Listed(Job.ENDING, "lnmo-3-3", "E"),
    }


def test_a_listing_of_sge_is_read() -> None:
    assert read_sge(SGE) == {
        "231": Listed(Job.RUNNING, "lnmo-1-1", "r"),
        "232": Listed(Job.PENDING, "lnmo-2-2", "qw"),
        "233": Listed(Job.PENDING, "lnmo-3-3", "Eqw"),
        "234": Listed(Job.ENDING, "lnmo-4-4", "dr"),
    }


def test_a_listing_of_lsf_is_read() -> None:
    assert read_lsf(LSF) == {
        "301": Listed(Job.RUNNING, "lnmo-1-1", "RUN"),
        "302": Listed(Job.PENDING, "lnmo-2-2", "PEND"),
        "303": Listed(Job.FINISHED, "lnmo-3-3", "DONE"),
        "304": Listed(Job.FAILED, "lnmo-4-4", "EXIT"),
    }
