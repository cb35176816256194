"""What can be said of agreements without planning: changes, calendar, conflicts, what is missing, and the docs."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from skillbridge.partnerships.calendar import events, quota_calendar
from skillbridge.partnerships.completeness import completeness
from skillbridge.partnerships.conflicts import conflicts
from skillbridge.partnerships.diff import diff, measure
from skillbridge.partnerships.network import network_rules
from skillbridge.partnerships.partnership import TOPICS, load, parse
from skillbridge.partnerships.reference import reference
from tests.partnerships import worlds

DOCS = Path(__file__).resolve().parents[2] / "docs"


def quota(text: str, name: str = "cap") -> str:
    return f'[[rules]]\nid = "{name}"\ntype = "quota"\n{text}\n'


def test_a_change_is_told_in_words_and_in_effect() -> None:
    old = worlds.agreement(quota("max = 10") + '[[rules]]\nid = "stay"\ntype = "stay"\nmax = "P9M"')
    new = worlds.agreement(
        quota("max = 12")
        + '[[rules]]\nid = "stay"\ntype = "stay"\nmax = "P7M"\n[[rules]]\nid = "x"\ntype = "eligibility"\nage_min = 18'
    )
    found = {change.rule: change for change in diff(old, new)}
    assert (found["cap"].effect, found["cap"].fields) == ("looser", ("max",))
    assert found["cap"].before == ("At most 10 visas.",)
    assert found["cap"].after == ("At most 12 visas.",)
    assert found["stay"].effect == "stricter"
    assert (found["x"].what, found["x"].effect) == ("added", "stricter")
    assert diff(old, old) == []


def test_the_effect_on_people_and_jobs_is_measured() -> None:
    old = worlds.agreement('[[rules]]\nid = "r"\ntype = "eligibility"\nage_min = 18\nage_max = 30\nlegal_basis = "act"')
    new = worlds.agreement('[[rules]]\nid = "r"\ntype = "eligibility"\nage_min = 25\nage_max = 40\nlegal_basis = "act"')
    people = worlds.workers({"birth_year": 2005}, {"birth_year": 1990}, {"birth_year": 1998}, {"birth_year": 1960})
    effect = measure(old, new, people, worlds.vacancies({}, {}))
    assert (effect.pairs_before, effect.pairs_after, effect.gained, effect.lost) == (4, 4, 2, 2)
    assert effect.workers_with_a_place_after == 2


def test_the_calendar_gives_every_period_its_places() -> None:
    partnership = worlds.agreement(
        quota('max = 100\nperiod = { kind = "half", start = "10-01" }\nused = { count = 40, as_of = 2026-04-02 }')
        + quota('per = ["origin"]\ntable = [{ origin = "TO", max = 5 }]\nvalid_to = 2026-05-31', "b")
        + '[[rules]]\nid = "t"\ntype = "timing"\napply_by = "11-15"'
    )
    windows = quota_calendar(partnership, date(2025, 10, 1), date(2026, 9, 30))
    assert [(one.rule, one.first, one.last, one.places) for one in windows] == [
        ("cap", date(2025, 10, 1), date(2026, 3, 31), 100),
        ("cap", date(2026, 4, 1), date(2026, 9, 30), 60),
        ("b", None, date(2026, 5, 31), 5),
    ]
    days = [(one.day, one.what) for one in events(partnership, date(2025, 10, 1), date(2026, 9, 30))]
    assert days == [(date(2025, 11, 15), "apply_by"), (date(2026, 5, 31), "lapses")]


def test_the_calendar_tells_what_is_kept_monthly_and_ahead() -> None:
    partnership = worlds.agreement(
        quota('max = 10\nreserved = [{ where = { worker = "returning" }, share = 0.334 }]')
        + '[[rules]]\nid = "t"\ntype = "timing"\nlead_time = "P6W"\nmonthly_capacity = 7\nper_origin = true'
    )
    windows = quota_calendar(partnership, date(2026, 7, 1), date(2026, 8, 31))
    assert [(one.rule, one.first, one.key, one.places, one.kept) for one in windows] == [
        ("cap", None, (), 10, (("returning workers", 4),)),
        ("t", date(2026, 7, 1), ("*",), 7, ()),
        ("t", date(2026, 8, 1), ("*",), 7, ()),
    ]
    days = [(one.day, one.what, one.detail) for one in events(partnership, date(2026, 7, 1), date(2026, 8, 31))]
    assert days == [
        (date(2026, 5, 20), "last_application", "for a start on 2026-07-01"),
        (date(2026, 7, 20), "last_application", "for a start on 2026-08-31"),
    ]


def test_supplements_are_shown_in_their_own_windows() -> None:
    windows = quota_calendar(load("us-h2b"), date(2025, 10, 1), date(2026, 9, 30))
    april = next(one for one in windows if one.rule == "fy26-returning-april")
    assert (april.first, april.last, april.adds_to) == (date(2026, 4, 1), date(2026, 4, 30), "second-half")
    assert sum(one.places for one in windows) == 66_000 + 64_716


def test_two_sovereigns_that_differ_are_shown() -> None:
    found = conflicts([load("ws-origin"), load("nz-rse"), load("us-h2a")])
    assert {(one.other, one.other_rule, one.field) for one in found} == {("nz-rse", "cap", "max")}


def test_the_checklist_covers_every_topic() -> None:
    bare = parse('id = "a"\ntitle = "A"\nkind = "mou"\nowner = "joint"\ndestination = ["NZ"]\nversion = "1"\n')
    topics = {one.topic: one.status for one in completeness(bare)}
    assert tuple(topics) == TOPICS
    assert topics["recruitment"] == "default"
    assert topics["information"] == "missing"
    told = parse(
        'id = "a"\ntitle = "A"\nkind = "mou"\nowner = "joint"\ndestination = ["NZ"]\nversion = "1"\n'
        '[covers_topics]\ninformation = "briefing before departure, art. 6"\n'
    )
    assert {one.topic: one.status for one in completeness(told)}["information"] == "covered"


def test_a_house_a_ticket_and_a_name_do_not_complete_an_agreement() -> None:
    rules = (
        '[[rules]]\nid = "house"\ntype = "housing"\nprovided = true\n'
        '[[rules]]\nid = "travel"\ntype = "transport"\ninternational = "employer"\n'
        '[[rules]]\nid = "named"\ntype = "returning"\nname_request = true\n'
    )
    topics = {one.topic: one.status for one in completeness(worlds.agreement(rules))}
    assert (topics["safety"], topics["return_and_reintegration"]) == ("missing", "missing")
    inspected = worlds.agreement('[[rules]]\nid = "house"\ntype = "housing"\ninspected = true\n')
    assert {one.topic: one.status for one in completeness(inspected)}["safety"] == "covered"


def test_rules_that_break_the_network_are_named() -> None:
    people = worlds.workers({"sex": "f"}, {"origin": "FJ"}, {})
    jobs = worlds.vacancies(
        {"region": "NZ-HKB", "positions": 3},
        {"region": "NZ-MBH", "sector": "1010"},
        {"region": "NZ-HKB", "sector": "1010"},
    )
    partnership = worlds.agreement(
        quota("max = 9", "all")
        + quota('max = 2\nwhere = { region = "NZ-HKB" }', "region")
        + quota('max = 2\nwhere = { sector = "1010" }', "sector")
        + quota('per = ["origin"]\nmax = 1', "origin")
        + quota('max = 1\nwhere = { origin = "TO", region = "NZ-HKB" }', "corridor")
        + '[[rules]]\nid = "women"\ntype = "share"\nwho = { sex = "f" }\nmin = 0.5\nlegal_basis = "act"'
    )
    why = {
        one.rule: (one.why, one.keeps)
        for one in network_rules(worlds.all_edges(people, jobs), people, jobs, [partnership])
    }
    assert why["all"] == ("nested", True)
    assert why["origin"] == ("nested", True)
    assert {why["region"], why["sector"]} == {("nested", True), ("crossing", False)}
    assert why["corridor"] == ("both_sides", False)
    assert why["women"] == ("ratio", False)
    assert why["default-no-fees"] == ("prune", True)


def test_the_reference_page_is_what_the_program_says() -> None:
    assert (DOCS / "partnership-rules.md").read_text(encoding="utf-8") == reference()


def test_the_agreement_of_the_docs_page_is_read_and_obeyed() -> None:
    page = (DOCS / "partnerships.md").read_text(encoding="utf-8")
    text = re.search(r'```toml\n(id = "my-fruit".*?)```', page, re.S)
    assert text is not None
    partnership = parse(text[1], "my-fruit.toml")
    usual = {"start": date(2026, 11, 1), "end": date(2027, 3, 31)}
    jobs = worlds.vacancies(
        {"positions": 900} | usual, {"wage": 2499} | usual, {"end": date(2027, 7, 1), "start": date(2026, 11, 1)},
        {"facts": "employer_approval:no"} | usual, {"sector": "0113"} | usual,
    )  # fmt: skip
    people = worlds.workers({}, {"origin": "FJ"}, {"birth_year": 2008}, {"past": "x:2026-03-01/2026-10-31:NZ"})
    assert worlds.admitted(people, jobs, partnership).tolist() == [
        [True, False, False, False, False],
        [False] * 5,
        [False] * 5,
        [False] * 5,
    ]
    many = worlds.workers(*({"origin": origin} for origin in ["TO"] * 500 + ["WS"] * 300))
    rows, edges = worlds.compiled(many, jobs, partnership)
    first_job = np.flatnonzero(edges["vacancy"].to_numpy() == 0)
    assert worlds.rows_kept(rows, edges, np.concatenate([first_job[:200], first_job[500:699]]))
    assert not worlds.rows_kept(rows, edges, first_job[:400])  # a third is kept for those who come back
    assert not worlds.rows_kept(rows, edges, first_job[500:701])  # 200 for Samoa


def test_a_corridor_of_many_agreements_goes_by_the_first_that_takes_it() -> None:
    one = worlds.agreement('[[rules]]\nid = "o"\ntype = "scope"\norigins = ["FJ"]')
    two = parse('id = "zz"\ntitle = "Z"\nkind = "mou"\nowner = "joint"\ndestination = ["NZ"]\nversion = "1"\n')
    people = worlds.workers({"origin": "FJ"}, {"origin": "TO"})
    jobs = worlds.vacancies({}, {"partnership": "zz"}, {"partnership": "absent"})
    from skillbridge.partnerships.admission import admission

    found = admission(people, jobs, [one, two])
    by_pair = found.pathway[np.ix_(found.worker_class, found.vacancy_class)]
    assert by_pair.tolist() == [[0, 1, 255], [1, 1, 255]]
    why = found.reasons[found.reason[found.worker_class[0], found.vacancy_class[2]]]
    assert (why.partnership, why.code) == ("absent", "corridor.not_given")
    assert "absent" in why.in_language("ar")
    assert isinstance(found.reasons[0].text, str)
    assert pl.Series(found.worker_class).n_unique() == 2
