"""Spellings of job titles."""

from skillbridge.synth.titles import VARIANTS, spellings, trades, written


def test_about_half_of_the_spellings_are_clean_and_some_are_mistyped() -> None:
    written = spellings("recolector de café")
    assert len(written) == VARIANTS
    clean = sum(text.casefold() == "recolector de café" for text in written)
    assert VARIANTS // 2 <= clean < VARIANTS
    assert "recolector de cafe" in written
    assert any(
        abs(len(text) - len("recolector de café")) <= 1 and text.casefold() != "recolector de café" for text in written
    )


def test_spellings_do_not_change_between_runs() -> None:
    assert spellings("farm worker") == spellings("farm worker")


def test_titles_of_every_scheme_s_occupations_exist() -> None:
    from skillbridge.synth.parameters import chosen

    for scheme in chosen(None):
        assert set(scheme.occupations) <= set(trades())


def test_a_language_without_titles_falls_back_to_english() -> None:
    assert written("9211", "tlh").equals(written("9211", "en"))
    assert not written("9211", "es").equals(written("9211", "en"))
