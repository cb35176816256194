"""How far the bundled pack agrees with national classifications at the ISCO-08 unit group, on titles it never saw.

`python -m benchmarks.bundled_pack DATA` prints, for each country whose language the pack has, the titles whose group
the pack has job titles for: how many of them are answered (accept or review) and how often the group is that of the
ESCO occupation which the country links the title to; and of all titles that are accepted, how often. The links are
not the truth: of titles that equal one of the pack's own, a fifth are linked to another group.
"""

import sys
from pathlib import Path

import polars as pl

from benchmarks import melo
from skillbridge.taxonomies import pack
from skillbridge.taxonomies.normalizer import index_of, resolve


def agreement(data: Path, taxonomy: pack.Taxonomy) -> pl.DataFrame:
    """One row a country: shares of its titles, as the columns say; `covered` are those of groups with job titles."""
    esco = melo.taxonomy(data)
    group_of = dict(esco.concepts.select("concept_uri", "isco").iter_rows())
    written = taxonomy.labels.filter(pl.col("review") == "unreviewed").select("concept_uri").unique()
    groups = set(taxonomy.concepts.join(written, on="concept_uri").get_column("isco").drop_nulls())
    index = index_of(taxonomy, "occupation")
    rows = []
    for country in melo.titles(data):
        lang = country.corpus.split("@")[0]
        if lang not in taxonomy.languages:
            continue
        right = [group_of.get(concept) for concept in country.concepts]
        known = pl.DataFrame({"title": country.titles, "right": right}).filter(pl.col("right").str.len_chars() == 4)
        found = resolve(known["title"].to_list(), index, lang=lang, limit=1)
        answers = known.with_columns(found["isco"], found["decision"], covered=pl.col("right").is_in(list(groups)))
        rows.append((country.country, lang, *_shares(answers)))
    shares = ("titles", "covered", "answered", "right", "accepted", "right_of_covered", "right_of_all")
    return pl.DataFrame(rows, schema=["country", "language", *shares], orient="row")


def _shares(answers: pl.DataFrame) -> tuple[int | float | None, ...]:
    right = pl.col("isco").fill_null("") == pl.col("right")
    covered = answers.filter("covered")
    answered = covered.filter(pl.col("decision") != "reject")
    accepted = answers.filter(pl.col("decision") == "accept")
    of_covered = accepted.filter("covered")
    agree = [part.select(right.mean()).item() for part in (answered, of_covered, accepted)]
    return (
        len(answers),
        len(covered),
        len(answered) / max(1, len(covered)),
        agree[0],
        len(accepted),
        agree[1],
        agree[2],
    )


def main() -> None:
    """Print the table."""
    with pl.Config(tbl_rows=-1, tbl_cols=-1, float_precision=3):
        print(agreement(Path(sys.argv[1]), pack.load("core")))


if __name__ == "__main__":
    main()
