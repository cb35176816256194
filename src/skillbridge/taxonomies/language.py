"""Which of a taxonomy's languages a text is to be searched in: the one its tag names, or those its spelling points to.

A text's spelling is the bag of its letter sequences of length 1 to 4, compared with those of the taxonomy's own labels
in each language: a naive Bayes model, so that every language a taxonomy has is known without any other data.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import langcodes
import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]

BUCKETS = 1 << 15
LONGEST = 4
READ = 400
"""Characters of a text that are read."""
SMOOTHING = 0.1
DOUBT = 0.2
"""What a letter sequence counts: overlapping sequences repeat each other, and whole counts would be far too sure."""
TAG_ODDS = 50.0
"""How much a language tag raises the odds of its language: tags are mostly right, and a wrong one must not hurt."""
SEARCHED, LEAST = 3, 0.05
"""Languages a text is searched in at most, and the belief from which the second and the third are."""

_NO_LETTER = re.compile(r"[\W\d_]+")


@lru_cache(maxsize=4096)
def closest(tag: str | None, languages: tuple[str, ...]) -> int:
    """The number in `languages` that serves a BCP 47 tag (`pt-BR` -> `pt`, `nb` -> `no`); -1 where none does."""
    if not tag:
        return -1
    if tag in languages:
        return languages.index(tag)
    try:
        found, _ = langcodes.closest_match(tag, list(languages), max_distance=10)
    except (ValueError, LookupError):
        return -1
    return languages.index(found) if found in languages else -1


def spellings(labels: Sequence[str], language: npt.NDArray[np.integer], languages: int) -> F32:
    """[BUCKETS x languages] what a letter sequence speaks for each language, from labels and the number of theirs."""
    bucket, label = _sequences(labels)
    pair = bucket.astype(np.int64) * languages + language[label]
    seen = np.bincount(pair, minlength=BUCKETS * languages).reshape(BUCKETS, languages)
    share = (seen + SMOOTHING) / (seen.sum(axis=0) + SMOOTHING * BUCKETS)
    table: F32 = (DOUBT * np.log(share)).astype(np.float32)
    return table


def likely(texts: Sequence[str], table: F32) -> F32:
    """[texts x languages] the probability of each language by the text's spelling; alike where it has no letters."""
    bucket, text = _sequences(texts)
    total = np.zeros((len(texts), table.shape[1]), np.float32)
    if len(texts) and len(bucket):
        first = np.flatnonzero(np.diff(text, prepend=-1))
        total[text[first]] = np.add.reduceat(table[bucket], first, axis=0)
    total -= total.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(total, out=total)
    total /= total.sum(axis=1, keepdims=True)
    return total


def beliefs(texts: Sequence[str], tagged: npt.NDArray[np.integer], table: F32) -> F32:
    """[texts x languages] the probability of each language by spelling and tag (a language's number, -1 for none)."""
    told = likely(texts, table)
    rows = np.flatnonzero(tagged >= 0)
    told[rows, tagged[rows]] *= TAG_ODDS
    # a tag counts even where the spelling seems to exclude it
    told[rows, tagged[rows]] = np.maximum(told[rows, tagged[rows]], 1e-6)
    told /= told.sum(axis=1, keepdims=True)
    return told


def searched(belief: F32) -> npt.NDArray[np.int32]:
    """[texts x SEARCHED at most] the languages to search, the likeliest first, -1 beyond the last."""
    order = np.argsort(-belief, axis=1, kind="stable")[:, :SEARCHED].astype(np.int32)
    enough = np.take_along_axis(belief, order, axis=1) >= LEAST
    enough[:, 0] = True
    order[~enough] = -1
    return order[:, : max(1, int(enough.sum(axis=1).max(initial=1)))]


def _sequences(texts: Sequence[str]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """The letter sequences inside the words of all texts, as buckets, and the text of each, in order of the texts."""
    clipped = "\n".join(text[:READ].replace("\n", " ") for text in texts)
    plain = unicodedata.normalize("NFKC", clipped).casefold()
    words = "\n".join(f" {_NO_LETTER.sub(' ', line).strip()} " for line in plain.split("\n"))
    letters = np.frombuffer(words.encode("utf-32-le"), dtype=np.uint32)
    blank, end = letters == 32, letters == 10
    text = np.cumsum(end)
    buckets, texts_of = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    key = np.zeros(len(letters), np.uint64)
    inside = np.ones(len(letters), np.bool_)
    for length in range(1, LONGEST + 1):
        here = len(letters) - length + 1
        if here <= 0:
            break
        at = letters[length - 1 :]
        key = (key[:here] ^ at) * np.uint64(0x9E3779B97F4A7C15)
        inside = inside[:here] & ~end[length - 1 :]
        if length > 2:  # a blank begins or ends a sequence
            inside &= ~blank[length - 2 : -1]
        kept = inside & ~(blank[:here] & blank[length - 1 :])
        mixed = key[kept]
        buckets.append(((mixed ^ (mixed >> np.uint64(29))) % np.uint64(BUCKETS)).astype(np.int32))
        texts_of.append(text[:here][kept])
    bucket, owner = np.concatenate(buckets), np.concatenate(texts_of)
    order = np.argsort(owner, kind="stable")
    return bucket[order], owner[order]
