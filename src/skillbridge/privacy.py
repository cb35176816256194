"""Sealing of personal fields, keyed hashes, and statistics that single nobody out. Pure: keys and frames come in.

Each person has a key of their own. It is stored wrapped by the workspace's secret; throwing the wrapped key away
(erasure) makes every sealed field of that person unreadable, wherever a copy of the field may lie.
"""

import hashlib
import hmac
import itertools
import os
import unicodedata
from collections.abc import Sequence

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skillbridge.errors import Corrupt

THRESHOLD = 5
"""People: a published count above 0 and below this is suppressed."""

_NONCE = 12


class Vault:
    """Seals and opens under one workspace secret of 32 bytes; the secret itself is never stored with the data."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32:
            raise Corrupt(f"the workspace secret must be 32 bytes, got {len(secret)}")
        self._wrapping = AESGCM(self._derive(secret, b"wrap person keys"))
        self._hashing = self._derive(secret, b"fingerprint documents")
        self._signing = self._derive(secret, b"sign cursors")

    @staticmethod
    def _derive(secret: bytes, purpose: bytes) -> bytes:
        return hmac.digest(secret, b"skillbridge " + purpose, "sha256")

    def new_key(self, owner: str) -> bytes:
        """A fresh 256-bit key for `owner`, wrapped: opaque, usable only with this secret and this owner."""
        return _encrypt(self._wrapping, AESGCM.generate_key(256), owner)

    def seal(self, key: bytes, owner: str, plain: bytes) -> bytes:
        """`plain` encrypted and authenticated under the owner's wrapped `key`."""
        return _encrypt(self._unwrap(key, owner), plain, owner)

    def open(self, key: bytes, owner: str, sealed: bytes) -> bytes:
        """What :meth:`seal` was given; raises `Corrupt` if key, owner or bytes do not belong together."""
        return _decrypt(self._unwrap(key, owner), sealed, owner)

    def rewrap(self, key: bytes, owner: str, successor: "Vault") -> bytes:
        """The owner's key wrapped by `successor` instead: rotates the secret without touching the sealed fields."""
        return _encrypt(successor._wrapping, _decrypt(self._wrapping, key, owner), owner)

    def fingerprint(self, kind: str, country: str, number: str) -> str:
        """Keyed hash of an identity document, equal however the number is typed; it is not kept."""
        plain = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", number))).upper()
        return hmac.new(self._hashing, f"{kind}|{country}|{plain}".encode(), hashlib.sha256).hexdigest()

    def sign(self, text: bytes) -> bytes:
        """16 bytes that show this workspace made `text` (cursors, links)."""
        return hmac.digest(self._signing, text, "sha256")[:16]

    def _unwrap(self, key: bytes, owner: str) -> AESGCM:
        return AESGCM(_decrypt(self._wrapping, key, owner))


def _encrypt(cipher: AESGCM, plain: bytes, owner: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, owner.encode())


def _decrypt(cipher: AESGCM, sealed: bytes, owner: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
    except (InvalidTag, ValueError) as error:
        raise Corrupt(
            f"a sealed field of {owner} cannot be opened: wrong secret, wrong owner or changed bytes"
        ) from error


def suppress(frame: pl.DataFrame, count_column: str, dims: Sequence[str], threshold: int = THRESHOLD) -> pl.DataFrame:
    """`frame` with counts that could single people out set to null, and a boolean column `suppressed`.

    `frame` has one row a cell of the table over `dims`, with `count_column` >= 0 in people. A cell above 0 and below
    `threshold` is hidden. Then, for every margin (each group by a proper subset of `dims`, the grand total too) the
    hidden cells must be none, or at least two that sum to `threshold` or more; else the smallest visible cell of the
    group is hidden as well: so no total, minus what is shown, gives back a hidden cell. Row order is kept. Zero cells
    stay visible unless needed as a complement. Publish margins computed before suppression, themselves suppressed.

    This protects against one subtraction. Several totals taken together (linear programming), or a margin of zero,
    can still narrow a hidden cell down in small sparse tables: do not publish every margin of such a table.
    """
    table = frame.with_row_index("__row").with_columns(
        pl.col(count_column).cast(pl.Int64).alias("__n"),
        ((pl.col(count_column) > 0) & (pl.col(count_column) < threshold)).fill_null(False).alias("__hide"),
    )
    count = table["__n"].fill_null(0).to_list()
    hidden = table["__hide"].to_list()
    groups = _margins(table, dims)
    changed = True
    while changed:
        changed = False
        for rows in groups:
            inside = [row for row in rows if hidden[row]]
            if not inside:
                continue
            total = sum(count[row] for row in inside)
            visible = sorted(
                (row for row in rows if not hidden[row]), key=lambda row: (count[row] == 0, count[row], row)
            )
            for row in visible:
                if len(inside) >= 2 and total >= threshold:
                    break
                hidden[row] = changed = True
                inside.append(row)
                total += count[row]
    mask = pl.Series("suppressed", hidden, dtype=pl.Boolean)
    return frame.with_columns(pl.when(mask).then(None).otherwise(pl.col(count_column)).alias(count_column), mask)


def _margins(table: pl.DataFrame, dims: Sequence[str]) -> list[list[int]]:
    """Rows of each group of each margin, finest margins first."""
    found: list[list[int]] = []
    for size in range(len(dims) - 1, 0, -1):
        for chosen in itertools.combinations(dims, size):
            grouped = table.group_by(chosen, maintain_order=True).agg(pl.col("__row"))
            found.extend(grouped["__row"].to_list())
    found.append(table["__row"].to_list())
    return found
