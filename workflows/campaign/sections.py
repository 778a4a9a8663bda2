"""The sections of a campaign file: their keys, defaults and limits."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from structures.values import A_LIMITS, MOST_REPEATS, U_LIMITS
from workflows.analysis.elements import SYMBOLS
from workflows.analysis.lnmo import CELL_LENGTH, FORMULA
from workflows.campaign import presets, wavecar_tags
from workflows.campaign.calculation import REFERENCE_METALS
from workflows.campaign.host_crystal import Crystal
from workflows.campaign.tag_lists import as_values
from workflows.campaign.value_limits import wrong_tag
from workflows.errors import nearest, one_line
from workflows.vasp.known_tags import is_known

X_MAX = 2.0
"""Largest x: 16 Li in a cell with 16 octahedral host cations."""


DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
"""A number in quotes; Python also reads ``1_000``, ``007`` and blanks around it."""


def _plain_number(value: Any) -> Any:
    """Refuse yes and no, which pydantic takes for 1 and 0, and odd text."""
    odd = isinstance(value, str) and value[-3:].lower() not in {"nan", "inf"}
    if isinstance(value, bool) or (odd and DECIMAL.fullmatch(value) is None):
        raise ValueError("expected a number")
    return value


NUMBER = BeforeValidator(_plain_number)
Composition = Annotated[float, NUMBER, Field(ge=0, le=X_MAX)]

SAME_X = 1e-9
"""Two x this close are the same: far above rounding, far below one Li in any cell."""
Divisions = Annotated[int, NUMBER, Field(ge=1, le=200)]
Mesh = tuple[Divisions, Divisions, Divisions]

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+/-]*$", max_length=100)]
"""A word that is written to files and names: no blanks, no line ends."""


def _element(value: str) -> str:
    """Refuse what is no element."""
    if value not in SYMBOLS:
        raise ValueError("there is no such element")
    return value


Element = Annotated[str, Field(pattern=r"^[A-Z][a-z]?$"), AfterValidator(_element)]
HubbardU = Annotated[float, NUMBER, Field(ge=0, le=20)]
"""U_eff, eV; published ones of d and f shells lie below 10."""
Moment = Annotated[float, NUMBER, Field(ge=-20, le=20)]
"""muB; no atom has more than 10."""


OfIncar = Literal["common", "relax", "static", "dos", "lithium"]
"""What tags of ``vasp.incar`` are for: every cell, one kind of step, lithium metal."""


def same_x(one: float, other: float) -> bool:
    """Return whether two compositions, Li per formula unit, are the same."""
    return abs(one - other) < SAME_X


def above(one: float, other: float) -> bool:
    """Return whether a composition is above another, by more than rounding."""
    return one - other >= SAME_X


Repeat = Annotated[int, NUMBER, Field(le=MOST_REPEATS)]
Seed = Annotated[int, NUMBER, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    """Refuses unknown keys, and is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _number_is_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        types = {annotation, *get_args(annotation)}
        return _plain_number(value) if types & {int, float} else value


