"""What speaks for each candidate concept of a text: the numbers that the fusion weighs.

Candidates are the concepts that classifier and documents favour together, those one of whose labels has the text's
words, and the ISCO unit groups of both.
"""

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from skillbridge.taxonomies import classifier
from skillbridge.taxonomies.fold import PAIRS, TRIPLES, WORDS, Features, keys, stems
from skillbridge.taxonomies.index import F32, I32, I64, NEAR, U64, Branch

SIGNALS = (
    "learned",  # log probability by the classifier
    "likely",  # the same to the power .25 of the probability
    "letters",  # cosine of 2- and 3-grams with the closest label
    "words",  # cosine of words and word heads with the closest label
    "document",  # cosine with all labels of the concept
    "exact",  # a label equals the text
    "covered",  # share of the text's words that one label holds
    "covers",  # share of one label's words that the text holds
    "children",  # groups: log of the classifier's mass of the occupations in it
    "family",  # groups: mass of the first score over the occupations in it, to the power .25
    "parent_family",  # occupations: log of that mass of its group
    "parent_document",
    "parent_learned",
    "group",  # it is an ISCO group
    "broad",  # it is an ISCO group of fewer than four digits
    "alike",  # a label has the text's words, in any order and inflection
    "named",  # a preferred label has
    "elsewhere",  # a label of another language has
    "letters_covered",  # share of the text's 2- and 3-grams that one label holds
    "letters_cover",  # share of one label's 2- and 3-grams that the text holds
    "often",  # how often national classifications name the concept, as a logarithm
)
OF_GROUPS = (
    "learned", "letters", "words", "document", "exact", "covered", "covers", "alike", "letters_covered",
    "letters_cover",
)  # fmt: skip
"""Signals that count apart for groups, in this order behind SIGNALS."""
NAMES = (*SIGNALS, *(f"group_{name}" for name in OF_GROUPS))
_APART = tuple(SIGNALS.index(name) for name in OF_GROUPS)

SHORT, TOP = 80, 128
"""Candidates by the first score, and with their groups and the concepts of like labels at most."""

NEVER = -1e30
"""The score of a concept that has no label in the language."""
BINS, A_BIN = 256, 10.0
"""The first scores are counted in bins, so many to one of their unit."""

CHOSEN, ALIKE, EXACT, NAMED, ELSEWHERE = 1, 2, 4, 8, 16
"""What is known of a candidate before it is looked at."""


class Evidence(NamedTuple):
    """Of texts [n] and candidates [TOP]: `concept` (-1 beyond the last), the closest `label`, `signals` [.., NAMES]."""

    concept: I32
    label: I32
    signals: F32


class Equal(NamedTuple):
    """Which labels have the words of texts [n]: in `label`, sorted by their stems, from `low` to `high`; `key` is the
    texts' own and `label_key` each label's, equal where the whole text is; and the labels' concepts and kind."""

    low: I64
    high: I64
    key: U64
    label: I32
    label_key: U64
    concept: I32
    preferred: npt.NDArray[np.bool_]


class Known(NamedTuple):
    """What is known of concepts: how often they are named, their unit group (-1: none), whether a broader group."""

    often: F32
    group: I32
    broad: npt.NDArray[np.bool_]


def gather(folded: list[str], texts: Features, branch: Branch, language: int) -> Evidence:
    """The evidence for folded texts, searched in one language's labels."""
    scores = classifier.logits(branch.classifier, texts)
    arrays, hashes, found = branch.arrays, branch.arrays["key.hash"], keys([stems(text) for text in folded])
    equal = Equal(
        np.searchsorted(hashes, found, "left"), np.searchsorted(hashes, found, "right"), keys(folded),
        arrays["key.label"], arrays["label.key"], branch.label_concept, arrays["label.preferred"],
    )  # fmt: skip
    out = Evidence(
        np.full((len(folded), TOP), -1, np.int32),
        np.zeros((len(folded), TOP), np.int32),
        np.zeros((len(folded), TOP, len(NAMES)), np.float32),
    )
    _evidence(scores, texts, equal, branch.view(language), Known(branch.often, branch.group, branch.is_broad), out)
    return out


