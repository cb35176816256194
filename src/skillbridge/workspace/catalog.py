"""Acts on taxonomies: list, search as you type, resolve texts in batch, walk the graph of skills.

The engines are imported at the first question, which keeps the start of a server short.
"""

import bisect
import itertools
import re
import threading
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from skillbridge.access import Actor, check
from skillbridge.errors import BadInput, Refused
from skillbridge.workspace import Workspace
from skillbridge.workspace.views import (
    ConceptHit,
    ConceptHits,
    ConceptLink,
    ConceptView,
    Resolution,
    Resolutions,
    Resolve,
    TaxonomyList,
    TaxonomyView,
    Understood,
)

if TYPE_CHECKING:
    from skillbridge.taxonomies.index import Index
    from skillbridge.taxonomies.pack import Taxonomy

PACK = "core"
"""The taxonomy that workspaces use unless their settings name another."""

Kind = Literal["occupation", "skill"]
_ONE_AT_A_TIME = threading.Lock()


@lru_cache(maxsize=4)
def taxonomy(name: str = PACK) -> "Taxonomy":
    """A pack, loaded once."""
    from skillbridge.taxonomies import pack

    with _ONE_AT_A_TIME:
        return pack.load(name)


_COMPILING = threading.Lock()


def index(kind: Kind, name: str = PACK) -> "Index":
    """The index of a pack for one kind: saved beside the pack at the first use, compiled by one thread at a time."""
    from skillbridge.taxonomies.normalizer import index_of

    with _COMPILING:
        return index_of(taxonomy(name), kind)


class _Labels(NamedTuple):
    """`begun`: what may be typed, in order, each with the words before it in its label and the row that it leads to;
    `rows`: (uri, notation, kind, label, lang)."""

    begun: list[tuple[str, int, int]]
    rows: list[tuple[str, str, str, str, str]]


@lru_cache(maxsize=4)
def _labels(name: str = PACK) -> _Labels:
    """Every label from the beginning of each of its words, and every code."""
    import polars as pl

    from skillbridge.taxonomies.fold import fold

    loaded = taxonomy(name)
    table = loaded.labels.join(loaded.concepts, on="concept_uri", how="inner").select(
        "concept_uri", pl.col("notation").fill_null(""), "kind", "label", "lang"
    )
    rows: list[tuple[str, str, str, str, str]] = sorted(table.iter_rows())
    begun = []
    for number, text in enumerate(fold(row[3] for row in rows)):
        words = text.split()
        begun += [(" ".join(words[k:]), k, number) for k in range(len(words))]
        begun += [(code, 0, number) for code in fold(rows[number][1:2]) if code]
    return _Labels(sorted(begun), rows)


@lru_cache(maxsize=8)
def _names(lang: str = "en", name: str = PACK) -> dict[str, str]:
    """Concept -> its preferred label, in the language where there is one."""
    from skillbridge.taxonomies import pack

    return pack.names(taxonomy(name), lang)


def label_of(skill: str) -> str:
    """What a concept is called; a text, or a concept that the taxonomy does not hold, is called as it is written."""
    return _names().get(skill, skill)


_URI = re.compile(r"(?:https?://|urn:)[^\s,;()]+")


def labels_in(texts: Iterable[str], lang: str = "en") -> dict[str, str]:
    """Concept -> label of every concept that the texts name by URI, in order of the URIs."""
    named, names = {uri for text in texts for uri in _URI.findall(text)}, _names(lang)
    return {uri: names[uri] for uri in sorted(named) if uri in names}


def warm() -> None:
    """Load what the search for labels needs."""
    _labels()


def warm_reader(ws: Workspace) -> None:
    """Load and compile what reading texts needs."""
    from skillbridge.taxonomies.normalizer import resolve as resolve_texts

    resolve_texts(["fruit picker"], index("occupation"), kind="occupation", limit=1)
    resolve_texts(["welding"], index("skill"), kind="skill", limit=1)


def list_taxonomies(ws: Workspace, actor: Actor) -> TaxonomyList:
    """The bundled taxonomies."""
    from skillbridge.taxonomies import pack

    check(actor, "concepts.read")
    loaded = [taxonomy(name) for name in pack.library()]
    return TaxonomyList(
        [
            TaxonomyView(one.id, one.version, list(one.languages), one.concepts.height, one.labels.height)
            for one in loaded
        ]
    )


class SearchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was typed so far."""

    q: Annotated[
        str,
        msgspec.Meta(
            description="beginning of a code, of a label or of a word in one",
            examples=["fruit"],
            min_length=1,
            max_length=100,
        ),
    ]
    kind: Annotated[
        Literal["occupation", "isco_group", "skill", "skill_group"] | None,
        msgspec.Meta(description="kind of concept", examples=["occupation"]),
    ] = None
    lang: (
        Annotated[
            str,
            msgspec.Meta(
                description="language of the labels", examples=["en"], max_length=35, pattern="^[A-Za-z0-9-]*$"
            ),
        ]
        | None
    ) = None
    limit: Annotated[int, msgspec.Meta(description="labels at most", examples=[10], ge=1, le=100)] = 10


def search(ws: Workspace, actor: Actor, query: SearchQuery) -> ConceptHits:
    """Codes that begin as typed and labels with words that do, those that begin so first, one a concept, then the
    shortest first."""
    from skillbridge.taxonomies.fold import fold

    check(actor, "concepts.read")
    labels, typed = _labels(), (fold([query.q]) or [""])[0]
    found: dict[str, ConceptHit] = {}
    if typed:
        start = bisect.bisect_left(labels.begun, (typed,))
        before: dict[int, int] = {}
        for text, words, row in itertools.islice(labels.begun, start, start + 5_000):
            if not text.startswith(typed):
                break
            before[row] = min(words, before.get(row, words))
        first = sorted(before, key=lambda row: (before[row] > 0, len(labels.rows[row][3]), labels.rows[row][3], row))
        for uri, notation, kind, label, lang in (labels.rows[row] for row in first):
            if (query.kind in (None, kind)) and (query.lang in (None, lang)) and uri not in found:
                found[uri] = ConceptHit(uri, notation, kind, label, lang)
            if len(found) >= query.limit:
                break
    return ConceptHits(list(found.values()))


def resolve(ws: Workspace, actor: Actor, body: Resolve) -> Resolutions:
    """The concepts that texts name, with calibrated confidence; equal texts are resolved once and remembered."""
    check(actor, "concepts.read")
    known = _answers(_Question(body.kind, body.lang or None, body.limit), body.texts)
    return Resolutions([Resolution(text, known[text]) for text in body.texts])


class _Question(NamedTuple):
    kind: Kind
    lang: str | None
    limit: int


REMEMBERED = 100_000
"""Answers kept in memory, of the texts asked last."""

_REMEMBERED: dict[tuple[_Question, str], list[Understood]] = {}
_REMEMBERING = threading.Lock()


def _answers(asked: _Question, texts: Iterable[str]) -> dict[str, list[Understood]]:
    """The answers to each text."""
    wanted = dict.fromkeys(texts)
    found = {text: _REMEMBERED.get((asked, text)) for text in wanted}
    if unknown := [text for text, answers in found.items() if answers is None]:
        fresh = _find(asked, unknown)
        keep({asked: fresh})
        found |= fresh
    return {text: answers for text, answers in found.items() if answers is not None}


def _find(asked: _Question, texts: list[str]) -> dict[str, list[Understood]]:
    from skillbridge.taxonomies.normalizer import resolve as resolve_texts

    frame = resolve_texts(texts, index(asked.kind), kind=asked.kind, lang=asked.lang, limit=asked.limit)
    found: list[list[Understood]] = [[] for _ in texts]
    columns = ["item", "rank", "concept_uri", "notation", "isco", "label", "score", "method", "decision"]
    for item, *answer in frame.select(columns).iter_rows():
        found[item].append(Understood(*answer))
    return dict(zip(texts, found, strict=True))


def known(ws: Workspace, actor: Actor, body: Resolve) -> bool:
    """Whether every text was asked before, so that the answer is at hand."""
    asked = _Question(body.kind, body.lang or None, body.limit)
    return all((asked, text) in _REMEMBERED for text in body.texts)


def lacking(calls: Sequence[Sequence[object]]) -> dict[_Question, list[str]]:
    """The texts of several calls (actor, body) that are not remembered, by what is asked of them."""
    texts: dict[_Question, dict[str, None]] = {}
    for *_, body in calls:
        assert isinstance(body, Resolve)
        asked = _Question(body.kind, body.lang or None, body.limit)
        fresh = (text for text in body.texts if (asked, text) not in _REMEMBERED)
        texts.setdefault(asked, {}).update(dict.fromkeys(fresh))
    return {asked: list(unknown) for asked, unknown in texts.items() if unknown}


def find(ws: Workspace, texts: dict[_Question, list[str]]) -> dict[_Question, dict[str, list[Understood]]]:
    """The answers to all of these, which cost little more than one of them."""
    return {asked: _find(asked, unknown) for asked, unknown in texts.items()}


def keep(found: dict[_Question, dict[str, list[Understood]]]) -> None:
    """Remember answers; where there are too many, the oldest half is forgotten."""
    with _REMEMBERING:
        for asked, answers in found.items():
            if len(_REMEMBERED) + len(answers) > REMEMBERED:
                for key in list(_REMEMBERED)[: REMEMBERED // 2]:
                    del _REMEMBERED[key]
            _REMEMBERED.update({(asked, text): told for text, told in answers.items()})


class ConceptQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which concept."""

    uri: Annotated[
        str,
        msgspec.Meta(
            description="concept URI or code",
            examples=["http://data.europa.eu/esco/isco/C9211"],
            min_length=1,
            max_length=300,
        ),
    ]


def read_concept(ws: Workspace, actor: Actor, query: ConceptQuery) -> ConceptView:
    """A concept with its labels, the skills it asks for, and the concepts above, below and beside it."""
    import polars as pl

    from skillbridge.taxonomies import pack

    check(actor, "concepts.read")
    loaded = taxonomy()
    try:
        concept = pack.find(loaded, query.uri)
    except BadInput as error:
        raise Refused("not_found", error.what) from None
    names = pack.preferred(loaded)
    mine = names.filter(pl.col("concept_uri") == concept.uri)
    relations = loaded.relations
    out = relations.filter(pl.col("subject") == concept.uri).select("relation", other="object")
    below = relations.filter((pl.col("object") == concept.uri) & (pl.col("relation") == "broader")).select(
        relation=pl.lit("narrower"), other="subject"
    )
    links = pl.concat([out, below]).unique().sort("relation", "other").head(500)
    label_of = dict(
        names.filter(pl.col("concept_uri").is_in(links["other"].unique()))
        .sort(pl.col("lang") == "en", maintain_order=True)
        .select("concept_uri", "label")
        .iter_rows()
    )
    return ConceptView(
        concept.uri,
        concept.kind,
        concept.notation,
        concept.label,
        dict(mine.select("lang", "label").iter_rows()),
        [ConceptLink(relation, other, label_of.get(other, "")) for relation, other in links.iter_rows()],
    )
