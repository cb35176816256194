"""The acts of a role: each checks access, changes the store and writes the audit line in one transaction.

API and console call these functions and add nothing to them. An act takes `(workspace, actor, ids..., body or query)`
and gives a view. Rights are in :data:`skillbridge.access.POLICY`; a row out of reach is `not_found`.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from skillbridge import audit
from skillbridge.access import Actor
from skillbridge.errors import BadInput, Corrupt
from skillbridge.privacy import Vault
from skillbridge.settings import Settings
from skillbridge.store import Record, Store

T = TypeVar("T")


REMEMBERED = 50_000
"""Values kept of the rows of one kind."""


class Workspace:
    """One open workspace folder: its store, its secret, its settings and its clock (UTC)."""

    def __init__(
        self,
        folder: Path | str,
        settings: Settings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = Path(folder)
        self.settings = settings or Settings()
        self.clock = clock
        self.store = Store(self.folder)
        self.vault = Vault(_secret(self.folder, self.settings))
        self.memory: dict[str, object] = {}
        """What acts keep of this workspace for the life of the process."""
        self._kept: dict[str, tuple[int, dict[Any, Any]]] = {}

    def kept(self, kind: str) -> dict[Any, Any] | None:
        """What may be remembered of rows of a kind until any of them changes; None within a transaction.

        Ask for it before the rows are read: what is put there may then be newer than its revision, never older.
        """
        if self.store.database.in_transaction:  # what is read here may yet be undone
            return None
        number = self.store.database.revisions()[kind]
        found = self._kept.get(kind)
        if found is None or found[0] != number or len(found[1]) > REMEMBERED:
            found = self._kept[kind] = number, {}
        return found[1]

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self.clock()

    def seconds(self) -> float:
        """The moment, in seconds since 1970."""
        return self.clock().timestamp()

    @contextmanager
    def acting(self) -> Iterator[None]:
        """The transaction of an act: its change and its audit line are stored together or not at all."""
        with self.store.write():
            yield

    def note(
        self,
        actor: Actor,
        act: str,
        subject: str,
        *,
        why: str = "",
        before: Record | None = None,
        after: Record | None = None,
    ) -> None:
        """Write the audit line of the act, within its transaction."""
        audit.append(
            self.store,
            self.now(),
            actor.account_id,
            actor.role,
            act,
            subject,
            why=why,
            before=before.body if before else "",
            after=after.body if after else "",
        )


def new_id(prefix: str) -> str:
    """A fresh identifier of 64 random bits."""
    return f"{prefix}-{secrets.token_hex(8)}"


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_id(where: str, value: str) -> None:
    """Refuse an identifier that could not stand in a path."""
    if not _ID.fullmatch(value):
        raise BadInput(
            where, "not an identifier", "a letter or digit, then up to 63 letters, digits, dots, dashes, underscores"
        )


_DECODERS: dict[type, msgspec.json.Decoder[object]] = {}


def read(record: Record, kind: type[T]) -> T:
    """A stored body as its struct."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    body = decoder.decode(record.body)
    assert isinstance(body, kind)
    return body


def write(body: msgspec.Struct) -> bytes:
    """A struct as its stored body."""
    return msgspec.json.encode(body)


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which page of a list."""

    cursor: str | None = None
    limit: int = 50


def after(query: PageQuery) -> int:
    """Where the page starts."""
    if query.cursor is None:
        return 0
    number = query.cursor.removeprefix("c")
    if not (query.cursor.startswith("c") and number.isascii() and number.isdigit() and len(number) < 19):
        raise BadInput("query.cursor", f"{query.cursor!r}", "the `next` of the page before")
    return int(number)


def following(records: list[Record], limit: int) -> str | None:
    """The cursor behind a page read with one row more than `limit` (that row is dropped from `records`)."""
    if len(records) <= limit:
        return None
    del records[limit:]
    return f"c{records[-1].seq}"


def _secret(folder: Path, settings: Settings) -> bytes:
    """The workspace secret; made on first use, readable by its owner only."""
    path = Path(settings.secret_file) if settings.secret_file else folder / "secret.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
    for _ in range(50):  # another process may be writing it this very moment
        text = path.read_text().strip()
        if text:
            break
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Corrupt(f"{path} is not a workspace secret (64 hexadecimal digits)") from None
