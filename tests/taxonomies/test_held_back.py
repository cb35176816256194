"""The held-back measure ranks as it says, its numbers find what tells the right candidate, and none is of its own."""

import numpy as np
import pytest

from benchmarks.held_back import (
    COLUMNS,
    Answered,
    Asked,
    answered,
    calibrate,
    error,
    fit,
    held_back,
    named,
    noise,
    ranked,
    told,
)  # fmt: skip
from skillbridge.taxonomies import evidence, normalizer
from skillbridge.taxonomies.index import favour
from skillbridge.taxonomies.normalizer import Fusion

WIDTH = len(evidence.NAMES)
OFTEN, GROUP = (evidence.NAMES.index(name) for name in ("often", "group"))


def drawn(seed: int, n: int = 80, candidates: int = 6) -> Asked:
    """Titles whose right candidate has the highest signal 0, and noise in signal 1; one in ten is not reached."""
    rng = np.random.default_rng(seed)
    signals = np.zeros((n, candidates, WIDTH), np.float32)
    signals[:, :, :2] = rng.random((n, candidates, 2))
    concept = np.tile(np.arange(candidates, dtype=np.int64), (n, 1))
    right = signals[:, :, 0].argmax(axis=1).astype(np.int64)
    right[::10] = 99
    return Asked(signals, concept, concept // 2, right, right // 2)


def by(*weights: np.ndarray, lean: tuple[float, ...] = (0.0,)) -> Fusion:
    """The numbers of countries that weigh the signals so."""
    return Fusion(np.array(weights, np.float32), np.array(lean, np.float32), {}, 0.9, 0.2, 0.4)


FIRST = np.eye(WIDTH)[0]
"""The weights of a country that heeds the first signal alone."""


def asked(signals: np.ndarray, concept: np.ndarray, right: np.ndarray) -> Asked:
    return Asked(signals, concept, concept // 2, right, right // 2)


def test_ranks_are_those_of_the_weights_and_ties_count_against_us() -> None:
    signals = np.zeros((3, 3, WIDTH), np.float32)
    signals[:, :, 0] = [[3, 2, 1], [3, 2, 1], [1, 1, 1]]
    concept = np.array([[7, 8, 9], [7, 8, -1], [7, 8, 9]])
    right = np.array([8, 5, 7])
    assert ranked(asked(signals, concept, right), by(FIRST)) == ((1 / 2 + 1 / 3) / 3, 0.0, 2 / 3)


def test_the_weights_find_what_tells_the_right_candidate() -> None:
    weights = fit([drawn(1), drawn(2)])
    assert weights.shape == (2, WIDTH)
    assert (weights[:, 0] > 5 * np.abs(weights[:, 1])).all()
    mrr, first, _ = ranked(drawn(3), by(*weights))
    assert first > 0.85
    assert mrr <= 0.9


def test_a_countrys_weights_are_its_own() -> None:
    other = drawn(2)
    other = other._replace(right=np.where(other.right == 99, 99, other.signals[:, :, 1].argmax(axis=1)))
    first, second = fit([drawn(1), other])
    assert first[0] > 5 * abs(first[1])
    assert second[1] > 5 * abs(second[0])


def test_every_country_is_ranked_once() -> None:
    table, pooled = held_back({name: drawn(n) for n, name in enumerate("ABCDEF")}, 100)
    assert table.columns == list(COLUMNS)
    assert table["country"].to_list() == list("ABCDEF")
    assert min(table["A@1"]) > 0.8
    assert 0 <= pooled < 0.2


def test_countries_count_alike_in_how_often_a_concept_is_named() -> None:
    one, other = np.array([0, 0, 0, 0, 1]), np.array([1, 2, -2])
    share = named([one, other], 4)
    assert share == pytest.approx([4 * 2 / 3 / 2, 4 * (1 / 3 + 1 / 2) / 2, 4 / 2 / 2, 0])
    assert share.mean() == pytest.approx(1)
    assert named([one], 4)[2] == 0  # of the other country alone


def test_what_is_told_replaces_what_the_index_knows() -> None:
    before = drawn(1)
    before.signals[:, :, OFTEN] = 5
    share = np.arange(6, dtype=np.float32)
    after = told(before, share)
    assert after.signals[0, :, OFTEN] == pytest.approx(favour(share))
    assert (before.signals[:, :, OFTEN] == 5).all()


def test_the_first_answers_unit_group_takes_the_mass_of_its_candidates() -> None:
    signals = np.zeros((1, 3, WIDTH), np.float32)
    signals[0, :, 0] = np.log([0.5, 0.2, 0.3])
    signals[0, 2, GROUP] = 1
    one = answered(asked(signals, np.array([[2, 3, 4]]), np.array([3])), by(FIRST))
    assert one.share[0] == pytest.approx(0.5)
    assert one.family[0] == pytest.approx(0.7)
    assert one.groups[0] == pytest.approx(0.3)
    assert (one.near[0], one.right[0], one.right_group[0]) == (False, False, True)


def test_a_calibrated_confidence_errs_by_chance_alone() -> None:
    rng = np.random.default_rng(3)
    share = rng.random(4000).astype(np.float32)
    right = rng.random(4000) < share**2  # the mass is too sure of itself
    nothing = np.zeros(4000, np.float32)
    one = Answered(share, share, nothing, right, right, right)
    fusion = by(FIRST)._replace(confidence=calibrate([one]))
    sure = normalizer.confidence(share, share, nothing, fusion)
    assert error(share, right) > 0.1
    assert error(sure, right) < 0.05
    assert error(sure, rng.random(4000) < sure) == pytest.approx(noise(sure), abs=0.01)


def test_the_error_is_the_gap_in_each_bin() -> None:
    assert error(np.array([0.95, 0.95, 0.15], np.float32), np.array([True, False, False])) == pytest.approx(
        (0.9 + 0.15) / 3
    )
