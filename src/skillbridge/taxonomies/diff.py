"""Two versions of a taxonomy side by side: what changed, and what stored concepts become."""

import polars as pl

from skillbridge.model import ISCO
from skillbridge.taxonomies.pack import Taxonomy, preferred

CHANGES = ("added", "gone", "renamed", "reworded", "moved", "recoded", "retyped")
"""Kinds of change: renamed is another preferred label, reworded other labels added or dropped, moved another parent or
unit group, recoded another notation, retyped another kind."""

OUTCOMES = ("kept", "replaced", "widened", "gone")
"""What a stored concept becomes: itself, a successor, its unit group, or nothing."""


def diff(old: Taxonomy, new: Taxonomy) -> pl.DataFrame:
    """change, concept_uri, lang, before, after: every difference of concepts, sorted by these.

    `renamed` has a row for each language whose preferred label changed (null where there was none); `reworded` one for
    each language that has other words, with those dropped and those added; the others have no language. A language
    that only one version speaks is no change of a concept. Parents are compared by the broader relations.
    """
    a, b = old.concepts, new.concepts
    both = a.join(b, on="concept_uri", suffix="_new")
    parts = [
        _rows("added", b.join(a, on="concept_uri", how="anti"), pl.lit(None), _name(new)),
        _rows("gone", a.join(b, on="concept_uri", how="anti"), _name(old), pl.lit(None)),
    ]
    for change, column in (("moved", "isco"), ("recoded", "notation"), ("retyped", "kind")):
        differ = both.filter(pl.col(column).ne_missing(pl.col(f"{column}_new")))
        parts.append(_rows(change, differ, pl.col(column), pl.col(f"{column}_new")))
    parents = _parents(old).join(_parents(new), on="concept_uri", how="full", suffix="_new", coalesce=True)
    moved = parents.join(both.select("concept_uri"), on="concept_uri", how="semi").filter(
        pl.col("parents").ne_missing(pl.col("parents_new"))
    )
    parts.append(_rows("moved", moved, pl.col("parents"), pl.col("parents_new")))
    shared = sorted({*old.languages} & {*new.languages})
    names = preferred(old).join(preferred(new), on=["concept_uri", "lang"], how="full", suffix="_new", coalesce=True)
    renamed = names.join(both.select("concept_uri"), on="concept_uri", how="semi").filter(
        pl.col("label").ne_missing(pl.col("label_new")),
        pl.col("lang").is_in(shared),
    )
    parts.append(_rows("renamed", renamed, pl.col("label"), pl.col("label_new"), pl.col("lang")))
    words = _only(old, new, "dropped").join(
        _only(new, old, "added"), on=["concept_uri", "lang"], how="full", coalesce=True
    )
    words = words.join(both, on="concept_uri", how="semi").filter(pl.col("lang").is_in(shared))
    parts.append(_rows("reworded", words, pl.col("dropped"), pl.col("added"), pl.col("lang")))
    return pl.concat(parts).sort("change", "concept_uri", "lang", "before", "after")


def _rows(
    change: str, frame: pl.DataFrame, before: pl.Expr, after: pl.Expr, lang: pl.Expr | None = None
) -> pl.DataFrame:
    return frame.select(
        change=pl.lit(change),
        concept_uri="concept_uri",
        lang=(pl.lit(None) if lang is None else lang).cast(pl.String),
        before=before.cast(pl.String),
        after=after.cast(pl.String),
    )


def _name(taxonomy: Taxonomy) -> pl.Expr:
    """The English, else the first, preferred label of each concept."""
    labels = (
        preferred(taxonomy)
        .sort(pl.col("lang") != "en", "lang")
        .unique("concept_uri", keep="first", maintain_order=True)
    )
    return pl.col("concept_uri").replace_strict(
        labels["concept_uri"], labels["label"], default=None, return_dtype=pl.String
    )


def _only(here: Taxonomy, there: Taxonomy, name: str) -> pl.DataFrame:
    """concept_uri, lang and the labels (joined by "; ") that only `here` has, without those preferred in either."""
    key = ["concept_uri", "lang", "label"]
    main = pl.concat([preferred(here), preferred(there)]).select(key)
    words = here.labels.select(key).unique().join(there.labels, on=key, how="anti").join(main, on=key, how="anti")
    return (
        words.sort(key)
        .group_by("concept_uri", "lang", maintain_order=True)
        .agg(pl.col("label").str.join("; ").alias(name))
    )


def _parents(taxonomy: Taxonomy) -> pl.DataFrame:
    broader = taxonomy.relations.filter(pl.col("relation") == "broader").sort("subject", "object")
    return (
        broader.group_by("subject", maintain_order=True)
        .agg(pl.col("object").unique(maintain_order=True))
        .select(concept_uri="subject", parents=pl.col("object").list.join(" "))
    )


