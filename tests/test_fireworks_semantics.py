"""What this project relies on in FireWorks and its database, asserted on the real ones.

Real pymongo, FireWorks' own LaunchPad, launchers and `lpad`, and the MongoDB that the
other tests share: `mongod`, or the stand-in, which has to behave as `mongod` does in
everything below. What ran is counted in a file that the Firetasks write, outside.
"""

from __future__ import annotations

import gc
import itertools
import re
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fireworks import Firework, FWAction, FWorker, LaunchPad, ScriptTask, Workflow
from fireworks.scripts.lpad_run import lpad
from pymongo import MongoClient
from pymongo.errors import DuplicateKeyError, PyMongoError

from tests.servers import Mongo
from workflows.firetasks import RecordTaskDocument

WORKER = FWorker(name="test")
_numbers = itertools.count(1)


@pytest.fixture
def address(mongo: Mongo, tmp_path: Path) -> dict[str, Any]:
    """A database of this test alone; ``launchpad.yaml`` is in ``tmp_path``."""
    name = f"semantics{next(_numbers)}"
    settings = {"host": "127.0.0.1", "port": mongo.port, "name": name}
    settings["strm_lvl"] = "ERROR"
    (tmp_path / "launchpad.yaml").write_text(yaml.safe_dump(settings))
    return settings


@pytest.fixture
def pad(address: dict[str, Any]) -> Iterator[LaunchPad]:
    launchpad = LaunchPad.from_dict(address)
    launchpad.reset("", require_password=False)
    yield launchpad
    launchpad.connection.drop_database(address["name"])
    launchpad.connection.close()


@pytest.fixture
def client(mongo: Mongo) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient("127.0.0.1", mongo.port) as connected:
        yield connected
        connected.drop_database("plain")


def writes(ledger: Path, name: str) -> Firework:
    script = f"echo {name} >> {ledger}"
    return Firework([ScriptTask.from_str(script)], name=name)


def chain(*names: str) -> Workflow:
    fireworks: list[Firework] = []
    for name in names:
        tasks = [RecordTaskDocument()]
        fireworks.append(Firework(tasks, name=name, parents=fireworks[-1:] or None))
    return Workflow(fireworks)


def states(launchpad: LaunchPad) -> dict[str, str]:
    return {fw["name"]: fw["state"] for fw in launchpad.fireworks.find()}


def launched(launchpad: LaunchPad, state: str = "COMPLETED") -> tuple[int, int]:
    """Check a Firework out and end it; its id and its launch's."""
    firework, launch_id = launchpad.checkout_fw(WORKER, "/")
    launchpad.complete_launch(launch_id, FWAction(stored_data={"n": 1}), state)
    return firework.fw_id, launch_id


