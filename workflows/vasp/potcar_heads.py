"""POTCAR and POTCAR.spec: titles, cutoffs and valences; nothing else is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from workflows.atomic import parse_json
from workflows.vasp.parts import Potential
from workflows.vasp.run_files import read_lines, read_text

NAMED = re.compile(r"[A-Z][a-z]?(?:[_.].*)?")
"""A potential in POTCAR.spec, such as ``Mn_pv``."""
BEGIN, END = "parameters from PSCTR", "End of Dataset"
BEFORE_TITEL = re.compile(r"\s*(VRHFIN|LEXCH)\s*=(.*)")
AFTER_TITEL = re.compile(r"(ENMAX|ZVAL|LULTRA)\s*=\s*\.?([\d.]+|[TF]\b)")


def read_potentials(path: Path) -> tuple[Potential, ...]:
    """Read a POTCAR or a POTCAR.spec; nothing from a file that is neither."""
    try:
        return read_potcar(path)
    except ValueError:
        pass
    try:
        found = read_potcar_spec(read_text(path))
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(p for p in found if NAMED.fullmatch(p.symbol))


def read_potcar(path: Path) -> tuple[Potential, ...]:
    """Read the heads of a POTCAR; nothing else of it is kept.

    Raises
    ------
    ValueError
        It has no TITEL.
    """
    return potcar_heads(raw.decode("utf-8", "replace") for raw in read_lines(path))


def potcar_heads(lines: Iterable[str]) -> tuple[Potential, ...]:
    """Return the heads of the data sets in the lines of a POTCAR, or of OUTCAR's head.

    Raises
    ------
    ValueError
        There is no TITEL.
    """
    blocks: list[dict[str, str]] = []
    before: dict[str, str] = {}  # VRHFIN and LEXCH stand above TITEL
    for line in lines:
        if BEGIN in line:
            before = {"whole": "F"}
        elif line.strip() == END:
            before = {}
            if blocks and "whole" in blocks[-1]:
                blocks[-1]["whole"] = "T"
        elif match := BEFORE_TITEL.match(line):
            before[match[1]] = match[2]
        elif re.match(r"\s*TITEL\s*=", line):
            titel = " ".join(line.partition("=")[2].split())
            blocks.append({**before, "TITEL": titel})
            before = {}
        elif blocks and ("ENMAX" in line or "ZVAL" in line or "LULTRA" in line):
            for tag, value in AFTER_TITEL.findall(line):
                blocks[-1].setdefault(tag, value)
    if not blocks:
        raise ValueError("no POTCAR: it has no TITEL")
    return tuple(map(_head, blocks))


def _head(found: Mapping[str, str]) -> Potential:
    ultrasoft, whole = found.get("LULTRA"), found.get("whole")
    return replace(
        Potential.titled(
            found["TITEL"],
            float(found["ENMAX"]) if "ENMAX" in found else None,
            float(found["ZVAL"]) if "ZVAL" in found else None,
        ),
        lexch=found.get("LEXCH", "").strip().upper(),
        vrhfin=found.get("VRHFIN", "").partition(":")[0].strip(),
        ultrasoft=None if ultrasoft is None else ultrasoft == "T",
        whole=None if whole is None else whole == "T",
    )


def read_potcar_spec(text: str) -> tuple[Potential, ...]:
    """Read a POTCAR.spec: one symbol or title a line, or pymatgen's JSON."""
    if text.lstrip().startswith("["):
        return tuple(Potential.titled(entry["titel"]) for entry in parse_json(text))
    found = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if not words or re.fullmatch(r"(PBE|LDA|PW91)(_\w+)?", words[0]):
            continue
        if words[0].startswith("PAW") and len(words) > 1:
            found.append(Potential.titled(" ".join(words[:3])))
        else:
            more = [word for word in words[1:] if NAMED.fullmatch(word)]
            found += [Potential(word) for word in (words[0], *more)]
    return tuple(found)
