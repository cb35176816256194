"""Exchange rates: minor units into minor units, and nothing made up."""

from pathlib import Path

import pytest

from skillbridge.errors import BadInput
from skillbridge.rates import load_rates


def test_minor_units_of_different_size_convert() -> None:
    rates = load_rates()
    assert rates.factor("USD", "USD") == 1.0
    assert rates.factor("USD", "KRW") == pytest.approx(rates.per_usd["KRW"] / 100)
    assert rates.factor("KWD", "USD") == pytest.approx(100 / 1000 / rates.per_usd["KWD"])
    there, back = rates.factor("NZD", "JPY"), rates.factor("JPY", "NZD")
    assert there is not None
    assert back is not None
    assert there * back == pytest.approx(1.0)


def test_a_currency_without_a_rate_cannot_be_compared_but_equals_itself() -> None:
    rates = load_rates()
    assert rates.factor("ZZZ", "USD") is None
    assert rates.factor(None, "USD") is None
    assert rates.factor("ZZZ", "ZZZ") == 1.0


def test_every_rate_says_what_it_rests_on() -> None:
    rates = load_rates()
    assert set(rates.basis) == set(rates.per_usd)
    assert all(rates.basis.values())


@pytest.mark.parametrize("row", ["EUR,0,2,x", "EUR,abc,2,x", "EUR,1.1,9,x", "EUR,nan,2,x", "USD,1,2,x"])
def test_a_bad_rate_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(f"currency,per_usd,minor_digits,basis\nUSD,1,2,unit\n{row}\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"mine\.csv line 3"):
        load_rates(file)


def test_an_unknown_year_is_refused() -> None:
    with pytest.raises(BadInput, match="1066"):
        load_rates("1066")
