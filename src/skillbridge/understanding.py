"""What workers and vacancies say in words, as concepts of a taxonomy: job titles and skills."""

from collections.abc import Callable

import polars as pl

from skillbridge.taxonomies.index import Index, Kind
from skillbridge.taxonomies.normalizer import resolve
from skillbridge.taxonomies.pack import Taxonomy


def understand(
    people_or_jobs: pl.DataFrame, taxonomy: Taxonomy, index: Callable[[Kind], Index] | None = None
) -> pl.DataFrame:
    """The frame with what is written in words as concepts: `concept` and `isco` filled from the `occupation` where both
    are empty, and the `skills`.

    `index` gives the taxonomy's for a kind, if they are at hand; they are opened otherwise.

    A title the normalizer rejects stays without a concept: that row then has no candidates, and says why. A skill that
    it rejects stays as written, and meets the same words alone. A taxonomy without labels, as a plan's folder keeps
    it, understands nothing new.
    """
    if taxonomy.labels.is_empty():
        return people_or_jobs
    blank = pl.col("isco").is_null() & pl.col("concept").is_null() & (pl.col("occupation").fill_null("") != "")
    titles = people_or_jobs.filter(blank)["occupation"]
    understood = _concepts(titles, "occupation", taxonomy, index).select(
        occupation="text", understood_concept="concept_uri", understood_isco="isco"
    )
    return (
        people_or_jobs.join(understood, on="occupation", how="left", maintain_order="left")
        .with_columns(
            concept=pl.when(blank).then("understood_concept").otherwise("concept"),
            isco=pl.when(blank).then("understood_isco").otherwise("isco"),
            skills=_understood_skills(people_or_jobs["skills"], taxonomy, index),
        )
        .select(people_or_jobs.columns)
    )


def _understood_skills(lists: pl.Series, taxonomy: Taxonomy, index: Callable[[Kind], Index] | None) -> pl.Series:
    """The lists with the concepts of those written in words, each once, in the order written."""
    known = taxonomy.concepts.filter(pl.col("kind") == "skill")["concept_uri"]
    distinct = lists.drop_nulls().unique().sort().alias("list").to_frame().with_row_index("row")
    parts = distinct.with_columns(text=pl.col("list").str.split(";")).explode("text")
    parts = parts.with_columns(pl.col("text").str.strip_chars()).filter(pl.col("text") != "")
    words = parts.filter(~pl.col("text").is_in(known.implode()))["text"]
    if known.is_empty() or words.is_empty():
        return lists
    found = _concepts(words, "skill", taxonomy, index)
    rewritten = (
        parts.join(found, on="text", how="left", maintain_order="left")
        .with_columns(skill=pl.coalesce("concept_uri", "text"))
        .unique(["row", "skill"], keep="first", maintain_order=True)
        .group_by("list", maintain_order=True)
        .agg(pl.col("skill").str.join(";"))
    )
    return lists.to_frame("list").join(rewritten, on="list", how="left", maintain_order="left")["skill"]


def _concepts(texts: pl.Series, kind: Kind, taxonomy: Taxonomy, index: Callable[[Kind], Index] | None) -> pl.DataFrame:
    """text, concept_uri, isco of the distinct texts that the normalizer does not reject, sorted by text."""
    distinct = texts.unique().sort()
    if distinct.is_empty():
        return pl.DataFrame(schema={"text": pl.String, "concept_uri": pl.String, "isco": pl.String})
    found = resolve(distinct, index(kind) if index else taxonomy, kind=kind, limit=1)
    found = found.filter(pl.col("decision") != "reject")
    return found.select(pl.lit(distinct).gather("item").alias("text"), "concept_uri", "isco")
