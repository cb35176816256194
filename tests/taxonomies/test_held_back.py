"""The held-back measure ranks as it says, and its weights find what tells the right candidate."""

import numpy as np

from benchmarks.held_back import Asked, fit, held_back, ranked
from skillbridge.taxonomies import evidence

WIDTH = len(evidence.NAMES)


def drawn(seed: int, n: int = 80, candidates: int = 6) -> Asked:
    """Titles whose right candidate has the highest signal 0, and noise in signal 1; one in ten is not reached."""
    rng = np.random.default_rng(seed)
    signals = np.zeros((n, candidates, WIDTH), np.float32)
    signals[:, :, :2] = rng.random((n, candidates, 2))
    concept = np.tile(np.arange(candidates, dtype=np.int64), (n, 1))
    right = signals[:, :, 0].argmax(axis=1).astype(np.int64)
    right[::10] = 99
    return Asked(signals, concept, right)


def test_ranks_are_those_of_the_weights_and_ties_count_against_us() -> None:
    signals = np.zeros((3, 3, WIDTH), np.float32)
    signals[:, :, 0] = [[3, 2, 1], [3, 2, 1], [1, 1, 1]]
    concept = np.array([[7, 8, 9], [7, 8, -1], [7, 8, 9]])
    weights = np.eye(WIDTH, dtype=np.float32)[0]
    right = np.array([8, 5, 7])
    assert ranked(Asked(signals, concept, right), weights) == ((1 / 2 + 1 / 3) / 3, 0.0, 2 / 3)


def test_the_weights_find_what_tells_the_right_candidate() -> None:
    weights = fit([drawn(1), drawn(2)])
    assert weights[0] > 5 * abs(weights[1])
    mrr, first, _ = ranked(drawn(3), weights)
    assert first > 0.85
    assert mrr <= 0.9


def test_every_country_is_ranked_once() -> None:
    table = held_back({name: drawn(n) for n, name in enumerate("ABCDEF")})
    assert table["country"].to_list() == list("ABCDEF")
    assert table["A@1"].min() > 0.8  # type: ignore[operator]
