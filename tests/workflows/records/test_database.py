"""``launchpad.yaml``: found, expanded from the environment, and never a leak."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.places import TOP
from workflows.errors import StoreError
from workflows.records.database import read_database

SERVER = """\
host: mongodb.example.org
port: 27017
name: lnmo
username: ${LNMO_TEST_USER}
password: ${LNMO_TEST_PASSWORD}
user_indices: ["${LNMO_TEST_USER}"]
mongoclient_kwargs: {tls: true, authMechanism: "${LNMO_TEST_USER}-x"}
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LNMO_LAUNCHPAD", "LNMO_ROOT", "LNMO_TEST_USER", "LNMO_TEST_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def write(directory: Path, text: str = "host: embedded\n") -> Path:
    path = directory / "launchpad.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_file_of_the_project_is_embedded_and_holds_no_secret() -> None:
    path = TOP / "launchpad.yaml"
    assert read_database(path).embedded
    assert set(read_database(path).launchpad) == {"host", "name"}


def test_a_file_or_its_directory_is_the_same(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert read_database(path) == read_database(tmp_path) == read_database(str(path))


def test_without_an_argument_it_is_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert read_database().path == tmp_path / "launchpad.yaml"


def test_without_an_argument_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_LAUNCHPAD", str(write(tmp_path)))
    assert read_database().path == tmp_path / "launchpad.yaml"


def test_data_lie_beside_the_file_or_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    assert read_database(tmp_path).root == tmp_path / "lnmo-data"
    monkeypatch.setenv("LNMO_ROOT", str(tmp_path / "scratch"))
    assert read_database(tmp_path).root == tmp_path / "scratch"


def test_reading_writes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path)
    read_database(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_variables_are_expanded_at_every_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_TEST_USER", "anna")
    monkeypatch.setenv("LNMO_TEST_PASSWORD", "hunter2")
    database = read_database(write(tmp_path, SERVER))
    assert not database.embedded
    assert database.launchpad == {
        "host": "mongodb.example.org",
        "port": 27017,
        "name": "lnmo",
        "username": "anna",
        "password": "hunter2",
        "user_indices": ["anna"],
        "mongoclient_kwargs": {"tls": True, "authMechanism": "anna-x"},
    }


def test_user_and_password_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_TEST_USER", "anna")
    monkeypatch.setenv("LNMO_TEST_PASSWORD", "hunter2")
    database = read_database(write(tmp_path, SERVER))
    for shown in (repr(database), str(database), f"{database}", repr([database])):
        assert "hunter2" not in shown
        assert "anna" not in shown
        assert "launchpad.yaml" in shown


@pytest.mark.parametrize("missing", ["LNMO_TEST_USER", "LNMO_TEST_PASSWORD"])
def test_a_variable_that_is_not_set_is_named_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for name in {"LNMO_TEST_USER", "LNMO_TEST_PASSWORD"} - {missing}:
        monkeypatch.setenv(name, "hunter2")
    path = write(tmp_path, SERVER)
    with pytest.raises(StoreError) as caught:
        read_database(path)
    key = {"LNMO_TEST_USER": "username", "LNMO_TEST_PASSWORD": "password"}[missing]
    assert str(caught.value) == (
        f"{path}: {key}: the environment variable {missing} is not set"
    )


def test_a_missing_file_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        read_database(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'launchpad.yaml'}: no launchpad file")
    assert "--launchpad" in message
    assert "host: embedded" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no key host"),
        ("[1]", "no key host"),
        ("name: lnmo", "no key host"),
        ("host: 5", "host = 5 is no name"),
        ("host: [", "not YAML"),
    ],
)
def test_a_file_that_is_no_launchpad_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(StoreError, match=expected) as caught:
        read_database(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
