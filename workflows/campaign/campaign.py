"""``Campaign``: the science of a set of calculations, read from one YAML file.

The file holds no machine fact (commands, cores, paths) and no database fact.
Unknown keys are refused with the nearest known name.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from structures.values import shown
from workflows.campaign import strict_yaml
from workflows.campaign.gpaw_section import GpawSection
from workflows.campaign.host_file import with_crystals
from workflows.campaign.messages import explained
from workflows.campaign.sections import (
    ChgnetSection,
    Composition,
    HostSection,
    InsertionSection,
    OrderingsSection,
    Section,
    StartSection,
    VaspSection,
)
from workflows.campaign.strict_yaml import MAX_BYTES
from workflows.errors import CampaignError, nearest, one_line
from workflows.vasp.file_kinds import odd_kind

EngineName = Literal["vasp", "chgnet", "gpaw"]

WORD = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
VariantName = Annotated[str, Field(pattern=WORD, max_length=100)]
"""A word that becomes part of names of files, which have 255 bytes."""

PAPER_X = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
"""The compositions of Shimizu et al., where a file names none."""


class Campaign(Section):
    """A set of calculations over x, and the settings they share."""

    name: VariantName
    description: str = ""
    engine: EngineName = "vasp"
    host: HostSection = Field(default_factory=HostSection)
    x: tuple[Composition, ...] = PAPER_X
    lithium_reference: bool = True
    insertion: tuple[InsertionSection, ...] = (InsertionSection(),)
    orderings: OrderingsSection = Field(default_factory=OrderingsSection)
    start: StartSection = Field(default_factory=StartSection)
    vasp: VaspSection = Field(default_factory=VaspSection)
    chgnet: ChgnetSection = Field(default_factory=ChgnetSection)
    gpaw: GpawSection = Field(default_factory=GpawSection)
    variants: dict[VariantName, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("x")
    @classmethod
    def _sorted_x(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(set(value)))

    @model_validator(mode="after")
    def _something_to_calculate(self) -> Campaign:
        if not self.x and self.gpaw.check is None:
            raise ValueError("x = []: expected at least one value")
        return self

    def override(
        self, *, engine: str | None = None, x: Iterable[float] = ()
    ) -> Campaign:
        """Return this campaign with another engine or another x grid.

        Raises
        ------
        CampaignError
            The engine is unknown or an x lies outside 0..2.
        """
        changed = self.model_dump(mode="python")
        given = {"engine": engine, "x": tuple(x)}
        given = {key: value for key, value in given.items() if value}
        changed["variants"] = {
            name: {key: value for key, value in own.items() if key not in given}
            for name, own in self.variants.items()
        }
        return _validated(changed | given, f"campaign {self.name}, command line")

    def members(self) -> dict[str, Campaign]:
        """Return the campaign of each variant by name; itself, nameless, without any.

        Raises
        ------
        CampaignError
            A variant's keys or values are wrong.
        """
        if not self.variants:
            return {"": self}
        content = self.model_dump(mode="python", exclude={"variants"})
        found = {}
        for name, changes in self.variants.items():
            source = f"campaign {self.name}, variant {name}"
            if fixed := {"name", "variants"} & set(changes):
                raise CampaignError(
                    f"{source}: {' and '.join(sorted(fixed))} cannot differ between "
                    "variants; remove it"
                )
            found[name] = _validated(overridden(content, changes), source)
        return found

    def only(self, variant: str) -> Campaign:
        """Return this campaign with one of its variants.

        Raises
        ------
        CampaignError
            It has no such variant; those it has are named.
        """
        if variant not in self.variants:
            known = tuple(self.variants)
            choices = (
                f"no variant {variant!r}{nearest(variant, known)}; it has "
                f"{', '.join(known)}"
            )
            raise CampaignError(
                f"campaign {self.name} has "
                + (choices if known else "no variants: leave out --variant")
            )
        return self.model_copy(update={"variants": {variant: self.variants[variant]}})

    def as_yaml(self) -> str:
        """Return the whole campaign as YAML, every default written out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, width=99)


