"""Settings of FireWorks' adapter: what no template, and no queue, could take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows.cluster.fworker_file import FWORKER_FILE
from workflows.cluster.settings_file import check_keys, check_values
from workflows.cluster.walltime import NOTATIONS, seconds
from workflows.errors import MachineError, shortened


@dataclass(frozen=True)
class SettingsCheck:
    """What the settings of a site, a step or a Firework are checked against.

    Attributes
    ----------
    queue
        FireWorks' name of the queue.
    margin
        Time before the end of a job in which no VASP is started, in s.
    """

    queue: str
    margin: float

    def settings(
        self, given: object, known: Iterable[str], where: str, *, also: Iterable[str]
    ) -> None:
        """Check the keys and values that replace those of a template.

        Parameters
        ----------
        given
            Of the profile, of one step, or of one Firework.
        known
            Keys of the template.
        where
            Where they stand, for the error.
        also
            Keys that need no place in the template.

        Raises
        ------
        MachineError
            They are no mapping, a key is unknown, or a value is one that no template
            has a place for, or that no queue would take.
        """
        names = tuple(known)
        check_keys(given, (*names, *also), where)
        assert isinstance(given, Mapping)
        check_values(given, names, where)
        for key in names:
            _refuse_dollars(given.get(key), f"{where}: {key}")
        self._check_walltime(given, where)

    def _check_walltime(self, settings: Mapping[str, Any], where: str) -> None:
        value = settings.get("walltime")
        if value is None:
            return
        own = f"{where}: walltime = {shortened(repr(value))}"
        if not isinstance(value, str):
            example = NOTATIONS[self.queue].example
            raise MachineError(f"{own} is a number: write a time, {example!r}")
        try:
            allowed = seconds(value, self.queue)
        except ValueError as error:
            raise MachineError(f"{own} {error}") from None
        if allowed <= self.margin:
            raise MachineError(
                f"{own} is no longer than the {self.margin:.0f} s "
                "before its end in which no VASP is started, so none would ever start. "
                f"Ask for more, or set env.stop_margin, in seconds, in {FWORKER_FILE}"
            )


def _refuse_dollars(value: object, where: str) -> None:
    """Refuse a text of which FireWorks would leave out a line without a word."""
    for line in str(value).splitlines():
        if "$$" in line:
            raise MachineError(
                f"{where}: {shortened(line)!r} has $$, and FireWorks leaves out each "
                "line of the script that has; write $BASHPID for the number of the "
                "shell"
            )
