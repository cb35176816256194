"""Texts to ranked concepts with a calibrated confidence: the exact label, the closest words, or what was learned."""

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import polars as pl

from skillbridge.errors import BadInput
from skillbridge.taxonomies import evidence
from skillbridge.taxonomies.fold import features, fold, keys, stems, without_exception
from skillbridge.taxonomies.index import KINDS, Branch, Index, Kind, open_index
from skillbridge.taxonomies.language import beliefs, closest, searched
from skillbridge.taxonomies.pack import Taxonomy

F32 = npt.NDArray[np.float32]

RESOLVED: dict[str, pl.DataType] = {
    "item": pl.UInt32(),
    "rank": pl.UInt16(),
    "concept_uri": pl.String(),
    "notation": pl.String(),
    "isco": pl.String(),
    "label": pl.String(),
    "span_start": pl.UInt32(),
    "span_end": pl.UInt32(),
    "score": pl.Float32(),
    "method": pl.String(),
    "decision": pl.String(),
}
METHODS = ("none", "exact", "label", "words", "learned", "group", "correction")
BATCH = 512


class Fusion(NamedTuple):
    """The fitted numbers of one kind: `weights` [habits, signals], a row for each country's way of linking; `lean`, how
    much more a country may weigh ISCO groups, each as likely; `confidence` of the logistic; `accept` and `review` from;
    `heard`, how alike (cosine of letters or words) some label of the answer's unit group must be for `accept`, as the
    classifier alone is not enough.
    """

    weights: F32
    lean: F32
    confidence: dict[str, float]
    accept: float
    review: float
    heard: float


@cache
def fusion(name: str) -> Fusion:
    """What fusion.toml says for occupations, for ISCO groups alone, or for skills."""
    told: dict[str, Any] = tomllib.loads(Path(__file__).with_name("fusion.toml").read_text(encoding="utf-8"))[name]
    habits = [np.atleast_1d(told["weights"].get(name, 0.0)) for name in evidence.NAMES]
    weights = np.stack(np.broadcast_arrays(*habits), axis=1).astype(np.float32)
    lean = np.array(told.get("lean", [0.0]), np.float32)
    return Fusion(weights, lean, told["confidence"], *(told[name] for name in ("accept", "review", "heard")))


_COMPILED: "WeakKeyDictionary[Taxonomy, dict[str, Index]]" = WeakKeyDictionary()


def index_of(taxonomy: Taxonomy, kind: Kind) -> Index:
    """The index of a taxonomy for one kind: opened or compiled at the first call, and kept while the taxonomy lives."""
    known = _COMPILED.setdefault(taxonomy, {})
    if kind not in known:
        known[kind] = open_index(taxonomy, taxonomy.index_folder, (kind,))
    return known[kind]


def resolve(
    texts: Sequence[str | None] | pl.Series,
    index: Index | Taxonomy,
    *,
    kind: Kind = "occupation",
    lang: str | Sequence[str | None] | None = None,
    limit: int = 5,
) -> pl.DataFrame:
    """Ranked concepts of each text: columns RESOLVED, sorted by item and rank; at least one row for every text.

    `lang` is a BCP 47 tag for all texts or one for each. Without it, or where the taxonomy lacks the language, the
    text's spelling says in which of its languages to search (up to three); it also does where it contradicts the tag.
    `score` is the calibrated probability that the concept is right. `decision` speaks of the first rank's ISCO unit
    group: `accept` (of an imported ESCO right 95 times in 100 over held-back countries; docs/normalizer.md has what the
    bundled pack reaches), `review`, `reject`; a text that is not understood comes back with a null concept and method
    `none`. Equal texts are resolved once.
    """
    if kind not in KINDS:
        raise BadInput("kind", f"{kind!r}", f"one of {KINDS}")
    if limit < 1:
        raise BadInput("limit", f"{limit}", "at least 1")
    given = [text or "" for text in texts]
    langs = [lang] * len(given) if lang is None or isinstance(lang, str) else list(lang)
    if len(langs) != len(given):
        raise BadInput("lang", f"{len(langs)} tags for {len(given)} texts", "one tag, or one for each text")
    branch = (index if isinstance(index, Index) else index_of(index, kind)).branch(kind)
    asked = pl.DataFrame({"text": given, "lang": pl.Series(langs, dtype=pl.String)})
    distinct = asked.unique(maintain_order=True).with_row_index("number")
    numbers = asked.join(distinct, on=["text", "lang"], nulls_equal=True, how="left", maintain_order="left")["number"]
    found = _resolve(distinct["text"].to_list(), distinct["lang"].to_list(), branch, limit)
    rows = pl.DataFrame({"item": np.arange(len(given), dtype=np.uint32), "number": numbers})
    return rows.join(found, on="number", maintain_order="left_right").select(RESOLVED.keys()).cast(pl.Schema(RESOLVED))


