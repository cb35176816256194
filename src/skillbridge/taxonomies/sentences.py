"""Skills and occupations named inside free text, each with the span that is its evidence.

A text is cut at punctuation into clauses and each clause into windows of a few words; every window is resolved like a
title, and of windows that overlap the surest stays. The text is never linked as a whole.
"""

import re
from collections.abc import Iterator, Sequence

import polars as pl

from skillbridge.taxonomies.index import Index, Kind
from skillbridge.taxonomies.language import likely
from skillbridge.taxonomies.normalizer import RESOLVED, index_of, resolve
from skillbridge.taxonomies.pack import Taxonomy

WINDOW = 7
"""Words of the longest window."""

MENTIONS: dict[str, pl.DataType] = {"item": pl.UInt32(), "kind": pl.String()} | {
    name: dtype for name, dtype in RESOLVED.items() if name not in ("item", "rank")
}

_CLAUSE_END = re.compile(r"[.!?;:,()\[\]{}\"«»“”„|/\\•·*\n\r\t。！？、；।۔؟،؛–—]+|\s-\s")
_WORD = re.compile(r"[^\W_][\w'’+#&.-]*", re.UNICODE)
_SHORT = 3
_KEPT = ("exact", "label", "words")


def mentions(
    texts: Sequence[str | None] | pl.Series,
    index: Index | Taxonomy,
    *,
    kinds: Sequence[Kind] = ("occupation", "skill"),
    lang: str | Sequence[str | None] | None = None,
    least: float = 0.5,
) -> pl.DataFrame:
    """What the texts name: columns MENTIONS, sorted by item, span and kind; a text may have none.

    `least` is the lowest confidence kept. Spans are [start, end) in characters of the text; spans of one kind do not
    overlap.
    """
    given = [text or "" for text in texts]
    tags = [lang] * len(given) if lang is None or isinstance(lang, str) else list(lang)
    windows = pl.DataFrame(
        [(item, start, end, text[start:end]) for item, text in enumerate(given) for start, end in _windows(text)],
        schema={"item": pl.UInt32, "start": pl.UInt32, "end": pl.UInt32, "text": pl.String},
        orient="row",
    )
    found = [_found(windows, _spoken(given, tags, index, kind), index, kind, least) for kind in kinds]
    return pl.concat(found).sort("item", "span_start", "kind") if found else pl.DataFrame(schema=MENTIONS)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Spans of one to WINDOW words inside a clause that neither begin nor end with a very short word."""
    begin = 0
    for end, after in [*((m.start(), m.end()) for m in _CLAUSE_END.finditer(text)), (len(text), len(text))]:
        words = [(m.start(), m.end()) for m in _WORD.finditer(text, begin, end)]
        begin = after
        small = [stop - start < _SHORT and text[start:stop].islower() for start, stop in words]
        for first in range(len(words)):
            for last in range(first, min(first + WINDOW, len(words))):
                if not (small[first] or small[last]):
                    yield words[first][0], words[last][1]


def _spoken(texts: list[str], tags: list[str | None], index: Index | Taxonomy, kind: Kind) -> list[str | None]:
    """The tag of each text; where there is none, the language of the whole of it, which tells more than its pieces."""
    if all(tags) or not texts:
        return tags
    branch = (index if isinstance(index, Index) else index_of(index, kind)).branch(kind)
    told = likely(texts, branch.arrays["spellings"]).argmax(axis=1)
    return [tag or branch.languages[best] for tag, best in zip(tags, told, strict=True)]


def _found(
    windows: pl.DataFrame, tags: list[str | None], index: Index | Taxonomy, kind: Kind, least: float
) -> pl.DataFrame:
    """The surest windows that name a concept of one kind, without overlaps."""
    answers = resolve(windows["text"], index, kind=kind, lang=[tags[item] for item in windows["item"]], limit=1)
    sure = (
        answers.drop("span_start", "span_end", "rank")
        .rename({"item": "window"})
        .with_columns(windows.select("item", "start", "end"))
        .filter(pl.col("method").is_in(_KEPT) & (pl.col("score") >= least))
        .with_columns(
            exact=pl.col("method") == "exact",
            sureness=(pl.col("score") * 10).round(),
            length=(pl.col("end").cast(pl.Int64) - pl.col("start")) * pl.when(method="exact").then(-1).otherwise(1),
        )
        .sort("item", "exact", "sureness", "length", "start", descending=[False, True, True, False, False])
    )
    taken: dict[int, list[tuple[int, int]]] = {}
    kept = []
    for row, (item, start, end) in enumerate(sure.select("item", "start", "end").iter_rows()):
        spans = taken.setdefault(item, [])
        if all(end <= low or start >= high for low, high in spans):
            spans.append((start, end))
            kept.append(row)
    return (
        sure[kept]
        .with_columns(kind=pl.lit(kind))
        .rename({"start": "span_start", "end": "span_end"})
        .select(MENTIONS.keys())
        .cast(pl.Schema(MENTIONS))
    )
