"""A comparison of scenarios says what was chosen, assumed and computed, and which of them no other beats."""

import re
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge import report, words
from skillbridge.errors import BadInput
from skillbridge.report import compare
from skillbridge.report.page import Tongue
from skillbridge.scenario_file import DemandChange, PoolChange, RuleChange, Scenario
from skillbridge.scenarios import HEADLINE, Line


def line(name: str, placed: int, *, seed: int = 0, quality: float | None = 0.7, chosen: str = "") -> Line:
    indicators: dict[str, float | None] = dict.fromkeys(HEADLINE, 0.5)
    indicators |= {"fill_rate": placed / 1000, "match_quality": quality}
    assumed = ("demand all: positions x1.1",) if "demand" in name else ()
    return Line(
        name=name,
        folder=name,
        chosen=(chosen,) if chosen else (),
        assumed=assumed,
        seed=seed,
        status="feasible",
        placed=placed,
        positions=1000,
        objective=placed,
        bound=placed * 1.01,
        gap=0.01,
        indicators=indicators,
    )


LINES = [
    line("2026", 500),
    line("more visas", 620, quality=0.66, chosen="nz-rse/cap: max = 22000"),
    line("fairness", 480, quality=0.75, chosen="objective fairness"),
    line("without <SAWP>", 400, quality=0.6),
    line("more demand, seed 1", 540, seed=1),
    line("more demand, seed 2", 560, seed=2),
]


@pytest.mark.parametrize("reader", report.READERS)
def test_a_comparison_is_one_offline_page_in_four_languages_for_each_reader(reader: str) -> None:
    page = compare.render(LINES, reader=reader, lang="ar")
    assert '<html lang="ar" dir="rtl">' in page
    for lang in words.LANGUAGES:
        assert words.say(lang, "scenario.title") in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "<SAWP>" not in page
    assert "without &lt;SAWP&gt;" in page
    assert page == compare.render(LINES, reader=reader, lang="ar")
    figures = re.findall(r'<section class="part.*?</section>', page, re.DOTALL)
    assert all("<table" in part for part in figures if "<figure" in part)


def test_the_minister_reads_three_messages_and_what_to_decide() -> None:
    page = compare.render(LINES, reader="minister")
    main = page[page.index("<main") : page.index("</main>")]
    said = re.findall(r"<li>(.*?)</li>", main)
    assert "more visas\u2069 places most: 620, a change of \u2068+120\u2069." in said[0]
    assert "Match quality: 0.7 → 0.66" in said[1]
    assert "3 of 5 are choices" in said[2]
    assert any("nz-rse/cap: max = 22000" in one for one in said)
    assert any("demand all: positions x1.1" in one for one in said)


def test_where_none_places_more_than_the_base_the_page_says_so_and_asks_for_no_change() -> None:
    worse = [LINES[0], line("fewer visas", 400, chosen="nz-rse/cap: max = 9"), line("fairness", 480, quality=0.75)]
    page = compare.render(worse, reader="minister")
    main = page[page.index("<main") : page.index("</main>")].translate({0x2068: None, 0x2069: None})
    assert "None places more than 2026 (500); the nearest is fairness, a change of -20." in main
    assert "places most" not in main
    assert "nz-rse/cap" not in main


def test_what_changes_nothing_is_told_by_name() -> None:
    still = line("more beds", 500, chosen="nz-rse/beds: max = 9")
    assert "1 place exactly as many as before" in compare.render([*LINES, still], reader="minister")


