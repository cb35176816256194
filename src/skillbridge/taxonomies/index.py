"""A taxonomy made ready for linking: its labels as features, its concepts as documents, and a classifier of both.

Compiled once per taxonomy and kind, saved as memory-mapped arrays, loaded in a fraction of a second.
"""

import csv
import hashlib
import tomllib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numba
import numpy as np
import numpy.typing as npt
import polars as pl
import tomli_w

from skillbridge.errors import BadInput, Corrupt
from skillbridge.tables import replace_file
from skillbridge.taxonomies import classifier
from skillbridge.taxonomies.classifier import Compact
from skillbridge.taxonomies.fold import FEATURES, PAIRS, TRIPLES, WORDS, Features, features, fold, keys, stems
from skillbridge.taxonomies.language import closest, spellings
from skillbridge.taxonomies.learn import corrections
from skillbridge.taxonomies.pack import Taxonomy

Kind = Literal["occupation", "skill"]
KINDS: tuple[Kind, ...] = ("occupation", "skill")
FORMAT = 4


class Learning(NamedTuple):
    """How a classifier learns: the mean of how many, the passes over its texts, how many times each shows a preferred
    label (any other once), and what the loss on the unit group weighs."""

    members: int
    passes: int
    preferred: int
    family: float


OCCUPATIONS, OTHERS = Learning(2, 2, 3, 0.5), Learning(2, 3, 1, 0.25)
"""Of occupations under ISCO groups, where national titles told; of groups alone and of skills."""

F32 = npt.NDArray[np.float32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]

NEAR = 256
"""How many features share a place in the directory of the documents' features."""

ESCO = "http://data.europa.eu/esco/"
_CONCEPT_KINDS = {"occupation": ("occupation", "isco_group"), "skill": ("skill",)}


class Documents(NamedTuple):
    """Which concepts a feature occurs in, within one language: `start` [features + 1] into `concept`."""

    feature: I32
    start: I64
    concept: I32


class View(NamedTuple):
    """The part of a branch that one language searches."""

    first: int  # the branch's number of its first label; its labels are numbered on from there, concept after concept
    label: I64  # [concepts + 1] into its labels
    start: I64  # [labels + 1] into feature: a label's words, and from `letters` on its letters
    letters: I64  # [labels]
    feature: U16  # of the branch's labels: words by their number, letters by theirs less WORDS
    weight: F32  # [TRIPLES] rarity of label features
    per_mass: F32  # [labels] one over the sum of the weights of a label's words, over their length, that of its letters
    per_words: F32
    per_letters: F32
    documents: Documents
    near: I64  # [FEATURES / NEAR + 1] into the documents' features: the first of each NEAR
    rarity: F32  # of each feature of the documents
    document_norm: F32  # [concepts]


@dataclass(frozen=True, eq=False)
class Branch:
    """One kind's compiled index.

    `concepts`: concept_uri, notation, isco, is_group.
    `labels`: concept, lang (number in `languages`), label; sorted by lang, concept. `features` are the labels' words,
    2- and 3-grams; `key.label` are the labels in the order of `key.hash`, the hashes of their stems.
    """

    kind: Kind
    languages: tuple[str, ...]
    concepts: pl.DataFrame
    labels: pl.DataFrame
    arrays: dict[str, npt.NDArray[Any]]
    titles: int = 0
    """How many titles besides the labels the classifier has learned from."""
    titles_digest: str = ""
    """Which titles those were; empty where there were none."""
    corrections: dict[tuple[int, int], int] = field(default_factory=dict)
    """(key of the folded text, language or -1) -> concept: what people have said is right."""
    _views: dict[int, View] = field(default_factory=dict)

    @property
    def classifier(self) -> Compact:
        return Compact(*(self.arrays[f"classifier.{name}"] for name in Compact._fields))

    @property
    def fusion(self) -> str:
        """The name of the fusion that fits: `group` where there are ISCO groups and no occupation under them."""
        return "group" if self.kind == "occupation" and self.concepts["is_group"].all() else self.kind

    @property
    def label_concept(self) -> I32:
        return self.arrays["label.concept"]

    @property
    def group(self) -> I32:
        return self.arrays["group"]

    @property
    def is_broad(self) -> npt.NDArray[np.bool_]:
        """Whether a concept is an ISCO group above the unit groups."""
        return self.arrays["broad"]

    @cached_property
    def often(self) -> F32:
        """[concepts] how often national classifications name each concept, by `named.csv`, as `favour` weighs it."""
        known = named()
        return favour(np.array([known.get(uri, 0.0) for uri in self.concepts["concept_uri"]], np.float32))

    def view(self, language: int) -> View:
        """What language number `language` searches."""
        if language not in self._views:
            self._views[language] = _view(self, language)
        return self._views[language]