def test_two_launchers_at_once_run_forty_fireworks_once_each(
    pad: LaunchPad, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    names = [f"n{n}" for n in range(40)]
    pad.bulk_add_wfs([Workflow([writes(ledger, name)]) for name in names])
    launchers = []
    for worker in ("a", "b"):
        (tmp_path / worker).mkdir()
        command = [sys.executable, "-m", "fireworks.scripts.rlaunch_run"]
        command += ["-s", "-l", str(tmp_path / "launchpad.yaml"), "rapidfire"]
        launchers.append(subprocess.Popen(command, cwd=tmp_path / worker))
    assert [launcher.wait(timeout=120) for launcher in launchers] == [0, 0]
    assert Counter(ledger.read_text().split()) == dict.fromkeys(names, 1)
    assert set(states(pad).values()) == {"COMPLETED"}
    assert pad.launches.count_documents({}) == 40


@pytest.mark.parametrize("times", [3])
def test_a_server_killed_while_it_writes_loses_nothing_it_acknowledged(
    tmp_path: Path, times: int
) -> None:
    server = Mongo(tmp_path / "mongo").start()
    acknowledged: list[int] = []
    stop = threading.Event()

    def write() -> None:
        with MongoClient(
            "127.0.0.1", server.port, serverSelectionTimeoutMS=30_000
        ) as own:
            for number in itertools.count():
                if stop.is_set():
                    return
                try:
                    own.x.a.insert_one({"number": number})
                    own.x.b.update_one({}, {"$push": {"l": number}}, upsert=True)
                except PyMongoError:
                    continue
                acknowledged.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(times):
            before = len(acknowledged)
            while len(acknowledged) < before + 100:
                time.sleep(0.01)
            server.kill()
            server.start()
    finally:
        stop.set()
        writer.join()
    with MongoClient("127.0.0.1", server.port) as reader:
        inserted = [each["number"] for each in reader.x.a.find()]
        pushed = (reader.x.b.find_one() or {})["l"]
    server.stop()
    assert inserted == sorted(inserted)
    assert set(acknowledged) <= set(inserted)
    assert set(acknowledged) <= set(pushed)


def test_indexes_and_uniqueness_survive_a_kill(tmp_path: Path) -> None:
    server = Mongo(tmp_path / "mongo").start()
    with MongoClient("127.0.0.1", server.port) as first:
        first.x.a.create_index("number", unique=True)
        first.x.a.insert_one({"number": 1})
    server.kill()
    server.start()
    with MongoClient("127.0.0.1", server.port) as again:
        assert again.x.a.index_information()["number_1"]["unique"]
        with pytest.raises(DuplicateKeyError):
            again.x.a.insert_one({"number": 1})
    server.stop()


def test_a_firework_id_is_unique(pad: LaunchPad) -> None:
    pad.add_wf(chain("first"))
    copy = pad.fireworks.find_one({"name": "first"}, {"_id": 0})
    with pytest.raises(DuplicateKeyError):
        pad.fireworks.insert_one(copy)
    pad.add_wf(chain("second"))
    second = pad.fireworks.find_one({"name": "second"})
    with pytest.raises(DuplicateKeyError):
        pad.fireworks.update_one(
            {"fw_id": second["fw_id"]}, {"$set": {"fw_id": copy["fw_id"]}}
        )
    assert pad.fireworks.find_one({"name": "second"}) == second


def test_a_child_is_ready_when_its_parent_is_completed(pad: LaunchPad) -> None:
    pad.add_wf(chain("parent", "child"))
    assert states(pad) == {"parent": "READY", "child": "WAITING"}
    launched(pad)
    assert states(pad) == {"parent": "COMPLETED", "child": "READY"}


def test_the_highest_priority_goes_first(pad: LaunchPad) -> None:
    for priority in (3, 9, 1):
        spec = {"_priority": priority}
        pad.add_wf(Workflow([Firework([RecordTaskDocument()], spec=spec)]))
    order = [pad.checkout_fw(WORKER, "/")[0].spec["_priority"] for _ in range(3)]
    assert order == [9, 3, 1]


def test_a_rerun_keeps_the_first_launch_among_the_archived(pad: LaunchPad) -> None:
    pad.add_wf(chain("parent", "child"))
    fw_id, launch_id = launched(pad, "FIZZLED")
    assert states(pad) == {"parent": "FIZZLED", "child": "WAITING"}
    pad.rerun_fw(fw_id)
    assert states(pad) == {"parent": "READY", "child": "WAITING"}
    firework = pad.get_fw_by_id(fw_id)
    assert firework.launches == []
    assert [launch.launch_id for launch in firework.archived_launches] == [launch_id]


def test_a_rerun_of_the_parent_takes_the_child_back(pad: LaunchPad) -> None:
    pad.add_wf(chain("parent", "child"))
    parent, _ = launched(pad)
    launched(pad)
    pad.rerun_fw(parent)
    assert states(pad) == {"parent": "READY", "child": "WAITING"}


def test_a_defused_firework_is_not_given_out_until_reignited(pad: LaunchPad) -> None:
    pad.add_wf(chain("one"))
    (fw_id,) = pad.get_fw_ids()
    pad.defuse_fw(fw_id)
    assert pad.checkout_fw(WORKER, "/") == (None, None)
    pad.reignite_fw(fw_id)
    assert pad.checkout_fw(WORKER, "/")[0].fw_id == fw_id


def test_a_reservation_holds_a_firework_for_its_job_and_can_be_given_back(
    pad: LaunchPad,
) -> None:
    pad.add_wf(chain("one"))
    firework, launch_id = pad.reserve_fw(WORKER, "/")
    pad.set_reservation_id(launch_id, "4711")
    assert states(pad) == {"one": "RESERVED"}
    assert pad.get_reservation_id_from_fw_id(firework.fw_id) == "4711"
    assert pad.checkout_fw(WORKER, "/") == (None, None)
    assert pad.detect_unreserved(expiration_secs=0) == [launch_id]
    pad.cancel_reservation(launch_id)
    assert states(pad) == {"one": "READY"}
    again, _ = pad.reserve_fw(WORKER, "/")
    taken, _ = pad.checkout_fw(WORKER, "/", fw_id=again.fw_id)
    assert taken.fw_id == firework.fw_id
    assert states(pad) == {"one": "RUNNING"}


def test_a_launch_that_does_not_ping_is_found_lost(pad: LaunchPad) -> None:
    pad.add_wf(chain("one"))
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    lost = pad.detect_lostruns(expiration_secs=-1)
    assert lost[:2] == ([launch_id], [firework.fw_id])
    pad.ping_launch(launch_id)
    assert pad.detect_lostruns(expiration_secs=60)[:2] == ([], [])


def test_an_action_of_20_mb_goes_to_gridfs_and_comes_back(pad: LaunchPad) -> None:
    pad.add_wf(chain("one"))
    firework, launch_id = pad.checkout_fw(WORKER, "/")
    large = "x" * 20_000_000
    pad.complete_launch(launch_id, FWAction(stored_data={"large": large}))
    (launch,) = pad.get_fw_by_id(firework.fw_id).launches
    assert launch.action.stored_data["large"] == large
    assert pad.fireworks.find_one({})["state"] == "COMPLETED"


@pytest.fixture
def command(
    pad: LaunchPad, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """``lpad -l launchpad.yaml`` in this process; what it prints."""

    def call(*words: str) -> str:
        capsys.readouterr()
        with warnings.catch_warnings():
            # lpad leaves the closing of its connection to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            lpad(["-l", str(tmp_path / "launchpad.yaml"), "-s", *words])
            gc.collect()
        return capsys.readouterr().out

    return call


def test_lpad_reads_the_launchpad_file_as_a_process(
    pad: LaunchPad, tmp_path: Path
) -> None:
    pad.add_wf(chain("one"))
    program = [sys.executable, "-m", "fireworks.scripts.lpad_run"]
    found = subprocess.run(
        [*program, "-l", "launchpad.yaml", "get_fws", "-d", "count"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split()[-1] == "1"


@pytest.mark.parametrize(
    ("option", "field"),
    [("--sort", "created_on"), ("--rsort", "created_on"), ("--sort", "updated_on")],
)
def test_lpad_sorts_by_date(
    pad: LaunchPad, command: Callable[..., str], option: str, field: str
) -> None:
    for name in ("first", "second", "third"):
        pad.add_wf(chain(name))
    listed = command("get_fws", option, field, "-d", "less")
    names = re.findall(r'"name": "(\w+)"', listed)
    expected = ["first", "second", "third"]
    assert names == (expected if option == "--sort" else expected[::-1])


def test_lpad_counts_lists_and_finds(
    pad: LaunchPad, command: Callable[..., str]
) -> None:
    pad.add_wf(chain("parent", "child"))
    fw_id, _ = launched(pad)
    assert command("get_fws", "-s", "READY", "-d", "count").strip() == "1"
    assert command("get_wflows", "-d", "count").strip() == "1"
    assert '"state": "COMPLETED"' in command("get_fws", "-i", str(fw_id))
    assert "child" in command("get_wflows", "-i", str(fw_id), "-d", "more")
    assert command("get_fws", "-q", '{"name": "child"}', "-d", "ids").strip()


def test_lpad_changes_states(pad: LaunchPad, command: Callable[..., str]) -> None:
    pad.add_wf(chain("parent", "child"))
    fw_id, _ = launched(pad)
    command("rerun_fws", "-i", str(fw_id))
    assert states(pad) == {"parent": "READY", "child": "WAITING"}
    # FireWorks 2.1.4: `lpad defuse_wflows` pauses; only defuse_fws defuses.
    command("defuse_wflows", "-i", str(fw_id))
    assert set(states(pad).values()) == {"PAUSED"}
    command("defuse_fws", "-i", f"{fw_id - 1},{fw_id}")
    assert set(states(pad).values()) == {"DEFUSED"}
    command("reignite_wflows", "-i", str(fw_id))
    assert states(pad) == {"parent": "READY", "child": "WAITING"}
    command("pause_fws", "-i", str(fw_id))
    assert states(pad)["parent"] == "PAUSED"
    command("resume_fws", "-i", str(fw_id))
    command("set_priority", "7", "-i", str(fw_id))
    assert pad.fireworks.find_one({"fw_id": fw_id})["spec"]["_priority"] == 7
    command("archive_wflows", "-i", str(fw_id))
    assert set(states(pad).values()) == {"ARCHIVED"}
    command("delete_wflows", "-i", str(fw_id))
    assert states(pad) == {}


def test_lpad_maintains(pad: LaunchPad, command: Callable[..., str]) -> None:
    pad.add_wf(chain("one"))
    (fw_id,) = pad.get_fw_ids()
    pad.workflows.update_one({"nodes": fw_id}, {"$set": {"locked": True}})
    command("admin", "unlock", "-i", str(fw_id))
    assert "locked" not in pad.workflows.find_one({"nodes": fw_id})
    command("admin", "maintain")
    command("admin", "tuneup")
    command("detect_lostruns")
    command("detect_unreserved")
    command("report")
    assert states(pad) == {"one": "READY"}


def test_what_is_found_by_index_is_what_a_scan_finds(
    client: MongoClient[dict[str, Any]],
) -> None:
    """Values in lists, below dots, of $in, changed, gone: the index keeps up."""
    some = client.plain.some
    some.insert_many(
        {"n": n, "list": [n, n + 1], "deep": [{"er": n % 3}, {"er": 7}]}
        for n in range(30)
    )
    numbers = [each["n"] for each in some.find({"list": 5})]
    assert numbers == [4, 5]
    some.update_many({"list": 5}, {"$set": {"list": [100]}})
    assert some.count_documents({"list": 5}) == 0
    assert some.count_documents({"list": {"$in": [100, 0]}}) == 3
    assert some.count_documents({"deep.er": 7}) == 30
    assert some.count_documents({"deep.er": {"$in": [0, 1]}, "n": {"$lt": 6}}) == 4
    some.delete_many({"deep.er": 0})
    assert some.count_documents({"deep.er": {"$in": [0]}}) == 0
    assert some.count_documents({"n": {"$in": []}}) == 0
    assert some.count_documents({"missing": None}) == 20
    replaced = some.find_one_and_replace({"n": 7}, {"n": 8}, sort=[("_id", 1)])
    assert replaced is not None
    assert some.count_documents({"n": 8}) == 2
    assert some.count_documents({"n": 7}) == 0


def test_an_index_of_texts_follows_every_change(
    client: MongoClient[dict[str, Any]],
) -> None:
    """Texts are not looked at again once an index has answered."""
    some = client.plain.texts
    some.insert_many({"n": n, "state": "READY", "tags": ["a"]} for n in range(10))
    assert some.count_documents({"state": "READY"}) == 10
    some.update_one({"n": 3}, {"$set": {"state": "RUNNING"}})
    some.find_one_and_update({"state": "READY"}, {"$set": {"state": "RUNNING"}})
    some.update_many({"n": {"$gt": 7}}, {"$unset": {"state": ""}})
    some.replace_one({"n": 7}, {"n": 7, "state": "DONE"})
    some.update_one({"n": 6}, {"$push": {"tags": "b"}})
    some.delete_one({"state": "READY", "tags": "b"})
    asked = ("READY", "RUNNING", "DONE")
    found = [[d["n"] for d in some.find({"state": state})] for state in asked]
    assert found == [[1, 2, 4, 5], [0, 3], [7]]
    assert some.count_documents({"tags": "a", "state": {"$in": ["READY"]}}) == 4


def test_many_documents_come_in_batches(client: MongoClient[dict[str, Any]]) -> None:
    client.plain.many.insert_many({"n": n, "text": "x" * 1000} for n in range(3000))
    found = client.plain.many.find({}, {"n": 1, "_id": 0}).sort("n", -1)
    assert [each["n"] for each in found] == list(range(3000))[::-1]
    assert sum(1 for _ in client.plain.many.find(batch_size=7).limit(50)) == 50
    summed = client.plain.many.aggregate([{"$group": {"_id": None, "n": {"$sum": 1}}}])
    assert next(summed)["n"] == 3000


def test_what_is_not_known_is_refused(
    client: MongoClient[dict[str, Any]], mongo: Mongo
) -> None:
    if mongo.real:
        pytest.skip("a real mongod knows more commands")
    with pytest.raises(PyMongoError, match="no such command: mapReduce"):
        client.plain.command("mapReduce", "some")
    client.plain.some.insert_one({"n": 1})
    with pytest.raises(PyMongoError, match="unknown operator: \\$nonsense"):
        list(client.plain.some.find({"n": {"$nonsense": 1}}))
