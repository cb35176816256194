"""The workspace on disk: one SQLite file in a folder, big tables as Parquet beside it. Only this package knows SQL."""

from pathlib import Path

from skillbridge.store.database import FILE, Database
from skillbridge.store.ledger import Credential, Ledger, Link, Person, digest_of, fingerprint_of
from skillbridge.store.queue import Job, Queue
from skillbridge.store.records import Compare, Record, Records, not_at

__all__ = [
    "FILE",
    "Compare",
    "Credential",
    "Database",
    "Job",
    "Ledger",
    "Link",
    "Person",
    "Queue",
    "Record",
    "Records",
    "Store",
    "digest_of",
    "fingerprint_of",
    "not_at",
]


class Store:
    """The tables of one workspace folder. Safe to share between threads; several processes may open the same folder."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.database = Database(self.folder)
        self.records = Records(self.database)
        self.ledger = Ledger(self.database)
        self.queue = Queue(self.database)
        self.write = self.database.write
        self.snapshot = self.database.snapshot

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()
