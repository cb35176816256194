"""What speaks for each candidate concept of a text: the numbers that the fusion weighs.

Candidates are the concepts that classifier and documents favour together, those one of whose labels has the text's
words, and the ISCO unit groups of both.
"""

from typing import NamedTuple

import numba
import numpy as np

from skillbridge.taxonomies import classifier
from skillbridge.taxonomies.fold import PAIRS, TRIPLES, WORDS, Features, keys, stems
from skillbridge.taxonomies.index import F32, I32, Branch

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

NOTHING = -20.0
"""The logarithm of a probability from which on a concept adds nothing to a sum."""

SHORT, TOP = 80, 128
"""Candidates by the first score, and with their groups and the concepts of like labels at most."""

CHOSEN, ALIKE, EXACT, NAMED, ELSEWHERE = 1, 2, 4, 8, 16
"""What is known of a candidate before it is looked at."""


class Evidence(NamedTuple):
    """Of texts [n] and candidates [TOP]: `concept` (-1 beyond the last), the closest `label`, `signals` [.., NAMES]."""

    concept: I32
    label: I32
    signals: F32


def gather(folded: list[str], texts: Features, branch: Branch, language: int) -> Evidence:
    """The evidence for folded texts, searched in one language's labels."""
    view = branch.view(language)
    scores = classifier.logits(branch.classifier, texts)
    exact, found = keys(folded), keys([stems(text) for text in folded])
    hashes = branch.arrays["key.hash"]
    low = np.searchsorted(hashes, found, "left").astype(np.int64)
    high = np.searchsorted(hashes, found, "right").astype(np.int64)
    concept = np.full((len(folded), TOP), -1, np.int32)
    label = np.zeros((len(folded), TOP), np.int32)
    signals = np.zeros((len(folded), TOP, len(NAMES)), np.float32)
    _evidence(
        scores, texts.start, texts.feature, texts.times, low, high, exact, branch.arrays["key.label"],
        branch.arrays["label.key"], branch.arrays["label.preferred"], branch.label_concept,
        branch.arrays["label.start"], branch.arrays["label.feature"], view.label_first, view.label, view.weight,
        view.word_norm, view.letter_norm, view.documents.feature, view.documents.start, view.documents.concept,
        view.rarity, view.document_norm, branch.often, branch.group, branch.is_broad, concept, label, signals,
    )  # fmt: skip
    return Evidence(concept, label, signals)


