"""The normalizer's quality on countries whose titles its numbers never saw.

`python -m benchmarks.held_back DATA [--index DIR] [--most N] [--fit]` compiles the labels of all languages (into DIR,
if one is named, where the next run finds them) and gathers what speaks for each candidate of each title. Four times, it
fits on nine countries to rank the titles of the other three: the weights, how much less a whole ISCO group weighs, how
often classifications name a concept, the confidence. While weights are fitted, a country's own titles do not count
among those that say how often. The classifier learns from ESCO's labels alone throughout. N titles of each country are
ranked (default all), `FITTED` of them are fitted on.

With `--fit` the numbers of all twelve countries follow, for `fusion.toml`, and `named.csv` is written.
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
from skillbridge.taxonomies import evidence, normalizer
from skillbridge.taxonomies.fold import features
from skillbridge.taxonomies.index import ESCO, Branch, favour, open_index
from skillbridge.taxonomies.normalizer import Fusion, folded_for

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
FITTED, FOLDS, PENALTY = 400, 4, 1e-3
OWN = 1e-3
"""The penalty on what a country's weights have of their own, as PENALTY is on what all have in common."""
LEANS = tuple((middle - 4.5, middle, middle + 4.5) for middle in (-2.4, -2.0, -1.6, -1.2, -0.8, -0.4))
"""What a country may weigh groups more: some hardly ever answer with them, some mostly. The middle is fitted."""
BINS, DRAWS = 10, 200
ACCEPT, REVIEW, HEARD = 0.93, 0.25, 0.4
_GROUP, _OFTEN, _LETTERS, _WORDS = (evidence.NAMES.index(name) for name in ("group", "often", "letters", "words"))


class Asked(NamedTuple):
    """A country's titles [n] with their candidates: `signals` [n, candidates, NAMES], `concept` (-1: none) and its unit
    `group` (-1: none) [n, candidates], the `right` concept and its unit group `right_group` [n] (-2: unknown)."""

    signals: F32
    concept: I64
    group: I64
    right: I64
    right_group: I64


class Answered(NamedTuple):
    """First answers [n]: the candidate's `share` of the mass, that of its unit group and that of all ISCO groups,
    whether a label is near enough, whether the concept and whether the unit group is right."""

    share: F32
    family: F32
    groups: F32
    near: npt.NDArray[np.bool_]
    right: npt.NDArray[np.bool_]
    right_group: npt.NDArray[np.bool_]


def ask(country: melo.Country, branch: Branch) -> Asked:
    """What speaks for each candidate of a country's titles, in the labels of its corpus."""
    number = {uri: n for n, uri in enumerate(branch.concepts["concept_uri"])}
    folded = folded_for(country.titles, branch)
    parts = [folded[start : start + 512] for start in range(0, len(folded), 512)]
    found = [evidence.gather(part, features(part), branch, branch.languages.index(country.corpus)) for part in parts]
    right = np.array([number.get(uri, -2) for uri in country.concepts], np.int64)
    signals, concept = (np.concatenate([getattr(one, name) for one in found]) for name in ("signals", "concept"))
    group, right_group = (
        np.where(concept >= 0, branch.group[concept], -1),
        np.where(right >= 0, branch.group[right], -2),
    )
    return Asked(signals, concept, group, right, right_group)


def some(asked: Asked, most: int) -> Asked:
    """At most `most` titles, drawn with a fixed seed."""
    drawn = np.sort(np.random.default_rng(7).permutation(len(asked.right))[:most])
    return Asked(
        asked.signals[drawn], asked.concept[drawn], asked.group[drawn], asked.right[drawn], asked.right_group[drawn]
    )


def named(rights: list[I64], concepts: int) -> F32:
    """[concepts] how often countries name each concept, 1 on average: a country's share of each goes with the root of
    its number of titles, and every country counts alike."""
    roots = [np.sqrt(np.bincount(right[right >= 0], minlength=concepts)) for right in rights]
    share: F32 = np.mean([root / max(root.sum(), 1) * concepts for root in roots], axis=0).astype(np.float32)
    return share


def told(asked: Asked, share: F32) -> Asked:
    """The titles with `share` [concepts] as how often each concept is named."""
    signals = asked.signals.copy()
    signals[:, :, _OFTEN] = np.where(asked.concept >= 0, favour(share)[asked.concept], 0)
    return asked._replace(signals=signals)


