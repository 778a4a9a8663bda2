"""PBS, SGE and LSF, as far as their listings go.

A job has ended if the list of the user's jobs lacks it and the scheduler, asked for it
by its id, does not know it; how it ended is not determined. Written from the
formats in their manuals and tested on such listings, not on a real queue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from workflows.cluster.scheduler import (
    NAME_PREFIX,
    CommandFailed,
    Job,
    Listed,
    ask,
    cancel_each,
    excerpt,
    own_name,
    without_job_id,
)
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

GONE = re.compile(
    r"unknown job|has finished|not exist|is not found"
    r"|no (?:matching |unfinished )?job found",
    re.IGNORECASE,
)
"""Messages with which qstat and bjobs fail if asked for a job that they forgot."""

PBS_ID = re.compile(r"^(\d+)(?:\[\])?(?:\.\S+)?$", re.MULTILINE)
SGE_ID = re.compile(r"^Your job(?:-array)? (\d+)|^(\d+)$", re.MULTILINE)
LSF_ID = re.compile(r"^Job <(\d+)> is submitted", re.MULTILINE)
"""What qsub and bsub print of a job; a site may print other lines, with numbers."""

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


_SGE_DETAILS = re.compile(r"^job_number: +(\d+)$.*?^job_name: +(\S+)", re.M | re.S)


def read_sge(text: str) -> dict[str, Listed]:
    """Read ``qstat``: ``1234 prior name user state ...``; d means being deleted.

    And ``qstat -j``, which knows only jobs that have not ended.
    """
    found = {
        number: Listed(Job.RUNNING, name) for number, name in _SGE_DETAILS.findall(text)
    }
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
    submit, listing, one, cancel, details
        Command lines; `one` takes a job and lists it, `details` says why it is held.
    job_id
        Finds the id in the answer to `submit`.
    read
        Reads the listing, and that of one job.
    by_stdin
        Pass the script on standard input (bsub reads its header only there).
    """

    def __init__(
        self,
        name: str,
        *,
        submit: Sequence[str],
        job_id: re.Pattern[str],
        listing: Sequence[str],
        one: Sequence[str],
        cancel: Sequence[str],
        details: Sequence[str],
        read: Callable[[str], dict[str, Listed]],
        by_stdin: bool = False,
    ) -> None:
        self.name = name
        self._submit = tuple(submit)
        self._job_id = job_id
        self._listing = tuple(listing)
        self._one = tuple(one)
        self._cancel = tuple(cancel)
        self._details = tuple(details)
        self._read = read
        self._by_stdin = by_stdin

    def submit(self, script: Path) -> str:
        """Submit; the answer must have a job id in the scheduler's own words."""
        words = () if self._by_stdin else (script.name,)
        stdin = script if self._by_stdin else None
        answer = ask([*self._submit, *words], where=script.parent, stdin=stdin)
        found = [*self._job_id.finditer(answer)]
        if not found:
            raise without_job_id(self._submit[0], answer)
        last = found[-1]
        return str(last[last.lastindex or 0])

    def jobs(self, ids: Iterable[str] = ()) -> Mapping[str, Listed]:
        """List the user's jobs, and ask for each that is not listed."""
        try:
            found = self._read(ask(self._listing))
        except CommandFailed as error:
            if NO_JOB.search(error.answer) is None:
                raise
            found = {}
        found = {i: self._explained(i, each) for i, each in found.items()}
        return found | {i: self._by_id(i) for i in dict.fromkeys(ids) if i not in found}

    def _by_id(self, job_id: str) -> Listed:
        """Ask for one job: the list by user may be short."""
        command = [*self._one, job_id]
        try:
            answer = ask(command)
        except CommandFailed as error:
            if GONE.search(error.answer):
                return Listed(Job.UNKNOWN)
            raise
        listed = self._read(answer).get(job_id)
        if listed is not None:
            return listed
        if GONE.search(answer):
            return Listed(Job.UNKNOWN)
        raise QueueError(
            f"{' '.join(command)} says nothing of that job: {excerpt(answer)!r}; it "
            "is not known whether it runs"
        )

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

    def cancel(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Cancel jobs of ours that are still listed; the others would be an error."""
        listed = self.jobs(ids)
        living = {i: listed[i].name for i in ids if listed[i].job.living}
        others = {
            i: f"it is not a job of lnmo: its name is {name!r}"
            for i, name in living.items()
            if not name.startswith(NAME_PREFIX)
        }
        ours = [i for i in living if i not in others]
        return others | cancel_each(self._cancel, ours)


def pbs(submit: Sequence[str] = ("qsub",)) -> Batch:
    """Return PBS Professional, OpenPBS or Torque."""
    listing = ("qstat", "-u", own_name())
    return Batch(
        "PBS",
        submit=submit,
        job_id=PBS_ID,
        listing=listing,
        one=("qstat",),
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
        job_id=SGE_ID,
        listing=listing,
        one=("qstat", "-j"),
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
        job_id=LSF_ID,
        listing=listing,
        one=("bjobs", "-noheader", "-o", "jobid stat job_name"),
        cancel=("bkill",),
        details=("bjobs", "-l"),
        read=read_lsf,
        by_stdin=True,
    )
