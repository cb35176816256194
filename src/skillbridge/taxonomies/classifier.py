"""A linear classifier from text to concept, learned from a taxonomy's own labels in all its languages at once.

A text is the bag of its features weighted by rarity, of length one; a table maps features to a few dimensions, a second
one from there to concepts: softmax(x @ table @ concepts.T + bias). A share of the features is dropped at random while
learning, and part of the loss is on the concept's group (the ISCO unit group), so that near misses stay in the family.
"""

from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from skillbridge.taxonomies.fold import FEATURES, Features

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]


class Classifier(NamedTuple):
    """`rarity` and `row` [features] (-1 for one never seen), `table` [rows x dimensions], `concepts` [concepts x
    dimensions], `bias` [concepts]."""

    rarity: F32
    row: I32
    table: F32
    concepts: F32
    bias: F32


class Compact(NamedTuple):
    """A classifier to keep: its table in 8 bits times the `scale` of each row."""

    rarity: F32
    row: I32
    table: npt.NDArray[np.int8]
    scale: F32
    concepts: F32
    bias: F32


def compact(model: Classifier) -> Compact:
    """The classifier in a quarter of the bytes; logits differ by less than a hundredth."""
    scale = np.maximum(np.abs(model.table).max(axis=1, initial=0), 1e-12) / 127
    cells = np.rint(model.table / scale[:, None]).astype(np.int8)
    return Compact(model.rarity, model.row, cells, scale.astype(np.float32), model.concepts, model.bias)


def logits(model: Compact, texts: Features) -> F32:
    """[texts x concepts] unnormalised log probabilities."""
    hidden = np.zeros((len(texts.start) - 1, model.table.shape[1]), np.float32)
    _gather(texts.start, texts.feature, texts.times, model.rarity, model.row, model.table, model.scale, hidden)
    scores = hidden @ model.concepts.T
    scores += model.bias
    return scores


def rarity(texts: Features) -> F32:
    """Inverse document frequency of each feature over `texts`; an unseen feature weighs nothing."""
    seen = np.bincount(texts.feature, minlength=FEATURES)
    return np.where(seen > 0, np.log((len(texts.start)) / np.maximum(seen, 1)) + 1, 0).astype(np.float32)


