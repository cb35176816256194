"""The small tables: sealed fields of persons, credentials, budgets, kept answers, files, the audit chain."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from skillbridge.errors import Corrupt, Refused
from skillbridge.store.database import Database
from skillbridge.tables import sha256


class Person(NamedTuple):
    """A person's wrapped key, sealed fields and document fingerprint."""

    key: bytes
    sealed: bytes
    document: str | None


class Credential(NamedTuple):
    """A key, session or one-time link; only the digest of its secret is known here."""

    id: str
    account_id: str
    kind: str
    label: str
    csrf: str | None
    created: float
    expires: float | None
    revoked: int


class Link(NamedTuple):
    """One line of the audit chain."""

    seq: int
    at: str
    account_id: str
    role: str
    act: str
    subject: str
    why: str | None
    salt: bytes
    why_hash: str
    before: str
    after: str
    hash: str


_LINK = ", ".join(Link._fields)
_CREDENTIAL = ", ".join(Credential._fields)


class Ledger:
    """Plain statements over those tables; callers own the transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def person(self, worker_id: str) -> Person | None:
        """The sealed fields kept about a worker, or None (never given, or erased)."""
        row = self.database.one("SELECT key, sealed, document FROM person WHERE worker_id = ?", worker_id)
        return Person(*row) if row else None

    def keep_person(self, worker_id: str, key: bytes, sealed: bytes, document: str | None) -> None:
        """Store or replace; raises `Refused` duplicate_document if another person has the document."""
        if document is not None:
            other = self.database.one(
                "SELECT worker_id FROM person WHERE document = ? AND worker_id <> ?", document, worker_id
            )
            if other:
                raise Refused("duplicate_document", "this identity document belongs to another worker")
        self.database.run(
            "INSERT INTO person VALUES (?, ?, ?, ?) ON CONFLICT (worker_id) DO UPDATE SET "
            "key = excluded.key, sealed = excluded.sealed, document = excluded.document",
            *(worker_id, key, sealed, document),
        )

    def shred(self, worker_id: str) -> bool:
        """Whether a key was destroyed (secure_delete overwrites its bytes)."""
        return bool(self.database.run("DELETE FROM person WHERE worker_id = ?", worker_id))

    def keep_credential(self, credential: Credential, digest: bytes) -> None:
        """Store a new credential by its digest."""
        self.database.run(
            f"INSERT INTO credential({_CREDENTIAL}, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *credential, digest
        )

    def credential(self, digest: bytes) -> Credential | None:
        """The credential of this digest, used up or not."""
        row = self.database.one(f"SELECT {_CREDENTIAL} FROM credential WHERE digest = ?", digest)
        return Credential(*row) if row else None

    def credentials(self, account_id: str, kind: str) -> list[Credential]:
        """An account's credentials of one kind, oldest first."""
        rows = self.database.all(
            f"SELECT {_CREDENTIAL} FROM credential WHERE account_id = ? AND kind = ? ORDER BY created, id",
            account_id,
            kind,
        )
        return [Credential(*row) for row in rows]

    def prolong(self, credential_id: str, expires: float) -> None:
        """Let a credential that was not ended end later."""
        self.database.run("UPDATE credential SET expires = ? WHERE id = ? AND revoked = 0", expires, credential_id)

    def revoke(
        self, *, credential_id: str | None = None, account_id: str | None = None, kind: str | None = None
    ) -> int:
        """How many credentials were ended: one, or all of an account (of one kind)."""
        return self.database.run(
            "UPDATE credential SET revoked = 1 "
            "WHERE revoked = 0 AND (id = ? OR account_id = ?) AND (? IS NULL OR kind = ?)",
            *(credential_id, account_id, kind, kind),
        )

    def failed(self, name: str, minute: int) -> int:
        """Count a failed login of `name` in this minute; gives the count so far."""
        self.database.run("DELETE FROM failure WHERE minute < ?", minute - 60)
        row = self.database.one(
            "INSERT INTO failure VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
            name,
            minute,
        )
        return int(row[0]) if row else 0

    def failures(self, name: str, minute: int, minutes: int = 1) -> int:
        """Failed logins of `name` in the `minutes` (60 at most) that end with this one."""
        sql = "SELECT coalesce(sum(times), 0) FROM failure WHERE name = ? AND minute > ?"
        row = self.database.one(sql, name, minute - minutes)
        return int(row[0]) if row else 0

    def spend(self, account_id: str, day: str, rows: int, budget: int) -> None:
        """Take `rows` from the account's daily budget of rows; raises `Refused` budget_spent beyond it."""
        row = self.database.one(
            "INSERT INTO budget VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET rows = rows + excluded.rows RETURNING rows",
            *(account_id, day, rows),
        )
        if row and int(row[0]) > budget:
            raise Refused(
                "budget_spent", f"today's {budget} rows are spent; aggregates stay open, rows open again tomorrow"
            )

    def answered(self, account_id: str, key: str) -> tuple[bytes, int, str, bytes] | None:
        """(fingerprint, status, headers, body) of the answer already given under this idempotency key."""
        row = self.database.one(
            "SELECT fingerprint, status, headers, body FROM idempotency WHERE account_id = ? AND key = ?",
            account_id,
            key,
        )
        return (row[0], row[1], row[2], row[3]) if row else None

    def keep_answer(
        self, account_id: str, key: str, fingerprint: bytes, answer: tuple[int, str, bytes], now: float
    ) -> None:
        """Remember the answer for a day."""
        self.database.run("DELETE FROM idempotency WHERE created < ?", now - 86_400)
        self.database.run(
            "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", account_id, key, fingerprint, *answer, now
        )

    def forget_answers(self, text: str) -> int:
        """How many kept answers that hold `text` were dropped."""
        return self.database.run("DELETE FROM idempotency WHERE instr(body, CAST(? AS BLOB)) > 0", text)

    def keep_file(self, folder: Path, path: Path) -> str:
        """Record a finished file beside the database; gives its SHA-256."""
        digest = sha256(path)
        self.database.run(
            "INSERT INTO file VALUES (?, ?, ?) "
            "ON CONFLICT (path) DO UPDATE SET sha256 = excluded.sha256, bytes = excluded.bytes",
            *(path.relative_to(folder).as_posix(), digest, path.stat().st_size),
        )
        return digest

    def forget_file(self, path: str) -> None:
        """No longer vouch for a file (the caller deletes it after the commit)."""
        self.database.run("DELETE FROM file WHERE path = ?", path)

    def files(self, prefix: str = "") -> list[tuple[str, str, int]]:
        """(path, sha256, bytes) of every file recorded under `prefix`."""
        rows = self.database.all(
            "SELECT path, sha256, bytes FROM file WHERE substr(path, 1, ?) = ? ORDER BY path", len(prefix), prefix
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def check_files(self, folder: Path) -> int:
        """How many files match what was recorded; raises `Corrupt` at the first that does not."""
        files = self.files()
        for path, digest, size in files:
            file = folder / path
            if not file.is_file() or file.stat().st_size != size or sha256(file) != digest:
                raise Corrupt(f"{path} is missing or is not the file that was stored")
        return len(files)

    def last_link(self) -> Link | None:
        """The newest line of the chain."""
        row = self.database.one(f"SELECT {_LINK} FROM audit ORDER BY seq DESC LIMIT 1")
        return Link(*row) if row else None

    def add_link(self, link: Link) -> None:
        """Append a line."""
        self.database.run(f"INSERT INTO audit({_LINK}) VALUES ({', '.join('?' * len(link))})", *link)

    def links(
        self, *, after: int = 0, limit: int = 1000, subject: str | None = None, newest: bool = False
    ) -> list[Link]:
        """Lines beyond `after`, oldest (or newest) first."""
        order = ("seq < ? OR ? = 0", "DESC") if newest else ("seq > ? OR ? = 0", "")
        rows = self.database.all(
            f"SELECT {_LINK} FROM audit WHERE ({order[0]}) AND (? IS NULL OR subject = ?) "
            f"ORDER BY seq {order[1]} LIMIT ?",
            *(after, after, subject, subject, limit),
        )
        return [Link(*row) for row in rows]

    def blank_reasons(self, subject: str) -> int:
        """Remove the words given as reasons about a subject; their salted hashes stay."""
        return self.database.run("UPDATE audit SET why = NULL WHERE subject = ? AND why IS NOT NULL", subject)


def digest_of(secret: str) -> bytes:
    """What is stored of a random secret of 256 bits."""
    return hashlib.sha256(secret.encode()).digest()


def fingerprint_of(*parts: Any) -> bytes:
    """One hash over the parts of a request."""
    return hashlib.sha256(
        b"\0".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    ).digest()
