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
from skillbridge.taxonomies.fold import features, fold, keys
from skillbridge.taxonomies.index import KINDS, Branch, Index, Kind, compile_index
from skillbridge.taxonomies.language import closest
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
    """The fitted numbers of one kind: `weights` by signal, `confidence` of the logistic, `accept` and `review` from."""

    weights: F32
    confidence: dict[str, float]
    accept: float
    review: float


@cache
def fusion(name: str) -> Fusion:
    """What fusion.toml says for occupations, for ISCO groups alone, or for skills."""
    told: dict[str, Any] = tomllib.loads(Path(__file__).with_name("fusion.toml").read_text(encoding="utf-8"))[name]
    weights = np.array([told["weights"].get(name, 0.0) for name in evidence.NAMES], np.float32)
    return Fusion(weights, told["confidence"], told["accept"], told["review"])


_COMPILED: "WeakKeyDictionary[Taxonomy, dict[str, Index]]" = WeakKeyDictionary()


def index_of(taxonomy: Taxonomy, kind: Kind) -> Index:
    """The index of a taxonomy for one kind, compiled at the first call and kept while the taxonomy lives."""
    known = _COMPILED.setdefault(taxonomy, {})
    if kind not in known:
        known[kind] = compile_index(taxonomy, (kind,))
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

    `lang` is a BCP 47 tag for all texts or one for each; without it, or where the taxonomy lacks the language, all its
    languages are searched. `score` is the calibrated probability that the concept is right. `decision` speaks of the
    first rank's ISCO unit group: `accept` (right at least 95 times in 100), `review`, `reject`; a text that is not
    understood comes back with a null concept and method `none`. Equal texts are resolved once.
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
    language = np.array([closest(tag, branch.languages) for tag in langs], np.int32)
    folded = fold(texts)
    legible = np.array([bool(text) for text in folded], np.bool_)
    parts = []
    for code in np.unique(language[legible]):
        of_language = np.flatnonzero((language == code) & legible)
        batches = (of_language[first : first + BATCH] for first in range(0, len(of_language), BATCH))
        parts += [_answers(batch, folded, branch, int(code), limit) for batch in batches]
    nothing = pl.DataFrame({"number": np.flatnonzero(~legible)})
    parts.append(
        nothing.with_columns(
            rank=pl.lit(1), concept=pl.lit(None, pl.Int32), closest=pl.lit(None, pl.Int32), score=pl.lit(0.0),
            method=pl.lit("none"), decision=pl.lit("reject"),
        )
    )  # fmt: skip
    order = ["number", "rank", "concept", "closest", "score", "method", "decision"]
    answers = pl.concat([part.select(order) for part in parts], how="vertical_relaxed")
    lengths = pl.DataFrame({"number": np.arange(len(texts)), "span_end": [len(text) for text in texts]})
    concepts = branch.concepts.with_row_index("concept").cast({"concept": pl.Int32})
    labels = branch.labels.select("label").with_row_index("closest").cast({"closest": pl.Int32})
    return (
        answers.join(concepts, on="concept", how="left", maintain_order="left")
        .join(labels, on="closest", how="left", maintain_order="left")
        .join(lengths, on="number", how="left", maintain_order="left")
        .with_columns(span_start=pl.lit(0), number=pl.col("number").cast(pl.UInt32))
        .sort("number", "rank")
    )


def _answers(numbers: npt.NDArray[np.int64], folded: list[str], branch: Branch, code: int, limit: int) -> pl.DataFrame:
    asked = [folded[n] for n in numbers]
    found = evidence.gather(asked, features(asked), branch, code)
    fitted = fusion(branch.fusion)
    total = found.signals @ fitted.weights
    total[found.concept < 0] = -np.inf
    corrected = _correct(asked, found, total, branch, code)
    total -= total.max(axis=1, keepdims=True)
    share = np.exp(total)
    share /= share.sum(axis=1, keepdims=True)
    limit = min(limit, share.shape[1])
    order = np.argsort(-share, axis=1, kind="stable")[:, :limit]
    ranked = found.concept >= 0
    take = np.take_along_axis
    concept, label, likely = (take(a, order, axis=1) for a in (found.concept, found.label, share))
    signals = take(found.signals, order[:, :, None], axis=1)
    score = confidence(likely, signals, fitted)
    reasons = [signals[:, :, _EXACT] > 0, signals[:, :, _LETTERS] > 0.75, signals[:, :, _WORDS] > 0.5]
    method = np.select([*reasons, signals[:, :, _GROUP] > 0], [1, 2, 3, 5], 4)
    score[corrected, 0], method[corrected, 0] = 1, 6
    sure = np.repeat(_family(found.concept, share, branch), limit, axis=1)
    decision = np.where(sure >= fitted.accept, "accept", np.where(sure >= fitted.review, "review", "reject"))
    kept = take(ranked, order, axis=1)
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


def _family(concept: npt.NDArray[np.int32], share: F32, branch: Branch) -> F32:
    """[texts x 1] mass of the first candidate's ISCO unit group with all its occupations; without one, its own mass."""
    group = branch.group[np.maximum(concept, 0)]
    first = share.argmax(axis=1)[:, None]
    own = np.take_along_axis(share, first, axis=1)
    of_first = np.take_along_axis(group, first, axis=1)
    whole = (share * ((group == of_first) & (concept >= 0))).sum(axis=1, keepdims=True)
    return np.where(of_first >= 0, whole, own)


def _correct(asked: list[str], found: evidence.Evidence, total: F32, branch: Branch, code: int) -> list[int]:
    """The rows that somebody has corrected, after giving their concept all of the row's mass."""
    if not branch.corrections:
        return []
    rows = []
    for row, key in enumerate(keys(asked).tolist()):
        concept = branch.corrections.get((key, code), branch.corrections.get((key, -1)))
        if concept is not None:
            same = np.flatnonzero(found.concept[row] == concept)
            column = int(same[0]) if len(same) else found.concept.shape[1] - 1
            if not len(same):
                view = branch.view(code)
                labels = view.label[view.label_first[concept] : view.label_first[concept + 1]]
                found.concept[row, column] = concept
                found.label[row, column] = (
                    labels[0] if len(labels) else np.flatnonzero(branch.label_concept == concept)[0]
                )
            total[row, column] = total[row].max() + 50
            rows.append(row)
    return rows


def _first_label(branch: Branch, concept: int, code: int) -> int:
    for view in (branch.view(code), branch.view(-1)):
        first = view.label_first[concept]
        if first < view.label_first[concept + 1]:
            return int(view.label[first])
    raise AssertionError(f"concept {concept} has no label")


_EXACT, _LETTERS, _WORDS, _GROUP = (evidence.NAMES.index(n) for n in ("exact", "letters", "words", "group"))


def confidence(
    likely: npt.NDArray[np.float32], signals: npt.NDArray[np.float32], fitted: Fusion
) -> npt.NDArray[np.float32]:
    """The calibrated probability of each ranked candidate from its share of the fusion's mass."""
    told = fitted.confidence
    log_odds = np.log(np.maximum(likely, 1e-9)) - np.log(np.maximum(1 - likely, 1e-6))
    out = told["constant"] + told["slope"] * log_odds
    return (1 / (1 + np.exp(-out))).astype(np.float32)