def fit(countries: list[Asked]) -> F32:
    """Weights [countries, NAMES] of each one's conditional logit of the right candidate, titles that reach it alone.

    A country's weights are those in common and what is its own; both are kept small, and every country counts alike.
    """
    hits = [one.concept == one.right[:, None] for one in countries]
    reached = [hit.any(axis=1) for hit in hits]
    real = [one.concept[held] >= 0 for one, held in zip(countries, reached, strict=True)]
    at = [hit[held].argmax(axis=1) for hit, held in zip(hits, reached, strict=True)]
    signals = [
        np.where(is_real[:, :, None], one.signals[held], 0)
        for one, held, is_real in zip(countries, reached, real, strict=True)
    ]
    spread = _spread(signals, real)
    signals = [some / spread for some in signals]
    width, alike = len(spread), 1 / len(countries)

    def loss(numbers: F64) -> tuple[float, F64]:
        common, own = numbers[:width], numbers[width:].reshape(-1, width)
        value = PENALTY * float((common**2).sum()) + OWN * alike * float((own**2).sum())
        slopes = 2 * OWN * alike * own
        shared = 2 * PENALTY * common
        for n, (some, is_real, right) in enumerate(zip(signals, real, at, strict=True)):
            total = np.where(is_real, some @ (common + own[n]).astype(np.float32), -1e9)
            total -= total.max(axis=1, keepdims=True)
            p = np.exp(total)
            p /= p.sum(axis=1, keepdims=True)
            title = np.arange(len(right))
            value -= alike * float(np.log(p[title, right] + 1e-12).mean())
            p[title, right] -= 1
            slope = alike / len(right) * (p.reshape(-1) @ some.reshape(-1, width)).astype(np.float64)
            slopes[n] += slope
            shared += slope
        return value, np.append(shared, slopes)

    start = np.zeros(width * (1 + len(countries)))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights: F32 = ((found[:width] + found[width:].reshape(-1, width)) / spread).astype(np.float32)
    return weights


def _spread(signals: list[F32], real: list[npt.NDArray[np.bool_]]) -> F32:
    """[NAMES] how much each signal differs between the candidates of a title."""
    square, candidates = np.zeros(signals[0].shape[2]), 0
    for some, is_real in zip(signals, real, strict=True):
        mean = some.sum(axis=1, keepdims=True) / is_real.sum(axis=1)[:, None, None]
        square += ((some - mean)[is_real] ** 2).sum(axis=0)
        candidates += int(is_real.sum())
    return np.maximum(np.sqrt(square / max(candidates, 1)), 1e-3).astype(np.float32)


def shares(asked: Asked, fusion: Fusion) -> F32:
    """[n, candidates] each candidate's share of the mass."""
    total = np.where(asked.concept[:, :, None] >= 0, asked.signals @ fusion.weights.T, -np.inf)
    return normalizer.shares(total, asked.signals[:, :, _GROUP] > 0, fusion.lean)


def ranked(asked: Asked, fusion: Fusion) -> tuple[float, float, float]:
    """(MRR, A@1, A@10) of the candidates in the order of their shares; of equals the right one comes last."""
    share = np.where(asked.concept >= 0, shares(asked, fusion), -1)
    hit = asked.concept == asked.right[:, None]
    best = np.where(hit, share, -np.inf).max(axis=1)
    place = np.where(hit.any(axis=1), (share >= best[:, None]).sum(axis=1), 0)
    return (
        float(np.where(place > 0, 1 / np.maximum(place, 1), 0).mean()),
        float((place == 1).mean()),
        float(((place > 0) & (place <= 10)).mean()),
    )


def answered(asked: Asked, fusion: Fusion) -> Answered:
    """The first answers and what is known of them."""
    share = shares(asked, fusion)
    first, title = share.argmax(axis=1), np.arange(len(share))
    same = normalizer.family(asked.group, share)
    near = asked.signals[:, :, [_LETTERS, _WORDS]].max(axis=2)
    return Answered(
        share[title, first],
        (share * same).sum(axis=1),
        (share * asked.signals[:, :, _GROUP]).sum(axis=1),
        (near * same).max(axis=1) >= fusion.heard,
        asked.concept[title, first] == asked.right,
        asked.group[title, first] == asked.right_group,
    )


def calibrate(countries: list[Answered]) -> dict[str, float]:
    """The logistic of a right first answer by what `normalizer.confidence` reads, each country counted alike."""
    known = [normalizer.doubts(one.share, one.family, one.groups) for one in countries]
    x = np.concatenate([np.column_stack([np.ones(len(one)), one]) for one in known])
    y = np.concatenate([one.right for one in countries])
    each = np.concatenate([np.full(len(one), 1 / len(one) / len(countries)) for one in known])

    def loss(b: F64) -> tuple[float, F64]:
        out = x @ b
        p = 1 / (1 + np.exp(-out))
        value = float((each * np.where(y, np.logaddexp(0, -out), np.logaddexp(0, out))).sum())
        return value + 1e-4 * float((b[1:] ** 2).sum()), x.T @ ((p - y) * each) + 2e-4 * np.append(0, b[1:])

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    return dict(zip(("constant", *normalizer.DOUBTS), map(float, found.x), strict=True))


