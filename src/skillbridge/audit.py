"""The record of who did what, when and why: a chain of hashes that only grows, written with the change itself.

The hash of a line covers the hash before it, so nothing can be altered, dropped from the middle or put in without
breaking every later line. Whoever notes the newest hash elsewhere can also tell whether the end was cut off.
"""

import hashlib
import os
from datetime import datetime

import msgspec

from skillbridge.errors import Corrupt
from skillbridge.store import Link, Store

START = "0" * 64


class Head(msgspec.Struct, frozen=True):
    """The newest line of the chain: its number (0: none yet) and hash."""

    seq: int
    hash: str


def append(
    store: Store,
    now: datetime,
    account_id: str,
    role: str,
    act: str,
    subject: str,
    *,
    why: str = "",
    before: bytes | str = b"",
    after: bytes | str = b"",
) -> Head:
    """Add a line inside the caller's transaction; `before` and `after` are kept as hashes only."""
    if not store.database.in_transaction:
        raise AssertionError("an audit line is written in the transaction of its change")
    last = store.ledger.last_link()
    salt = os.urandom(16)
    link = Link(
        seq=last.seq + 1 if last else 1,
        at=now.isoformat(),
        account_id=account_id,
        role=role,
        act=act,
        subject=subject,
        why=why or None,
        salt=salt,
        why_hash=_hash(salt, why),
        before=_hash(b"", before) if before else "",
        after=_hash(b"", after) if after else "",
        hash="",
    )
    link = link._replace(hash=_chain(last.hash if last else START, link))
    store.ledger.add_link(link)
    return Head(link.seq, link.hash)


def verify(store: Store, expected: Head | None = None) -> Head:
    """The head of a chain whose every line was recomputed; raises `Corrupt` naming the first line that does not fit.

    With `expected`, a head noted earlier, it also proves that the chain still contains it.
    """
    previous, seq = START, 0
    while links := store.ledger.links(after=seq, limit=5_000):
        for link in links:
            if link.seq != seq + 1:
                raise Corrupt(f"audit line {seq + 1} is missing")
            if link.why is not None and _hash(link.salt, link.why) != link.why_hash:
                raise Corrupt(f"the reason in audit line {link.seq} was changed")
            if _chain(previous, link) != link.hash:
                raise Corrupt(f"audit line {link.seq} was changed")
            previous, seq = link.hash, link.seq
            if expected and expected.seq == seq and expected.hash != previous:
                raise Corrupt(f"audit line {seq} is not the one noted earlier")
    if expected and expected.seq > seq:
        raise Corrupt(f"the audit log ends at line {seq}; line {expected.seq} was noted earlier")
    return Head(seq, previous)


def _hash(salt: bytes, text: bytes | str) -> str:
    return hashlib.sha256(salt + (text.encode() if isinstance(text, str) else text)).hexdigest()


def _chain(previous: str, link: Link) -> str:
    fields = [previous, link.seq, link.at, link.account_id, link.role, link.act, link.subject]
    fields += [link.salt.hex(), link.why_hash, link.before, link.after]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()