def packaged_campaigns() -> tuple[str, ...]:
    """Return the names of the campaigns that come with the package."""
    folder = resources.files("workflows.campaign.packaged")
    return tuple(
        sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def load_campaign(name_or_path: str | Path) -> Campaign:
    """Read a campaign, given the name of a packaged one or the path of a file.

    A file needs only the keys that differ from the defaults. ``name`` defaults to the
    name of the file, ``x`` to the compositions of the paper.

    Raises
    ------
    CampaignError
        No such campaign, not YAML, an unknown key (the nearest known one is
        named), or a value outside its limits. One line, file and key named.
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise CampaignError(
            f"campaign = {shown(name_or_path)}: give the name of one or a YAML file"
        )
    text, source = _read(name_or_path)
    try:
        raw = strict_yaml.load(text)
    except ValueError as error:
        raise CampaignError(f"{source}: {one_line(error)}") from None
    if not isinstance(raw, Mapping):
        raise CampaignError(f"{source}: expected keys and values, found {_kind(raw)}")
    folder = Path(name_or_path).parent
    named = {"name": _name_of_file(Path(name_or_path), raw), **raw}
    campaign = _validated(with_crystals(named, folder, source), source)
    campaign.members()  # a mistake in a variant is one of the file
    return campaign


def _name_of_file(path: Path, raw: Mapping[Any, Any]) -> str:
    """Return the name that a file gives its campaign by being called so."""
    stem = path.stem
    if "name" not in raw and re.fullmatch(WORD, stem) is None:
        raise CampaignError(
            f"{path}: its name would name the campaign, and {stem!r} is not valid: add "
            "a line such as name: mine, or rename the file (a letter or digit, then "
            "letters, digits and _ . -)"
        )
    return stem


def _kind(raw: Any) -> str:
    """Name what a file holds that is not a mapping."""
    if raw is None:
        return "nothing"
    return "a list" if isinstance(raw, list) else "a single value"


def _read(name_or_path: str | Path) -> tuple[str, str]:
    name = str(name_or_path)
    if name in packaged_campaigns():
        found = resources.files("workflows.campaign.packaged").joinpath(f"{name}.yaml")
        return found.read_text("utf-8"), f"campaign {name}"
    if not name.strip():
        raise CampaignError(
            "the name of the campaign is empty; perhaps a shell variable is not set. "
            "Give a YAML file or one of " + ", ".join(packaged_campaigns())
        )
    path = Path(name_or_path)
    if (odd := odd_kind(path)) and not path.is_dir():
        raise CampaignError(f"{name}: {odd}, not a regular file; give a YAML file")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise CampaignError(
                f"{name}: more than {MAX_BYTES // 1000} kB: not a campaign file"
            )
        return content.decode("utf-8"), str(path)
    except (IsADirectoryError, PermissionError, ValueError) as error:
        raise CampaignError(
            f"{name}: cannot be read as a campaign file ({one_line(error)}); give a "
            "YAML file or the name of a packaged campaign"
        ) from None
    except OSError as error:
        known = packaged_campaigns()
        near = nearest(name, known)
        if error.errno == errno.ENOENT and os.path.isfile(f"{name}.yaml"):
            near = f" (did you mean {name}.yaml?)"
        raise CampaignError(
            f"{name}: no such campaign file ({error.strerror}){near}; "
            f"packaged campaigns: {', '.join(known)}"
        ) from None


def _validated(raw: Mapping[str, Any], source: str) -> Campaign:
    try:
        return Campaign.model_validate(dict(raw))
    except ValidationError as error:
        raise CampaignError(f"{source}: {explained(error, Campaign)}") from None


WHOLE = ("hubbard_u",)
"""Mappings a variant replaces whole: a U it does not name is filled in by none."""


def overridden(
    content: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return content with changes laid over it, section by section.

    Mappings merge, except those of :data:`WHOLE`; everything else, lists too, is
    replaced.
    """
    merged = dict(content)
    for key, value in changes.items():
        old = merged.get(key)
        nested = isinstance(value, Mapping) and isinstance(old, Mapping)
        merged[key] = (
            overridden(old, value)  # type: ignore[arg-type]
            if nested and key not in WHOLE
            else value
        )
    return merged