@dataclass(frozen=True, eq=False)
class Index:
    """The compiled branches of a taxonomy; `digest` is the taxonomy's."""

    id: str
    version: str
    digest: str
    branches: dict[str, Branch]

    def branch(self, kind: str) -> Branch:
        if kind not in self.branches:
            raise BadInput(f"taxonomy {self.id}", f"no {kind} concepts in it", f"one of {sorted(self.branches)}")
        return self.branches[kind]


@cache
def named() -> dict[str, float]:
    """concept_uri -> its share of what national classifications name, 1 for a concept as frequent as the mean of all.

    Read from `named.csv`, which `benchmarks.held_back --fit` counts.
    """
    rows = csv.DictReader(Path(__file__).with_name("named.csv").read_text(encoding="utf-8").splitlines())
    return {ESCO + row["concept"]: int(row["hundredths"]) / 100 for row in rows}


def favour(share: F32) -> F32:
    """The logarithm of a concept's share, of one never named that of three tenths of the mean."""
    weighed: F32 = np.log(share + np.float32(0.3)).astype(np.float32)
    return weighed


def compile_index(
    taxonomy: Taxonomy,
    kinds: Sequence[Kind] = KINDS,
    *,
    titles: pl.DataFrame | None = None,
    progress: Callable[[float], None] | None = None,
) -> Index:
    """The index of a taxonomy: seconds for the core pack, some minutes for ESCO in 21 languages.

    `titles` (concept_uri, label) are further texts the classifier learns from; they are not searched themselves.
    `progress` is told the share done, from 0 to 1.
    """
    branches: dict[str, Branch] = {}
    for number, kind in enumerate(kinds):

        def tell(share: float, number: int = number) -> None:
            if progress is not None:
                progress((number + share) / len(kinds))

        branch = _branch(taxonomy, kind, titles, tell)
        if branch is not None:
            branches[kind] = _corrected(branch, taxonomy)
    return Index(taxonomy.id, taxonomy.version, taxonomy.digest, branches)


def _corrected(branch: Branch, taxonomy: Taxonomy) -> Branch:
    """The branch with the taxonomy's corrections; they are looked up, so that none needs compiling anew."""
    told = corrections(taxonomy).join(branch.concepts.with_row_index("concept"), on="concept_uri")
    if told.is_empty():
        return branch
    langs = [closest(lang, branch.languages) for lang in told["lang"]]
    found = zip(keys(fold(told["text"])).tolist(), langs, told["concept"], strict=True)
    return replace(branch, corrections={(key, lang): concept for key, lang, concept in found})


def _compiled_from(taxonomy: Taxonomy) -> str:
    """The digest of what an index is compiled from: the taxonomy without its corrections, its tables if never saved."""
    if not taxonomy.digest:
        return hashlib.sha256((taxonomy.concepts.write_csv() + taxonomy.labels.write_csv()).encode()).hexdigest()
    return taxonomy.digest.rpartition("+")[0] if taxonomy.meta.get("corrections") else taxonomy.digest


