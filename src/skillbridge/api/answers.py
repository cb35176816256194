"""Answers to reads, remembered as bytes for as long as the rows they stand on stay as they were."""

from typing import NamedTuple

from skillbridge.access import Actor
from skillbridge.api.operations import Operation
from skillbridge.store import Store

MOST = 64_000_000
"""Bytes that one server process remembers; beyond them it forgets everything and begins anew."""

APIECE = 500
"""Bytes that an answer takes beside its body, about."""

Key = tuple[str, bytes, bytes, str, str | None, str | None]


class Kept(NamedTuple):
    """The bytes of an answer, its ETag, and the revisions of the kinds that it stands on."""

    body: bytes
    tag: str
    revisions: tuple[int, ...]


class Answers:
    """What one server process remembers. Used within its event loop: nothing is read and kept across a wait.

    A row that changes, by whichever process, takes its answers with it; a kind that changes, all that stand on it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now: dict[str, int] = {}
        self._rows: dict[str, dict[str, dict[Key, Kept]]] = {}
        self._others: dict[Key, Kept] = {}
        self._size = 0

    def key(self, operation: Operation, path: bytes, query: bytes, actor: Actor) -> Key:
        """What an answer depends on beside the rows: what is asked, and what the one who asks may see."""
        return operation.name, path, query, actor.role, actor.party, actor.worker_id

    def known(self, operation: Operation, row: str, key: Key) -> Kept | None:
        """The answer, if nothing that it stands on has changed up to the revisions read last."""
        assert operation.stands is not None
        revisions, kind = self._store.database.last_revisions, operation.stands.row
        if revisions is not self._now:
            self._forget_changed(revisions)
        shelf = self._rows.get(kind, {}).get(row, {}) if kind else self._others
        found = shelf.get(key)
        return found if found is not None and found.revisions == _of(operation, revisions) else None

    def keep(self, operation: Operation, row: str, key: Key, body: bytes, tag: str) -> Kept:
        """Remember an answer made after :meth:`known`, without a wait between the two."""
        assert operation.stands is not None
        if self._size > MOST:
            self._rows, self._others, self._size = {}, {}, 0
        kind = operation.stands.row
        shelf = self._rows.setdefault(kind, {}).setdefault(row, {}) if kind else self._others
        last = shelf.get(key)
        self._size += len(body) - len(last.body) if last else len(body) + APIECE
        found = shelf[key] = Kept(body, tag, _of(operation, self._now))
        return found

    def _forget_changed(self, revisions: dict[str, int]) -> None:
        for kind, rows in self._rows.items():
            times = revisions[kind] - self._now[kind]
            if times and rows:
                changed = self._store.records.changed_ids(kind, self._now[kind])
                if len(changed) != times:  # one changed twice, or is gone, or more have changed since
                    changed = list(rows)
                for row in changed:
                    for kept in rows.pop(row, {}).values():
                        self._size -= len(kept.body) + APIECE
        self._now = revisions


def _of(operation: Operation, revisions: dict[str, int]) -> tuple[int, ...]:
    assert operation.stands is not None
    return tuple([revisions[kind] for kind in operation.stands.kinds])
