"""Folding and features: what holds for any text whatever."""

import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skillbridge.taxonomies.fold import FEATURES, LONGEST, features, fold, keys, stems, without_exception

ODD = ["Koch/in", "(m/w/d)", "متجر", "Кухар", "料理人", "🙂", "\x00", "\u200d", "C++", "ﬁ", "İ", "ǅ", "½", "\n"]
TEXT = st.text(max_size=60) | st.lists(st.sampled_from(ODD), max_size=6).map(" ".join)
WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=70)


@given(st.lists(TEXT, max_size=5))
@example([])
@example(["", "\x00", "a\x00b"])
@example(["x" * 10_000, "word " * 3_000])
def test_any_text_folds_to_plain_words_whatever_stands_beside_it(texts: list[str]) -> None:
    folded = fold(texts)
    assert len(folded) == len(texts)
    for text, plain in zip(texts, folded, strict=True):
        assert re.fullmatch(r"([a-z0-9]+( [a-z0-9]+)*)?", plain)
        assert fold([text]) == [plain]


@given(TEXT)
def test_a_folded_text_is_folded_already(text: str) -> None:
    (once,) = fold([text])
    assert fold([once]) == [once]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Koch/in (m/w/d)", "koch"),
        ("BäckerIn und KöchInnen", "backer und koch"),
        ("Berlin Inn", "berlin inn"),
        ("fotomodel (m/ž)", "fotomodel"),
        ("kucharz (k/m)", "kucharz"),
        ("готвач (м/ж)", "gotvach"),
        ("aranyöntő//mfn", "aranyonto"),
        ("C++ and C# programmer", "cplusplus and csharp programmer"),
        ("Готвач", "gotvach"),
        ("ﬁsh-monger", "fish monger"),
        ("🙂 — …", ""),
    ],
)
def test_folding_by_example(text: str, plain: str) -> None:
    assert fold([text]) == [plain]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Bäcker/Bäckerin", "backer"),
        ("Vendeur / Vendeuse", "vendeur"),
        ("Aide-ménager / ménagère à domicile", "aide menager a domicile"),
        ("director de hotel/directora de hotel", "director de hotel"),
        ("Fachmann/Fachfrau für Rehatechnik", "fachmann fur rehatechnik"),
        ("Manager lasbedrijf / montagebedrijf", "manager lasbedrijf montagebedrijf"),
        ("CAD/CAM-tehnolog", "cad cam tehnolog"),
        ("/directora de exportación", "directora de exportacion"),
        ("A/B/A", "a b a"),
        ("//", ""),
    ],
)
def test_of_two_forms_of_one_name_the_first_stays(text: str, plain: str) -> None:
    assert fold([text]) == [plain]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("electricians", "electrician"),
        ("sales managers", "manager sales"),
        ("directores de hoteles", "director de hotel"),
        ("secretaries", "secretary"),
        ("enfermera de quirofano", "enfermeros quirofano"),
    ],
)
def test_number_gender_and_order_leave_the_stems_equal(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(("one", "other"), [("cook", "cooker"), ("welder", "welder helper"), ("it", "hr")])
def test_other_words_have_other_stems(one: str, other: str) -> None:
    assert stems(one) != stems(other)


@given(st.lists(WORD, max_size=6).map(" ".join))
def test_every_text_with_a_word_has_a_stem(folded: str) -> None:
    assert bool(stems(folded)) == bool(folded)


def test_a_long_text_is_cut_at_a_word() -> None:
    (plain,) = fold(["nurse " * 200])
    assert set(plain.split()) == {"nurse"}
    assert len(plain) <= LONGEST


@given(st.lists(st.lists(WORD, max_size=6).map(" ".join), max_size=5))
def test_every_word_pair_and_sequence_is_counted_once(folded: list[str]) -> None:
    bags = features(folded)
    assert len(bags.start) == len(folded) + 1
    for number, text in enumerate(folded):
        here = slice(bags.start[number], bags.start[number + 1])
        assert (np.diff(bags.feature[here]) > 0).all()
        assert ((bags.feature[here] >= 0) & (bags.feature[here] < FEATURES)).all()
        lengths = [(len(word), min(len(word), 61) + 2) for word in text.split()]
        sequences = sum(max(room - size + 1, 0) for _, room in lengths for size in (2, 3, 4, 5))
        assert bags.times[here].sum() == sequences + len(lengths) + sum(long > 6 for long, _ in lengths)
        alone = features([text])
        assert np.array_equal(alone.feature, bags.feature[here])
        assert np.array_equal(alone.times, bags.times[here])


@given(st.lists(st.lists(WORD, max_size=3).map(" ".join), max_size=6))
def test_equal_texts_and_only_they_have_equal_keys(folded: list[str]) -> None:
    found = keys(folded).tolist()
    assert len(found) == len(folded)
    assert len(set(found)) == len(set(folded))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Geoscientists, Except Hydrologists and Geographers", "geoscientists"),
        ("DISEÑADORES PRENDAS VESTIR (EXCEPTO PIEL Y CUERO)", "disenadores prendas vestir"),
        ("Sistēmu (izņemot skaitļotāju) ANALĪTIĶIS", "sistemu analitikis"),
        ("Receptor (razen v hotelu", "receptor"),
        ("Baker (pastry) except bread", "baker pastry"),
        ("Except nurses", "except nurses"),
        ("exceptional needs teacher", "exceptional needs teacher"),
    ],
)
def test_what_a_text_says_it_does_not_mean_is_left_out(text: str, plain: str) -> None:
    assert fold([without_exception(text)]) == [plain]
