"""``launchpad.yaml``: found, expanded from the environment, and never a leak."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import TOP
from workflows.errors import StoreError
from workflows.launchpad.mongodb import connect
from workflows.records.database import Database, read_database, read_or_embedded
from workflows.records.store import results_store

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


def test_a_missing_file_is_reported_with_the_cure(tmp_path: Path) -> None:
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
        ("host: 5", "host is a number, not text; put it in quotes"),
        ("host: [", "line 1: not YAML"),
        ("host: [h]", "host is a list, not text"),
        ("host: ''", "host is empty or has a blank"),
        ("host: a b", "host is empty or has a blank"),
        ("host: h\nport: 0", "port is outside 1 to 65535"),
        ("host: h\nport: 65536", "port is outside 1 to 65535"),
        ("host: h\nport: -1", "port is outside"),
        ("host: h\nport: 2.5", "port is a number; it must be a whole number"),
        ("host: h\nport: true", "port is true or false"),
        ("host: h\nport: [1]", "port is a list"),
        ("host: h\nport: seven", "port is text"),
        ("host: h\nport: ''", "port is text"),
        ("host: h\nname: 5", "name is a number, not text"),
        ("host: h\nname: a.b", "name is not a name of a MongoDB database"),
        ("host: h\nname: ''", "name is not a name of a MongoDB database"),
        ('host: h\nname: "a\\nb"', "name is not a name of a MongoDB database"),
        ('host: h\nname: "a\\x1b[31mb"', "name is not a name of a MongoDB database"),
        ('host: h\nname: "\\ud800"', "name is not a name of a MongoDB database"),
        ('host: embedded\nlogdir: "a\\0b"', "logdir: not a directory"),
        ('host: embedded\nlogdir: "\\ud800"', "logdir: not a directory"),
        ("host: h\nlogdir: /no/such", "logdir: not a directory"),
        ("host: h\nlogdir: 5", "logdir is a number"),
        ("host: h\nstrm_lvl: LOUD", "strm_lvl is not a log level"),
        ("host: h\nuser_indices: spec.x", "user_indices must be a list"),
        ("host: h\nwf_user_indices: [1]", "wf_user_indices must be a list"),
        ("host: h\nuri_mode: maybe", "uri_mode is text; write true or false"),
        ("host: h\nuri_mode: true", "host: with uri_mode: true it must start with"),
        ("host: mongodb://h\nuri_mode: true", "no key name"),
        ("host: h\nmongoclient_kwargs: tls", "mongoclient_kwargs is text"),
        ("host: h\nmongoclient_kwargs: {1: 2}", "mongoclient_kwargs is a section"),
        ("host: h\nprot: 5", "unknown key prot .did you mean port"),
        ("host: h\nhost: k", "line 2: the key of this line is given twice"),
        ("host: h\n[1]: k", "a key must be one word"),
        ("host: &a h\nname: *a", "line 2: a YAML alias"),
        ("host: " + "[" * 2000 + "]" * 2000, "nested lists"),
        ("host: 2026-99-99", "not YAML"),
        ("host: 2026-11-29", "host is a date, not text"),
        ("host: h\x00", "control character"),
        ("host: h\n" + "#" * 100_000, "larger than 100000 bytes"),
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


@pytest.mark.parametrize("port", ["27018", "'27018'", "${LNMO_TEST_USER}"])
def test_a_port_given_as_text_is_the_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str
) -> None:
    monkeypatch.setenv("LNMO_TEST_USER", "27018")
    database = read_database(write(tmp_path, f"host: h\nport: {port}\n"))
    assert database.launchpad["port"] == 27018


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2: x",
        "password: *hunter2",
        "password: !hunter2 x",
        "password: 'hunter2",
        "password: [hunter2",
        "password: @hunter2",
        "password:\thunter2: x",
        "password: {hunter2: x}",
        "password: [hunter2]",
        "password:hunter2: x",
        "hunter2: x",
        "password_hunter2: x",
        "mongoclient_kwargs: {password:hunter2: '${LNMO_TEST_UNSET}'}",
        "mongoclient_kwargs: {hunter2: '${LNMO_TEST_UNSET}'}",
        "password: hunter2\npassword: hunter2",
        "password: &hunter2 a\nname: *hunter2",
        "password: hunter2\n  : - %",
        "password: hunter2\x01",
        "password: 2026-99-99\nname: 'hunter2",
        "mongoclient_kwargs: {password: hunter2",
        "mongoclient_kwargs: hunter2",
        "host: mongodb://anna:hunter2@h/x y",
        "port: hunter2",
        "name: hunter2/x",
    ],
)
def test_no_error_shows_the_password_or_its_line(tmp_path: Path, line: str) -> None:
    first = "" if line.startswith("host") else "host: h\n"
    path = write(tmp_path, f"{first}{line}\n")
    with pytest.raises(StoreError) as caught:
        read_database(path)
    message = str(caught.value)
    assert "hunter2" not in message
    assert message.startswith(f"{path}: ")
    assert "\n" not in message


def test_a_password_of_digits_is_asked_for_in_quotes(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="password is a number, not text; put it in"):
        read_database(write(tmp_path, "host: h\npassword: 0123\n"))
    read = read_database(write(tmp_path, "host: h\npassword: '0123'\n"))
    assert read.launchpad["password"] == "0123"


def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "launchpad.yaml")
    with pytest.raises(
        StoreError, match="not a file that can be read whole; name another"
    ):
        read_database(tmp_path)
    with pytest.raises(
        StoreError, match="not a file that can be read whole; name another"
    ):
        read_database("/dev/null")


def test_a_link_that_leads_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "launchpad.yaml").symlink_to("launchpad.yaml")
    with pytest.raises(StoreError, match=r"symbolic link|no launchpad file"):
        read_database(tmp_path / "launchpad.yaml")


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "launchpad.yaml").write_bytes("host: h\nname: ü\n".encode("latin-1"))
    with pytest.raises(StoreError, match="line 2: not UTF-8 text"):
        read_database(tmp_path)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("{tls: true, tlsCAFile: /no/such/ca.pem}", "tlsCAFile: the file cannot be"),
        ("{tls: maybe}", "tls: pymongo refuses it"),
        ("{maxPoolSize: many}", "maxPoolSize: pymongo refuses it"),
        ("{noSuchOption: 1}", "mongoclient_kwargs: an unknown key, not shown here"),
        ("{tlsCAFil: a}", "unknown key tlsCAFil .did you mean tlscafile"),
        ("{readPreference: hunter2}", "readPreference: pymongo refuses it"),
        ("{tls: false, tlsCAFile: FILE}", "pymongo cannot make a client"),
        ("{tls: true, tlsCertificateKeyFile: FILE}", "pymongo cannot make a client"),
        ("{authMechanism: hunter2}", "authMechanism: pymongo refuses it"),
        ("{host: hunter2}", "pymongo"),
    ],
)
def test_an_option_that_pymongo_refuses_is_one_line_with_its_name(
    tmp_path: Path, options: str, named: str
) -> None:
    file = tmp_path / "certificate.pem"
    file.write_text("not a certificate")
    text = f"host: 127.0.0.1\nport: 1\nmongoclient_kwargs: {options}\n"
    database = read_database(write(tmp_path, text.replace("FILE", str(file))))
    for open_it in (connect, results_store):
        with pytest.raises(StoreError, match=named) as caught:
            open_it(database)
        assert "hunter2" not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["9" * 400, "-" + "9" * 400, "1" + "0" * 350])
@pytest.mark.parametrize(
    "option", ["serverSelectionTimeoutMS", "socketTimeoutMS", "maxPoolSize", "w"]
)
def test_a_number_that_no_float_holds_is_one_line_without_it(
    tmp_path: Path, option: str, value: str
) -> None:
    text = "host: 127.0.0.1\nport: 1\npassword: hunter2\nusername: me\n"
    text += f"mongoclient_kwargs: {{{option}: {value}, connectTimeoutMS: 1, "
    text += "serverSelectionTimeoutMS: 1}\n"
    if option == "serverSelectionTimeoutMS":
        text = text.replace(", serverSelectionTimeoutMS: 1}", "}")
    database = read_database(write(tmp_path, text))
    for open_it in (connect, results_store):
        with pytest.raises(StoreError) as caught:
            open_it(database)
        assert "hunter2" not in str(caught.value)
        assert value[-50:] not in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "option", ["serverSelectionTimeoutMS", "socketTimeoutMS", "connectTimeoutMS"]
)
@pytest.mark.parametrize("value", ["1e300", "1e15", "9999999999999999999"])
def test_a_time_that_no_clock_can_wait_for_is_refused_by_its_name(
    tmp_path: Path, option: str, value: str
) -> None:
    text = f"host: 127.0.0.1\nport: 1\nmongoclient_kwargs: {{{option}: {value}}}\n"
    database = read_database(write(tmp_path, text))
    for open_it in (connect, results_store):
        with pytest.raises(StoreError, match=option):
            open_it(database)


def test_a_data_directory_whose_name_is_too_long_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LNMO_ROOT", str(tmp_path / ("x" * 300)))
    for where in (tmp_path, write(tmp_path)):
        with pytest.raises(StoreError, match=r"^LNMO_ROOT.*File name too long"):
            read_or_embedded(where, new=True)


def test_a_launchpad_file_that_is_a_link_to_nothing_is_called_so(
    tmp_path: Path,
) -> None:
    (tmp_path / "launchpad.yaml").symlink_to("/nowhere/launchpad.yaml")
    for read in (read_database, read_or_embedded):
        with pytest.raises(StoreError, match=r"is a link to /nowhere/.*; mount that"):
            read(tmp_path)


def test_a_data_directory_that_no_record_can_name_is_refused(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"p\xff\xfe")
    odd.mkdir()
    for where in (odd, write(odd)):
        with pytest.raises(StoreError, match="is not UTF-8"):
            read_or_embedded(where, new=True)


@pytest.mark.parametrize("open_it", [connect, results_store])
@pytest.mark.parametrize(
    "lines",
    [
        'host: "mongodb://u:27/x?s3cret=z@127.0.0.1:1/db"\nuri_mode: true',
        'host: "mongodb://u:?s3cret=z@127.0.0.1:1/db"\nuri_mode: true',
        'host: "mongodb://u:27/x?a=b&s3cret=z@127.0.0.1:1/db"\nuri_mode: true',
        'host: "mongodb://localhost:1/x?readPreference=s3cret"\nuri_mode: true',
        'host: "mongodb://localhost:1/x?compressors=s3cret"\nuri_mode: true',
        'host: "mongodb://u:a/b?s3cret=q@localhost:1/x"\nuri_mode: true',
        'host: "mongodb://u:a/b?s3cret@localhost:1/x?a=b"\nuri_mode: true',
        'host: "mongodb://localhost:1/x?readPreferenceTags=s3cret"\nuri_mode: true',
        "host: localhost\nport: 1\nmongoclient_kwargs: {compressors: s3cret}",
        "host: localhost\nport: 1\nmongoclient_kwargs: {s3crets: 1}",
        "host: localhost\nport: 1\nmongoclient_kwargs: {password:s3cret}",
        "host: localhost\nport: 1\nmongoclient_kwargs: {tls: true, tlsCAFile:s3cret}",
    ],
)
def test_what_pymongo_warns_of_is_an_error_without_the_value(
    tmp_path: Path,
    lines: str,
    open_it: Callable[[Database], object],
    recwarn: pytest.WarningsRecorder,
) -> None:
    database = read_database(write(tmp_path, f"{lines}\nname: lnmo\n"))
    with pytest.raises(StoreError) as caught:
        open_it(database)
    assert "no MongoDB answers" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert not recwarn.list


def test_a_data_directory_that_is_not_mounted_is_not_made_anew(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "lnmo-data").symlink_to("../scratch/data")
    for read in (read_database, read_or_embedded):
        with pytest.raises(
            StoreError, match=r"a link to \.\./scratch/data, which is not"
        ):
            read(path)
