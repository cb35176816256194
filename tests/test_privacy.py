"""Sealed fields, keyed hashes, and statistics that single nobody out."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.errors import Corrupt
from skillbridge.privacy import Vault, suppress

VAULT = Vault(bytes(range(32)))


def test_a_sealed_field_opens_with_its_owners_key_and_no_other() -> None:
    key = VAULT.new_key("w1")
    sealed = VAULT.seal(key, "w1", b"Mere Tuilagi")
    assert VAULT.open(key, "w1", sealed) == b"Mere Tuilagi"
    assert b"Mere" not in sealed
    for wrong_key, owner in ((VAULT.new_key("w1"), "w1"), (key, "w2")):
        with pytest.raises(Corrupt):
            VAULT.open(wrong_key, owner, sealed)


def test_changed_bytes_do_not_open() -> None:
    key = VAULT.new_key("w1")
    sealed = bytearray(VAULT.seal(key, "w1", b"name"))
    sealed[-1] ^= 1
    with pytest.raises(Corrupt):
        VAULT.open(key, "w1", bytes(sealed))


def test_the_same_text_is_sealed_differently_each_time() -> None:
    key = VAULT.new_key("w1")
    assert VAULT.seal(key, "w1", b"name") != VAULT.seal(key, "w1", b"name")


def test_another_secret_opens_nothing_until_the_key_is_rewrapped() -> None:
    key, successor = VAULT.new_key("w1"), Vault(b"n" * 32)
    sealed = VAULT.seal(key, "w1", b"name")
    with pytest.raises(Corrupt):
        successor.open(key, "w1", sealed)
    assert successor.open(VAULT.rewrap(key, "w1", successor), "w1", sealed) == b"name"


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(Corrupt):
        Vault(b"short")


def test_a_document_has_one_fingerprint_however_it_is_typed() -> None:
    assert VAULT.fingerprint("passport", "WS", "ab 123-456") == VAULT.fingerprint("passport", "WS", "AB123456")
    assert VAULT.fingerprint("passport", "WS", "AB123456") != VAULT.fingerprint("passport", "TO", "AB123456")
    assert VAULT.fingerprint("passport", "WS", "AB123456") != Vault(b"n" * 32).fingerprint("passport", "WS", "AB123456")


def table(counts: list[list[int]]) -> pl.DataFrame:
    rows = [
        {"origin": f"o{i}", "sex": f"s{j}", "n": value} for i, row in enumerate(counts) for j, value in enumerate(row)
    ]
    return pl.DataFrame(rows, schema={"origin": pl.String, "sex": pl.String, "n": pl.Int64})


def test_a_small_count_and_one_complement_in_each_margin_are_hidden() -> None:
    shown = suppress(table([[3, 40], [50, 60]]), "n", ["origin", "sex"])
    assert shown["n"].to_list() == [None, None, None, None]
    shown = suppress(table([[3, 40, 41], [50, 60, 61], [70, 80, 81]]), "n", ["origin", "sex"])
    assert shown["n"].to_list() == [None, None, 41, None, None, 61, 70, 80, 81]
    assert shown["suppressed"].to_list() == [True, True, False, True, True, False, False, False, False]


def test_a_table_without_small_counts_is_left_alone() -> None:
    frame = table([[0, 40], [50, 60]])
    assert suppress(frame, "n", ["origin", "sex"])["n"].to_list() == [0, 40, 50, 60]


def test_one_dimension_is_protected_against_its_total() -> None:
    frame = pl.DataFrame({"sex": ["f", "m", "x"], "n": [100, 30, 2]})
    assert suppress(frame, "n", ["sex"])["n"].to_list() == [100, None, None]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 12), min_size=2, max_size=4), min_size=2, max_size=4).filter(
        lambda t: len({len(r) for r in t}) == 1
    )
)
def test_no_total_minus_what_is_shown_gives_back_a_hidden_count(counts: list[list[int]]) -> None:
    shown = suppress(table(counts), "n", ["origin", "sex"])["n"].to_list()
    truth = np.array(counts)
    assert not any(value is not None and 0 < value < 5 for value in shown)
    hidden = np.array([value is None for value in shown]).reshape(truth.shape)
    lines = [(truth[i], hidden[i]) for i in range(truth.shape[0])]
    lines += [(truth[:, j], hidden[:, j]) for j in range(truth.shape[1])]
    lines += [(truth.ravel(), hidden.ravel())]
    for values, hides in lines:
        if hides.any() and not hides.all():
            assert hides.sum() >= 2
            assert values[hides].sum() >= 5
