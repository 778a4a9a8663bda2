"""POTCAR and POTCAR.spec: titles, cutoffs and valences; nothing else is kept."""

from __future__ import annotations

import re
from pathlib import Path

from workflows.atomic import parse_json
from workflows.vasp.parts import Potential
from workflows.vasp.run_files import read_lines, read_text

NAMED = re.compile(r"[A-Z][a-z]?(?:[_.].*)?")
"""A potential in POTCAR.spec, such as ``Mn_pv``."""


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
    """Read the heads of a POTCAR; nothing else of it is kept."""
    titels: list[str] = []
    values: list[dict[str, float]] = []
    for raw in read_lines(path):
        line = raw.decode("utf-8", "replace")
        if re.match(r"\s*TITEL\s*=", line):
            titels.append(" ".join(line.partition("=")[2].split()))
            values.append({})
        elif titels and ("ENMAX" in line or "ZVAL" in line):
            for tag, number in re.findall(r"(ENMAX|ZVAL)\s*=\s*([\d.]+)", line):
                values[-1].setdefault(tag, float(number))
    if not titels:
        raise ValueError("no POTCAR: it has no TITEL")
    return tuple(
        Potential.titled(titel, found.get("ENMAX"), found.get("ZVAL"))
        for titel, found in zip(titels, values, strict=True)
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