def _resolve(texts: list[str], langs: list[str | None], branch: Branch, limit: int) -> pl.DataFrame:
    """The answers to distinct texts: RESOLVED with `number` for `item`."""
    tagged = np.array([closest(tag, branch.languages) for tag in langs], np.int32)
    belief = beliefs(texts, tagged, branch.arrays["spellings"])
    languages = searched(belief)
    folded = folded_for(texts, branch)
    legible = np.array([bool(text) for text in folded], np.bool_)
    asked = np.flatnonzero(legible)
    # alike beside alike: a batch is as wide as its text of the most languages
    asked = asked[np.lexsort((languages[asked, 0], (languages[asked] >= 0).sum(axis=1)))]
    parts = [
        _answers(batch, folded, np.where(tagged >= 0, tagged, languages[:, 0]), languages, belief, branch, limit)
        for batch in (asked[first : first + BATCH] for first in range(0, len(asked), BATCH))
    ]
    nothing = pl.DataFrame({"number": np.flatnonzero(~legible)})
    parts.append(
        nothing.with_columns(
            rank=pl.lit(1), concept=pl.lit(None, pl.Int32), closest=pl.lit(None, pl.Int32), score=pl.lit(0.0),
            method=pl.lit("none"), decision=pl.lit("reject"),
        )
    )  # fmt: skip
    order = ["number", "rank", "concept", "closest", "score", "method", "decision"]
    answers = pl.concat([part.select(order) for part in parts], how="vertical_relaxed")
    lengths = pl.Series([len(text) for text in texts], dtype=pl.UInt32)
    found = answers["concept"] >= 0
    concept, label = (answers[name].set(~found, None) for name in ("concept", "closest"))
    return answers.with_columns(
        *(branch.concepts[name].gather(concept) for name in ("concept_uri", "notation", "isco")),
        branch.labels["label"].gather(label),
        span_start=pl.lit(0),
        span_end=lengths.gather(answers["number"]),
        number=pl.col("number").cast(pl.UInt32),
    ).sort("number", "rank")


def folded_for(texts: list[str], branch: Branch) -> list[str]:
    """The texts folded, without their exceptions unless a label or a correction has the text whole."""
    folded = fold(texts)
    cut = {n: left for n, text in enumerate(texts) if (left := without_exception(text)) != text}
    whole, alike = keys([folded[n] for n in cut]), keys([stems(folded[n]) for n in cut])
    hashes = branch.arrays["key.hash"]
    labelled = np.searchsorted(hashes, alike, "right") > np.searchsorted(hashes, alike, "left")
    corrected = {key for key, _ in branch.corrections}
    for n, plain, key, known in zip(cut, fold(cut.values()), whole.tolist(), labelled, strict=True):
        if plain and not known and key not in corrected:
            folded[n] = plain
    return folded