def _digest_of(titles: pl.DataFrame) -> str:
    """What tells one table of titles from another, in whatever order its rows are."""
    rows = titles.select("concept_uri", "label").unique().sort("concept_uri", "label")
    return hashlib.sha256(rows.write_csv().encode()).hexdigest()


def _branch(
    taxonomy: Taxonomy, kind: Kind, titles: pl.DataFrame | None, progress: Callable[[float], None]
) -> Branch | None:
    concepts = taxonomy.concepts.filter(pl.col("kind").is_in(_CONCEPT_KINDS[kind])).sort("concept_uri")
    number = concepts.select("concept_uri").with_row_index("concept")
    labels = (
        taxonomy.labels.join(number, on="concept_uri")
        .filter(pl.col("label").str.strip_chars() != "")
        .unique(["lang", "concept", "label"])
    )
    if labels.is_empty():
        return None
    languages = tuple(labels["lang"].unique().sort().to_list())
    labels = (
        labels.with_columns(
            lang=pl.col("lang").replace_strict(list(languages), list(range(len(languages))), return_dtype=pl.UInt8),
            preferred=pl.col("label_kind") == "preferred",
        )
        .sort("lang", "concept", "preferred", "label", descending=[False, False, True, False])
        .select("lang", "concept", "label", "preferred")
    )
    groups = _groups(concepts)
    folded = fold(labels["label"].to_list())
    bags = features(folded)
    concept = labels["concept"].to_numpy().astype(np.int32)
    preferred = labels["preferred"].to_numpy()
    way = OCCUPATIONS if (concepts["kind"] == "occupation").any() else OTHERS
    often = np.where(preferred, way.preferred, 1).astype(np.int32)
    learned, taught, taught_digest = (bags, concept), 0, ""
    if titles is not None:
        extra = titles.join(number, on="concept_uri").sort("concept", "label")
        more = features(fold(extra["label"].to_list()))
        learned = _join(bags, more), np.concatenate([concept, extra["concept"].to_numpy().astype(np.int32)])
        often = np.concatenate([often, np.ones(len(extra), np.int32)])
        taught, taught_digest = len(extra), _digest_of(titles)
    family = np.where(groups >= 0, groups, np.arange(len(groups), dtype=np.int32))
    model = classifier.train(
        *learned, family, members=way.members, often=often, passes=way.passes, family=way.family, progress=progress
    )
    arrays: dict[str, npt.NDArray[Any]] = {
        f"classifier.{name}": value for name, value in classifier.compact(model)._asdict().items()
    }
    broad = concepts.select(
        (pl.col("kind") == "isco_group") & (pl.col("notation").str.len_chars() < 4).fill_null(False)
    )["kind"].to_numpy()
    arrays |= _label_features(bags) | _keys(folded) | {"label.concept": concept, "group": groups, "broad": broad}
    arrays["label.preferred"] = preferred
    lang = labels["lang"].to_numpy()
    arrays["spellings"] = spellings(labels["label"].to_list(), lang.astype(np.int64), len(languages))
    for code in range(len(languages)):
        arrays |= {f"{code}.{name}": a for name, a in _documents(bags, concept, lang == code)._asdict().items()}
    table = concepts.select("concept_uri", "notation", "isco", is_group=pl.col("kind") == "isco_group")
    return Branch(kind, languages, table, labels, arrays, taught, taught_digest)


def _groups(concepts: pl.DataFrame) -> I32:
    """The number of each concept's ISCO unit group (its own for a group), -1 where it has none."""
    of_group = concepts["kind"] == "isco_group"
    own = dict(zip(concepts["notation"].filter(of_group), np.flatnonzero(of_group.to_numpy()), strict=True))
    codes = concepts.select(pl.when(of_group).then("notation").otherwise("isco"))["notation"].to_list()
    return np.array([own.get(code, -1) for code in codes], np.int32)


def _join(first: Features, second: Features) -> Features:
    return Features(
        np.concatenate([first.start, second.start[1:] + first.start[-1]]),
        np.concatenate([first.feature, second.feature]),
        np.concatenate([first.times, second.times]),
    )


