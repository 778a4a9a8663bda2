"""A rule: an id, how bad it is, why, the cure, and a pure check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from pydantic import Field

from workflows.records.document import Finding
from workflows.vasp.directory import VaspDirectory

PAGE = "docs/checks.md"

Severity = Literal["error", "warning"]
Subject = TypeVar("Subject")


class LintFinding(Finding):
    """A finding of a rule, with its cure and the section that explains the rule."""

    why: str = Field(description="why it matters, one line")
    cure: str = Field(description="what to do")
    page: str = Field(description="section of the documentation")


@dataclass(frozen=True)
class Rule(Generic[Subject]):
    """One rule.

    Attributes
    ----------
    id
        Stable name; also the anchor of its section in docs/checks.md.
    severity
        ``error`` where the result would be wrong, ``warning`` where the choice can be
        defended.
    why, cure
        One line each.
    check
        Subject -> one sentence for each violation: what is there, against what.
    """

    id: str
    severity: Severity
    why: str
    cure: str
    check: Callable[[Subject], Iterable[str]]

    def __call__(self, subject: Subject) -> tuple[LintFinding, ...]:
        """Return the findings, none if the rule is kept or does not apply."""
        return tuple(
            LintFinding(
                id=self.id,
                severity=self.severity,
                message=evidence,
                why=self.why,
                cure=self.cure,
                page=f"{PAGE}#{self.id}",
            )
            for evidence in self.check(subject)
        )


DirectoryRule = Rule[VaspDirectory]
SetRule = Rule[Sequence[VaspDirectory]]
