"""Admission and rows over arrays, and the judge over placements, are two readings of one rule: they must agree."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbridge.partnerships.judge import judge
from tests.partnerships import worlds

PASTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["e0", "e1", "gone"]), st.integers(2021, 2026)).map(lambda p: f"{p[0]}:{p[1]}"),
        st.tuples(
            st.sampled_from(["e0", "gone"]), st.dates(date(2023, 1, 1), date(2026, 2, 1)), st.integers(10, 300),
            st.sampled_from(["", ":NZ", ":AU", ":NZ:xx-test", ":NZ:nz-rse"]),
        ).map(lambda p: f"{p[0]}:{p[1]}/{p[1] + timedelta(days=p[2])}{p[3]}"),
    ),
    max_size=3,
).map(";".join)  # fmt: skip
WORKER = st.fixed_dictionaries(
    {
        "origin": st.sampled_from(["TO", "WS", "KI"]),
        "region": st.sampled_from([None, "TO-01", "WS-AA"]),
        "birth_year": st.sampled_from([None, 2008, 2007, 1990, 1980]),
        "sex": st.sampled_from(["f", "m", None]),
        "isco": st.sampled_from(["9211", "2221", "6113", None]),
        "experience_months": st.sampled_from([0, 6, 24]),
        "education": st.sampled_from([None, 2, 4]),
        "languages": st.sampled_from([None, "en:A1", "en:B2;fr:A1"]),
        "licences": st.sampled_from([None, "driving", "nurse;driving"]),
        "past": PASTS,
        "facts": st.sampled_from(
            [
                None,
                "health:fail",
                "unemployed_months:8;track:home",
                "status:extension",
                "invited_by:x;track:away",
                "passed:no;trained_on:2026-01-01",
                "trained_on:2026-02-15;invited_by:x",
            ]
        ),
    }
)
VACANCY = st.fixed_dictionaries(
    {
        "employer_id": st.sampled_from(["e0", "e1"]),
        "destination": st.sampled_from(["NZ", "NZ", "NZ", "AU"]),
        "region": st.sampled_from([None, "NZ-HKB", "NZ-MBH"]),
        "isco": st.sampled_from(["9211", "2221", None]),
        "sector": st.sampled_from(["0122", "8610", None]),
        "positions": st.integers(1, 3),
        "start": st.dates(date(2025, 11, 1), date(2026, 9, 1)),
        "days": st.integers(20, 330),
        "wage": st.sampled_from([None, 2000, 2600, 3000]),
        "currency": st.sampled_from(["NZD", "NZD", "AUD"]),
        "hours_week": st.sampled_from([None, 20.0, 40.0]),
        "beds": st.sampled_from([None, 1, 2]),
        "site_id": st.sampled_from([None, "s1"]),
        "channel": st.sampled_from([None, "government", "agency"]),
        "operator": st.sampled_from([None, "op1", "op2"]),
        "facts": st.sampled_from(
            [None, None, "sponsor:no", "atr:2;local_workers:1", "track:away;rent:150", "worker_pays_recruitment:40"]
        ),
    }
)  # fmt: skip

PRUNE = """
[[rules]]
id = "fields"
type = "scope"
sectors = ["01", "Q"]
origins = ["TO", "WS", "KI"]
[[rules]]
id = "who"
type = "eligibility"
where = { sector = "01" }
age_min = 18
age_max = 45
legal_basis = "an invented act"
facts = { health = {} }
exempt = [{ worker = "returning" }]
[[rules]]
id = "nurses"
type = "eligibility"
where = { occ = "2221" }
languages = { en = "B1" }
licences = ["nurse"]
education = 3
experience_months = 12
experience_occ = ["22"]
[[rules]]
id = "idle"
type = "eligibility"
where = { origin = "WS", worker = "new" }
facts = { unemployed_months = { min = 6, unknown = "refuse" } }
[[rules]]
id = "stay"
type = "stay"
max = "P7M"
window = "P11M"
return_before_next = true
[[rules]]
id = "stay-ki"
type = "stay"
where = { origin = "KI" }
max = "P9M"
window = "P11M"
overrides = ["stay"]
[[rules]]
id = "away"
type = "stay"
where = { region = "NZ-HKB" }
absence_before = "P45D"
cooling_off = "P2M"
career_max = "P2Y"
reset_after_absence = "P1Y"
[[rules]]
id = "season"
type = "stay"
where = { region = "NZ-MBH", age = ">=30" }
fixed_season = ["11-15", "07-31"]
min = "P1M"
[[rules]]
id = "wage"
type = "wage"
floors = [{ amount = 23.5, currency = "NZD" }]
uplift_percent = 10
uplift_seasons = 2
[[rules]]
id = "hours"
type = "guarantee"
hours = 120
window = "P4W"
[[rules]]
id = "house"
type = "housing"
capacity = false
rent_max = { amount = 100, currency = "NZD", per = "week" }
[[rules]]
id = "gate"
type = "employer_gate"
needs = ["sponsor"]
[[rules]]
id = "again"
type = "returning"
definition = { within = "P2Y", year_start = "07-01" }
max_consecutive = 2
strictness = "hard"
[[rules]]
id = "together"
type = "group"
min_group = 3
[[rules]]
id = "guard"
type = "brain_drain"
mode = "forbid_active"
list = "who-ssl-2023"
occ = ["2221", "6113"]
[[rules]]
id = "treaty"
type = "brain_drain"
mode = "require_g2g"
occ = ["2221"]
agreement = "de-other"
where = { origin = ["WS", "TO"] }
direct_application_allowed = false
[[rules]]
id = "trained"
type = "training"
required = true
lag = "P30D"
where = { origin = "TO" }
[[rules]]
id = "runaways"
type = "compliance"
absconding_max = 0.05
observed = { WS = 0.02, "WS-AA" = 0.1, e1 = 0.2 }
wage_protection = true
"""
ROWS = """
[[rules]]
id = "all"
type = "quota"
max = 3
period = { kind = "year", start = "07-01" }
[[rules]]
id = "fresh"
type = "quota"
where = { worker = "new", origin = ["TO", "WS"] }
max = 1
[[rules]]
id = "by-origin"
type = "quota"
per = ["origin", "month"]
max = 1
table = [{ origin = "TO", month = 3, max = 2 }]
exempt = [{ worker = "extension" }, { sector = "Q" }]
[[rules]]
id = "operators"
type = "quota"
per = ["operator"]
table = [{ operator = "op1", max = 2, used = 1 }, { operator = "op2", max = 2 }]
where = { channel = "government" }
[[rules]]
id = "present"
type = "quota"
count = "stock"
where = { region = "NZ-HKB" }
max = 2
[[rules]]
id = "quarter"
type = "quota"
max = 2
period = { kind = "rolling", window = "P3M" }
where = { sector = "01" }
[[rules]]
id = "rounds"
type = "quota"
max = 4
where = { origin = "KI" }
period = { kind = "half", start = "10-01" }
release = [{ date = "10-01", share = 0.5 }, { date = "02-01", share = 0.5 }]
reserved = [{ where = { worker = "returning" }, share = 0.5 }]
[[rules]]
id = "women"
type = "share"
who = { sex = "f" }
of = { sector = "01" }
min = 0.4
strictness = "hard"
legal_basis = "an invented act"
[[rules]]
id = "districts"
type = "share"
who = { origin_region = "TO-01" }
max = 0.5
per = ["origin"]
strictness = "hard"
legal_basis = "the agreement"
[[rules]]
id = "beds"
type = "housing"
[[rules]]
id = "atr"
type = "employer_gate"
capacity_from = "atr"
max_local_ratio = 1.0
[[rules]]
id = "back"
type = "returning"
definition = { within = "P3Y" }
reserved_share = 0.3
new_share_min = 0.2
strictness = "hard"
[[rules]]
id = "kin"
type = "group"
relatives_max = 1
lead_language = "en"
lead_level = "B1"
lead_per = 2
[[rules]]
id = "nurses-stay"
type = "brain_drain"
mode = "cap"
occ = ["2221", "6113"]
percent = 10
stock = [{ origin = "TO", active = 15 }, { origin = "WS", active = 9, returned = 1 }]
period = { kind = "year" }
[[rules]]
id = "seats"
type = "training"
tracks = ["home", "away"]
seats = 3
pass_rate = 0.5
[[rules]]
id = "visas"
type = "timing"
monthly_capacity = 1
per_origin = true
"""
POOLS = """
[[rules]]
id = "first"
type = "quota"
where = { start = ["10-01", "03-31"] }
max = 1
period = { kind = "fiscal_year", start = "10-01" }
[[rules]]
id = "second"
type = "quota"
where = { start = ["04-01", "09-30"] }
max = 1
period = { kind = "fiscal_year", start = "10-01" }
[[rules]]
id = "more-first"
type = "quota"
adds_to = "first"
rollover_to = "late"
where = { worker = "returning", start = ["01-01", "03-31"] }
max = 1
[[rules]]
id = "more-second"
type = "quota"
adds_to = "second"
rollover_to = "late"
where = { worker = "returning", start = ["04-01", "05-31"] }
max = 1
[[rules]]
id = "late"
type = "quota"
adds_to = "second"
where = { start = ["06-01", "09-30"] }
max = 1
[[rules]]
id = "back"
type = "stay"
return_before_next = true
"""


def snippets(text: str) -> list[str]:
    """The rules one by one, an overriding one together with what it overrides."""
    parts = ["[[rules]]" + part for part in text.split("[[rules]]")[1:]]
    joined: list[str] = []
    for part in parts:
        if "overrides" in part:
            joined[-1] += part
        else:
            joined.append(part)
    return joined


def some_rules(text: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(snippets(text)), min_size=1, max_size=3, unique=True).map("".join)


def world(people: list[dict[str, Any]], jobs: list[dict[str, Any]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    for n, job in enumerate(jobs):
        job["end"] = job["start"] + timedelta(days=job.pop("days"))
        job["vacancy_id"] = f"v{n}"
    return worlds.workers(*people), worlds.vacancies(*jobs)


@settings(max_examples=90, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some_rules(PRUNE), st.lists(WORKER, min_size=1, max_size=5), st.lists(VACANCY, min_size=1, max_size=4))
def test_a_pair_is_admitted_exactly_when_the_judge_finds_nothing_against_it(
    rules: str, people: list[dict[str, Any]], jobs: list[dict[str, Any]]
) -> None:
    workers, vacancies = world([dict(one) for one in people], [dict(one) for one in jobs])
    partnership = worlds.agreement(rules, 'origins = ["TO", "WS", "KI", "FJ"]\nvalid_to = 2026-08-01')
    through = worlds.admitted(workers, vacancies, partnership)
    for w in range(len(workers)):
        for v in range(len(vacancies)):
            found = judge(worlds.placements(workers, vacancies, [(w, v)]), workers, vacancies, [partnership])
            hard = [violation for violation in found if violation.strictness == "hard"]
            assert through[w, v] == (not hard), (workers.row(w), vacancies.row(v), hard)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(some_rules(ROWS), st.just(POOLS), st.just(ROWS)),
    st.lists(WORKER, min_size=2, max_size=7),
    st.lists(VACANCY, min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_the_rows_hold_exactly_when_the_judge_finds_nothing(rules: str, people: Any, jobs: Any, random: Any) -> None:
    workers, vacancies = world([dict(one) for one in people], [dict(one) | {"destination": "NZ"} for one in jobs])
    partnership = worlds.agreement(rules)
    rows, edges = worlds.compiled(workers, vacancies, partnership)
    for _ in range(4):
        pairs = []
        room = dict(enumerate(vacancies["positions"].to_list()))
        for w in random.sample(range(len(workers)), random.randint(0, len(workers))):
            v = random.randrange(len(vacancies))
            if room[v]:
                room[v] -= 1
                pairs.append((w, v))
        chosen = np.array([w * len(vacancies) + v for w, v in pairs], dtype=np.int64)
        found = judge(worlds.placements(workers, vacancies, pairs), workers, vacancies, [partnership])
        counted = [one for one in found if one.strictness == "hard" and not one.code.startswith("stay.")]
        counted = [one for one in counted if not one.rule.startswith("default-")]
        assert worlds.rows_kept(rows, edges, chosen) == (not counted), counted