def _gather(
    numbers: npt.NDArray[np.int64],
    folded: list[str],
    languages: npt.NDArray[np.int32],
    belief: F32,
    branch: Branch,
    weights: F32,
) -> tuple[evidence.Evidence, F32]:
    """The evidence in all the languages of each text side by side, and each candidate's total by each of the habits
    (-inf beyond the last).

    A concept found in several languages counts once, where its total with the belief in the language is highest.
    """
    spoken = languages[numbers]
    spoken = spoken[:, (spoken >= 0).any(axis=0)]
    shape = len(numbers), spoken.shape[1] * evidence.TOP
    concept, label = np.full(shape, -1, np.int32), np.zeros(shape, np.int32)
    signals = np.zeros((*shape, len(evidence.NAMES)), np.float32)
    total = np.full((*shape, len(weights)), -np.inf, np.float32)
    for code in np.unique(spoken[spoken >= 0]):
        row, place = np.nonzero(spoken == code)
        asked = [folded[n] for n in numbers[row]]
        found = evidence.gather(asked, features(asked), branch, int(code))
        at = row[:, None], place[:, None] * evidence.TOP + np.arange(evidence.TOP)
        concept[at], label[at], signals[at] = found
        total[at] = found.signals @ weights.T + np.log(np.maximum(belief[numbers[row], code], 1e-9))[:, None, None]
    total[concept < 0] = -np.inf
    if spoken.shape[1] > 1:
        order = np.lexsort((-total.mean(axis=2), concept), axis=1)
        ordered = np.take_along_axis(concept, order, axis=1)
        repeated = np.zeros(shape, np.bool_)
        np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
        concept[repeated], total[repeated] = -1, -np.inf
    return evidence.Evidence(concept, label, signals), total


def _answers(
    numbers: npt.NDArray[np.int64],
    folded: list[str],
    corrected_in: npt.NDArray[np.int32],
    languages: npt.NDArray[np.int32],
    belief: F32,
    branch: Branch,
    limit: int,
) -> pl.DataFrame:
    fitted = fusion(branch.fusion)
    found, total = _gather(numbers, folded, languages, belief, branch, fitted.weights)
    corrected = _correct([folded[n] for n in numbers], corrected_in[numbers], found, total, branch)
    share = shares(total, found.signals[:, :, _GROUP] > 0, fitted.lean)
    limit = min(limit, share.shape[1])
    order = np.argsort(-share, axis=1, kind="stable")[:, :limit]
    ranked = found.concept >= 0
    take = np.take_along_axis
    concept, label, likely = (take(a, order, axis=1) for a in (found.concept, found.label, share))
    signals = take(found.signals, order[:, :, None], axis=1)
    reasons = [signals[:, :, _EXACT] > 0, signals[:, :, _LETTERS] > 0.75, signals[:, :, _WORDS] > 0.5]
    method = np.select([*reasons, signals[:, :, _GROUP] > 0], [1, 2, 3, 5], 4)
    near = found.signals[:, :, [_LETTERS, _WORDS]].max(axis=2)
    same = family(np.where(found.concept >= 0, branch.group[found.concept], -1), share)
    sure = (share * same).sum(axis=1, keepdims=True).repeat(limit, axis=1)
    groups = (share * found.signals[:, :, _GROUP]).sum(axis=1, keepdims=True).repeat(limit, axis=1)
    score = confidence(np.asarray(likely), sure, groups, fitted)
    score[corrected, 0], method[corrected, 0] = 1, 6
    heard = (near * same).max(axis=1, keepdims=True) >= fitted.heard
    heard[corrected] = True
    decision = np.where((sure >= fitted.accept) & heard, "accept", np.where(sure >= fitted.review, "review", "reject"))
    kept = take(ranked, order, axis=1)
    strange = near.max(axis=1) == 0
    strange[corrected] = False
    concept[strange], score[strange], method[strange], decision[strange] = -1, 0, 0, "reject"
    kept[strange] = np.arange(limit) == 0
    rank = np.broadcast_to(np.arange(1, limit + 1), kept.shape)
    return pl.DataFrame(
        {
            "number": np.broadcast_to(numbers[:, None], kept.shape)[kept],
            "rank": rank[kept],
            "concept": concept[kept],
            "closest": label[kept],
            "score": score[kept].astype(np.float64),
            "method": np.array(METHODS)[method[kept]],
            "decision": decision[kept],
        }
    )


