"""The classifier: it learns what it is shown, the same every time, and is kept in fewer bytes at no loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.taxonomies import classifier
from skillbridge.taxonomies.classifier import Classifier, Compact, compact, logits, train
from skillbridge.taxonomies.fold import features

SHOWN = ["cook", "kitchen cook", "baker", "bread baker", "welder", "metal welder", "nurse", "ward nurse"]
CONCEPT = np.repeat(np.arange(4, dtype=np.int32), 2)
GROUP = np.array([0, 0, 2, 3], np.int32)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return train(features(SHOWN), CONCEPT, GROUP, passes=60)


def test_it_knows_the_texts_it_has_learned(model: Classifier) -> None:
    assert logits(compact(model), features(SHOWN)).argmax(axis=1).tolist() == CONCEPT.tolist()


def test_it_knows_a_new_text_by_its_parts(model: Classifier) -> None:
    assert logits(compact(model), features(["night nurse", "welders"])).argmax(axis=1).tolist() == [3, 2]


def test_a_text_without_a_known_feature_has_the_bias_alone(model: Classifier) -> None:
    for text in ("", "zzzzqqqq"):
        assert np.allclose(logits(compact(model), features([text])), model.bias, atol=0.05)


def test_the_same_seed_gives_the_same_classifier_and_another_one_does_not(model: Classifier) -> None:
    again = train(features(SHOWN), CONCEPT, GROUP, passes=60)
    assert all(np.array_equal(one, other) for one, other in zip(model, again, strict=True))
    assert not np.array_equal(model.table, train(features(SHOWN), CONCEPT, GROUP, passes=60, seed=9).table)


def test_eight_bits_differ_by_less_than_a_hundredth(model: Classifier) -> None:
    ones = np.ones(len(model.table), np.float32)
    whole = Compact(model.rarity, model.row, model.table, ones, model.concepts, model.bias)  # type: ignore[arg-type]
    texts = features([*SHOWN, "night cook", "nurses"])
    exact = classifier.logits(whole, texts)
    scale = np.abs(exact).max()
    assert np.abs(exact - logits(compact(model), texts)).max() < 0.01 * scale


@given(st.lists(st.integers(0, 49), min_size=1, max_size=30), st.integers(0, 60), st.integers(0, 5))
def test_a_batch_is_told_from_its_own_concepts_and_from_others_that_stand_for_all(
    right: list[int], negatives: int, seed: int
) -> None:
    shown, lifted = classifier._sample(np.array(right, np.int32), 50, max(negatives, 1), np.random.default_rng(seed))
    own = np.isin(shown, right)
    assert set(right) <= set(shown.tolist())
    assert (np.diff(shown) > 0).all()
    assert (lifted[own] == 0).all()
    assert len(shown) == min(50, len(set(right)) + max(negatives, 1))
    if own.sum() < 50:
        assert np.exp(lifted[~own]).sum() == pytest.approx(50 - own.sum(), rel=1e-5)
