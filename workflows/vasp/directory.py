"""What a VASP directory says, before anybody judges it. Pure values, no disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from workflows.analysis.elements import family
from workflows.vasp.incar_text import IncarText
from workflows.vasp.outcar_head import OutcarHeader
from workflows.vasp.parts import (
    Block,
    Correction,
    Lattice,
    Mesh,
    Potential,
    reciprocal_lengths,
)


@dataclass(frozen=True)
class VaspDirectory:
    """One run, its inputs and whatever outputs there are.

    Attributes
    ----------
    name
        Path, and the run's suffix where a directory holds several.
    files
        Names of the files that were read.
    incar, incar_from
        What was asked, and the file that says it: INCAR, else vasprun.xml, else
        OUTCAR; empty if nothing says it.
    blocks
        Species blocks in POSCAR order; an element may fill several.
    lattice
        Vectors as rows, A.
    mesh, irreducible
        K-points, and how many VASP keeps of them; None if unknown, or before a run
        that does not need to know.
    potentials, potentials_from
        In the order of POTCAR or POTCAR.spec, else as an output names them.
    outcar
        Head of OUTCAR.
    parameters
        What vasprun.xml calls ``parameters``: the values that VASP worked with.
    repeated, repeated_by
        The INCAR as an output repeats it, and that output; nothing without one.
    moments
        Site moments at the end, muB, collinear.
    traces
        Parts of the energy in OUTCAR that INCAR asks for: ``dispersion``, ``solvent``.
    unreadable
        File -> why it could not be used.
    """

    name: str
    files: tuple[str, ...] = ()
    incar: IncarText = field(default_factory=IncarText)
    incar_from: str = ""
    blocks: tuple[Block, ...] = ()
    lattice: Lattice | None = None
    mesh: Mesh | None = None
    irreducible: int | None = None
    potentials: tuple[Potential, ...] = ()
    potentials_from: str = ""
    outcar: OutcarHeader | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    repeated: IncarText = field(default_factory=IncarText)
    repeated_by: str = ""
    moments: tuple[float, ...] | None = None
    traces: frozenset[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> bool:
        """Whether it is known what the INCAR asked."""
        return bool(self.incar_from)

    @property
    def finished(self) -> bool:
        """Whether VASP was run here."""
        return self.outcar is not None or bool(self.parameters)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """What could not be looked at, for want of a file."""
        missing = []
        if not any(p.enmax for p in self.potentials):
            missing.append("ENCUT against ENMAX (no POTCAR)")
        if not self.potentials:
            missing.append("order of POTCAR")
        if not self.blocks:
            missing.append("species (no POSCAR)")
        return tuple(missing)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Elements in the order of their first block."""
        return tuple(dict.fromkeys(block.element for block in self.blocks))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Element of every atom."""
        return tuple(b.element for b in self.blocks for _ in range(b.count))

    @property
    def metals(self) -> tuple[str, ...]:
        """The elements with an open d or f shell to correct or to polarise."""
        return tuple(e for e in self.elements if family(e) in {"d", "f"})

    @property
    def has_anions(self) -> bool:
        """Whether it holds O, S or a halogen: a compound that may be an insulator."""
        return any(family(e) == "anion" for e in self.elements)

    @property
    def only_metals(self) -> bool:
        """Whether every element is a metal: a metal, as far as inputs can tell."""
        return bool(self.elements) and all(
            family(e) in {"d", "f", "metal"} for e in self.elements
        )

    @property
    def hubbard(self) -> bool:
        """Whether +U is asked."""
        return self.incar.flag("LDAU")

    @property
    def meta_gga(self) -> bool:
        """Whether a meta-GGA is asked."""
        return self.incar.word("METAGGA", "NONE") not in {"NONE", "--", "F", "FALSE"}

    @property
    def hybrid(self) -> bool:
        """Whether exact exchange is asked."""
        return self.incar.flag("LHFCALC")

    @property
    def collinear(self) -> bool:
        """Whether moments are one number an atom."""
        spin_orbit = self.incar.flag("LSORBIT")
        return not (spin_orbit or self.incar.flag("LNONCOLLINEAR"))

    @property
    def polarised(self) -> bool:
        """Whether spin is free."""
        return self.incar.number("ISPIN", 1) == 2 or not self.collinear

    @property
    def moves(self) -> bool:
        """Whether the ions are allowed to move."""
        steps = self.incar.number("NSW", 0)
        return steps > 0 and self.incar.number("IBRION", 0) != -1

    @property
    def cell_moves(self) -> bool:
        """Whether the cell's volume is allowed to change."""
        return self.moves and self.incar.number("ISIF", 2) in {3, 6, 7, 8}

    @property
    def fixed_density(self) -> bool:
        """Whether the charge density is read and kept, as for a density of states."""
        return self.incar.number("ICHARG", 2) >= 10

    @property
    def for_states(self) -> bool:
        """Whether it is run for its density of states, often on a denser mesh."""
        return self.fixed_density or self.incar.number("NEDOS", 301) >= 1000

    @property
    def tetrahedra(self) -> bool:
        """Whether the tetrahedron method is asked."""
        return self.incar.number("ISMEAR", 1) in {-4, -5, -14, -15}

    @property
    def spacing(self) -> float | None:
        """Largest step of the mesh along a reciprocal vector, 1/A with 2 pi."""
        if self.mesh is None or self.mesh.divisions is None or self.lattice is None:
            return None
        lengths = reciprocal_lengths(self.lattice)
        if lengths is None:
            return None
        return max(b / n for b, n in zip(lengths, self.mesh.divisions, strict=True))

    @cached_property
    def corrections(self) -> tuple[Correction, ...]:
        """What LDAU* ask, block by block.

        Empty where LDAUL or LDAUU does not have one number for each block, and for
        LDAUTYPE = 3, whose LDAUU are potential shifts of a linear response. LDAUL is
        2 and LDAUU and LDAUJ are 0 where they are left out.
        """
        count = len(self.blocks)
        shells = self.incar.numbers("LDAUL") or (2.0,) * count
        u = self.incar.numbers("LDAUU") or (0.0,) * count
        j = self.incar.numbers("LDAUJ") or (0.0,) * count
        shifts = self.incar.number("LDAUTYPE", 2) == 3
        if not self.hubbard or shifts or {len(shells), len(u), len(j)} != {count}:
            return ()
        return tuple(
            Correction(block, round(shell), 0.0, v - w)
            if shell < 0
            else Correction(block, round(shell), v - w, 0.0)
            for block, shell, v, w in zip(self.blocks, shells, u, j, strict=True)
        )

    def site_moments(self) -> Iterator[tuple[str, float]]:
        """Yield element and MAGMOM of every atom, if there is one number for each."""
        moments = self.incar.numbers("MAGMOM") or ()
        if self.collinear and len(moments) == len(self.sites):
            yield from zip(self.sites, moments, strict=True)