def train(
    texts: Features,
    concept: I32,
    group: I32,
    *,
    members: int = 2,
    often: I32 | None = None,
    passes: int = 3,
    family: float = 0.25,
    negatives: int = 1200,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Classifier:
    """The mean of `members` classifiers of texts [n] labelled with `concept` [n], which differ in chance alone.

    `group` [concepts] numbers each concept's family; `often` [n] is how many times a pass shows each text, once unless
    said; `family` is what the loss on the group weighs. The mean of the logits is itself one classifier: the dimensions
    of all members side by side.
    """
    parts = []
    for member in range(members):

        def tell(share: float, member: int = member) -> None:
            if progress is not None:
                progress((member + share) / members)

        parts.append(
            _member(
                texts,
                concept,
                group,
                often=often,
                passes=passes,
                family=family,
                negatives=negatives,
                seed=seed + member,
                progress=tell,
            )
        )
    return Classifier(
        parts[0].rarity,
        parts[0].row,
        np.concatenate([part.table for part in parts], axis=1),
        (np.concatenate([part.concepts for part in parts], axis=1) / members).astype(np.float32),
        np.mean([part.bias for part in parts], axis=0).astype(np.float32),
    )


def _member(
    texts: Features,
    concept: I32,
    group: I32,
    *,
    often: I32 | None,
    passes: int,
    family: float,
    negatives: int,
    seed: int,
    progress: Callable[[float], None],
    dimensions: int = 192,
    rate: float = 0.1,
    dropped: float = 0.25,
    batch: int = 512,
) -> Classifier:
    """One classifier: row-wise Adagrad at a falling rate, against the concepts of a batch and `negatives` others."""
    shown_texts = np.arange(len(concept)) if often is None else np.repeat(np.arange(len(concept)), often)
    n, concepts = len(shown_texts), len(group)
    rng = np.random.default_rng(seed)
    idf = rarity(texts)
    seen = np.flatnonzero(idf > 0)
    row = np.full(FEATURES, -1, np.int32)
    row[seen] = np.arange(len(seen), dtype=np.int32)
    table = rng.standard_normal((len(seen), dimensions), np.float32)
    table *= np.float32(0.1)
    out = np.zeros((concepts, dimensions), np.float32)
    bias = np.zeros(concepts, np.float32)
    table_seen = np.full(len(seen), 1e-6, np.float32)
    out_seen = np.full(concepts, 1e-6, np.float32)
    bias_seen = np.full(concepts, 1e-6, np.float32)
    steps = passes * -(-n // batch)
    step = 0
    for _ in range(passes):
        order = rng.permutation(shown_texts)
        for first in range(0, n, batch):
            rows = order[first : first + batch]
            keep = rng.integers(0, 1 << 62)
            start, feature, value = _bag(texts.start, texts.feature, texts.times, idf, row, rows, dropped, keep)
            hidden = np.zeros((len(rows), dimensions), np.float32)
            _sum(start, feature, value, table, hidden)
            falling = np.float32(rate * (1 - step / steps))
            right = concept[rows]
            shown, lifted = _sample(right, concepts, negatives, rng)
            near = out[shown]
            logits = hidden @ near.T
            logits += bias[shown] + lifted
            _gradient(logits, np.searchsorted(shown, right), group[shown], family)
            back = logits @ near
            slope = logits.T @ hidden
            _adagrad(out, out_seen, shown, slope, falling)
            flat = logits.sum(0)
            bias_seen[shown] += flat * flat
            bias[shown] -= falling * flat / np.sqrt(bias_seen[shown])
            _scatter(start, feature, value, back, table, table_seen, falling)
            step += 1
            progress(step / steps)
    return Classifier(idf, row, table, out, bias)


def _sample(right: I32, concepts: int, negatives: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.int64], F32]:
    """The concepts a batch is told apart from, sorted: its own and `negatives` drawn at random, and the logarithm each
    drawn one's share of the softmax is lifted by, so that they stand for all those not drawn."""
    own = np.unique(right).astype(np.int64)
    others = np.setdiff1d(np.arange(concepts), own, assume_unique=True)
    if len(others) <= negatives:
        return np.arange(concepts), np.zeros(concepts, np.float32)
    drawn = rng.choice(others, negatives, replace=False)
    shown = np.concatenate([own, drawn])
    lifted = np.zeros(len(shown), np.float32)
    lifted[len(own) :] = np.log(len(others) / negatives)
    order = np.argsort(shown)
    return shown[order], lifted[order]


@numba.njit(cache=True, fastmath=True)
def _gather(start, feature, count, idf, row, table, scale, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(len(start) - 1):
        norm = np.float32(0)
        for j in range(start[i], start[i + 1]):
            f = feature[j]
            w = idf[f] * count[j]
            norm += w * w
            if row[f] >= 0:
                w *= scale[row[f]]
                cells = table[row[f]]
                for k in range(cells.size):
                    out[i, k] += w * np.float32(cells[k])
        if norm > 0:
            out[i] *= np.float32(1) / np.sqrt(norm)


@numba.njit(cache=True)
def _bag(start, feature, count, idf, row, rows, dropped, seed):  # type: ignore[no-untyped-def]  # pragma: no cover
    room = 0
    for r in rows:
        room += start[r + 1] - start[r]
    s = np.zeros(len(rows) + 1, np.int64)
    f = np.empty(room, np.int32)
    v = np.empty(room, np.float32)
    state = np.uint64(seed) | np.uint64(1)
    bound = np.uint64(dropped * 4294967296.0)
    n = 0
    for i in range(len(rows)):
        norm = 0.0
        first = n
        for j in range(start[rows[i]], start[rows[i] + 1]):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            if (state >> np.uint64(32)) < bound:
                continue
            w = idf[feature[j]] * count[j]
            f[n] = row[feature[j]]
            v[n] = w
            norm += w * w
            n += 1
        if norm > 0:
            scale = np.float32(1 / np.sqrt(norm))
            for j in range(first, n):
                v[j] *= scale
        s[i + 1] = n
    return s, f[:n], v[:n]


@numba.njit(cache=True, fastmath=True)
def _sum(start, feature, value, table, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(len(start) - 1):
        for j in range(start[i], start[i + 1]):
            row = table[feature[j]]
            w = value[j]
            for k in range(row.size):
                out[i, k] += w * row[k]


@numba.njit(cache=True, fastmath=True)
def _gradient(logits, concept, group, family):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Logits -> the loss's derivative by them, in place."""
    concepts = logits.shape[1]
    for i in range(len(concept)):
        row = logits[i]
        top = row[0]
        for c in range(concepts):
            top = max(top, row[c])
        total = np.float32(0)
        for c in range(concepts):
            row[c] = np.exp(row[c] - top)
            total += row[c]
        inverse = np.float32(1) / total
        right = concept[i]
        mine = group[right]
        mass = np.float32(0)
        for c in range(concepts):
            row[c] *= inverse
            if group[c] == mine:
                mass += row[c]
        share = np.float32(family) / max(mass, np.float32(1e-12))
        for c in range(concepts):
            p = row[c]
            if group[c] == mine:
                row[c] = p * (np.float32(1 + family) - share)
            else:
                row[c] = p * np.float32(1 + family)
        row[right] -= np.float32(1)


@numba.njit(cache=True, fastmath=True)
def _adagrad(table, seen, rows, slope, rate):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(len(rows)):
        r = rows[i]
        square = np.float32(0)
        for k in range(table.shape[1]):
            square += slope[i, k] * slope[i, k]
        seen[r] += square / table.shape[1]
        scale = rate / np.sqrt(seen[r])
        for k in range(table.shape[1]):
            table[r, k] -= scale * slope[i, k]


@numba.njit(cache=True, fastmath=True)
def _scatter(start, feature, value, back, table, seen, rate):  # type: ignore[no-untyped-def]  # pragma: no cover
    width = table.shape[1]
    for i in range(len(start) - 1):
        square = np.float32(0)
        for k in range(width):
            square += back[i, k] * back[i, k]
        square /= width
        for j in range(start[i], start[i + 1]):
            f = feature[j]
            w = value[j]
            seen[f] += w * w * square
            scale = rate * w / np.sqrt(seen[f])
            for k in range(width):
                table[f, k] -= scale * back[i, k]