def _label_features(bags: Features) -> dict[str, npt.NDArray[Any]]:
    """The words, 2- and 3-grams of the labels, which candidates are compared by."""
    kept, word = bags.feature < TRIPLES, bags.feature < WORDS
    before, words = (np.concatenate([[0], np.cumsum(which)]) for which in (kept, word))
    start = before[bags.start].astype(np.int64)
    letters = start[:-1] + np.diff(words[bags.start])
    return {"label.start": start, "label.letters": letters, "label.feature": bags.feature[kept].astype(np.uint16)}


def _keys(folded: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    hashes = keys([stems(text) for text in folded])
    order = np.argsort(hashes, kind="stable")
    return {"key.hash": hashes[order], "key.label": order.astype(np.int32), "label.key": keys(folded)}


def _documents(bags: Features, concept: I32, rows: npt.NDArray[np.bool_]) -> Documents:
    """The 3- to 5-grams and words of each concept's labels in `rows`, turned round: feature -> concepts."""
    lengths = np.diff(bags.start)
    inside = np.repeat(rows, lengths) & ((bags.feature < WORDS) | (bags.feature >= PAIRS))
    pair = bags.feature[inside].astype(np.int64) << 32 | np.repeat(concept, lengths)[inside]
    pair = np.unique(pair)
    feature, start = np.unique((pair >> 32).astype(np.int32), return_index=True)
    return Documents(feature, np.append(start, len(pair)).astype(np.int64), (pair & 0xFFFFFFFF).astype(np.int32))


def _view(branch: Branch, language: int) -> View:
    lang = branch.labels["lang"].to_numpy()
    low, high = (int(np.searchsorted(lang, language, side)) for side in ("left", "right"))
    label = np.searchsorted(branch.label_concept[low:high], np.arange(branch.concepts.height + 1)).astype(np.int64)
    start, letters = branch.arrays["label.start"][low : high + 1], branch.arrays["label.letters"][low:high]
    feature = branch.arrays["label.feature"]
    seen = np.zeros(TRIPLES, np.int64)
    _count(start, letters, feature, seen)
    weight = np.where(seen > 0, np.log((1 + high - low) / (1 + seen)) + 1, 0).astype(np.float32)
    lengths = np.zeros((3, high - low), np.float32)
    _lengths(start, letters, feature, weight, lengths)
    documents = Documents(*(branch.arrays[f"{language}.{name}"] for name in Documents._fields))
    near = np.searchsorted(documents.feature, np.arange(0, FEATURES + 1, NEAR)).astype(np.int64)
    rare = _rare(documents, branch.concepts.height)
    per = np.repeat(rare**2, np.diff(documents.start))
    by_concept = np.sqrt(np.bincount(documents.concept, weights=per, minlength=branch.concepts.height))
    mass, words, chars = lengths
    norm = by_concept.astype(np.float32)
    return View(low, label, start, letters, feature, weight, mass, words, chars, documents, near, rare, norm)


@numba.njit(cache=True)
def _count(start, letters, feature, seen):  # type: ignore[no-untyped-def]  # pragma: no cover
    for n in range(letters.size):
        for j in range(start[n], letters[n]):
            seen[feature[j]] += 1
        for j in range(letters[n], start[n + 1]):
            seen[WORDS + feature[j]] += 1


@numba.njit(cache=True)
def _lengths(start, letters, feature, weight, lengths):  # type: ignore[no-untyped-def]  # pragma: no cover
    for n in range(letters.size):
        mass = words = chars = 0.0
        for j in range(start[n], letters[n]):
            mass += weight[feature[j]]
            words += np.float64(weight[feature[j]]) ** 2
        for j in range(letters[n], start[n + 1]):
            chars += np.float64(weight[WORDS + feature[j]]) ** 2
        for kind, length in enumerate((mass, np.sqrt(words), np.sqrt(chars))):
            lengths[kind, n] = 1 / max(length, 1e-9)


def _rare(documents: Documents, concepts: int) -> F32:
    return (np.log((1 + concepts) / (1 + np.diff(documents.start))) + 1).astype(np.float32)


def open_index(
    taxonomy: Taxonomy,
    folder: Path | None,
    kinds: Sequence[Kind] = KINDS,
    *,
    titles: pl.DataFrame | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Index:
    """The index of `taxonomy`, from `folder` where it was saved, else compiled and saved there (if it can be written).

    With `titles` it is compiled anew unless these very titles have taught the saved one; without, a saved index is used
    whatever it has learned from.
    `progress` is told the kind and the share of it compiled, from 0 to 1.
    """
    branches: dict[str, Branch] = {}
    for kind in kinds:
        place = folder / kind if folder is not None else None
        branch = _load(place, _compiled_from(taxonomy)) if place is not None else None
        if branch is not None and titles is not None and branch.titles_digest != _digest_of(titles):
            branch = None
        if branch is None:
            tell = None if progress is None else partial(progress, kind)
            branch = compile_index(taxonomy, (kind,), titles=titles, progress=tell).branches.get(kind)
            if branch is not None and place is not None:
                with suppress(OSError):
                    _save(branch, place, _compiled_from(taxonomy))
        if branch is not None:
            branches[kind] = _corrected(branch, taxonomy)
    return Index(taxonomy.id, taxonomy.version, taxonomy.digest, branches)


def read_titles(path: Path, taxonomy: Taxonomy) -> pl.DataFrame:
    """concept_uri, label of a CSV of titles with their concept: columns text (or title) and concept (or concept_uri).

    Rows whose concept the taxonomy lacks are left out; `BadInput` where none is left.
    """
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(str(path), str(error).splitlines()[0], "a CSV table with columns text, concept") from None
    text = next((name for name in ("text", "title", "label") if name in frame.columns), None)
    concept = next((n for n in ("concept", "concept_uri", "gold_concept_uris") if n in frame.columns), None)
    if text is None or concept is None:
        raise BadInput(str(path), f"columns {', '.join(frame.columns)}", "columns text, concept")
    known = frame.select(concept_uri=concept, label=text).drop_nulls().unique().sort("concept_uri", "label")
    known = known.join(taxonomy.concepts.select("concept_uri"), on="concept_uri", how="semi", maintain_order="left")
    if known.is_empty():
        raise BadInput(str(path), f"none of its {len(frame)} rows has a concept of {taxonomy.id}", "concept URIs")
    return known


def _save(branch: Branch, place: Path, digest: str) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "index.toml").unlink(missing_ok=True)
    for name, array in branch.arrays.items():
        np.save(place / f"{name}.npy", array, allow_pickle=False)
    branch.concepts.write_ipc(place / "concepts.arrow")
    branch.labels.write_ipc(place / "labels.arrow")
    stamp = {
        "format": FORMAT,
        "digest": digest,
        "kind": branch.kind,
        "languages": list(branch.languages),
        "titles": branch.titles,
        "titles_digest": branch.titles_digest,
        "arrays": sorted(branch.arrays),
    }
    replace_file(place / "index.toml", lambda path: path.write_text(tomli_w.dumps(stamp), encoding="utf-8"))


def _load(place: Path, digest: str) -> Branch | None:
    """The branch saved in `place`, or None where there is none for this format and `digest`."""
    stamp = place / "index.toml"
    if not stamp.is_file():
        return None
    try:
        told = tomllib.loads(stamp.read_text(encoding="utf-8"))
        if told["format"] != FORMAT or told["digest"] != digest:
            return None
        arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in told["arrays"]}
        concepts = pl.read_ipc(place / "concepts.arrow")
        labels = pl.read_ipc(place / "labels.arrow")
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise Corrupt(f"index {place}: {error}; remove the folder and it is compiled again") from None
    taught = told.get("titles", 0), told.get("titles_digest", "")
    return Branch(told["kind"], tuple(told["languages"]), concepts, labels, arrays, *taught)
