"""The normalizer's quality on countries whose titles its weights never saw.

`python -m benchmarks.held_back DATA [--index DIR] [--most N]` compiles the labels of all languages (into DIR, if one is
named, where the next run finds them), gathers what speaks for each candidate of each title, and fits the weights of
`fusion.toml` four times, each time on nine countries, to rank the titles of the other three. The classifier learns
from ESCO's labels alone throughout. N titles of each country are ranked (default all); `FITTED` of them are fitted on.
"""

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.optimize import minimize

from benchmarks import melo
from skillbridge.taxonomies import evidence
from skillbridge.taxonomies.fold import features
from skillbridge.taxonomies.index import Branch, open_index
from skillbridge.taxonomies.normalizer import folded_for

F32 = npt.NDArray[np.float32]
FITTED, FOLDS, PENALTY = 400, 4, 1e-3
GROUP = -0.4
"""Added to the likelihood's weight of `group`, as in fusion.toml: few countries answer with groups."""
_GROUP = evidence.NAMES.index("group")


class Asked(NamedTuple):
    """A country's titles: `signals` [n, candidates, NAMES], `concept` [n, candidates] (-1: none), the `right` [n]."""

    signals: F32
    concept: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]


def ask(country: melo.Country, branch: Branch) -> Asked:
    """What speaks for each candidate of a country's titles, in the labels of its corpus."""
    number = {uri: n for n, uri in enumerate(branch.concepts["concept_uri"])}
    folded = folded_for(country.titles, branch)
    parts = [folded[start : start + 512] for start in range(0, len(folded), 512)]
    found = [evidence.gather(part, features(part), branch, branch.languages.index(country.corpus)) for part in parts]
    right = np.array([number.get(uri, -2) for uri in country.concepts], np.int64)
    signals, concept = (np.concatenate([getattr(one, name) for one in found]) for name in ("signals", "concept"))
    return Asked(signals, concept, right)


def some(asked: Asked, most: int) -> Asked:
    """At most `most` titles, drawn with a fixed seed."""
    drawn = np.sort(np.random.default_rng(7).permutation(len(asked.right))[:most])
    return Asked(asked.signals[drawn], asked.concept[drawn], asked.right[drawn])


def fit(countries: list[Asked]) -> F32:
    """Weights [NAMES] of the conditional logit of the right candidate, each country counted alike."""
    hits = [one.concept == one.right[:, None] for one in countries]
    reached = [hit.any(axis=1) for hit in hits]
    signals = np.concatenate([one.signals[held] for one, held in zip(countries, reached, strict=True)])
    real = np.concatenate([one.concept[held] >= 0 for one, held in zip(countries, reached, strict=True)])
    at = np.concatenate([hit[held].argmax(axis=1) for hit, held in zip(hits, reached, strict=True)])
    share = np.concatenate([np.full(held.sum(), 1 / held.sum() / len(countries)) for held in reached])
    mean = np.where(real[:, :, None], signals, 0).sum(axis=1, keepdims=True) / real.sum(axis=1)[:, None, None]
    spread = np.maximum(np.sqrt(np.mean((signals - mean)[real] ** 2, axis=0)), 1e-3)
    signals = signals / spread
    title = np.arange(len(at))

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        total = np.where(real, signals @ weights.astype(np.float32), -1e9)
        total -= total.max(axis=1, keepdims=True)
        p = np.exp(total)
        p /= p.sum(axis=1, keepdims=True)
        value = -float((share * np.log(p[title, at] + 1e-12)).sum()) + PENALTY * float((weights**2).sum())
        p[title, at] -= 1
        slope = np.einsum("nk,nkd->d", p * share[:, None], signals)
        return value, slope.astype(np.float64) + 2 * PENALTY * weights

    found = minimize(loss, np.zeros(signals.shape[2]), jac=True, method="L-BFGS-B", options={"maxiter": 150})
    return np.asarray(found.x / spread, np.float32)


def ranked(asked: Asked, weights: F32) -> tuple[float, float, float]:
    """(MRR, A@1, A@10) of the candidates in the order of `weights`; of equals the right one comes last."""
    total = np.where(asked.concept >= 0, asked.signals @ weights, -np.inf)
    hit = asked.concept == asked.right[:, None]
    best = np.where(hit, total, -np.inf).max(axis=1)
    place = np.where(hit.any(axis=1), (total >= best[:, None]).sum(axis=1), 0)
    return (
        float(np.where(place > 0, 1 / np.maximum(place, 1), 0).mean()),
        float((place == 1).mean()),
        float(((place > 0) & (place <= 10)).mean()),
    )


def held_back(countries: dict[str, Asked]) -> pl.DataFrame:
    """country, MRR, A@1, A@10: each ranked with weights fitted on the countries of the other folds."""
    names = sorted(countries)
    rows = []
    for first in range(FOLDS):
        out = names[first::FOLDS]
        weights = fit([some(countries[name], FITTED) for name in names if name not in out])
        weights[_GROUP] += GROUP
        rows += [(name, *ranked(countries[name], weights)) for name in out]
    return pl.DataFrame(rows, schema=["country", "MRR", "A@1", "A@10"], orient="row").sort("country")


def main() -> None:
    """Print the table and its means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--index", type=Path, help="where the compiled labels are kept")
    parser.add_argument("--most", type=int, help="titles of each country")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(melo.taxonomy(given.data), given.index or Path(folder), ("occupation",))
        branch = index.branch("occupation")
        table = held_back({one.country: ask(one, branch) for one in melo.titles(given.data, given.most)})
    with pl.Config(tbl_rows=-1, float_precision=3):
        print(table)
    means = table.select(pl.col("MRR", "A@1", "A@10").mean()).row(0)
    print("mean MRR {:.4f}, A@1 {:.4f}, A@10 {:.4f}".format(*means))


if __name__ == "__main__":
    main()
