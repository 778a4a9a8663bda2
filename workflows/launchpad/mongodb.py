"""The LaunchPad on a MongoDB: connect, disconnect, set up a new database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fireworks import LaunchPad
from pymongo.errors import (
    ConfigurationError,
    InvalidName,
    InvalidURI,
    PyMongoError,
)

from workflows.engines.claim import last_launch
from workflows.launchpad.counters import EPOCH, begin, raise_above
from workflows.launchpad.owned_mongodb import MongoLaunchPad
from workflows.records.database import Database, refused_by_warnings


@contextmanager
def connected(
    database: Database, kind: type[LaunchPad] = MongoLaunchPad
) -> Iterator[LaunchPad]:
    """Connect to MongoDB by a LaunchPad of a kind, and disconnect at the end.

    Raises
    ------
    StoreError
        No server answers, now or later; the message shows no user and no password.
    """
    launchpad = connect(database, kind)
    try:
        yield launchpad
    except PyMongoError as error:
        raise database.unreachable(error) from None
    finally:
        launchpad.connection.close()


def connect(database: Database, kind: type[LaunchPad] = MongoLaunchPad) -> LaunchPad:
    """Connect to MongoDB, by FireWorks' LaunchPad or a subclass of it.

    Raises
    ------
    StoreError
        No server answers, or pymongo refuses a setting; the message shows no user and
        no password.
    """
    settings = dict(database.launchpad)
    settings.setdefault("strm_lvl", "ERROR")
    settings["mongoclient_kwargs"] = database.client_options
    database.check_client_options()
    logging.getLogger("pymongo").setLevel(logging.ERROR)
    with ExitStack() as undo:
        try:
            with refused_by_warnings():
                launchpad = kind(**settings)
                undo.callback(launchpad.connection.close)
                launchpad.connection.admin.command("ping")
        except (ConfigurationError, InvalidName, InvalidURI) as error:
            raise database.bad_client(error) from None
        except PyMongoError as error:
            raise database.unreachable(error) from None
        except (OSError, TypeError, ValueError, UserWarning) as error:
            raise database.bad_client(error) from None
        undo.pop_all()
    return launchpad


def set_up(launchpad: LaunchPad, calculations: Path) -> None:
    """Give a new MongoDB its counters and indices, as ``lpad reset`` would.

    If only the counters were lost, they begin above the ids that are there. Two
    processes may do so at the same time; the counters are made once. Counters of an
    older dump are raised above these ids: FireWorks would give a number again, and
    replace the Firework or launch that has it. So are those of a database that is of an
    older dump as a whole: ``calculations``, the directory of the steps, has marks of
    launches that it does not know, and an earlier launch takes no step of a later one.
    """
    counters = launchpad.fw_id_assigner.find_one({})
    if counters is None:
        launchpad.tuneup()
        launchpad.workflows.create_index("metadata.calculation_id")
        begin(launchpad)
    else:
        marked = last_launch(calculations, str(counters.get(EPOCH, "")))
        raise_above(launchpad, marked)