@numba.njit(cache=True, fastmath=True)
def _evidence(  # type: ignore[no-untyped-def]  # pragma: no cover
    scores, start, feature, count, low, high, exact, key_label, label_key, preferred,
    label_concept, label_start, label_feature, label_first,
    view_label, weight, word_norm, letter_norm, doc_feature, doc_start, doc_concept, rarity, doc_norm,
    often, group, broad, out_concept, out_label, out_signals,
):  # fmt: skip
    concepts = scores.shape[1]
    document = np.zeros(concepts, np.float32)
    first_score = np.empty(concepts, np.float32)
    log_p = np.empty(concepts, np.float32)
    mass = np.zeros(concepts, np.float32)
    learned_mass = np.zeros(concepts, np.float32)
    chosen = np.zeros(concepts, np.int32)
    query = np.zeros(TRIPLES, np.float32)  # the weight of each of the text's words, squared of its letters
    present = np.empty(concepts, np.bool_)
    for c in range(concepts):
        present[c] = label_first[c + 1] > label_first[c]
    for t in range(scores.shape[0]):
        document[:] = 0
        length = np.float32(0)
        at = 0
        for j in range(start[t], start[t + 1]):
            f = feature[j]
            if WORDS <= f < PAIRS:
                continue
            at += np.searchsorted(doc_feature[at:], f)
            if at == doc_feature.size:
                break
            if doc_feature[at] != f:
                continue
            w = rarity[at]
            length += w * w
            for d in range(doc_start[at], doc_start[at + 1]):
                document[doc_concept[d]] += w * w
        length = np.sqrt(max(length, np.float32(1e-9)))
        top = np.float32(-1e30)
        for c in range(concepts):
            if present[c]:
                top = max(top, scores[t, c])
        total = np.float32(0)
        for c in range(concepts):
            if present[c] and scores[t, c] - top > NOTHING:
                total += np.exp(scores[t, c] - top)
        total = np.log(total) + top
        best = np.float32(-1e30)
        for c in range(concepts):
            mass[c] = 0
            learned_mass[c] = 0
            chosen[c] = 0
            if present[c]:
                log_p[c] = scores[t, c] - total
                document[c] /= length * max(doc_norm[c], np.float32(1e-9))
                first_score[c] = np.float32(0.5) * log_p[c] + np.float32(7) * document[c]
                best = max(best, first_score[c])
            else:
                log_p[c] = -30
                first_score[c] = -1e30
        sum_mass = np.float32(0)
        for c in range(concepts):
            if present[c]:
                g = group[c]
                inside = g >= 0 and g != c
                if first_score[c] - best > NOTHING:
                    share = np.exp(first_score[c] - best)
                    sum_mass += share
                    if inside:
                        mass[g] += share
                if inside and log_p[c] > NOTHING:
                    learned_mass[g] += np.exp(log_p[c])
        cut = np.float32(-1e29)
        if concepts > SHORT:
            cut = np.partition(first_score, concepts - SHORT)[concepts - SHORT]
        n = 0
        for e in range(low[t], high[t]):
            label = key_label[e]
            c = label_concept[label]
            if present[c] and (chosen[c] > 0 or n < TOP):
                if chosen[c] == 0:
                    out_concept[t, n] = c
                    n += 1
                if view_label[0] <= label <= view_label[-1]:
                    chosen[c] |= CHOSEN | ALIKE
                    if label_key[label] == exact[t]:
                        chosen[c] |= EXACT
                    if preferred[label]:
                        chosen[c] |= NAMED
                else:
                    chosen[c] |= CHOSEN | ELSEWHERE
        for c in range(concepts):
            if present[c] and first_score[c] >= cut and n < TOP and chosen[c] == 0:
                chosen[c] = CHOSEN
                out_concept[t, n] = c
                n += 1
        for i in range(n):
            g = group[out_concept[t, i]]
            if g >= 0 and chosen[g] == 0 and present[g] and n < TOP:
                chosen[g] = CHOSEN
                out_concept[t, n] = g
                n += 1
        word_length = np.float32(0)
        word_mass = np.float32(0)
        letter_length = np.float32(0)
        for j in range(start[t], start[t + 1]):
            f = feature[j]
            if f >= TRIPLES:
                break
            w = weight[f]
            query[f] = w if f < WORDS else w * w
            if f < WORDS:
                # a word no label has still has to be covered
                w = w if w > 0 else np.float32(8)
                word_length += w * w
                word_mass += w
            else:
                letter_length += w * w
        word_length = np.sqrt(max(word_length, np.float32(1e-9)))
        letter_length = np.sqrt(max(letter_length, np.float32(1e-9)))
        for i in range(n):
            c = out_concept[t, i]
            letters = np.float32(0)
            words = np.float32(0)
            covered = np.float32(0)
            covers = np.float32(0)
            letters_covered = np.float32(0)
            letters_cover = np.float32(0)
            closest = np.float32(-1)
            for k in range(label_first[c], label_first[c + 1]):
                label = view_label[k]
                word_dot = np.float32(0)
                letter_dot = np.float32(0)
                both = np.float32(0)
                whole = np.float32(1e-9)
                j = label_start[label]
                end = label_start[label + 1]
                while j < end and label_feature[j] < WORDS:
                    w = query[label_feature[j]]
                    word_dot += w * w
                    both += w
                    whole += weight[label_feature[j]]
                    j += 1
                for letter in range(j, end):
                    letter_dot += query[label_feature[letter]]
                if letter_dot == 0 and word_dot == 0:
                    continue
                norm = max(letter_norm[label], np.float32(1e-9))
                a = letter_dot / (letter_length * norm)
                b = word_dot / (word_length * max(word_norm[label], np.float32(1e-9)))
                if a + b > closest:
                    closest = a + b
                    out_label[t, i] = label
                letters = max(letters, a)
                words = max(words, b)
                covered = max(covered, both / word_mass)
                covers = max(covers, both / whole)
                letters_covered = max(letters_covered, letter_dot / (letter_length * letter_length))
                letters_cover = max(letters_cover, letter_dot / (norm * norm))
            if closest < 0:
                out_label[t, i] = view_label[label_first[c]]
            s = out_signals[t, i]
            g = group[c]
            s[0] = log_p[c]
            s[1] = np.exp(np.float32(0.25) * log_p[c])
            s[2] = letters
            s[3] = words
            s[4] = document[c]
            s[5] = 1 if chosen[c] & EXACT else 0
            s[6] = covered
            s[7] = covers
            s[15] = 1 if chosen[c] & ALIKE else 0
            s[16] = 1 if chosen[c] & NAMED else 0
            s[17] = 1 if chosen[c] & ELSEWHERE else 0
            s[18] = letters_covered
            s[19] = letters_cover
            s[20] = often[c]
            if g == c or broad[c]:
                s[8] = np.log(learned_mass[c] + np.float32(3e-7))
                s[9] = (mass[c] / sum_mass) ** np.float32(0.25)
                s[13] = 1
                s[14] = 1 if broad[c] else 0
                s[21] = s[0]
                s[22] = s[2]
                s[23] = s[3]
                s[24] = s[4]
                s[25] = s[5]
                s[26] = s[6]
                s[27] = s[7]
                s[28] = s[15]
                s[29] = s[18]
                s[30] = s[19]
            elif g >= 0:
                s[10] = np.log(mass[g] / sum_mass + np.float32(1e-6))
                s[11] = document[g]
                s[12] = log_p[g]
        for j in range(start[t], start[t + 1]):
            if feature[j] >= TRIPLES:
                break
            query[feature[j]] = 0
