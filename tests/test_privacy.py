"""Sealed fields, keyed hashes, and statistics that single nobody out."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

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
            assert values[hides].sum() == 0 or (hides.sum() >= 2 and values[hides].sum() >= 5)


def cells(counts: np.ndarray[Any, Any], dims: Sequence[str]) -> pl.DataFrame:
    rows = [
        {**{name: f"c{x:02}" for name, x in zip(dims, at, strict=True)}, "n": int(n)}
        for at, n in np.ndenumerate(counts)
    ]
    return pl.DataFrame(rows)


def attacked(
    counts: np.ndarray[Any, Any],
    published: Sequence[Sequence[int]],
    threshold: int = 5,
    hide: Callable[[pl.DataFrame, str, Sequence[str], int], pl.DataFrame] = suppress,
) -> list[tuple[int, float, float]]:
    """(truth, least, most) of each hidden count above 0, as an intruder bounds it by linear programming.

    The intruder holds every table of `published` (sets of axes), each as :func:`suppress` lets it out, and knows that
    the people behind them are at least 0 in each cell of the full cross.
    """
    size, places = counts.size, np.arange(counts.size).reshape(counts.shape)
    shown: list[tuple[np.ndarray[Any, Any], float]] = []
    secret: list[tuple[np.ndarray[Any, Any], int]] = []
    for kept in published:
        rest = tuple(axis for axis in range(counts.ndim) if axis not in kept)
        margin = np.asarray(counts.sum(axis=rest))
        if kept:
            names = [f"d{axis}" for axis in kept]
            given_out = hide(cells(margin, names), "n", names, threshold)["n"].to_list()
        else:
            given_out = [None if 0 < margin < threshold else int(margin)]
        for at, value in zip(np.ndindex(margin.shape), given_out, strict=True):
            where = dict(zip(kept, at, strict=True))
            row = np.zeros(size)
            row[places[tuple(where.get(axis, slice(None)) for axis in range(counts.ndim))].ravel()] = 1
            if value is not None:
                shown.append((row, value))
            elif margin[at] > 0:
                secret.append((row, int(margin[at])))
    left = np.array([row for row, _ in shown] or [np.zeros(size)])
    right = np.array([value for _, value in shown] or [0.0])
    found = []
    for row, truth in secret:
        least, most = (linprog(sign * row, A_eq=left, b_eq=right, bounds=(0, None)) for sign in (1, -1))
        assert least.fun is not None
        found.append((truth, float(least.fun), np.inf if most.fun is None else -float(most.fun)))
    return found


@pytest.mark.parametrize("shape", [(7,), (3, 4), (5, 5), (2, 6), (3, 3, 3)])
@pytest.mark.parametrize("seed", range(8))
def test_no_linear_programme_over_a_table_and_its_margins_finds_a_hidden_count(
    shape: tuple[int, ...], seed: int
) -> None:
    random = np.random.default_rng([seed, *shape])
    counts = random.poisson(random.choice([1, 3, 8, 20]), size=shape)
    counts *= random.random(shape) < random.choice([0.5, 0.8, 1.0])
    axes = range(len(shape))
    published = [kept for size in range(len(shape) + 1) for kept in itertools.combinations(axes, size)]
    if counts.sum() >= 5:
        for truth, least, most in attacked(counts, published):
            assert most - least >= 5 - 1e-6, (truth, least, most)


@pytest.mark.parametrize("seed", range(10))
def test_tables_that_form_a_tree_are_safe_together(seed: int) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(random.choice([0.6, 2, 5]), size=(3, 4, 3))
    for truth, least, most in attacked(counts, [(), (0,), (1,), (2,), (0, 1), (1, 2)]):
        assert most - least >= 5 - 1e-6, (truth, least, most)


def test_the_attack_finds_counts_that_are_hidden_without_complements() -> None:
    def only_small(frame: pl.DataFrame, count: str, dims: Sequence[str], threshold: int) -> pl.DataFrame:
        del dims
        return frame.with_columns(
            pl.when(pl.col(count).is_between(1, threshold - 1)).then(None).otherwise(pl.col(count)).alias(count)
        )

    found = attacked(np.array([[2, 40], [50, 60]]), [(0,), (1,), (0, 1)], hide=only_small)
    assert found == [(2, 2.0, 2.0)]


def test_groups_of_a_cell_are_hidden_and_shown_together() -> None:
    frame = pl.DataFrame({"origin": ["a", "b", "c"], "placed": [3, 40, 60], "rest": [30, 50, 70]})
    shown = suppress(frame, ["placed", "rest"], ["origin"])
    assert shown["placed"].to_list() == [None, None, 60]
    assert shown["rest"].to_list() == [None, None, 70]


def test_a_category_too_small_for_its_own_total_is_hidden_in_every_finer_table() -> None:
    counts = np.array([[2, 0, 1], [40, 50, 60], [9, 30, 20]])
    alone = suppress(cells(counts.sum(axis=1), ["d0"]), "n", ["d0"])["suppressed"].to_list()
    assert alone == [True, False, True]
    finer = suppress(cells(counts, ["d0", "d1"]), "n", ["d0", "d1"])["suppressed"].to_numpy().reshape(counts.shape)
    assert finer[0].all()
    assert finer[2].all()
