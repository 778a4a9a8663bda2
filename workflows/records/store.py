"""Where task documents are kept: files or MongoDB, behind one interface."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from workflows.counts import count_of
from workflows.records.database import Database
from workflows.records.document import TaskDocument
from workflows.records.file_store import FileResults
from workflows.records.summary import Summary


class RecordsLost(UserWarning):
    """A database has lost records of finished steps."""


class ResultsStore(Protocol):
    """Task documents, one for each calculation and step.

    ``root`` is the data directory, from which ``TaskDocument.dir_name`` counts.
    """

    root: Path

    def put(self, document: TaskDocument) -> None:
        """Record a document, replacing an earlier one of the same step."""

    def get(self, calculation_id: str, step: str) -> TaskDocument | None:
        """Return one document, or None."""

    def documents(self) -> Iterator[TaskDocument]:
        """Yield all documents."""

    def summaries(self) -> Iterator[Summary]:
        """Yield all documents without their atoms, fast, in the same order."""


def results_store(database: Database) -> ResultsStore:
    """Open the results that belong to a LaunchPad, for reading.

    Warns with :class:`RecordsLost` where a MongoDB lacks records of finished steps.

    pymongo is imported only if they are in a MongoDB.

    Raises
    ------
    StoreError
        No MongoDB answers, now or later; the message shows no user and no password. Or
        the database belongs to another project.
    """
    if database.embedded:
        return FileResults(database.root)
    from workflows.records.mongo_store import COLLECTION, MongoResults, connect_client
    from workflows.records.project import refuse_anothers_to_read

    client = connect_client(database)
    db = client[database.launchpad.get("name", "fireworks")]
    store = MongoResults(db[COLLECTION], database.root, database)
    with ExitStack() as undo:
        undo.callback(client.close)
        with store.server_errors_explained():
            refuse_anothers_to_read(db, database)
        if lost := store.unrecorded():
            steps = count_of(lost, "finished step has", "finished steps have")
            warnings.warn(
                f"{steps} no record in the database, and no row here: lnmo reconcile "
                "--fix, or lnmo run, copies the records again from the run directories",
                RecordsLost,
                stacklevel=2,
            )
        undo.pop_all()
    weakref.finalize(store, client.close)  # when the store is garbage-collected
    return store