def shares(total: F32, is_group: npt.NDArray[np.bool_], lean: F32) -> F32:
    """[texts x candidates] each candidate's share of the mass, from its totals [.., habits] (-inf: none).

    How the country of a text links, and how readily it answers with an ISCO group, is not known: the share is the mean
    of what every habit would give with every `lean` added to its groups.
    """
    by_habit = np.exp(total - total.max(axis=1, keepdims=True))
    by_habit /= by_habit.sum(axis=1, keepdims=True)
    groups = (by_habit * is_group[:, :, None]).sum(axis=1)[:, :, None]
    more = np.exp(lean)
    whole = 1 - groups + groups * more
    others, lifted = ((part / whole).mean(axis=2)[:, None] for part in (1, more))
    share: F32 = (by_habit * np.where(is_group[:, :, None], lifted, others)).mean(axis=2)
    return share


def family(group: npt.NDArray[np.integer], share: F32) -> npt.NDArray[np.bool_]:
    """[texts x candidates] those of the first candidate's ISCO unit group (-1: none); where none, itself alone."""
    first = share.argmax(axis=1)[:, None]
    of_first = np.take_along_axis(group, first, axis=1)
    same: npt.NDArray[np.bool_] = np.where(of_first >= 0, group == of_first, np.arange(share.shape[1]) == first)
    return same


def _correct(
    asked: list[str], language: npt.NDArray[np.int32], found: evidence.Evidence, total: F32, branch: Branch
) -> list[int]:
    """The rows that somebody has corrected, after giving their concept all of the row's mass."""
    if not branch.corrections:
        return []
    rows = []
    for row, (key, code) in enumerate(zip(keys(asked).tolist(), language.tolist(), strict=True)):
        concept = branch.corrections.get((key, code), branch.corrections.get((key, -1)))
        if concept is not None:
            same = np.flatnonzero(found.concept[row] == concept)
            column = int(same[0]) if len(same) else int(total[row, :, 0].argmin())
            if not len(same):
                view = branch.view(code)
                labelled = view.label[concept] < view.label[concept + 1]
                first = view.first + view.label[concept]
                found.concept[row, column] = concept
                found.label[row, column] = first if labelled else np.flatnonzero(branch.label_concept == concept)[0]
            total[row, column] = total[row].max(axis=0) + 50
            rows.append(row)
    return rows


_EXACT, _LETTERS, _WORDS, _GROUP = (evidence.NAMES.index(n) for n in ("exact", "letters", "words", "group"))


DOUBTS = ("share", "family", "groups")
"""What the confidence is a logistic of: the log odds of the candidate's share of the mass and of the first candidate's
unit group's, and the share of all ISCO groups."""


def doubts(share: F32, same_group: F32, groups: F32) -> F32:
    """[.., DOUBTS] from those three shares of the mass."""
    odds = [np.log(np.maximum(p, 1e-9)) - np.log(np.maximum(1 - p, 1e-6)) for p in (share, same_group)]
    return np.stack([*odds, groups], axis=-1).astype(np.float32)


def confidence(share: F32, same_group: F32, groups: F32, fitted: Fusion) -> F32:
    """The calibrated probability of each candidate, as `doubts` has it."""
    slopes = np.array([fitted.confidence[name] for name in DOUBTS], np.float32)
    out = fitted.confidence["constant"] + doubts(share, same_group, groups) @ slopes
    sure: F32 = (1 / (1 + np.exp(-out))).astype(np.float32)
    return sure
