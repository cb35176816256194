"""Versioned JSON records and the small tables beside them: every SQL statement about them is here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from skillbridge.errors import Refused
from skillbridge.store.database import Database

Where = Mapping[str, Any]
"""Column -> value it equals, tuple or set it is in, None (absent), or a (comparison, value) pair made by `ge`/`lt`."""


class Record(NamedTuple):
    """A stored body (JSON) with its place in the order of creation, owner party and version."""

    seq: int
    id: str
    party: str | None
    version: int
    created: str
    updated: str
    body: str


def not_at(version: int | None, record: Record, kind: str) -> Refused:
    """Why a change that names `version` is refused: the record has moved on, or was never there (a conflict)."""
    at = f"{kind} {record.id} is at version {record.version}"
    if version is not None and 0 < version < record.version:
        return Refused("stale", f"{at}, not {version} any more: read it again")
    return Refused("conflict", f"{at}, and had no version {version} yet: read it again")


class Compare(NamedTuple):
    """A comparison in a `Where`."""

    operator: str
    value: Any


_COLUMNS = "seq, id, party, version, created, updated, body"


class Records:
    """Create, read, replace and page records of any kind in `schema`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, kind: str, record_id: str) -> Record | None:
        """The record, or None."""
        row = self.database.one(f"SELECT {_COLUMNS} FROM {kind} WHERE id = ?", record_id)
        return Record(*row) if row else None

    def need(self, kind: str, record_id: str) -> Record:
        """The record; raises `Refused` not_found."""
        record = self.get(kind, record_id)
        if record is None:
            raise Refused("not_found", f"there is no {kind} {record_id}")
        return record

    def create(self, kind: str, record_id: str, body: bytes, party: str | None, now: datetime) -> Record:
        """The new record; raises `Refused` conflict if the id is taken."""
        moment = now.isoformat()
        rows = self.database.all(
            f"INSERT INTO {kind}(id, party, created, updated, body, changed) VALUES (?, ?, ?, ?, ?, {_next(kind)}) "
            f"ON CONFLICT (id) DO NOTHING RETURNING {_COLUMNS}",
            *(record_id, party, moment, moment, body.decode()),
        )
        if not rows:
            raise Refused("conflict", f"there is a {kind} {record_id} already")
        return Record(*rows[0])

    def create_many(self, kind: str, rows: Iterable[tuple[str, bytes, str | None]], now: datetime) -> int:
        """How many of the rows (id, body, party) were new; the others stay as they were."""
        moment = now.isoformat()
        cursor = self.database.connection.executemany(
            f"INSERT OR IGNORE INTO {kind}(id, party, created, updated, body, changed) "
            f"VALUES (?, ?, ?, ?, ?, {_next(kind)})",
            ((record_id, party, moment, moment, body.decode()) for record_id, body, party in rows),
        )
        return int(cursor.rowcount)

    def replace(self, kind: str, record_id: str, body: bytes, now: datetime, version: int | None = None) -> Record:
        """The changed record, one version up; raises `Refused` stale or conflict if it is not at `version`."""
        rows = self.database.all(
            f"UPDATE {kind} SET body = ?, updated = ?, version = version + 1, changed = {_next(kind)} "
            f"WHERE id = ? AND (? IS NULL OR version = ?) RETURNING {_COLUMNS}",
            *(body.decode(), now.isoformat(), record_id, version, version),
        )
        if not rows:
            raise not_at(version, self.need(kind, record_id), kind)
        return Record(*rows[0])

    def remove(self, kind: str, record_id: str) -> None:
        """Delete for good (audited by the caller)."""
        self.database.run(f"DELETE FROM {kind} WHERE id = ?", record_id)

    def page(
        self, kind: str, where: Where | None = None, *, after: int = 0, limit: int | None = None, newest: bool = False
    ) -> list[Record]:
        """Records in order of creation (or newest first) beyond `after`, at most `limit`."""
        clause, values = _clause(where or {})
        start = f"seq {'<' if newest else '>'} ?" if after else "?"
        order = f"ORDER BY seq {'DESC' if newest else ''}"
        rows = f"WHERE {start}{clause} {order} LIMIT ?"
        if any(isinstance(value, Compare) for value in (where or {}).values()):
            # An index on a range gives rows out of order: their numbers are sorted, not the rows themselves.
            rows = f"WHERE seq IN (SELECT seq FROM {kind} {rows}) {order}"
        found = self.database.all(
            f"SELECT {_COLUMNS} FROM {kind} {rows}", after or 1, *values, -1 if limit is None else limit
        )
        return [Record(*row) for row in found]

    def changed(self, kind: str, since: int) -> list[Record]:
        """Records of a kind with `changed` in the schema that are newer than its :meth:`revision` `since`."""
        rows = self.database.all(f"SELECT {_COLUMNS} FROM {kind} WHERE changed > ? ORDER BY seq", since)
        return [Record(*row) for row in rows]

    def changed_ids(self, kind: str, since: int) -> list[str]:
        """Which records :meth:`changed` gives."""
        return [row[0] for row in self.database.all(f"SELECT id FROM {kind} WHERE changed > ?", since)]

    def changed_among(self, kind: str, ids: Sequence[str], since: int) -> set[str]:
        """Which of these records are newer than the revision `since` of their kind, or gone."""
        if not ids:
            return set()
        rows = self.database.all(
            f"SELECT id FROM {kind} WHERE id IN ({', '.join('?' * len(ids))}) AND changed <= ?", *ids, since
        )
        return set(ids) - {row[0] for row in rows}

    def ids(self, kind: str, where: Where | None = None) -> list[str]:
        """Which records, in order of creation."""
        clause, values = _clause(where or {})
        return [row[0] for row in self.database.all(f"SELECT id FROM {kind} WHERE 1{clause} ORDER BY seq", *values)]

    def count(self, kind: str, where: Where | None = None) -> int:
        """How many records."""
        clause, values = _clause(where or {})
        row = self.database.one(f"SELECT count(*) FROM {kind} WHERE 1{clause}", *values)
        return int(row[0]) if row else 0

    def tally(self, kind: str, column: str, where: Where | None = None) -> dict[str, int]:
        """How many records per value of a column."""
        clause, values = _clause(where or {})
        rows = self.database.all(
            f"SELECT {_name(column)}, count(*) FROM {kind} WHERE 1{clause} GROUP BY 1 ORDER BY 1", *values
        )
        return {str(value): int(number) for value, number in rows}

    def revision(self, *kinds: str) -> int:
        """A number that changes whenever a record of these kinds does."""
        numbers = self.database.revisions()
        return sum(numbers[kind] for kind in kinds)


def _next(kind: str) -> str:
    """The revision that the statement's own trigger makes."""
    return f"(SELECT number + 1 FROM revision WHERE kind = '{kind}')"


def _name(column: str) -> str:
    if not column.isidentifier():
        raise ValueError(column)
    return f'"{column}"'


def _clause(where: Where) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for column, value in where.items():
        name = _name(column)
        if value is None:
            parts.append(f" AND {name} IS NULL")
        elif isinstance(value, Compare):
            parts.append(f" AND {name} {value.operator} ?")
            values.append(value.value)
        elif isinstance(value, tuple | list | set | frozenset):
            chosen = sorted(value)
            parts.append(f" AND {name} IN ({', '.join('?' * len(chosen))})")
            values.extend(chosen)
        else:
            parts.append(f" AND {name} = ?")
            values.append(value)
    return "".join(parts), values