class HostSection(Section):
    """The spinel framework at x = 1; the arguments of ``structures.spinel_host``.

    ``file`` names a crystal of the user's own: reading a campaign turns it into
    ``crystal``, and formula, ordering, a and u into those of it. ``ion`` replaces the
    working ion of the formula.
    """

    file: None = None
    ion: Literal["Li", "Na", "Mg"] | None = None
    formula: Name = FORMULA
    ordering: Name = "P4_332"
    a: float = Field(CELL_LENGTH, gt=A_LIMITS[0], lt=A_LIMITS[1])
    u: float = Field(0.2625, gt=U_LIMITS[0], lt=U_LIMITS[1])
    supercell: tuple[Repeat, Repeat, Repeat] | None = None
    primitive: bool = False
    crystal: Crystal | None = None

    @model_validator(mode="before")
    @classmethod
    def _formula_of_its_ion(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or value.get("ion") not in REFERENCE_METALS:
            return value
        from structures.formula import with_ion

        formula = str(value.get("formula", FORMULA))
        return {**value, "formula": with_ion(formula, value["ion"])}

    @field_validator("supercell", mode="before")
    @classmethod
    def _three_numbers(cls, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            raise ValueError(
                f"expected three numbers, such as [{value}, {value}, {value}]: repeats "
                "along a, b and c"
            )
        return value


class InsertionSection(Section):
    """One insertion model, and the x > 1 it is used at."""

    model: Name = "tet_8b"
    x: Literal["all"] | tuple[Composition, ...] = "all"

    def covers(self, x: float) -> bool:
        """Return whether this model gives a row at x."""
        return self.x == "all" or any(same_x(x, other) for other in self.x)


class OrderingsSection(Section):
    """How many Li arrangements are kept at each x, ranked by Ewald energy."""

    keep: int = Field(1, ge=1, le=10_000)
    max_enumerate: int = Field(1000, ge=1, le=10_000_000)
    seed: Seed = 0


class ExtraStart(Section):
    """One more start at an x: another strain along c, or another magnetic order."""

    x: Composition
    c_strain: float | None = Field(None, gt=-0.3, lt=0.3)
    magnetic_order: Literal["fim", "fm", "afm_mn"] | None = None

    @model_validator(mode="after")
    def _another(self) -> "ExtraStart":
        if self.c_strain is None and self.magnetic_order is None:
            raise ValueError("an extra start needs c_strain, magnetic_order or both")
        return self


class StartSection(Section):
    """The broken symmetry of a starting structure, and how many starts there are."""

    single: bool = False
    displacement: float = Field(0.02, ge=0, lt=0.5)
    c_strain: float = Field(0.02, gt=-0.3, lt=0.3)
    more: tuple[ExtraStart, ...] = ()
    charge_orders: int | None = Field(None, ge=0, le=1000)
    magnetic_order: Literal["fim", "fm", "afm_mn"] = "fim"
    seed: Seed = 0


class VaspSection(Section):
    """DFT+U settings; U and moments in eV and muB by element."""

    steps: tuple[Literal["relax", "static"], ...] = ("relax", "static")
    dos_at: tuple[Composition, ...] = (1.0, 2.0)
    functional: str = "pbe_u"
    hubbard_u: str | dict[Element, HubbardU] = "paper"
    kpoints: Mesh = (3, 3, 3)
    kpoints_dos: Mesh = (5, 5, 5)
    kpoints_lithium: Mesh = (17, 17, 17)
    magmom: dict[Element, Moment] = Field(
        default_factory=lambda: {"Li": 0.0, "Ni": -2.0, "Mn": 4.0, "O": 0.0}
    )
    potcar: dict[Element, Name] = Field(
        default_factory=lambda: {"Li": "Li_sv", "Ni": "Ni_pv", "Mn": "Mn_pv", "O": "O"}
    )
    potcar_functional: Name = "PBE_54"
    max_restarts: int = Field(4, ge=1, le=100)
    settled_volume: float = Field(0.003, gt=0, lt=1)
    settled_steps: int = Field(3, ge=1, le=10_000)
    carry_moments: bool = True
    restart: Literal["wavecar", "scratch"] = "wavecar"
    reseed: int = Field(0, ge=0, le=20)
    incar: dict[OfIncar, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("functional")
    @classmethod
    def _known_functional(cls, value: str) -> str:
        return known_name("functional", value, presets.functionals())

    @field_validator("hubbard_u")
    @classmethod
    def _known_preset(cls, value: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(value, str):
            return known_name("U preset", value, presets.hubbard_presets())
        return value

    @field_validator("incar", mode="before")
    @classmethod
    def _tags_under_a_step(cls, value: Any) -> Any:
        known = get_args(OfIncar)
        for key, given in value.items() if isinstance(value, dict) else ():
            if is_known(str(key)) and not isinstance(given, dict):
                raise ValueError(
                    f"{key} is a tag: it stands under what it is for, such as incar: "
                    f"{{common: {{{key}: {given}}}}}; there is {', '.join(known)}"
                )
            if key not in known:
                raise ValueError(
                    f"unknown step {key!r}{nearest(str(key), known)}; tags stand under "
                    f"{', '.join(known)}"
                )
        return value

    @field_validator("incar")
    @classmethod
    def _no_species_tags(cls, value: dict[str, Any]) -> dict[str, Any]:
        for step, tags in value.items():
            for tag in tags:
                problem = wrong_tag(tag, tags[tag])
                if tag == "LDAU" and step != "lithium":
                    problem = "follows vasp.hubbard_u; write hubbard_u: none there"
                if problem:
                    raise ValueError(f"{one_line(tag)[:40]} (under {step}): {problem}")
            for tag in presets.SPECIES_TAGS:
                if tag in tags:
                    cure = "magmom" if tag == "MAGMOM" else "hubbard_u"
                    raise ValueError(
                        f"{tag} (under {step}) follows the species order of the "
                        "written "
                        f"POSCAR and cannot be set by hand; set vasp.{cure} by element"
                    )
        return {
            step: {tag: as_values(tag, one) for tag, one in tags.items()}
            for step, tags in value.items()
        }

    @model_validator(mode="after")
    def _possible_steps(self) -> "VaspSection":
        ordered = tuple(s for s in ("relax", "static") if s in self.steps)
        if not self.steps or self.steps != ordered:
            raise ValueError(
                f"steps = {list(self.steps)}: expected relax, static or both, in this "
                "order"
            )
        return self

    @model_validator(mode="after")
    def _static_for_dos(self) -> "VaspSection":
        if self.dos_at and "static" not in self.steps:
            raise ValueError(
                "dos_at needs the CHGCAR of a static step, but steps has none: add "
                "static to steps or set dos_at: []"
            )
        return self

    @model_validator(mode="after")
    def _possible_chain(self) -> "VaspSection":
        if why := wavecar_tags.refusal(self):
            raise ValueError(why)
        return self

    def hubbards(self) -> dict[str, float]:
        """Return U_eff in eV by element, the preset looked up."""
        if isinstance(self.hubbard_u, str):
            return presets.hubbard_values(self.hubbard_u)
        return dict(self.hubbard_u)


class ChgnetSection(Section):
    """Settings of the CHGNet surrogate; see `workflows.engines.chgnet.relax`."""

    model: Name = "0.3.0"
    fmax: float = Field(0.01, gt=0, le=100)
    smax: float = Field(0.1, gt=0, le=100)
    coarse_fmax: float = Field(0.05, gt=0, le=100)
    max_steps: int = Field(600, ge=1, le=1_000_000)


def known_name(what: str, value: str, known: tuple[str, ...]) -> str:
    """Return a name that is known, or raise with the nearest one."""
    if value not in known:
        raise ValueError(
            f"unknown {what}{nearest(value, known)}; known: {', '.join(known)}"
        )
    return value
