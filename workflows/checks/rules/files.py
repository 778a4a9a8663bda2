"""Rules on the text of the inputs: unreadable files, tags VASP does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_tags import MACHINE_TAGS, is_known, known_tags, nearest_tag

MACHINE = frozenset({*MACHINE_TAGS, "NWRITE", "SYSTEM"})
DICT = re.compile(r"[{}:]")


def _unreadable(run: VaspDirectory) -> Iterator[str]:
    for file, reason in run.unreadable.items():
        yield f"{file}: {reason}"


def _nothing_asked(run: VaspDirectory) -> Iterator[str]:
    if not run.asked:
        yield "neither INCAR nor vasprun.xml says what was asked"


def _strangers(run: VaspDirectory) -> Iterator[tuple[str, str | None]]:
    for tag in run.incar.tags if run.incar_from == "INCAR" else ():
        if not is_known(tag):
            yield tag, nearest_tag(tag)


def _misspelt(run: VaspDirectory) -> Iterator[str]:
    for tag, nearest in _strangers(run):
        if nearest is not None and nearest not in run.incar:
            yield f"{tag} = {run.incar.tags[tag]}: no such tag; nearest is {nearest}"


def _unknown(run: VaspDirectory) -> Iterator[str]:
    for tag, nearest in _strangers(run):
        if nearest is None or nearest in run.incar:
            yield f"{tag} = {run.incar.tags[tag]}: no tag known here"


def _repeated(run: VaspDirectory) -> Iterator[str]:
    for tag, others in run.incar.later.items():
        if tag in MACHINE:
            continue
        first = run.incar.tags[tag]
        if any(other.split() != first.split() for other in others):
            yield f"{tag} = {first}, and later {', '.join(others)}"


def _stray(run: VaspDirectory) -> Iterator[str]:
    for line in run.incar.stray:
        words = line.split()
        if len(words) > 1 and words[0].upper() in known_tags():
            yield f"'{line[:60]}' sets nothing"


def _dict(run: VaspDirectory) -> Iterator[str]:
    for tag in ("LDAUL", "LDAUU", "LDAUJ", "MAGMOM"):
        if DICT.search(run.incar.tags.get(tag, "")):
            yield f"{tag} = {run.incar.tags[tag][:60]}"


def _bad_value(run: VaspDirectory) -> Iterator[str]:
    for tag, value in run.incar.tags.items() if run.incar_from == "INCAR" else ():
        kind = known_tags().get(tag)
        if tag in {"LDAUL", "LDAUU", "LDAUJ", "MAGMOM"} and DICT.search(value):
            continue  # dict-in-incar
        number = kind in {"int", "float"} or tag in {
            "MAGMOM",
            "LDAUL",
            "LDAUU",
            "LDAUJ",
        }
        if number and not run.incar.numbers(tag):
            yield f"{tag} = {value[:40] or '(nothing)'}: no number"
        elif kind == "bool" and value.lstrip(". ")[:1].upper() not in {"T", "F"}:
            yield f"{tag} = {value[:40] or '(nothing)'}: neither .TRUE. nor .FALSE."


RULES: tuple[DirectoryRule, ...] = (
    Rule(
        "unreadable-file",
        "error",
        "What cannot be read cannot be checked, and VASP will not read it either.",
        "Write the file again, or make it readable.",
        _unreadable,
    ),
    Rule(
        "nothing-asked",
        "warning",
        "Without the INCAR only what OUTCAR prints can be checked.",
        "Keep the INCAR, or the vasprun.xml, with the run.",
        _nothing_asked,
    ),
    Rule(
        "incar-misspelt-tag",
        "error",
        "VASP skips a tag it does not know without a word: the setting is not applied.",
        "Write the tag as VASP spells it.",
        _misspelt,
    ),
    Rule(
        "incar-unknown-tag",
        "warning",
        "A tag that VASP does not know is skipped; a new or patched VASP may know it.",
        "Look the tag up; remove it if your VASP has no such tag.",
        _unknown,
    ),
    Rule(
        "incar-repeated-tag",
        "error",
        "VASP takes the first of two equal tags; scripts that append expect the last.",
        "Keep one line.",
        _repeated,
    ),
    Rule(
        "incar-line-ignored",
        "error",
        "A line without '=' sets nothing.",
        "Put '=' between the tag and its value, or '#' before a comment.",
        _stray,
    ),
    Rule(
        "incar-bad-value",
        "error",
        "VASP stops at such a value, or goes on with its default.",
        "Give a number, or .TRUE. or .FALSE., as the tag needs.",
        _bad_value,
    ),
    Rule(
        "dict-in-incar",
        "error",
        "VASP reads numbers only: after a dict the run has no U, or no moments.",
        "Write one number for each species block (LDAU*) or for each atom (MAGMOM).",
        _dict,
    ),
)