def error(confidence: F32, right: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error, in BINS bins of equal width."""
    cell = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gap = np.bincount(cell, weights=confidence - right, minlength=BINS)
    return float(np.abs(gap).sum() / len(right))


def noise(confidence: F32) -> float:
    """The error that chance alone leaves where every confidence is the true probability: the mean of DRAWS draws."""
    rng = np.random.default_rng(7)
    return float(np.mean([error(confidence, rng.random(len(confidence)) < confidence) for _ in range(DRAWS)]))


def fitted(countries: list[Asked], concepts: int) -> tuple[Fusion, F32]:
    """All that is fitted, from FITTED titles of each country, and how often the countries name each concept."""
    rights = [one.right for one in countries]
    others = [named(rights[:n] + rights[n + 1 :], concepts) for n in range(len(countries))]
    drawn = [told(some(one, FITTED), share) for one, share in zip(countries, others, strict=True)]
    weights = fit(drawn)
    fusion = Fusion(weights, np.zeros(1, np.float32), {}, ACCEPT, REVIEW, HEARD)
    leaning = [fusion._replace(lean=np.array(lean, np.float32)) for lean in LEANS]
    fusion = max(leaning, key=lambda by: np.mean([ranked(one, by)[0] for one in drawn]))
    confidence = calibrate([answered(one, fusion) for one in drawn])
    return fusion._replace(confidence=confidence), named(rights, concepts)


def held_back(countries: dict[str, Asked], concepts: int) -> tuple[pl.DataFrame, float]:
    """country, MRR, A@1, A@10; unit_group: its share right at the first; ECE and what of it is chance; accepted and
    precision of `accept`; each by what was fitted on the countries of the other folds. And the pooled ECE."""
    names = sorted(countries)
    rows, pooled = [], []
    for first in range(FOLDS):
        out = names[first::FOLDS]
        fusion, share = fitted([countries[name] for name in names if name not in out], concepts)
        for name in out:
            asked = told(countries[name], share)
            one = answered(asked, fusion)
            sure = normalizer.confidence(one.share, one.family, one.groups, fusion)
            accepted = (one.family >= fusion.accept) & one.near
            right = one.right_group[accepted].mean() if accepted.any() else 1.0
            rows.append(
                (name, *ranked(asked, fusion), one.right_group.mean(), error(sure, one.right), noise(sure),
                 accepted.mean(), right)
            )  # fmt: skip
            pooled.append(np.stack([sure, one.right])[:, : min(len(one.right) for one in countries.values())])
    told_all = np.concatenate(pooled, axis=1)
    table = pl.DataFrame(rows, schema=list(COLUMNS), orient="row").sort("country")
    return table, error(told_all[0], told_all[1].astype(np.bool_))


COLUMNS = ("country", "MRR", "A@1", "A@10", "unit_group", "ECE", "chance", "accepted", "precision")


def _tell(fusion: Fusion) -> None:
    """Print the numbers as fusion.toml has them: of each signal, the weights of all countries in a row."""
    print(f"\nlean = {_row(fusion.lean)}\n\n[occupation.confidence]")
    for name, value in fusion.confidence.items():
        print(f"{name} = {value:.3f}")
    print("\n[occupation.weights]")
    for name, of_countries in zip(evidence.NAMES, fusion.weights.T, strict=True):
        print(f"{name} = {_row(of_countries)}")


def _row(numbers: F32) -> str:
    return f"[{', '.join(f'{number:.2f}' for number in numbers)}]"


def _write(share: F32, branch: Branch) -> None:
    """The table of how often each concept is named: its URI without ESCO's beginning, hundredths of the mean."""
    rows = pl.DataFrame(
        {
            "concept": branch.concepts["concept_uri"].str.strip_prefix(ESCO),
            "hundredths": np.rint(share * 100).astype(np.int64),
        }
    )
    place = Path(normalizer.__file__).with_name("named.csv")
    rows.filter(pl.col("hundredths") > 0).sort("concept").write_csv(place)
    print(f"\n{place.name}: {(share > 0).sum()} concepts")


def main() -> None:
    """Print the table and its means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the shared data")
    parser.add_argument("--index", type=Path, help="where the compiled labels are kept")
    parser.add_argument("--most", type=int, help="titles of each country")
    parser.add_argument("--fit", action="store_true", help="fit on all countries and write named.csv")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        index = open_index(melo.taxonomy(given.data), given.index or Path(folder), ("occupation",))
        branch = index.branch("occupation")
        countries = {one.country: ask(one, branch) for one in melo.titles(given.data, given.most)}
    table, pooled = held_back(countries, branch.concepts.height)
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=120, float_precision=3):
        print(table)
    means = table.select(pl.exclude("country").mean()).row(0)
    print(", ".join(f"{name} {mean:.4f}" for name, mean in zip(COLUMNS[1:], means, strict=True)))
    print(f"ECE of all pooled, as many titles of each: {pooled:.3f}")
    if given.fit:
        fusion, share = fitted([countries[name] for name in sorted(countries)], branch.concepts.height)
        _tell(fusion)
        _write(share, branch)


if __name__ == "__main__":
    main()
