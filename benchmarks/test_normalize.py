"""The normalizer against the public benchmark and against rapidfuzz. Run with `pytest benchmarks/test_normalize.py -s`.

The weights of fusion.toml were fitted on these countries; docs/normalizer.md has the figures with each country held
back. What is measured here is the product as shipped, learned from labels alone.
"""

import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rapidfuzz import fuzz, process

from benchmarks import melo
from skillbridge.taxonomies.index import Index, open_index
from skillbridge.taxonomies.normalizer import resolve

pytestmark = [pytest.mark.data, pytest.mark.slow]
MOST = 300
"""Titles per country."""


@pytest.fixture(scope="module")
def shared_data() -> Path:
    folder = Path(os.environ.get("SKILLBRIDGE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no shared data at {folder}: set SKILLBRIDGE_DATA to its folder")
    return folder


@pytest.fixture(scope="module")
def index(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    started = time.process_time()
    compiled = open_index(melo.taxonomy(shared_data), tmp_path_factory.mktemp("index"), ("occupation",))
    print(f"\ncompiled in {time.process_time() - started:.0f} CPU-seconds")
    return compiled


def test_national_titles_against_the_papers_best(index: Index, shared_data: Path) -> None:
    published = melo.published(shared_data)
    rows = []
    for country in melo.titles(shared_data, MOST):
        found = resolve(country.titles, index, lang=country.corpus, limit=100)
        answers = found.group_by("item", maintain_order=True).agg("concept_uri")["concept_uri"].to_list()
        rows.append((country.country, *melo.quality(answers, country.concepts), *published[country.country]))
    with pl.Config(tbl_rows=20, float_precision=3):
        print(pl.DataFrame(rows, schema=["country", "MRR", "A@1", "A@10", "paper's best", "its MRR"], orient="row"))
    mean = np.mean([row[1:4] for row in rows], axis=0)
    print(f"mean MRR {mean[0]:.3f}, A@1 {mean[1]:.3f}, A@10 {mean[2]:.3f}")
    assert mean[0] >= 0.56


def test_titles_a_second_against_rapidfuzz(index: Index, shared_data: Path) -> None:
    usa = next(country for country in melo.titles(shared_data) if country.country == "USA")
    resolve(usa.titles[:10], index, lang=usa.corpus)
    started = time.process_time()
    resolve(usa.titles, index, lang=usa.corpus)
    ours = len(usa.titles) / (time.process_time() - started)
    branch = index.branch("occupation")
    labels = branch.labels.filter(pl.col("lang") == branch.languages.index(usa.corpus))["label"].to_list()
    started = time.process_time()
    for title in usa.titles[:20]:
        process.extract(title, labels, scorer=fuzz.WRatio, limit=10)
    theirs = 20 / (time.process_time() - started)
    print(f"\n{len(labels)} labels: {ours:.0f} titles a second, rapidfuzz {theirs:.1f}, {ours / theirs:.0f} times")
    assert ours >= 100 * theirs
