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
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skillbridge.errors import Corrupt

THRESHOLD = 5
"""People: a published count above 0 and below this is suppressed."""

_NONCE = 12
_PLENTY = 2**40
_Whole = npt.NDArray[np.int64]


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


def suppress(
    frame: pl.DataFrame, counts: str | Sequence[str], dims: Sequence[str], threshold: int = THRESHOLD
) -> pl.DataFrame:
    """`frame` with counts that could single people out set to null, and a boolean column `suppressed`.

    `frame` has one row a cell of the table over `dims`, with `counts` >= 0 in people (null: nobody); several counts
    are disjoint groups of the cell's people, hidden and shown together. A cell where a count is above 0 and below
    `threshold` is hidden, and so are enough others that no linear programme over what is shown, with the exact totals
    of every margin, narrows it down: each hidden cell is a corner of a box of hidden cells (a pair in one dimension,
    a rectangle in two, 2^k corners in k), around which `threshold` people or more could be shifted, one corner up and
    the next down, without any total changing. Categories too small to be shown by themselves are hidden in every
    finer table, and there they count as one; so a table and its margins, each given to this function, are safe
    together. Where no box is wide enough the widest is hidden and, if the merged categories allow none either, the
    whole table. Row order is kept.

    A cell that has no row is taken as a zero that everybody knows: give zero cells as rows so that they can serve as
    corners. Safe together beyond one table and its margins are tables whose sets of dimensions form a tree (Dobra and
    Fienberg 2000: bounds in decomposable tables), as `indicators.CROSSED` does. Cost: hidden cells x cells x 2^k.
    """
    names = [counts] if isinstance(counts, str) else list(counts)
    people = [frame[name].fill_null(0).cast(pl.Int64).to_numpy() for name in names]
    codes = [frame[name].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() for name in dims]
    mask = pl.Series("suppressed", _hidden(people, codes, threshold), dtype=pl.Boolean)
    blank = [pl.when(mask).then(None).otherwise(pl.col(name)).alias(name) for name in names]
    return frame.with_columns(*blank, mask)


def _hidden(people: list[_Whole], codes: list[_Whole], threshold: int) -> npt.NDArray[np.bool_]:
    """Which rows to hide; `codes` are the categories of each dimension, `people` one array a count."""
    hidden = np.zeros(len(people[0]), dtype=bool)
    for column in people:
        hidden |= (column > 0) & (column < threshold)
    if not codes or not len(hidden):
        return hidden
    merged = []
    for dim, code in enumerate(codes):
        if len(codes) > 1:
            rest = [other for at, other in enumerate(codes) if at != dim]
            hidden |= _of_margin(people, rest, threshold)  # the margins, from the finest to each single dimension
            alone = _of_margin(people, [code], threshold)
            merged.append(np.where(alone, -1, code))
    hidden, safe = _boxed(people, codes, hidden, threshold)
    if not safe and len(codes) > 1:
        # What is too small by itself may still change places within its hidden category.
        hidden, safe = _boxed(people, [one for one in merged if len(np.unique(one)) > 1], hidden, threshold)
    return hidden if safe else np.ones_like(hidden)


def _of_margin(people: list[_Whole], codes: list[_Whole], threshold: int) -> npt.NDArray[np.bool_]:
    """For each row, whether its cell in the margin over `codes` is hidden there."""
    cells, at = np.unique(np.stack(codes), axis=1, return_inverse=True)
    sums = [np.bincount(at.ravel(), column, cells.shape[1]).astype(np.int64) for column in people]
    found: npt.NDArray[np.bool_] = _hidden(sums, list(cells), threshold)[at.ravel()]
    return found


def _boxed(
    people: list[_Whole], codes: list[_Whole], hidden: npt.NDArray[np.bool_], threshold: int
) -> tuple[npt.NDArray[np.bool_], bool]:
    """(`hidden` with the boxes that protect every small cell of the table over `codes`, whether all are wide enough).

    Rows of equal codes are one cell. A box through a cell is told by its opposite corner: corner S of it takes the
    coordinates in S from the opposite; those with an odd number of them lose what the cell gains.
    """
    if not codes:
        return hidden, True
    at = tuple(np.unique(code, return_inverse=True)[1].ravel() for code in codes)
    shape = tuple(int(one.max()) + 1 for one in at)
    given = np.zeros(shape, dtype=bool)
    given[at] = True
    grids = []
    for column in people:
        grid = np.zeros(shape, dtype=np.int64)
        np.add.at(grid, at, column)
        grids.append(grid)
    total = np.sum(grids, axis=0)
    veil = np.zeros(shape, dtype=bool)
    veil[at] = hidden
    corners = [s for size in range(len(shape) + 1) for s in itertools.combinations(range(len(shape)), size)]
    safe = True
    for grid in grids:
        rest = total - grid
        for cell in np.argwhere((grid > 0) & (grid < threshold)):
            # With the cell's other people known from elsewhere, a shift must move them the other way.
            tied = len(grids) > 1 and total[tuple(cell)] >= threshold
            views = [_corner(cell, corner, shape) for corner in corners]
            fits = np.ones(shape, dtype=bool)
            for dim, coordinate in enumerate(cell):
                fits[(slice(None),) * dim + (coordinate,)] = False
            up, down = np.full(shape, _PLENTY), np.full(shape, _PLENTY)
            fresh, cost = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
            for corner, view in zip(corners, views, strict=True):
                fits &= given[view]
                gives, takes = (up, down) if len(corner) % 2 else (down, up)
                np.minimum(gives, grid[view], out=gives)
                if tied:
                    np.minimum(takes, rest[view], out=takes)
                fresh += ~veil[view]
                cost += np.where(veil[view], 0, total[view])
            width = np.where(fits, np.minimum(up + down, threshold), -1)
            order = np.lexsort((np.arange(width.size), fresh.ravel(), cost.ravel(), -width.ravel()))
            best = np.unravel_index(order[0], shape)
            safe &= bool(width[best] >= threshold)
            if width[best] > 0:
                for corner in corners:
                    veil[tuple(best[d] if d in corner else cell[d] for d in range(len(shape)))] = True
    return hidden | veil[at], safe


def _corner(cell: npt.NDArray[np.int64], corner: Sequence[int], shape: Sequence[int]) -> tuple[Any, ...]:
    """Indexes of one corner of the boxes through `cell`, for every opposite corner at once."""
    axes = [np.arange(n) if d in corner else np.array([cell[d]]) for d, n in enumerate(shape)]
    return np.ix_(*axes)