def migrate(stored: pl.Series, old: Taxonomy, new: Taxonomy) -> pl.DataFrame:
    """concept_uri, count, outcome, target, how, label: what each distinct stored concept becomes in `new`.

    A concept of `new` is kept (`how` says `unchanged`, `renamed` or `moved`). One that is gone is replaced by its
    stated successor (relation `replaced_by`, followed to its end), else by the only concept of its kind with its
    preferred label, else by the one that shares most of its labels (at least half, and more than any other); else an
    occupation is widened to its unit group. What nothing answers is gone, and a person has to decide. `count` is how
    often it is stored; sorted by outcome, then concept.
    """
    counts = stored.drop_nulls().rename("concept_uri").value_counts(name="count").sort("concept_uri")
    held = set(new.concepts["concept_uri"].to_list())
    changes: dict[str, str] = {}
    for change in ("moved", "renamed"):
        changes |= dict.fromkeys(diff(old, new).filter(pl.col("change") == change)["concept_uri"].to_list(), change)
    lost = counts.filter(~pl.col("concept_uri").is_in(new.concepts["concept_uri"].implode()))
    successors = _successors(old, new)
    by_label = _by_label(lost["concept_uri"], old, new)
    units = dict(old.concepts.filter(pl.col("kind") == "occupation").select("concept_uri", "isco").rows())
    rows = []
    for uri, count in counts.rows():
        outcome, target, how, label = "gone", None, "", None
        successor = _follow(uri, successors, held)
        unit = f"{ISCO}{units.get(uri)}"
        if uri in held:
            outcome, target, how = "kept", uri, changes.get(uri, "unchanged")
        elif successor is not None:
            outcome, target, how = "replaced", successor, "replaced_by"
        elif uri in by_label:
            outcome = "replaced"
            target, how, label = by_label[uri]
        elif unit in held:
            outcome, target, how = "widened", unit, "unit group"
        rows.append((uri, count, outcome, target, how, label))
    schema = dict.fromkeys(("concept_uri", "count", "outcome", "target", "how", "label"), pl.String()) | {
        "count": pl.UInt32()
    }
    order = pl.col("outcome").replace_strict({name: n for n, name in enumerate(OUTCOMES)}, return_dtype=pl.UInt8)
    return pl.DataFrame(rows, schema=schema, orient="row").sort(order, "concept_uri")


def _successors(old: Taxonomy, new: Taxonomy) -> dict[str, str]:
    told = pl.concat([old.relations, new.relations]).filter(pl.col("relation") == "replaced_by")
    return dict(
        told.sort("subject", "object")
        .unique("subject", keep="first", maintain_order=True)
        .select("subject", "object")
        .rows()
    )


def _follow(uri: str, successors: dict[str, str], held: set[str]) -> str | None:
    seen: set[str] = set()
    while uri in successors and uri not in seen:
        seen.add(uri)
        uri = successors[uri]
    return uri if seen and uri in held else None


def _by_label(lost: pl.Series, old: Taxonomy, new: Taxonomy) -> dict[str, tuple[str, str, str]]:
    """Lost concept -> (target, how, the label that told it)."""

    def words(taxonomy: Taxonomy) -> pl.DataFrame:
        kinds = taxonomy.concepts.select("concept_uri", "kind")
        folded = pl.col("label").str.to_lowercase().str.normalize("NFKC")
        return (
            taxonomy.labels.join(kinds, on="concept_uri")
            .select("concept_uri", "kind", "lang", "label", folded=folded, main=pl.col("label_kind") == "preferred")
            .unique(["concept_uri", "lang", "folded"], keep="first", maintain_order=True)
        )

    mine = words(old).filter(pl.col("concept_uri").is_in(lost.implode()))
    told = mine.join(words(new), on=["kind", "lang", "folded"], suffix="_new")
    total = dict(mine.group_by("concept_uri").len().rows())
    found: dict[str, tuple[str, str, str]] = {}
    for (uri,), part in told.sort("concept_uri", "lang", "folded").group_by(["concept_uri"], maintain_order=True):
        main = part.filter(pl.col("main"), pl.col("main_new"))
        targets = main["concept_uri_new"].unique().to_list()
        shared = (
            part.group_by("concept_uri_new").len().sort(["len", "concept_uri_new"], descending=[True, False]).rows()
        )
        if len(targets) == 1:
            found[str(uri)] = (targets[0], "preferred label", main["label"][0])
        elif 2 * shared[0][1] >= total[str(uri)] and (len(shared) == 1 or shared[0][1] > shared[1][1]):
            label = part.filter(pl.col("concept_uri_new") == shared[0][0])["label"][0]
            found[str(uri)] = (shared[0][0], f"{shared[0][1]} of {total[str(uri)]} labels", label)
    return found


def apply(stored: pl.Series, plan: pl.DataFrame) -> pl.Series:
    """`stored` with each concept replaced by its target in `plan` (of :func:`migrate`); null where it is gone."""
    return stored.replace_strict(plan["concept_uri"], plan["target"], default=None, return_dtype=pl.String)
