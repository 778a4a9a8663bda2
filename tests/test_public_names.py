"""The names that notebooks and scripts are written against: added to, never renamed."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import structures
import workflows
from tests.places import TOP
from workflows.campaign.calculation import Calculation
from workflows.results.results import Results

SERIES_COLUMNS = (
    *("x", "n_li", "formula", "engine", "insertion", "state", "energy_per_fu"),
    *("m_ni", "m_mn", "m_ni_std", "m_mn_std", "a", "b", "c", "c_ratio", "c_rel"),
    *("c_unique", "unique_axis", "volume"),
)


def test_structures_gives_the_promised_names() -> None:
    from structures import (
        count_orderings,
        distinct_orderings,
        insertion_sites,
        spinel_host,
    )

    found = (count_orderings, distinct_orderings, insertion_sites, spinel_host)
    assert all(name.__name__ in structures.__all__ for name in found)


def test_workflows_gives_the_promised_names() -> None:
    from workflows import (
        check_directory,
        expected_valence,
        load_campaign,
        open_results,
        parse_run,
        plan,
        to_flow,
        valence_from_moment,
        vasp_inputs,
    )

    found = (
        *(check_directory, expected_valence, load_campaign, open_results, parse_run),
        *(plan, to_flow, valence_from_moment, vasp_inputs),
    )
    assert sorted(name.__name__ for name in found) == sorted(workflows.__all__)


def test_users_read_of_one_package_in_the_docs() -> None:
    """Pages for developers name the modules that they are about."""
    pages = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
    imports = {
        f"{page.name}: {line.strip()}"
        for page in (*pages, TOP / "docs" / "notebook.ipynb")
        for line in page.read_text("utf-8").splitlines()
        if re.search(r"(from|import) (workflows|structures)\b", line)
    }
    assert not imports


def test_analysis_gives_the_promised_names() -> None:
    from workflows import analysis
    from workflows.analysis import (
        adjacent_average,
        capacity,
        expected_total_moment,
        expected_valence,
        jahn_teller_modes,
        lattice_ratios,
        valence_from_moment,
        voltage_steps,
    )

    found = {
        adjacent_average: ["y", "n", "mode"],
        capacity: ["delta_x", "formula"],
        expected_total_moment: ["x", "order"],
        expected_valence: ["x"],
        jahn_teller_modes: ["l_x", "l_y", "l_z"],
        lattice_ratios: ["a", "b", "c", "angles"],
        valence_from_moment: ["element", "moment"],
        voltage_steps: ["energies", "mu_li"],
    }
    assert sorted(f.__name__ for f in found) == sorted(analysis.__all__)
    for function, names in found.items():
        assert [
            name
            for name, parameter in inspect.signature(function).parameters.items()
            if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
        ] == names


def test_importing_analysis_imports_nothing_heavy() -> None:
    code = (
        "import sys, workflows.analysis\n"
        "heavy = {'pymatgen', 'pandas', 'matplotlib', 'torch', 'fireworks', 'scipy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_plan_is_the_function_even_when_its_module_was_imported_first() -> None:
    code = (
        "import workflows.campaign.plan, workflows.campaign.inputs\n"
        "from workflows import plan\n"
        "assert callable(plan), plan"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(workflows, "load_campain")


def test_importing_workflows_imports_nothing_heavy() -> None:
    code = (
        "import sys, workflows\n"
        "heavy = {'pymatgen', 'pandas', 'matplotlib', 'torch', 'fireworks'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_host_is_asked_for_by_formula_ordering_a_and_u() -> None:
    host = structures.spinel_host("LiNi0.5Mn1.5O4", ordering="P4_332", a=8.17, u=0.2625)
    assert host.structure == structures.spinel_host().structure


def test_orderings_are_counted_and_listed_by_host_role_and_number() -> None:
    host = structures.spinel_host()
    orderings = structures.distinct_orderings(host, "8a", 4)
    assert len(orderings) == structures.count_orderings(host, "8a", 4) == 7
    for ordering in orderings:
        assert {len(ordering.structure), len(ordering.occupied)} == {52, 4}
    assert sum(ordering.degeneracy for ordering in orderings) == 70


def test_a_calculation_has_the_promised_attributes(
    calculations: tuple[Calculation, ...],
) -> None:
    for calculation in calculations:
        for name in ("id", "x", "structure", "engine", "steps"):
            assert hasattr(calculation, name), name


def test_results_answer_series_sites_and_documents() -> None:
    series = inspect.signature(Results.series).parameters
    assert list(series) == ["self", "average", "temperature"]
    assert {p.kind for p in list(series.values())[1:]} == {
        inspect.Parameter.KEYWORD_ONLY
    }
    assert list(inspect.signature(Results.sites).parameters) == ["self", "x"]
    assert list(inspect.signature(Results.documents).parameters) == ["self"]
    for name in ("runs", "hull", "voltage", "compare_to_paper"):
        assert list(inspect.signature(getattr(Results, name)).parameters) == ["self"]
    pdos = inspect.signature(Results.pdos).parameters
    assert list(pdos)[:6] == ["self", "x", "by", "smooth", "mode", "align"]
    assert (pdos["smooth"].default, pdos["mode"].default) == (10, "origin")
    structure = inspect.signature(Results.structure).parameters
    assert list(structure) == ["self", "x", "insertion"]


def test_the_series_has_the_promised_columns_even_when_it_is_empty(
    tmp_path: Path,
) -> None:
    (tmp_path / "launchpad.yaml").write_text("host: embedded\n", "utf-8")
    series = workflows.open_results(tmp_path).series()
    assert len(series) == 0
    assert [name for name in SERIES_COLUMNS if name not in series.columns] == []


def test_the_short_import_has_every_public_name_and_the_version() -> None:
    import lnmo

    for home in (structures, workflows):
        for name in home.__all__:
            assert getattr(lnmo, name) is getattr(home, name)
    assert lnmo.__version__ == version("lnmo")
    assert dir(lnmo) == sorted([*structures.__all__, *workflows.__all__, "__version__"])
    assert not hasattr(lnmo, "open_result")


def test_the_short_import_imports_nothing_heavy() -> None:
    code = (
        "import sys, lnmo\n"
        "heavy = {'numpy', 'pymatgen', 'pandas', 'pydantic', 'yaml', 'fireworks'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_of_structures_is_found_where_it_is_said_to_be() -> None:
    assert sorted(structures._HOME) == sorted(structures.__all__)
    assert all(getattr(structures, name) is not None for name in structures.__all__)


@pytest.mark.parametrize("words", [["--help"], ["plan", "--help"], ["plann"]])
def test_help_and_a_usage_error_import_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from workflows.cli import main\n"
        f"sys.argv = ['lnmo', *{words}]\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'pymatgen', 'fireworks', 'yaml'}\n"
        "heavy |= {'pydantic', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
