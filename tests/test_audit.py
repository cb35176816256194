"""The record: a chain that only grows and tells on whoever touches it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skillbridge.audit import START, Head, append, verify
from skillbridge.errors import Corrupt, Refused
from skillbridge.store import Store

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "ws")
    with opened.write():
        for number in range(10):
            append(opened, NOW, "officer", "ministry_officer", "plans.decide", f"plan-{number}", why=f"reason {number}")
    yield opened
    opened.close()


def tamper(store: Store, sql: str) -> None:
    store.database.run("DROP TRIGGER audit_fixed")
    store.database.run("DROP TRIGGER audit_kept")
    store.database.run(sql)


def test_an_untouched_chain_verifies_to_its_head(store: Store) -> None:
    head = verify(store)
    assert head.seq == 10
    assert head.hash == store.ledger.links()[-1].hash
    assert verify(store, head) == head


def test_an_empty_chain_verifies(tmp_path: Path) -> None:
    assert verify(Store(tmp_path / "empty")) == Head(0, START)


@pytest.mark.parametrize("column", ["at", "account_id", "role", "act", "subject", "before", "after", "why_hash"])
def test_a_changed_field_is_found(store: Store, column: str) -> None:
    tamper(store, f"UPDATE audit SET {column} = 'other' WHERE seq = 4")
    with pytest.raises(Corrupt, match="line 4 was changed"):
        verify(store)


def test_a_changed_reason_is_found(store: Store) -> None:
    tamper(store, "UPDATE audit SET why = 'better reason' WHERE seq = 4")
    with pytest.raises(Corrupt, match="reason in audit line 4"):
        verify(store)


def test_a_dropped_line_is_found(store: Store) -> None:
    tamper(store, "DELETE FROM audit WHERE seq = 5")
    with pytest.raises(Corrupt, match="line 5 is missing"):
        verify(store)


def test_a_line_rewritten_with_its_hash_breaks_the_next(store: Store) -> None:
    line = store.ledger.links(after=3, limit=1)[0]
    tamper(store, f"UPDATE audit SET act = 'x', hash = '{'0' * 64}' WHERE seq = {line.seq}")
    with pytest.raises(Corrupt):
        verify(store)


def test_a_cut_end_is_found_by_a_head_noted_earlier(store: Store) -> None:
    head = verify(store)
    tamper(store, "DELETE FROM audit WHERE seq > 8")
    assert verify(store).seq == 8
    with pytest.raises(Corrupt, match="ends at line 8"):
        verify(store, head)


def test_the_log_refuses_changes_and_deletions_but_lets_reasons_be_blanked(store: Store) -> None:
    for sql in ("DELETE FROM audit", "UPDATE audit SET act = 'x'", "UPDATE audit SET why = 'other words'"):
        with pytest.raises(Refused):
            store.database.run(sql)
    assert store.ledger.blank_reasons("plan-3") == 1
    assert store.ledger.links(subject="plan-3")[0].why is None
    assert verify(store).seq == 10


def test_a_line_without_its_change_is_not_written(store: Store) -> None:
    with pytest.raises(AssertionError, match="transaction"):
        append(store, NOW, "a", "r", "x", "y")

    def fail() -> None:
        with store.write():
            append(store, NOW, "a", "r", "x", "y")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert verify(store).seq == 10


def test_a_clock_that_jumps_back_does_not_break_the_chain(store: Store) -> None:
    with store.write():
        append(store, datetime(1999, 1, 1, tzinfo=UTC), "a", "r", "x", "y")
    assert verify(store).seq == 11
