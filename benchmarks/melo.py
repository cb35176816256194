"""National occupation titles linked to ESCO (the public MELO benchmark): queries, labels and the paper's figures."""

import io
import zipfile
from pathlib import Path
from typing import NamedTuple

import polars as pl

from skillbridge.model import ISCO
from skillbridge.taxonomies.pack import Taxonomy, from_tables


class Country(NamedTuple):
    """A country's titles and the concept each is linked to; `corpus` names the labels they are searched in."""

    country: str
    corpus: str
    titles: list[str]
    concepts: list[str]


def titles(data: Path, most: int | None = None) -> list[Country]:
    """The countries in order; at most `most` titles of each, drawn with a fixed seed."""
    table = pl.read_csv(data / "melo" / "titles_gold.csv.gz", infer_schema=False)
    found = []
    for (country,), rows in table.group_by("country", maintain_order=True):
        drawn = rows if most is None or len(rows) <= most else rows.sample(most, seed=7).sort("query_id")
        corpus = f"{drawn['lang'][0]}@{drawn['esco_version'][0]}"
        found.append(Country(str(country), corpus, drawn["title"].to_list(), drawn["gold_concept_uris"].to_list()))
    return sorted(found)


def taxonomy(data: Path) -> Taxonomy:
    """All languages' labels, each in the ESCO version that its country's titles name, as a language `de@1.0.3`."""
    labels = pl.read_csv(data / "esco" / "occupation_labels_21langs.csv.gz", infer_schema=False)
    asked = dict(country.corpus.split("@") for country in titles(data, 1))
    kept = labels.group_by("lang").agg(pl.col("esco_version").max())
    kept = kept.with_columns(esco_version=pl.col("lang").replace_strict(asked, default=pl.col("esco_version")))
    labels = labels.join(kept, on=["lang", "esco_version"], how="semi", maintain_order="left")
    parents = _parents(data)
    uris = labels["concept_uri"].unique().sort().to_list()
    rows = []
    for uri in uris:
        group = uri
        while not group.startswith(ISCO) and group in parents:
            group = parents[group]
        code = group.removeprefix(ISCO) if group.startswith(ISCO) else None
        rows.append((uri, "isco_group" if uri == group and code else "occupation", code if uri == group else uri, code))
    return from_tables(
        "esco-all-versions",
        "1",
        concepts=pl.DataFrame(rows, schema=["concept_uri", "kind", "notation", "isco"], orient="row"),
        labels=labels.select(
            "concept_uri",
            "label",
            lang=pl.col("lang") + "@" + pl.col("esco_version"),
            label_kind=pl.when(pl.col("preferred") == "1").then(pl.lit("preferred")).otherwise(pl.lit("alternative")),
        ),
        relations=pl.DataFrame(schema={"subject": pl.String, "relation": pl.String, "object": pl.String}),
    )


def _parents(data: Path) -> dict[str, str]:
    (path,) = (data / "esco").glob("*classification -  - csv.zip")
    with zipfile.ZipFile(path) as file:
        frame = pl.read_csv(io.BytesIO(file.read("broaderRelationsOccPillar.csv")), infer_schema=False)
    return dict(frame.select("conceptUri", "broaderUri").rows())


def published(data: Path) -> dict[str, tuple[str, float]]:
    """The paper's best model and its MRR for each country's own-language set."""
    table = pl.read_csv(data / "melo" / "published_results.csv").filter(pl.col("class") == "mono")
    best = table.sort("MRR", descending=True).with_columns(country=pl.col("dataset").str.slice(0, 3).str.to_uppercase())
    return {
        c: (m, r)
        for c, m, r in best.unique("country", keep="first", maintain_order=True)
        .select("country", "model", "MRR")
        .rows()
    }


def quality(answers: list[list[str]], concepts: list[str]) -> tuple[float, float, float]:
    """Mean reciprocal rank, share right at the first, share right among the first ten."""
    ranks = [found.index(right) + 1 if right in found else 0 for found, right in zip(answers, concepts, strict=True)]
    n = len(ranks)
    return (
        sum(1 / rank for rank in ranks if rank) / n,
        sum(rank == 1 for rank in ranks) / n,
        sum(0 < rank <= 10 for rank in ranks) / n,
    )
