"""Which language a text is searched in: its tag's, or the one its spelling points to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbridge.taxonomies import pack
from skillbridge.taxonomies.language import SEARCHED, beliefs, closest, likely, searched, spellings

LANGUAGES = ("ar", "de", "en", "es", "fr")


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    labels = pack.load("core").labels
    labels = labels.filter(labels["lang"].is_in(LANGUAGES))
    german = ["Koch", "Erntehelfer", "Krankenpfleger für Kinder", "Schweißer", "Fachkraft für Lagerwirtschaft"]
    langs = [LANGUAGES.index(lang) for lang in labels["lang"]] + [1] * len(german)
    return spellings([*labels["label"], *german], np.array(langs), len(LANGUAGES))


@pytest.mark.parametrize(
    ("tag", "language"),
    [("es", "es"), ("es-MX", "es"), ("ar-MA", "ar"), ("fr-Latn", "fr"), ("deu", "de"), ("hu", None), ("?!", None),
     ("", None), (None, None)],
)  # fmt: skip
def test_a_tag_is_served_by_its_language(tag: str | None, language: str | None) -> None:
    assert closest(tag, LANGUAGES) == (-1 if language is None else LANGUAGES.index(language))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("harvesting machine operator", "en"),
        ("trabajador de la cosecha de fresas", "es"),
        ("ouvrier de la récolte des fruits", "fr"),
        ("عامل في حصاد المحاصيل", "ar"),
        ("Krankenpfleger", "de"),
    ],
)
def test_the_spelling_tells_the_language(table: np.ndarray, text: str, language: str) -> None:
    assert LANGUAGES[int(likely([text], table)[0].argmax())] == language


def test_the_tag_decides_where_the_spelling_leaves_it_open(table: np.ndarray) -> None:
    for tag in ("es", "fr"):
        assert beliefs(["chef"], np.array([LANGUAGES.index(tag)]), table)[0].argmax() == LANGUAGES.index(tag)


def test_a_wrong_tag_does_not_keep_the_right_language_from_being_searched(table: np.ndarray) -> None:
    belief = beliefs(["عامل في حصاد المحاصيل"], np.array([LANGUAGES.index("fr")]), table)
    assert LANGUAGES.index("ar") in searched(belief)[0]


@given(st.lists(st.text(max_size=60), max_size=5), st.integers(-1, len(LANGUAGES) - 1))
def test_any_texts_get_beliefs_that_sum_to_one(table: np.ndarray, texts: list[str], tag: int) -> None:
    belief = beliefs(texts, np.full(len(texts), tag), table)
    assert belief.shape == (len(texts), len(LANGUAGES))
    assert np.allclose(belief.sum(axis=1), 1, atol=1e-4)
    order = searched(belief)
    assert (order[:, 0] >= 0).all()
    assert order.shape[1] <= SEARCHED


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_a_text_is_judged_alone_whatever_stands_beside_it(table: np.ndarray, texts: list[str]) -> None:
    together = likely(texts, table)
    for row, text in enumerate(texts):
        assert np.allclose(likely([text], table)[0], together[row], atol=1e-5)


def test_a_text_without_letters_leaves_every_language_open(table: np.ndarray) -> None:
    assert np.allclose(likely(["", "12345", "🙂"], table), 1 / len(LANGUAGES))