def test_changes_are_told_in_the_reader_s_words_where_the_scenario_s_file_is_there(tmp_path: Path) -> None:
    scenario = Scenario(
        name="more demand",
        objective="fairness",
        relax=("nz-rse/season",),
        without=("ca-sawp",),
        rules=(RuleChange("nz-rse/cap", "max", 9),),
        demand=(DemandChange({"isco": "92"}, positions=1.1),),
        pool=(PoolChange(share=0.8),),
    )
    (tmp_path / "000").mkdir()
    (tmp_path / "000" / "scenario.json").write_bytes(msgspec.json.encode(scenario))
    changed = msgspec.structs.replace(
        line("more demand", 540), chosen=scenario.chosen, assumed=scenario.assumed, folder="elsewhere/000"
    )
    (tmp_path / "comparison.json").write_bytes(msgspec.json.encode([LINES[0], changed]))
    entry = compare.over_seeds(compare.read(tmp_path))[1]
    spanish = [part.translate({0x2068: None, 0x2069: None}) for part in compare.told(entry, "chosen", Tongue("es"))]
    assert spanish == [
        "objetivo fairness", "nz-rse/cap: max = 9", "nz-rse/season pasa a ser orientativa", "sin ca-sawp",
    ]  # fmt: skip
    french = [part.translate({0x2068: None, 0x2069: None}) for part in compare.told(entry, "assumed", Tongue("fr"))]
    assert french[0] == "demande (Profession (CITP-08): 92) : postes × 1,1, salaire × 1, aléa ± 0%"
    assert french[1] == "travailleurs (tout) : 80% restent"
    quoted = compare.over_seeds([LINES[0], changed])[1]
    assert [part[1:-1] for part in compare.told(quoted, "chosen", Tongue("es"))] == list(scenario.chosen)


def test_seeds_of_a_scenario_are_one_entry_with_mean_least_and_most() -> None:
    entries = compare.over_seeds(LINES)
    assert [one.name for one in entries] == ["2026", "more visas", "fairness", "without <SAWP>", "more demand"]
    assert (entries[-1].runs, entries[-1].placed, entries[-1].least, entries[-1].most) == (2, 550.0, 540, 560)
    assert entries[-1].indicators["fill_rate"] == pytest.approx(0.55)


def test_a_mean_over_ten_seeds_or_more_has_its_interval() -> None:
    runs = [line(f"shock, seed {seed}", 500 + 7 * seed, seed=seed) for seed in range(1, 13)]
    *few, many = compare.over_seeds([*LINES, *runs])
    assert all(one.interval is None for one in few)
    assert many.interval is not None
    low, high = many.interval
    assert many.least < low < many.placed < high < many.most
    assert compare.over_seeds(runs)[0].interval == many.interval


def test_a_figure_hidden_in_one_run_is_hidden_in_the_mean() -> None:
    hidden = replace_quality(LINES[-1], None)
    entries = compare.over_seeds([*LINES[:-1], hidden])
    assert entries[-1].indicators["match_quality"] is None
    assert words.say("en", "report.suppressed") in compare.render([*LINES[:-1], hidden])


def replace_quality(one: Line, quality: float | None) -> Line:
    return msgspec.structs.replace(one, indicators={**one.indicators, "match_quality": quality})


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_frontier_holds_those_that_no_other_beats(seed: int) -> None:
    random = Random(seed)
    entries = compare.over_seeds(
        [line(f"s{n}", random.randint(400, 420), quality=random.randint(0, 20) / 20) for n in range(12)]
    )
    kept = compare.frontier(entries)
    assert kept
    points = {id(one): (one.indicators["fill_rate"] or 0, one.indicators["match_quality"] or 0) for one in entries}
    for one in entries:
        x, y = points[id(one)]
        beaten = any(a >= x and b >= y and (a, b) != (x, y) for a, b in points.values())
        assert (one in kept) != beaten


def test_nothing_to_compare_is_refused() -> None:
    with pytest.raises(BadInput, match="1 to compare"):
        compare.render(LINES[:1])


def test_a_run_s_folder_is_read_back_and_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a plan nor a run"):
        compare.read(tmp_path)
    (tmp_path / "comparison.json").write_bytes(msgspec.json.encode(LINES))
    assert compare.read(tmp_path) == LINES
    (tmp_path / "comparison.json").write_text("[{}]")
    with pytest.raises(BadInput, match=r"comparison\.json"):
        compare.read(tmp_path)