@numba.njit(cache=True, fastmath=True)
def _evidence(scores, texts, equal, view, known, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    concepts = scores.shape[1]
    log_p, document, first, power = np.zeros((4, concepts), np.float32)
    mass, learned_mass = np.zeros((2, concepts), np.float32)
    absent = np.zeros(concepts, np.float32)
    absent[view.label[1:] == view.label[:-1]] = NEVER
    chosen = np.zeros(concepts, np.int32)
    query = np.zeros(TRIPLES, np.float32)  # the weight of each of the text's words, squared of its letters
    for t in range(scores.shape[0]):
        _documents(t, texts, view, document)
        top = np.float32(NEVER)
        for c in range(concepts):
            log_p[c] = scores[t, c] + absent[c]
            top = max(top, log_p[c])
        _power(log_p, top, power)
        total = power.sum()
        whole = np.log(total) + top
        best = np.float32(NEVER)
        for c in range(concepts):
            log_p[c] = log_p[c] - whole if absent[c] == 0 else np.float32(-30)
            first[c] = np.float32(0.5) * log_p[c] + np.float32(7) * document[c] + absent[c]
            best = max(best, first[c])
        _masses(power, np.float32(1) / total, known.group, learned_mass)
        _power(first, best, power)
        _masses(power, np.float32(1) / power.sum(), known.group, mass)
        n = _candidates(t, first, best, equal, view, known.group, absent, chosen, out.concept[t])
        mine = _ask(t, texts, view, query)
        for i in range(n):
            c = out.concept[t, i]
            g = known.group[c]
            s = out.signals[t, i]
            out.label[t, i] = _closest(c, view, query, mine, s)
            s[0] = log_p[c]
            s[1] = np.exp(np.float32(0.25) * log_p[c])
            s[4] = document[c]
            s[5] = 1 if chosen[c] & EXACT else 0
            s[15] = 1 if chosen[c] & ALIKE else 0
            s[16] = 1 if chosen[c] & NAMED else 0
            s[17] = 1 if chosen[c] & ELSEWHERE else 0
            s[20] = known.often[c]
            if g == c or known.broad[c]:
                s[8] = np.log(learned_mass[c] + np.float32(3e-7))
                s[9] = mass[c] ** np.float32(0.25)
                s[13] = 1
                s[14] = 1 if known.broad[c] else 0
                for own, of_group in enumerate(_APART):
                    s[len(SIGNALS) + own] = s[of_group]
            elif g >= 0:
                s[10] = np.log(mass[g] + np.float32(1e-6))
                s[11] = document[g]
                s[12] = log_p[g]
        chosen[out.concept[t, :n]] = 0
        for j in range(texts.start[t], texts.start[t + 1]):
            if texts.feature[j] >= TRIPLES:
                break
            query[texts.feature[j]] = 0


@numba.njit(cache=True, fastmath=True)
def _documents(t, texts, view, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The cosine of a text with all labels of each concept."""
    documents = view.documents
    out[:] = 0
    length = np.float32(0)
    for j in range(texts.start[t], texts.start[t + 1]):
        f = texts.feature[j]
        if WORDS <= f < PAIRS:
            continue
        at, end = view.near[f // NEAR], view.near[f // NEAR + 1]
        at += np.searchsorted(documents.feature[at:end], f)
        if at == end or documents.feature[at] != f:
            continue
        square = view.rarity[at] * view.rarity[at]
        length += square
        for d in range(documents.start[at], documents.start[at + 1]):
            out[documents.concept[d]] += square
    scale = np.float32(1) / np.sqrt(max(length, np.float32(1e-9)))
    for c in range(out.size):
        out[c] *= scale / max(view.document_norm[c], np.float32(1e-9))


@numba.njit(cache=True, fastmath=True)
def _power(values, top, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """exp(values - top), nothing of it above 1, to seven digits: written out so that eight are worked out at once."""
    bits = out.view(np.int32)
    exponent = np.empty(values.size, np.int32)
    for i in range(values.size):
        x = max((values[i] - top) * np.float32(1.4426950408889634), np.float32(-120))
        whole = np.floor(x + np.float32(0.5))
        r = (x - whole) * np.float32(0.6931471805599453)
        high = np.float32(1 / 24) + r * (np.float32(1 / 120) + r * np.float32(1 / 720))
        out[i] = np.float32(1) + r * (np.float32(1) + r * (np.float32(0.5) + r * (np.float32(1 / 6) + r * high)))
        exponent[i] = np.int32(whole)
    for i in range(values.size):
        bits[i] += exponent[i] << 23


@numba.njit(cache=True, fastmath=True)
def _masses(power, scale, group, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The share of each ISCO group's occupations."""
    out[:] = 0
    for c in range(power.size):
        g = group[c]
        if g >= 0 and g != c:
            out[g] += power[c] * scale


@numba.njit(cache=True)
def _candidates(t, first, best, equal, view, group, absent, chosen, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    """How many concepts are looked at: those are left in `out`, and why in `chosen`."""
    n = 0
    for e in range(equal.low[t], equal.high[t]):
        label = equal.label[e]
        c = equal.concept[label]
        if absent[c] == 0 and (chosen[c] > 0 or n < TOP):
            if chosen[c] == 0:
                out[n] = c
                n += 1
            if view.first <= label < view.first + view.letters.size:
                chosen[c] |= CHOSEN | ALIKE
                if equal.label_key[label] == equal.key[t]:
                    chosen[c] |= EXACT
                if equal.preferred[label]:
                    chosen[c] |= NAMED
            else:
                chosen[c] |= CHOSEN | ELSEWHERE
    cut = _cut(first, best)
    for c in range(first.size):
        if first[c] >= cut and n < TOP and chosen[c] == 0:
            chosen[c] = CHOSEN
            out[n] = c
            n += 1
    for i in range(n):
        g = group[out[i]]
        if g >= 0 and chosen[g] == 0 and absent[g] == 0 and n < TOP:
            chosen[g] = CHOSEN
            out[n] = g
            n += 1
    return n


@numba.njit(cache=True)
def _cut(first, best):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The SHORT-th highest of the first scores: first the bin that it is in, then its place in there."""
    if first.size <= SHORT:
        return np.float32(NEVER / 2)
    seen = np.zeros(BINS, np.int64)
    for c in range(first.size):
        seen[np.int64(min((best - first[c]) * np.float32(A_BIN), np.float32(BINS - 1)))] += 1
    bin, above = 0, 0
    while above + seen[bin] < SHORT:
        above += seen[bin]
        bin += 1
    inside = np.empty(seen[bin], np.float32)
    n = 0
    for c in range(first.size):
        if np.int64(min((best - first[c]) * np.float32(A_BIN), np.float32(BINS - 1))) == bin:
            inside[n] = first[c]
            n += 1
    inside.sort()
    return max(inside[n - (SHORT - above)], np.float32(NEVER / 2))


@numba.njit(cache=True, fastmath=True)
def _ask(t, texts, view, query):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Write the text's weights into `query`; one over the sum of its words, over their length, that of its letters."""
    mass, words, letters = np.float32(0), np.float32(0), np.float32(0)
    for j in range(texts.start[t], texts.start[t + 1]):
        f = texts.feature[j]
        if f >= TRIPLES:
            break
        w = view.weight[f]
        query[f] = w if f < WORDS else w * w
        if f < WORDS:
            # a word no label has still has to be covered
            w = w if w > 0 else np.float32(8)
            mass += w
            words += w * w
        else:
            letters += w * w
    one, least = np.float32(1), np.float32(1e-9)
    return one / max(mass, least), one / np.sqrt(max(words, least)), one / np.sqrt(max(letters, least))


@numba.njit(cache=True, fastmath=True)
def _closest(c, view, query, mine, signals):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The concept's label closest to the text; how close its labels come is written into `signals`."""
    per_mass, per_words, per_letters = mine
    words, letters, covered = np.float32(0), np.float32(0), np.float32(0)
    covers, letter_most, letters_cover = np.float32(0), np.float32(0), np.float32(0)
    closest, label = np.float32(-1), view.label[c]
    for n in range(view.label[c], view.label[c + 1]):
        word_dot, both, letter_dot = np.float32(0), np.float32(0), np.float32(0)
        for j in range(view.start[n], view.letters[n]):
            w = query[view.feature[j]]
            word_dot += w * w
            both += w
        for j in range(view.letters[n], view.start[n + 1]):
            letter_dot += query[WORDS + view.feature[j]]
        if letter_dot == 0 and word_dot == 0:
            continue
        a = letter_dot * per_letters * view.per_letters[n]
        b = word_dot * per_words * view.per_words[n]
        if a + b > closest:
            closest = a + b
            label = n
        letters = max(letters, a)
        words = max(words, b)
        covered = max(covered, both)
        covers = max(covers, both * view.per_mass[n])
        letter_most = max(letter_most, letter_dot)
        letters_cover = max(letters_cover, letter_dot * view.per_letters[n] * view.per_letters[n])
    signals[2], signals[3] = letters, words
    signals[6], signals[7] = covered * per_mass, covers
    signals[18], signals[19] = letter_most * per_letters * per_letters, letters_cover
    return view.first + label
