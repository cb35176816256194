"""Connections and transactions: one connection a thread, writers in turn, commits on disk before they are answered."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite

from skillbridge.errors import BadInput, Corrupt, Refused
from skillbridge.store.schema import MIGRATIONS
from skillbridge.tables import replace_file

FILE = "workspace.sqlite3"
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 268435456",
)
_BUSY_MS = 10_000
_REVISIONS = "SELECT kind, number FROM revision"


class _Local(threading.local):
    """What a thread has open: its connection, how deep in transactions it is, and the revisions it last read."""

    def __init__(self) -> None:
        self.connection: Any = None
        self.depth = 0
        self.moment: Any = None
        self.revisions: dict[str, int] = {}


class Database:
    """The SQLite file of one workspace folder, brought to the newest schema on opening (with a backup first)."""

    def __init__(self, folder: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._local = _Local()
        folder.mkdir(parents=True, exist_ok=True)
        with errors(self.path):
            self._migrate(migrations)

    @property
    def connection(self) -> Any:
        """This thread's connection (autocommit: every statement outside :meth:`write` is its own transaction)."""
        connection = self._local.connection
        if connection is None:
            connection = self._local.connection = self.connect()
        return connection

    def connect(self, *, shared: bool = False) -> Any:
        """A further connection; a `shared` one may go from thread to thread, never to two at a time."""
        connection = sqlite.connect(
            str(self.path),
            isolation_level=None,
            timeout=_BUSY_MS / 1000,
            cached_statements=256,
            check_same_thread=not shared,
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    @contextmanager
    def using(self, connection: Any) -> Iterator[None]:
        """This thread works on a connection from :meth:`connect`, in whose transaction it may already be."""
        held = self._local.connection, self._local.depth
        self._local.connection, self._local.depth = connection, int(connection.in_transaction)
        try:
            yield
        finally:
            self._local.connection, self._local.depth = held

    def revisions(self) -> dict[str, int]:
        """Kind -> a number that changes whenever a row of it does; asked again only after somebody's commit."""
        connection = self.connection
        with errors(self.path):
            if connection.in_transaction:  # what is read here may yet be undone
                return dict(connection.execute(_REVISIONS).fetchall())
            moment = (connection, connection.execute("PRAGMA data_version").fetchone()[0], connection.total_changes)
            if self._local.moment != moment:
                self._local.revisions, self._local.moment = dict(connection.execute(_REVISIONS).fetchall()), moment
        return self._local.revisions

    @property
    def last_revisions(self) -> dict[str, int]:
        """What :meth:`revisions` gave this thread last, without a look at the file."""
        return self._local.revisions

    def all(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Every row the statement gives."""
        with errors(self.path):
            rows: list[tuple[Any, ...]] = self.connection.execute(sql, values).fetchall()
            return rows

    def one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row the statement gives, or None."""
        with errors(self.path):
            row: tuple[Any, ...] | None = self.connection.execute(sql, values).fetchone()
            return row

    def run(self, sql: str, *values: Any) -> int:
        """How many rows the statement changed."""
        with errors(self.path):
            return int(self.connection.execute(sql, values).rowcount)

    @contextmanager
    def write(self) -> Iterator[None]:
        """A transaction that reads and writes; inside another one it is a savepoint, undone alone on an exception."""
        connection = self.connection
        depth = self._local.depth
        begin, end, undo = (
            ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
            if depth == 0
            else (f"SAVEPOINT s{depth}", f"RELEASE s{depth}", (f"ROLLBACK TO s{depth}", f"RELEASE s{depth}"))
        )
        with errors(self.path):
            connection.execute(begin)
            self._local.depth = depth + 1
            try:
                yield
                self._local.depth = depth
                connection.execute(end)
            except BaseException:
                self._local.depth = depth
                for statement in undo:
                    if connection.in_transaction:
                        connection.execute(statement)
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see one moment of the workspace."""
        connection = self.connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    @property
    def in_transaction(self) -> bool:
        """Whether this thread is inside :meth:`write` or :meth:`snapshot`."""
        return bool(self.connection.in_transaction)

    def close(self) -> None:
        """Close this thread's connection."""
        connection, self._local.connection, self._local.moment = self._local.connection, None, None
        if connection is not None:
            connection.close()

    def copy_to(self, path: Path) -> None:
        """A consistent copy of the whole database in one file, while others read and write."""

        def write(temporary: Path) -> None:
            target = sqlite.connect(str(temporary))
            try:
                self.connection.backup(target, pages=4096, sleep=0.001)
                target.execute("PRAGMA journal_mode = DELETE")
            finally:
                target.close()

        with errors(self.path):
            replace_file(path, write)

    def _migrate(self, migrations: Sequence[Sequence[str]]) -> None:
        version = self._version()
        if version > len(migrations):
            raise BadInput(
                str(self.path), f"made by a newer version (schema {version})", f"at most schema {len(migrations)}"
            )
        if 0 < version < len(migrations):
            self.copy_to(self.folder / "backups" / f"before-schema-{version + 1}.sqlite3")
        for number in range(version, len(migrations)):
            with self.write():
                if self._version() != number:  # another process was first
                    continue
                for statement in migrations[number]:
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA user_version = {number + 1}")

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours: full or read-only storage and contention are refusals, damage is `Corrupt`."""
    try:
        yield
    except sqlite.IntegrityError as error:
        raise Refused("conflict", f"this contradicts what is stored ({error})") from error
    except sqlite.DatabaseError as error:
        text = str(error).lower()
        for words, code, what in _TROUBLES:
            if any(word in text for word in words):
                raise Refused(code, what) from error
        if any(word in text for word in ("malformed", "not a database", "corrupt")):
            raise Corrupt(f"{path.name} is damaged ({error}); restore a backup") from error
        raise


_TROUBLES = (
    (("malformed json",), "conflict", "the record is not JSON"),
    (("full",), "storage_full", "the storage is full: nothing was changed"),
    (
        ("readonly", "read-only", "unable to open"),
        "storage_readonly",
        "the storage cannot be written: nothing was changed",
    ),
    (("disk i/o",), "storage_full", "the storage failed to write: nothing was changed"),
    (("locked", "busy"), "busy", "another change takes too long: try again"),
)
