"""The beginning of vasprun.xml and the last moments in OUTCAR."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from workflows.vasp.incar_text import IncarText
from workflows.vasp.outcar_head import OutcarHeader
from workflows.vasp.outcar_moments import last_whole
from workflows.vasp.packed import PackingError, stream
from workflows.vasp.parts import Block, Lattice, Mesh, Potential
from workflows.vasp.run_files import read_end, unix_text
from workflows.vasp.vasprun_form import refuse_namespaces

LAST_BYTES = 20_000_000
"""The last table of moments stands in them, unless thousands of atoms follow it."""
MAX_ATOMS = 1_000_000
"""Most atoms of one block; more is a damaged file."""
PREC = {"accura": "Accurate", "normal": "Normal", "single": "Single", "low": "Low"}


@dataclass(frozen=True)
class VasprunHead:
    """What vasprun.xml says before the first step; empty where it was cut."""

    incar: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()
    potentials: tuple[Potential, ...] = ()
    mesh: Mesh | None = None
    nkpts: int = 0
    lattice: Lattice | None = None


def read_vasprun_head(path: Path) -> VasprunHead:
    """Read up to the first ionic step; a file cut before it gives what it has.

    Raises
    ------
    ValueError
        It is no vasprun.xml.
    StoreError
        It has a form that VASP does not write.
    """
    found: dict[str, Any] = {}
    for element in _sections(path):
        name = element.get("name", "")
        if element.tag in {"incar", "parameters"}:
            found[element.tag] = _values(element)
        elif element.tag == "atominfo":
            found["blocks"], found["potentials"] = _types(element)
        elif element.tag == "kpoints" and "mesh" not in found:
            found["mesh"], found["nkpts"] = _mesh(element)
        elif element.tag == "structure" and name in {"initialpos", "primitive_cell"}:
            found["lattice"] = _lattice(element)
    if not found:
        refuse_namespaces(path)
        raise ValueError("no vasprun.xml: nothing of VASP in it")
    return VasprunHead(**found)


def _sections(path: Path) -> Iterator[ElementTree.Element]:
    """Yield the children of the root up to the starting structure.

    A file that was cut ends early. One that is not well-formed says where.
    """
    depth = 0
    parser: Any = ElementTree.XMLPullParser(("start", "end"))
    with suppress(PackingError):
        for piece in stream(path):
            for event, element in _events(parser, piece):
                depth += 1 if event == "start" else -1
                if event == "start" and element.tag == "calculation":
                    return
                if event == "end" and depth == 1:
                    yield element
                    if element.get("name") == "initialpos":
                        return


def _events(parser: Any, piece: bytes) -> list[tuple[str, ElementTree.Element]]:
    try:
        parser.feed(piece)
        return list(parser.read_events())
    except ElementTree.ParseError as error:
        line, column = error.position
        raise ValueError(
            f"damaged: not well-formed at line {line}, column {column + 1}"
        ) from None


def _values(section: ElementTree.Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in section.iter():
        if item.tag in {"i", "v"} and item.get("name"):
            found.setdefault(item.attrib["name"], " ".join((item.text or "").split()))
    return found


def _types(
    section: ElementTree.Element,
) -> tuple[tuple[Block, ...], tuple[Potential, ...]]:
    blocks, potentials = [], []
    table = section.find("array[@name='atomtypes']")
    for row in [] if table is None else table.iter("rc"):
        cells = [(cell.text or "").strip() for cell in row.iter("c")]
        count, element, _, valence, titel = cells
        if int(count) > MAX_ATOMS:
            raise ValueError(f"{count} atoms of {element}")
        blocks.append(Block(element, int(count)))
        potentials.append(Potential.titled(titel, None, float(valence)))
    return tuple(blocks), tuple(potentials)


def _mesh(section: ElementTree.Element) -> tuple[Mesh | None, int]:
    points = section.find("varray[@name='kpointlist']")
    count = 0 if points is None else len(points)
    generation = section.find("generation")
    if generation is None:
        return Mesh("list"), count
    param = generation.get("param", "").lower()
    if param.startswith("list"):
        return Mesh("line"), count
    divisions = generation.find("v[@name='divisions']")
    words = "" if divisions is None else divisions.text or ""
    numbers = [int(word) for word in words.split() if word.isdigit()]
    if len(numbers) != 3 or min(numbers) < 1:
        return None, count
    style = "monkhorst" if param.startswith("monk") else "gamma"
    return Mesh(style, (numbers[0], numbers[1], numbers[2])), count


def _lattice(section: ElementTree.Element) -> Lattice | None:
    rows = section.findall("crystal/varray[@name='basis']/v")
    vectors = [[float(word) for word in (row.text or "").split()] for row in rows]
    if len(vectors) != 3 or any(len(vector) != 3 for vector in vectors):
        return None
    return tuple((v[0], v[1], v[2]) for v in vectors)


def final_moments(path: Path) -> tuple[float, ...] | None:
    """Return the last site moments (total over l) of a collinear OUTCAR, muB."""
    end = read_end(path, LAST_BYTES).content
    return last_whole(unix_text(end).decode("utf-8", "replace"))


def incar_of_outcar(head: OutcarHeader) -> IncarText:
    """Return the parameters an OUTCAR prints as if they had been asked.

    VASP before 6 does not repeat the INCAR; MAGMOM, NELECT and the like are unknown.
    """
    tags = {
        tag: head.tags[tag]
        for tag in (
            *("ENCUT", "EDIFF", "NELM", "NSW", "IBRION", "ISIF", "ISPIN", "ICHARG"),
            *("ISYM", "ISMEAR", "SIGMA", "LORBIT", "LMAXMIX", "NEDOS", "LASPH"),
            *("LHFCALC", "GGA", "METAGGA"),
        )
        if tag in head.tags and not re.search(r"\*", head.tags[tag])
    }
    if head.prec is not None:
        tags["PREC"] = PREC.get(head.prec.lower(), head.prec)
    for tag, values in (
        ("LDAUL", head.ldaul),
        ("LDAUU", head.ldauu),
        ("LDAUJ", head.ldauj),
    ):
        if values is not None:
            tags["LDAU"] = ".TRUE."
            tags[tag] = " ".join(f"{value:g}" for value in values)
    return IncarText(tags)
