"""The campaign file: what it may say, and the one line that answers each mistake."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows import load_campaign
from workflows.campaign.campaign import Campaign, packaged_campaigns
from workflows.errors import CampaignError
from workflows.vasp.known_tags import MACHINE_TAGS

WriteCampaign = Callable[..., Path]


def refusal(path: Path) -> str:
    """The message without the path, after checking that it is one line of that file."""
    with pytest.raises(CampaignError) as caught:
        load_campaign(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_the_paper_is_packaged_and_found_by_its_name(paper: Campaign) -> None:
    assert "paper" in packaged_campaigns()
    assert paper.name == "paper"


def test_the_paper_says_what_the_paper_says(paper: Campaign) -> None:
    assert paper.engine == "vasp"
    assert paper.x == (0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2)
    assert paper.host.formula == "LiNi0.5Mn1.5O4"
    assert paper.host.ordering == "P4_332"
    assert [(s.model, s.x) for s in paper.insertion] == [
        ("tet_8b", "all"),
        ("oct_16c_rocksalt", (2,)),
    ]
    assert paper.orderings.keep == 1
    assert paper.vasp.hubbards() == {"Mn": 5.96, "Ni": 4.5}
    assert paper.vasp.kpoints == (3, 3, 3)
    assert paper.vasp.magmom == {"Li": 0, "Ni": -2, "Mn": 4, "O": 0}
    assert paper.vasp.dos_at == (1, 2)


def test_the_packaged_file_writes_out_every_key(paper: Campaign) -> None:
    text = (Path(load_campaign.__globals__["__file__"]).parent / "packaged").joinpath(
        "paper.yaml"
    )
    written = yaml.safe_load(text.read_text("utf-8"))
    everything = paper.model_dump(mode="json")
    del everything["host"]["crystal"]  # what a file is read into

    def keys(section: Any) -> Any:
        if not isinstance(section, dict) or "Li" in section:
            return None
        return {key: keys(value) for key, value in section.items()}

    assert keys(written) == keys(everything)


def test_a_campaign_written_as_yaml_is_read_back_equal(
    paper: Campaign, tmp_path: Path
) -> None:
    path = tmp_path / "again.yaml"
    path.write_text(paper.as_yaml(), "utf-8")
    assert load_campaign(path) == paper


def test_a_campaign_of_two_lines_gets_every_default(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text("name: small\nx: [1, 0, 1]\n", "utf-8")
    small = load_campaign(path)
    assert small.x == (0, 1)
    assert small.model_dump(exclude={"name", "x", "description", "insertion"}) == (
        load_campaign("paper").model_dump(
            exclude={"name", "x", "description", "insertion"}
        )
    )


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("orderngs", {}, "unknown key orderngs (did you mean orderings?)"),
        ("vasp.kpoint", [3] * 3, "unknown key vasp.kpoint (did you mean kpoints?)"),
        (
            "insertion",
            [{"modl": "tet_8b"}],
            "unknown key insertion.0.modl (did you mean model?)",
        ),
        ("start.c_strian", 0, "unknown key start.c_strian (did you mean c_strain?)"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place_and_the_nearest_name(
    write_campaign: WriteCampaign, key: str, value: Any, expected: str
) -> None:
    assert refusal(write_campaign({key: value})) == expected


def test_a_key_that_resembles_nothing_is_refused_without_a_guess(
    write_campaign: WriteCampaign,
) -> None:
    assert refusal(write_campaign({"zzz": 1})) == "unknown key zzz"


@pytest.mark.parametrize("x", [-0.25, 2.25, 3])
def test_x_outside_0_to_2_is_refused_and_nothing_else_is_said(
    write_campaign: WriteCampaign, x: float
) -> None:
    expected = f"x = {x:g} is outside 0..2 (ions per formula unit)"
    assert refusal(write_campaign({"x": [x]})) == expected


def test_x_of_an_insertion_model_has_the_same_limits(
    write_campaign: WriteCampaign,
) -> None:
    path = write_campaign({"insertion": [{"model": "tet_8b", "x": [3]}]})
    assert refusal(path) == "x = 3 is outside 0..2 (ions per formula unit)"


@pytest.mark.parametrize("x", [float("nan"), "one", None, []])
def test_x_that_is_no_number_is_refused(
    write_campaign: WriteCampaign, x: object
) -> None:
    assert "x" in refusal(write_campaign({"x": x if x == [] else [x]}))


def test_every_mistake_of_a_file_is_told_at_once(write_campaign: WriteCampaign) -> None:
    message = refusal(write_campaign({"x": [3], "engine": "gpw", "wrong": 1}))
    assert [part.split()[0] for part in message.split("; ")] == [
        "unknown",
        "known:",
        "x",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "engine",
            "vsp",
            "unknown engine 'vsp' (did you mean vasp?); known: vasp, chgnet, gpaw",
        ),
        (
            "vasp.functional",
            "pbeu",
            "vasp.functional = 'pbeu': unknown functional (did you mean pbe_u?); "
            "known: pbe_u, pbe, pbesol_u, r2scan, r2scan_u, hse06",
        ),
        (
            "vasp.hubbard_u",
            "papr",
            "vasp.hubbard_u = 'papr': unknown U preset (did you mean paper?); "
            "known: paper, paper_swapped, mp, none",
        ),
    ],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(
    write_campaign: WriteCampaign, key: str, value: str, expected: str
) -> None:
    assert refusal(write_campaign({key: value})) == expected


@pytest.mark.parametrize("step", ["common", "relax", "static", "dos"])
@pytest.mark.parametrize(
    ("tag", "cure"),
    [
        ("MAGMOM", "vasp.magmom"),
        ("LDAUU", "vasp.hubbard_u"),
        ("LDAUL", "vasp.hubbard_u"),
        ("LDAUJ", "vasp.hubbard_u"),
    ],
)
def test_a_tag_that_follows_the_species_cannot_be_set_by_hand(
    write_campaign: WriteCampaign, step: str, tag: str, cure: str
) -> None:
    message = refusal(write_campaign({"vasp.incar": {step: {tag: [1, 2]}}}))
    assert f"{tag} (under {step})" in message
    assert f"set {cure} by element" in message


@pytest.mark.parametrize("tag", ["magmom", "Ldauu", "encut"])
def test_a_tag_in_small_letters_does_not_slip_past_the_presets(
    write_campaign: WriteCampaign, tag: str
) -> None:
    message = refusal(write_campaign({"vasp.incar": {"common": {tag: 1}}}))
    assert message.endswith(
        f"{tag} (under common): INCAR tags are written in capitals; write {tag.upper()}"
    )


def test_tags_under_a_step_that_does_not_exist_are_refused(
    write_campaign: WriteCampaign,
) -> None:
    message = refusal(write_campaign({"vasp.incar": {"relaxx": {"ENCUT": 600}}}))
    assert "vasp.incar: unknown step 'relaxx' (did you mean relax?)" in message


def test_a_dos_without_a_static_step_is_refused(write_campaign: WriteCampaign) -> None:
    message = refusal(write_campaign({"vasp.steps": ["relax"]}))
    assert "dos_at needs the CHGCAR of a static step" in message
    assert load_campaign(write_campaign({"vasp.steps": ["relax"], "vasp.dos_at": []}))


@pytest.mark.parametrize("steps", [[], ["static", "relax"], ["static", "static"]])
def test_steps_out_of_order_twice_or_none_are_refused(
    write_campaign: WriteCampaign, steps: list[str]
) -> None:
    message = refusal(write_campaign({"vasp.steps": steps, "vasp.dos_at": []}))
    assert f"steps = {steps}: expected relax, static or both, in this order" in message


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host.a", 0),
        ("host.u", 0.5),
        ("orderings.keep", 0),
        ("start.displacement", -0.1),
        ("vasp.kpoints", [0, 3, 3]),
        ("vasp.kpoints", [3, 3]),
        ("vasp.max_restarts", 0),
        ("chgnet.fmax", 0),
        ("name", "two words"),
    ],
)
def test_a_value_outside_its_limits_is_refused_by_key(
    write_campaign: WriteCampaign, key: str, value: object
) -> None:
    assert refusal(write_campaign({key: value})).startswith(key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected keys and values, found nothing"),
        ("[1, 2]", "expected keys and values, found a list"),
        ("name: [", "not YAML"),
        ("name: a\nx: [1]\nvasp: null\n", "vasp = null: expected keys and values"),
        ("name: two words\n", "name = 'two words': expected a name"),
    ],
)
def test_a_file_that_holds_no_campaign_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text, "utf-8")
    assert refusal(path).startswith(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: yes", "x = yes: expected a list, in [ ]"),
        ("x: []", "x = []: expected at least one value"),
        ("insertion: tet_8b", "insertion = 'tet_8b': expected a list, in [ ]"),
        ("insertion: [{x: most}]", "insertion.0.x = 'most': expected a list, in [ ]"),
        ("insertion: [{x: [3]}]", "x = 3 is outside 0..2 (ions per formula unit)"),
        ("start: 3", "start = 3: expected keys and values"),
        ("vasp: {steps: relax}", "vasp.steps = 'relax': expected a list, in [ ]"),
        (
            "vasp: {steps: [relx]}",
            "vasp.steps.0 = 'relx': expected 'relax' or 'static'",
        ),
        ("vasp: {kpoints: [3, 3]}", "vasp.kpoints.2 is missing"),
        ("vasp: {hubbard_u: {Mn: {d: 4}}}", "vasp.hubbard_u.Mn: expected a number"),
        ("vasp: {hubbard_u: {Mn: x}}", "vasp.hubbard_u.Mn = 'x': expected a number"),
        ("vasp: {hubbard_u: [1]}", "vasp.hubbard_u = [1]: expected keys and values"),
        ("vasp: {dos_at: 1}", "vasp.dos_at = 1: expected a list, in [ ]"),
        ("lithium_reference: 3", "lithium_reference = 3: expected true or false"),
        (
            "host: {supercell: 2}",
            "host.supercell = 2: expected three numbers, such as [2, 2, 2]: repeats "
            "along a, b and c",
        ),
        (
            "vasp: {incar: {ENCUT: 520}}",
            "vasp.incar: ENCUT is a tag: it stands under what it is for, such as "
            "incar: {common: {ENCUT: 520}}; there is common, relax, static, dos, "
            "lithium",
        ),
        (
            "vasp: {incar: {statc: {NELM: 300}}}",
            "vasp.incar: unknown step 'statc' (did you mean static?); tags stand under "
            "common, relax, static, dos, lithium",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_once_in_plain_words(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "c.yaml"
    x = "" if text.startswith("x:") else "x: [1]\n"
    path.write_text(f"name: c\n{x}{text}\n", "utf-8")
    assert refusal(path) == expected


def test_a_file_need_only_say_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "other-u.yaml"
    path.write_text("vasp: {hubbard_u: mp}\n", "utf-8")
    found, paper = load_campaign(path), load_campaign("paper")
    assert (found.name, found.x) == ("other-u", paper.x)
    assert found.vasp.hubbard_u == "mp"


def test_a_name_without_its_ending_is_told_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text("x: [1]\n", "utf-8")
    with pytest.raises(CampaignError, match=r"did you mean mine\.yaml\?"):
        load_campaign("mine")


def test_a_campaign_without_variants_says_so(paper: Campaign) -> None:
    with pytest.raises(CampaignError, match="paper has no variants: leave out"):
        paper.only("mp")


def test_a_campaign_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(CampaignError, match=r"^papr: .*packaged campaigns: .*paper, "):
        load_campaign("papr")


def test_a_directory_is_no_campaign(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="cannot be read as a campaign file"):
        load_campaign(tmp_path)


def test_override_changes_engine_and_x_and_nothing_else(paper: Campaign) -> None:
    other = paper.override(engine="chgnet", x=[2, 1])
    assert (other.engine, other.x) == ("chgnet", (1, 2))
    assert other.override(engine="vasp", x=paper.x) == paper
    assert paper.override() == paper


def test_override_refuses_what_the_file_would_refuse(paper: Campaign) -> None:
    with pytest.raises(CampaignError, match="unknown engine 'vsp'"):
        paper.override(engine="vsp")
    with pytest.raises(CampaignError, match=r"^campaign paper, command line: x = 5 is"):
        paper.override(x=[5])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            {"ENCT": 600},
            "VASP has no such tag, and would ignore it; did you mean ENCUT?",
        ),
        ({"ENCUT": "abc"}, "'abc' is not a number"),
    ],
)
def test_an_incar_tag_that_vasp_would_ignore_or_not_read_is_refused(
    tags: dict[str, Any], expected: str, write_campaign: WriteCampaign
) -> None:
    assert expected in refusal(write_campaign({"vasp.incar": {"common": tags}}))


@pytest.mark.parametrize("tag", MACHINE_TAGS)
@pytest.mark.parametrize("value", [8, None])
def test_a_tag_of_the_machine_would_enter_every_id_and_is_refused(
    tag: str, value: int | None, write_campaign: WriteCampaign
) -> None:
    message = refusal(write_campaign({"vasp.incar": {"relax": {tag: value}}}))
    assert f"{tag} (under relax): belongs to the machine" in message
    assert f"LNMO_VASP_INCAR={tag}=" in message


def test_tags_of_patches_and_deleted_tags_are_taken(
    write_campaign: WriteCampaign,
) -> None:
    tags = {"ENCUT": 600, "LAECHG": True, "NELMIN": None, "MY_PATCH": 1}
    found = load_campaign(write_campaign({"vasp.incar": {"common": tags}}))
    assert found.vasp.incar["common"] == tags


BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            "vasp: {hubbard_u: {Mn: .nan, Ni: 4}}",
            "vasp.hubbard_u.Mn = nan: expected a f",
        ),
        ("vasp: {hubbard_u: {Mn: .inf, Ni: 4}}", "expected a finite number"),
        ("vasp: {hubbard_u: {Mn: 1e999, Ni: 4}}", "expected a finite number"),
        ("vasp: {hubbard_u: {Mn: -1, Ni: 4}}", "vasp.hubbard_u.Mn = -1: expected"),
        ("vasp: {hubbard_u: {Mn: 20.5, Ni: 4}}", "expected less than or equal to 20"),
        (
            "vasp: {hubbard_u: {Mn: yes, Ni: 4}}",
            "vasp.hubbard_u.Mn = yes: expected a n",
        ),
        ("vasp: {magmom: {Mn: .nan}}", "vasp.magmom.Mn = nan: expected a finite"),
        ("vasp: {magmom: {Mn: 40}}", "vasp.magmom.Mn = 40: expected less than"),
        ("vasp: {kpoints: [0, 3, 3]}", "vasp.kpoints.0 = 0: expected greater"),
        ("vasp: {kpoints: [201, 3, 3]}", "vasp.kpoints.0 = 201: expected less"),
        ("vasp: {kpoints: [.inf, 3, 3]}", "expected a finite number"),
        ("vasp: {settled_volume: .inf}", "expected a finite number"),
        ("gpaw: {hubbard_u: {Mn: -2}}", "gpaw.hubbard_u.Mn = -2: expected"),
        ("chgnet: {fmax: .nan}", "chgnet.fmax = nan: expected a finite number"),
        ("host: {supercell: [1000, 1, 1]}", "host.supercell.0 = 1000: expected less"),
        ("variants: {a: {vasp: {magmom: {Mn: .nan}}}}", "expected a finite number"),
        ("vasp: {potcar: {Li: 'Li_sv\n\n O'}}", "vasp.potcar.Li"),
    ],
)
def test_a_value_that_is_none_is_one_line(
    write_campaign: WriteCampaign, lines: str, says: str
) -> None:
    with pytest.raises(CampaignError) as caught:
        load_campaign(with_lines(write_campaign, lines))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ("ENCUT: .nan", "ENCUT (under common): nan is not a finite number"),
        ("ENCUT: .inf", "inf is not a finite number"),
        ("ENCUT: 1e999", "inf is not a finite number"),
        ("ENCUT: -520", "-520 is outside 50..5000"),
        ("ENCUT: 2024-01-01", "'2024-01-01' is not a number"),
        ("ENCUT: [520, 600]", "takes one value, not a list"),
        ("SIGMA: yes", "True is not a number"),
        ("LASPH: 3", "3 is neither true nor false"),
        ("NSW: 2.5", "2.5 is not a whole number"),
        ("ALGO: {a: 1}", "{'a': 1} is neither a number nor a word"),
        ('ALGO: "Fast\\nISPIN = 1"', "no line ends"),
        ('ALGO: "Fast; ISPIN = 1"', "no line ends"),
        ('ALGO: "Fast # or not"', "no line ends"),
        ('ROPT: [1, "x\\nISPIN = 1"]', "no line ends"),
        ('"ALGO = Fast\\nISPIN": 1', "is not the name of a tag"),
        ('"NSW;ISPIN": 1', "is not the name of a tag"),
    ],
)
def test_a_tag_that_vasp_would_read_otherwise_is_refused(
    write_campaign: WriteCampaign, tags: str, says: str
) -> None:
    path = with_lines(write_campaign, f"vasp: {{incar: {{common: {{{tags}}}}}}}")
    assert says in refusal(path)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            "orderings: {keep: 1}\norderings: {keep: 2}",
            "'orderings' is given twice, in",
        ),
        ("orderings:\n  keep: 1\n  seed: 2\n  keep: 3", "'keep' is given twice, in"),
        (BOMB, "more than 100000 values once its aliases"),
        ("description: &a [*a]", "an anchor (&name) that contains itself"),
        ("description: " + "[" * 3000 + "]" * 3000, "nested more than 20 deep"),
        ("description: " + "{a: " * 3000 + "}" * 3000, "nested more than 20 deep"),
        ("? [a, b]\n: 1", "a key must be a word"),
        ("orderings: {seed: " + "9" * 5000 + "}", "a number of over 400 characters"),
        ("host: {a: 2024-01-01}", "host.a = '2024-01-01': expected a number"),
    ],
)
def test_a_file_that_no_one_means_is_refused_at_once(
    write_campaign: WriteCampaign, lines: str, says: str
) -> None:
    assert says in refusal(with_lines(write_campaign, lines))


def test_numbers_are_read_as_people_write_them(
    write_campaign: WriteCampaign,
) -> None:
    tags = "{EDIFF: 1e-6, ENCUT: 5.2E2, ALGO: Very Fast, ROPT: [1e-3, -.5e-3]}"
    path = with_lines(write_campaign, f"vasp: {{incar: {{common: {tags}}}}}")
    read = load_campaign(path).vasp.incar["common"]
    assert read == {
        "EDIFF": 1e-6,
        "ENCUT": 520.0,
        "ALGO": "Very Fast",
        "ROPT": [1e-3, -0.5e-3],
    }


def with_lines(write: WriteCampaign, lines: str) -> Path:
    path = write({})
    text = path.read_text("utf-8")
    changed = {line.split(":")[0] for line in lines.splitlines()}
    content = {k: v for k, v in yaml.safe_load(text).items() if k not in changed}
    path.write_text(f"{yaml.safe_dump(content)}{lines}\n", "utf-8")
    return path


@pytest.mark.parametrize("kind", ["a device", "a FIFO"])
def test_a_campaign_that_is_no_regular_file_is_refused_at_once(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "mine.yaml"
    {
        "a device": lambda: path.symlink_to("/dev/zero"),
        "a FIFO": lambda: os.mkfifo(path),
    }[kind]()
    with pytest.raises(CampaignError, match=f"{kind}, not a regular file"):
        load_campaign(path)


def test_a_huge_campaign_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.touch()
    os.truncate(path, 20 * 1024**3)
    with pytest.raises(CampaignError, match="more than 1000 kB: not a campaign"):
        load_campaign(path)


def test_a_name_that_no_file_can_have_is_a_campaign_error() -> None:
    with pytest.raises(CampaignError, match="no such campaign file"):
        load_campaign("a" * 300)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ("hubbard_u: {Xx: 1}", "no such element"),
        ("magmom: {Xx: 1}", "no such element"),
        ("potcar: {Xx: Xx_pv}", "no such element"),
    ],
)
def test_u_moments_and_potcars_are_of_elements_that_exist(
    tmp_path: Path, section: str, told: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(f"vasp: {{{section}}}\n", "utf-8")
    with pytest.raises(CampaignError, match=told):
        load_campaign(path)
