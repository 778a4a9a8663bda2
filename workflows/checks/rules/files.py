"""Rules on the text of the inputs: unreadable files, tags VASP does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workflows.checks.rules.rule import DirectoryRule, Rule
from workflows.vasp.closed_tags import values_of_vasp
from workflows.vasp.directory import VaspDirectory
from workflows.vasp.incar_text import IncarText, leading_numbers, logical, read_alike
from workflows.vasp.known_tags import (
    GROUPS,
    IMAGE,
    MACHINE_TAGS,
    is_known,
    known_tags,
    nearest_tag,
)

MACHINE = frozenset({*MACHINE_TAGS, "NWRITE", "SYSTEM"})
DICT = re.compile(r"[{}:]")
LISTS = frozenset({"LDAUL", "LDAUU", "LDAUJ", "MAGMOM"})


def _unreadable(run: VaspDirectory) -> Iterator[str]:
    for file, reason in run.unreadable.items():
        yield f"{file}: {reason}"


def _nothing_asked(run: VaspDirectory) -> Iterator[str]:
    if not run.asked:
        yield "neither INCAR nor vasprun.xml says what was asked"


def _parts(run: VaspDirectory) -> Iterator[tuple[str, IncarText]]:
    """Yield what INCAR sets, and what each group of an image sets, apart."""
    if run.incar_from == "INCAR":
        yield "", run.incar
        for name, group in run.incar.groups.items():
            if IMAGE.fullmatch(name):
                yield f"{name}/", group


def _strangers(run: VaspDirectory) -> Iterator[tuple[str, str, str | None]]:
    """Yield each tag that VASP does not know: its group, itself, the nearest known."""
    for group, incar in _parts(run):
        for tag in incar.tags:
            if not is_known(tag):
                near = nearest_tag(tag)
                yield group, tag, None if near is None or near in incar else near


def _misspelt(run: VaspDirectory) -> Iterator[str]:
    for group, tag, near in _strangers(run):
        if near is not None:
            shown = f"{group}{tag} = {_shown(run, group, tag)}"
            yield f"{shown}: no such tag; nearest is {near}"


def _unknown(run: VaspDirectory) -> Iterator[str]:
    for group, tag, near in _strangers(run):
        if near is None:
            yield f"{group}{tag} = {_shown(run, group, tag)}: no tag known here"
    for name, group_tags in run.incar.groups.items():
        if run.incar_from == "INCAR" and not GROUPS.fullmatch(name):
            yield f"{name} {{ {', '.join(group_tags.tags)} }}: no group known here"


def _shown(run: VaspDirectory, group: str, tag: str) -> str:
    incar = run.incar.groups[group[:-1]] if group else run.incar
    return incar.tags[tag][:60]


def _repeated(run: VaspDirectory) -> Iterator[str]:
    for group, incar in _parts(run):
        for tag, others in incar.later.items():
            first, kind = incar.tags[tag], known_tags().get(tag)
            if tag not in MACHINE and not all(
                read_alike(first, other, kind) for other in others
            ):
                yield f"{group}{tag} = {first}, and later {', '.join(others)}"


def _stray(run: VaspDirectory) -> Iterator[str]:
    for group, incar in _parts(run):
        for line in incar.stray:
            tag, *rest = line.split()
            if rest and tag.upper() != "SYSTEM" and _looks_set(tag.upper(), rest):
                yield f"'{group}{line[:60]}' sets nothing"


def _looks_set(tag: str, words: list[str]) -> bool:
    """Return whether a line is a tag and its value without ``=``, not a title."""
    kind = known_tags().get(tag)
    if kind is None:
        return False
    text = " ".join(words)
    if kind == "bool":
        return logical(text) is not None and len(words) == 1
    if kind in {"int", "float", "list"} or tag in LISTS:
        return bool(leading_numbers(text))
    return len(words) == 1 or bool(leading_numbers(text))


def _unclosed(run: VaspDirectory) -> Iterator[str]:
    for line in run.incar.unclosed:
        yield f"{line[:60]}"


def _dict(run: VaspDirectory) -> Iterator[str]:
    for tag in sorted(LISTS):
        text = run.incar.tags.get(tag, "")
        if DICT.search(text) and not leading_numbers(text):
            yield f"{tag} = {text[:60]}"


def _bad_value(run: VaspDirectory) -> Iterator[str]:
    for group, incar in _parts(run):
        for tag, value in incar.tags.items():
            kind = known_tags().get(tag)
            numbers = leading_numbers(value)
            shown = f"{group}{tag} = {value[:40] or '(nothing)'}"
            if tag in LISTS and DICT.search(value) and not numbers:
                continue  # dict-in-incar
            if (kind in {"int", "float"} or tag in LISTS) and not numbers:
                yield f"{shown}: no number"
            elif kind == "bool" and logical(value) is None:
                yield f"{shown}: neither .TRUE. nor .FALSE."


def _strange_value(run: VaspDirectory) -> Iterator[str]:
    for group, incar in _parts(run):
        for tag, value in incar.tags.items():
            if known := values_of_vasp(tag, value):
                yield f"{group}{tag} = {value[:40]}: known are {known}"


def _hidden_numbers(run: VaspDirectory) -> Iterator[str]:
    for group, incar in _parts(run):
        for tag, value in incar.tags.items():
            words = value.replace(",", " ").split()
            listed = tag in LISTS or known_tags().get(tag) == "list"
            texts = [w for w in words if not leading_numbers(w)] if listed else []
            if not texts or not leading_numbers(value):
                continue
            behind = words[words.index(texts[0]) + 1 :]
            if any(leading_numbers(word) for word in behind):
                yield f"{group}{tag} = {value[:60]}: not read from '{texts[0]}' on"


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
        "incar-unclosed",
        "error",
        "A quote or a brace that is never closed swallows the tags behind it.",
        "Close it, or remove it.",
        _unclosed,
    ),
    Rule(
        "incar-text-in-list",
        "error",
        "VASP reads a list up to the first word that is not a number.",
        "Put '#' before a comment, and nothing between the numbers.",
        _hidden_numbers,
    ),
    Rule(
        "incar-bad-value",
        "error",
        "VASP stops at such a value, or goes on with its default.",
        "Give a number, or .TRUE. or .FALSE., as the tag needs.",
        _bad_value,
    ),
    Rule(
        "incar-strange-value",
        "warning",
        "VASP stops at a value it does not know; a newer VASP may know more of them.",
        "Look the value up; write one that your VASP has.",
        _strange_value,
    ),
    Rule(
        "dict-in-incar",
        "error",
        "VASP reads numbers only: after a dict the run has no U, or no moments.",
        "Write one number for each species block (LDAU*) or for each atom (MAGMOM).",
        _dict,
    ),
)
