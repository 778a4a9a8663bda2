"""PBS, SGE and LSF, as far as their listings go.

A job that is not listed has ended; how it ended is not determined. Written from the
formats in their manuals and tested on such listings, not on a real queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from workflows.cluster.scheduler import NAME_PREFIX, Job, Listed, ask, own_name
from workflows.errors import QueueError

PBS_STATES = {
    **dict.fromkeys("QHWTM", Job.PENDING),
    **dict.fromkeys("RSUB", Job.RUNNING),
    "E": Job.ENDING,
    **dict.fromkeys("CFX", Job.FINISHED),
}
"""Letters of qstat's last but one column, of PBS Professional and Torque."""
LSF_STATES = {
    "PEND": Job.PENDING,
    "PSUSP": Job.PENDING,
    "WAIT": Job.PENDING,
    "RUN": Job.RUNNING,
    "USUSP": Job.RUNNING,
    "SSUSP": Job.RUNNING,
    "UNKWN": Job.RUNNING,
    "PROV": Job.RUNNING,
    "DONE": Job.FINISHED,
    "EXIT": Job.FAILED,
    "ZOMBI": Job.FAILED,
}
"""Words of bjobs' second column."""

NO_JOB = re.compile(r"No (unfinished )?job found")
"""Message with which bjobs fails when there is no job to list."""


def read_pbs(text: str) -> dict[str, Listed]:
    """Read ``qstat``: ``1234.server name user time S queue``."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 6 and (number := re.match(r"\d+", words[0])):
            name = next((word for word in words if word.startswith("lnmo-")), "")
            state = PBS_STATES.get(words[-2], Job.RUNNING)
            found[number.group()] = Listed(state, name, words[-2])
    return found


def read_sge(text: str) -> dict[str, Listed]:
    """Read ``qstat``: ``1234 prior name user state ...``; d means being deleted."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0].isdigit():
            letters = words[4]
            pending = "q" in letters or "h" in letters or "E" in letters
            state = Job.PENDING if pending else Job.RUNNING
            if "d" in letters:
                state = Job.ENDING
            found[words[0]] = Listed(state, words[2], letters)
    return found


def read_lsf(text: str) -> dict[str, Listed]:
    """Read ``bjobs -a -noheader -o "jobid stat job_name"``."""
    found = {}
    for line in text.splitlines():
        words = line.split(maxsplit=2)
        if len(words) >= 2 and words[0].isdigit():
            name = words[2] if len(words) > 2 else ""
            found[words[0]] = Listed(
                LSF_STATES.get(words[1], Job.RUNNING), name, words[1]
            )
    return found


_BECAUSE = (
    re.compile(r"^error reason[^:]*: *(.+)$", re.MULTILINE),
    re.compile(r"^ *comment = (.+)$", re.MULTILINE),
    re.compile(r"^ *(Hold_Types = .+)$", re.MULTILINE),
    re.compile(r"PENDING REASONS: *\n *(.+?);? *$", re.MULTILINE),
)
"""Where qstat -j (SGE), qstat -f (PBS) and bjobs -l (LSF) say why a job is held."""


def held_because(text: str) -> str:
    """Return why a job is held, from the scheduler's details; empty if it does not say.

    SGE writes ``error reason    1: 11/24/2026 [500:1]: can't chdir to ...``.
    """
    for pattern in _BECAUSE:
        if found := pattern.search(text):
            return " ".join(found.group(1).split())[:160]
    return ""


class Batch:
    """A batch system described by its commands and its listing.

    Parameters
    ----------
    name
        PBS, SGE or LSF.
    submit, listing, cancel, details
        Command lines; the last one takes a job and says why it is held.
    read
        Reads the listing.
    by_stdin
        Pass the script on standard input (bsub reads its header only there).
    """

    def __init__(
        self,
        name: str,
        *,
        submit: Sequence[str],
        listing: Sequence[str],
        cancel: Sequence[str],
        details: Sequence[str],
        read: Callable[[str], dict[str, Listed]],
        by_stdin: bool = False,
    ) -> None:
        self.name = name
        self._submit = tuple(submit)
        self._listing = tuple(listing)
        self._cancel = tuple(cancel)
        self._details = tuple(details)
        self._read = read
        self._by_stdin = by_stdin

    def submit(self, script: Path) -> str:
        """Submit; the job id is the first number that is printed."""
        words = () if self._by_stdin else (script.name,)
        stdin = script if self._by_stdin else None
        answer = ask([*self._submit, *words], where=script.parent, stdin=stdin)
        found = re.search(r"\d+", answer)
        if found is None:
            raise QueueError(f"{self._submit[0]} answered without a job id: {answer!r}")
        return found.group()

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        """List the user's jobs; what is not listed has ended."""
        try:
            found = self._read(ask(self._listing))
        except QueueError as error:
            if NO_JOB.search(str(error)) is None:
                raise
            found = {}
        found = {i: self._explained(i, each) for i, each in found.items()}
        return found | {i: Listed(Job.UNKNOWN) for i in ids if i not in found}

    def _explained(self, job_id: str, listed: Listed) -> Listed:
        """Add the scheduler's words on a job of ours that it holds back."""
        held = listed.why in {"H", "PSUSP"} or (
            listed.job is Job.PENDING and {"E", "h"} & set(listed.why)
        )
        if not held or not listed.name.startswith(NAME_PREFIX):
            return listed
        try:
            words = held_because(ask([*self._details, job_id]))
        except QueueError:
            words = ""
        return replace(listed, why=f"{listed.why}: {words}") if words else listed

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel the jobs that are still listed; the others would be an error."""
        living = [i for i, job in self.jobs(ids).items() if job.job.living and i in ids]
        if living:
            ask([*self._cancel, *living])


def pbs(submit: Sequence[str] = ("qsub",)) -> Batch:
    """Return PBS Professional, OpenPBS or Torque."""
    listing = ("qstat", "-u", own_name())
    return Batch(
        "PBS",
        submit=submit,
        listing=listing,
        cancel=("qdel",),
        details=("qstat", "-f"),
        read=read_pbs,
    )


def sge(submit: Sequence[str] = ("qsub",)) -> Batch:
    """Return Grid Engine."""
    listing = ("qstat", "-u", own_name())
    return Batch(
        "SGE",
        submit=submit,
        listing=listing,
        cancel=("qdel",),
        details=("qstat", "-j"),
        read=read_sge,
    )


def lsf(submit: Sequence[str] = ("bsub",)) -> Batch:
    """Return LSF."""
    listing = ("bjobs", "-a", "-noheader", "-o", "jobid stat job_name")
    return Batch(
        "LSF",
        submit=submit,
        listing=listing,
        cancel=("bkill",),
        details=("bjobs", "-l"),
        read=read_lsf,
        by_stdin=True,
    )
