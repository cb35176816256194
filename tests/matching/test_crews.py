"""Members of a group become candidates for what they together value most."""

import numpy as np
import polars as pl

from skillbridge.matching.crews import crew_pairs


def test_every_member_gets_the_crews_best_places_and_loners_get_nothing() -> None:
    groups = pl.Series(["a", None, "a", "b", ""])
    lists = np.array([[0, 1], [5, 6], [2, 1], [3, 4], [7, -1]], dtype=np.int32)
    scores = np.array([[900, 500], [1, 1], [800, 500], [9, 9], [9, 0]], dtype=np.int32)
    worker, vacancy = crew_pairs(groups, lists, scores, 2)
    assert list(zip(worker.tolist(), vacancy.tolist(), strict=True)) == [(0, 1), (0, 0), (2, 1), (2, 0)]


def test_no_groups_mean_no_pairs() -> None:
    worker, vacancy = crew_pairs(
        pl.Series([None, "x"], dtype=pl.String), np.zeros((2, 1), np.int32), np.ones((2, 1), np.int32), 3
    )
    assert len(worker) == len(vacancy) == 0
