"""Each kind of rule: one case that passes and one that fails, to admission, to the rows and to the judge alike."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from skillbridge.partnerships.admission import REFUSED, admission
from skillbridge.partnerships.doubts import meant_by_none
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import KINDS, parse
from skillbridge.partnerships.places import in_region
from skillbridge.partnerships.wording import says
from skillbridge.tables import applied_by
from tests.partnerships import worlds

Case = tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]
"""(name, the rule, a worker and a vacancy that pass, a worker and a vacancy that do not)."""

ONE_BY_ONE: list[Case] = [
    ("scope", 'sectors = ["01"]', {}, {}, {}, {"sector": "1010"}),
    ("scope", 'origins = ["TO"]', {}, {}, {"origin": "FJ"}, {}),
    ("scope", 'sectors = ["01"]', {}, {}, {}, {"sector": None}),
    ("eligibility", "age_min = 18", {"birth_year": 2007}, {}, {"birth_year": 2008}, {}),
    ("eligibility", "age_min = 18", {}, {}, {"birth_year": None}, {}),
    ("eligibility", 'age_max = 39\nlegal_basis = "an act"', {"birth_year": 1987}, {}, {"birth_year": 1986}, {}),
    ("eligibility", 'languages = { en = "B1" }', {"languages": "en:B2"}, {}, {"languages": "en:A2;fr:C1"}, {}),
    ("eligibility", 'languages = { nb = "A2" }', {"languages": "no:A2"}, {}, {"languages": "da:C1"}, {}),
    ("eligibility", 'languages_any = { en = "A2", no = "A2" }', {"languages": "nn:B1"}, {}, {"languages": "en:A1"}, {}),
    ("eligibility", 'licences = ["nurse"]', {"licences": "nurse;driving"}, {}, {"licences": "driving"}, {}),
    ("eligibility", 'experience_months = 12\nexperience_occ = ["92"]', {}, {}, {"isco": "5131"}, {}),
    ("eligibility", "facts = { health = {} }", {}, {}, {"facts": "health:fail"}, {}),
    ("eligibility", 'facts = { idle = { min = 6, unknown = "refuse" } }', {"facts": "idle:6"}, {}, {}, {}),
    ("stay", 'max = "P6M"', {}, {}, {}, {"end": date(2026, 9, 1)}),
    ("stay", 'min = "P6M"', {}, {}, {}, {"end": date(2026, 8, 30)}),
    ("stay", 'fixed_season = ["03-01", "08-31"]', {}, {}, {}, {"start": date(2026, 2, 28)}),
    ("stay", 'fixed_season = ["11-01", "08-31"]', {}, {}, {}, {"end": date(2026, 9, 1)}),
    ("stay", 'absence_before = "P59D"', {"past": "x:2025-06-01/2025-12-31:NZ:nz-rse"}, {},
     {"past": "x:2025-06-01/2026-01-01:NZ:nz-rse"}, {}),
    ("stay", 'cooling_off = "P2M"', {"past": "x:2025-06-01/2025-12-31:NZ:xx-test"}, {},
     {"past": "x:2025-06-01/2026-01-01:NZ:xx-test"}, {}),
    ("stay", 'max = "P7M"\nwindow = "P11M"', {"past": "x:2025-11-01/2025-11-28:NZ"}, {},
     {"past": "x:2025-11-01/2025-11-29:NZ"}, {}),
    ("stay", 'career_max = "P1Y"\nreset_after_absence = "P60D"', {"past": "x:2024-12-01/2025-12-30:NZ"}, {},
     {"past": "x:2024-12-01/2026-01-01:NZ"}, {}),
    ("stay", "return_before_next = true", {"past": "x:2025-11-01/2026-02-27:NZ"}, {},
     {"past": "x:2025-11-01/2026-02-28:NZ"}, {}),
    ("wage", 'floors = [{ amount = 23.5, currency = "NZD" }]', {}, {"wage": 2350}, {}, {"wage": 2349}),
    ("wage", 'floors = [{ amount = 23.5, currency = "NZD" }]', {}, {}, {}, {"wage": None}),
    ("wage", 'floors = [{ amount = 23.5, currency = "NZD" }]', {}, {}, {}, {"currency": "AUD"}),
    ("wage", 'floors = [{ amount = 4000, currency = "NZD", per = "month" }]', {}, {"wage": 2308}, {}, {"wage": 2306}),
    ("wage", 'floors = [{ amount = 20, currency = "NZD" }]\nuplift_percent = 10\nuplift_seasons = 2',
     {"past": "x:2025"}, {"wage": 2100}, {"past": "x:2024;x:2025"}, {"wage": 2100}),
    ("guarantee", 'hours = 120\nwindow = "P4W"', {}, {"hours_week": 30.0}, {}, {"hours_week": 29.5}),
    ("cost", 'item = "visa"\nworker_max = { amount = 50, currency = "NZD" }', {}, {"facts": "worker_pays_visa:50"}, {},
     {"facts": "worker_pays_visa:51"}),
    ("cost", 'item = "recruitment"\nworker_max = { amount = 0, currency = "NZD" }', {},
     {"facts": "worker_pays_visa:9"}, {}, {"facts": "worker_pays_recruiting:9"}),
    ("cost", 'item = "any"\nworker_max = { amount = 20, currency = "NZD" }', {}, {"facts": "Worker_pays_visa:9"}, {},
     {"facts": "worker_pays_visa:19;worker_pays_food:2"}),
    ("cost", 'item = "visa"\nworker_max = { amount = 900, currency = "NZD" }', {}, {"facts": "worker_pays_visa:"}, {},
     {"facts": "worker_pays_visa:500 NZD"}),
    ("housing", 'rent_max = { amount = 100, currency = "NZD", per = "week" }', {}, {"facts": "rent:100"}, {},
     {"facts": "rent:101"}),
    ("housing", 'rent_max = { amount = 9000, currency = "NZD", per = "week" }', {}, {}, {}, {"facts": "Rent:4,500"}),
    ("housing", "inspected = true", {}, {"facts": "inspected_until:2026-08-31"}, {},
     {"facts": "inspected_until:2026-08-30"}),
    ("employer_gate", 'needs = ["sponsor"]', {}, {}, {}, {"facts": "sponsor:no"}),
    ("employer_gate", 'needs = ["sponsor"]', {}, {"facts": "sponsor"}, {}, {"facts": "sponsor:nei"}),
    ("employer_gate", 'needs = ["sponsor"]\nunknown = "refuse"', {}, {"facts": "sponsor:yes"}, {}, {}),
    ("employer_gate", 'needs = ["sponsor"]\nunknown = "refuse"', {}, {"facts": "sponsor:approved"}, {},
     {"facts": "sponsor:"}),
    ("employer_gate", 'blacklist = ["bad"]', {}, {}, {}, {"employer_id": "bad"}),
    ("returning", 'max_consecutive = 2\nstrictness = "hard"', {"past": "x:2025"}, {}, {"past": "x:2024;x:2025"}, {}),
    ("group", "min_group = 5", {}, {"positions": 5}, {}, {"positions": 4}),
    ("brain_drain", 'mode = "forbid_active"\nlist = "who-ssl-2023"', {"origin": "GH"}, {},
     {"origin": "GH"}, {"isco": "2221"}),
    ("brain_drain", 'mode = "forbid_active"\nlist = "who-ssl-2023"', {"origin": "GH", "isco": "2221"},
     {"channel": "direct"}, {"origin": "GH", "isco": "2221"}, {"channel": "agency"}),
    ("brain_drain", 'mode = "require_g2g"\nocc = ["2221"]\nagreement = "other"', {}, {}, {}, {"isco": "2221"}),
    ("training", 'required = true\nlag = "P30D"', {"facts": "trained_on:2026-01-30"}, {},
     {"facts": "trained_on:2026-01-31"}, {}),
    ("compliance", "absconding_max = 0.3\nobserved = { FJ = 0.31 }", {}, {}, {"origin": "FJ"}, {}),
    ("compliance", "documents_kept_by_worker = true", {}, {}, {}, {"facts": "holds_documents:yes"}),
    ("compliance", "wage_protection = true", {}, {}, {}, {"facts": "wage_protection:no"}),
]  # fmt: skip


@pytest.mark.parametrize("case", ONE_BY_ONE, ids=[f"{case[0]}-{n}" for n, case in enumerate(ONE_BY_ONE)])
def test_a_pair_passes_or_fails(case: Case) -> None:
    kind, rule, good_worker, good_job, bad_worker, bad_job = case
    partnership = worlds.agreement(f'[[rules]]\nid = "r"\ntype = "{kind}"\n{rule}')
    people = worlds.workers(good_worker, bad_worker)
    for number, (job, passes) in enumerate(((good_job, True), (bad_job, False))):
        jobs = worlds.vacancies(job)
        found = worlds.broken(people, jobs, [(number, 0)], partnership)
        assert (found == []) is passes, found
        if not passes:
            assert all(rule == "r" for rule, _ in found)
        assert worlds.admitted(people, jobs, partnership)[number, 0] == passes


Together = tuple[str, str, list[dict[str, Any]], list[dict[str, Any]], list[tuple[int, int]], list[tuple[int, int]]]
NEW, BACK = {"past": None}, {"past": "x:2025"}
TOGETHER: list[Together] = [
    ("quota", "max = 2", [{}] * 3, [{"positions": 3}], [(0, 0), (1, 0)], [(0, 0), (1, 0), (2, 0)]),
    ("quota", 'max = 1\nperiod = { kind = "month" }', [{}] * 2,
     [{"start": date(2026, 3, 31)}, {"start": date(2026, 4, 1)}, {"start": date(2026, 3, 1)}],
     [(0, 0), (1, 1)], [(0, 0), (1, 2)]),
    ("quota", 'per = ["origin"]\ntable = [{ origin = "TO", max = 1 }]', [{}, {}, {"origin": "FJ"}], [{"positions": 3}],
     [(0, 0)], [(0, 0), (2, 0)]),
    ("quota", 'max = 3\nused = { count = 2, as_of = 2026-02-01 }\nperiod = { kind = "year" }', [{}] * 2,
     [{"positions": 2}], [(0, 0)], [(0, 0), (1, 0)]),
    ("quota", 'max = 1\ncount = "stock"', [{}] * 2,
     [{"end": date(2026, 3, 31)}, {"start": date(2026, 4, 1)}, {"start": date(2026, 3, 31)}],
     [(0, 0), (1, 1)], [(0, 0), (1, 2)]),
    ("quota", 'max = 1\nperiod = { kind = "rolling", window = "P1M" }', [{}] * 2,
     [{}, {"start": date(2026, 4, 1)}, {"start": date(2026, 3, 31)}], [(0, 0), (1, 1)], [(0, 0), (1, 2)]),
    ("quota", 'max = 2\nperiod = { kind = "year" }\nrelease = [{ date = "01-01", share = 0.5 }, '
     '{ date = "06-01", share = 0.5 }]', [{}] * 2, [{"positions": 2}, {"start": date(2026, 6, 1)}],
     [(0, 0), (1, 1)], [(0, 0), (1, 0)]),
    ("quota", 'max = 2\nreserved = [{ where = { worker = "returning" }, places = 1 }]', [NEW, NEW, BACK],
     [{"positions": 3}], [(0, 0), (2, 0)], [(0, 0), (1, 0)]),
    ("quota", 'max = 4\nconversion = 0.8\ncount = "admissions"', [{}] * 6, [{"positions": 6}],
     [(n, 0) for n in range(5)], [(n, 0) for n in range(6)]),
    ("share", 'who = { sex = "f" }\nmin = 0.5\nstrictness = "hard"\nlegal_basis = "an act"',
     [{"sex": "f"}, {"sex": "m"}], [{"positions": 2}], [(0, 0), (1, 0)], [(1, 0)]),
    ("share", 'who = { origin = "TO" }\nmax = 0.5\nstrictness = "hard"\nlegal_basis = "it"', [{}, {"origin": "FJ"}],
     [{"positions": 2}], [(0, 0), (1, 0)], [(0, 0)]),
    ("housing", "", [{}] * 2, [{"beds": 1, "site_id": "s"}, {"site_id": "s", "beds": 1}], [(0, 0)], [(0, 0), (1, 1)]),
    ("employer_gate", 'capacity_from = "atr"', [{}] * 3, [{"positions": 3, "facts": "atr:2"}],
     [(0, 0), (1, 0)], [(0, 0), (1, 0), (2, 0)]),
    ("employer_gate", 'capacity_from = "atr"', [{}] * 3, [{"positions": 2, "facts": "atr:8"}, {"facts": "atr:1"}],
     [(0, 0)], [(0, 0), (1, 1)]),
    ("employer_gate", 'capacity_from = "atr"', [{}], [{"facts": "atr:five"}], [], [(0, 0)]),
    ("employer_gate", 'max_local_ratio = 1\nat_once = true', [{}] * 2,
     [{"facts": "local_workers:1", "end": date(2026, 5, 1)}, {"start": date(2026, 5, 2)}, {}],
     [(0, 0), (1, 1)], [(0, 0), (1, 2)]),
    ("quota", 'per = ["region"]\ntable = [{ region = "NZ-3", max = 1 }]', [{}] * 2,
     [{"region": "NZ-3"}, {"region": "NZ-301"}], [(1, 1)], [(0, 0), (1, 1)]),
    ("quota", 'max = 1\nwhere = { region = "NZ-3" }', [{}] * 2, [{"region": "Otago"}, {"region": "NZ-3"}],
     [(0, 0)], [(0, 0), (1, 1)]),
    ("employer_gate", "max_heads = 1", [{}] * 2, [{}, {}], [(0, 0)], [(0, 0), (1, 1)]),
    ("timing", "monthly_capacity = 1", [{}] * 2, [{}, {"start": date(2026, 4, 1)}, {}],
     [(0, 0), (1, 1)], [(0, 0), (1, 2)]),
    ("returning", 'reserved_share = 0.5\nstrictness = "hard"', [NEW, BACK], [{"positions": 2}],
     [(0, 0), (1, 0)], [(0, 0)]),
    ("returning", 'call_back = true\nstrictness = "hard"', [{"worker_id": "w-1"}, {}, {}],
     [{"positions": 2, "named_workers": "w-1;w-9"}, {"positions": 2, "named_workers": "w-1"}],
     [(0, 0), (1, 1)], [(1, 0)]),
    ("returning", 'call_back = true\nstrictness = "hard"', [{"worker_id": "w-1"}, {}, {}],
     [{"positions": 2, "named_workers": "w-1"}], [(0, 0), (1, 0)], [(1, 0), (2, 0)]),
    ("group", "relatives_max = 1", [{"facts": "invited_by:a"}] * 2, [{"positions": 2}], [(0, 0)], [(0, 0), (1, 0)]),
    ("group", "relatives_max = 1", [{"facts": "invited_by:a"}, {}, {}, {"facts": "invited_by:a"}], [{"positions": 4}],
     [(0, 0), (1, 0), (2, 0)], [(0, 0), (3, 0)]),
    ("group", 'lead_language = "en"\nlead_per = 2', [{"languages": "en:B1"}, {}, {}], [{"positions": 3}],
     [(0, 0), (1, 0)], [(0, 0), (1, 0), (2, 0)]),
    ("brain_drain", 'mode = "cap"\nocc = ["9211"]\npercent = 1\nstock = [{ origin = "TO", active = 100 }]', [{}] * 2,
     [{"positions": 2}], [(0, 0)], [(0, 0), (1, 0)]),
    ("training", 'tracks = ["home", "away"]\nseats = 2\npass_rate = 0.5', [{"facts": "track:away"}] * 2,
     [{"positions": 2}], [(0, 0)], [(0, 0), (1, 0)]),
]  # fmt: skip


@pytest.mark.parametrize("case", TOGETHER, ids=[f"{case[0]}-{n}" for n, case in enumerate(TOGETHER)])
def test_a_plan_passes_or_fails(case: Together) -> None:
    kind, rule, people_rows, job_rows, good, bad = case
    partnership = worlds.agreement(f'[[rules]]\nid = "r"\ntype = "{kind}"\n{rule}')
    people, jobs = worlds.workers(*people_rows), worlds.vacancies(*job_rows)
    rows, edges = worlds.compiled(people, jobs, partnership)
    for pairs, passes in ((good, True), (bad, False)):
        chosen = np.array([w * len(jobs) + v for w, v in pairs], dtype=np.int64)
        assert worlds.rows_kept(rows, edges, chosen) is passes
        found = worlds.broken(people, jobs, pairs, partnership)
        assert (found == []) is passes, found


def test_a_change_of_employer_in_one_stay_needs_the_rule_s_leave() -> None:
    jobs = worlds.vacancies(
        {"employer_id": "a", "end": date(2026, 5, 31)},
        {"employer_id": "b", "start": date(2026, 6, 1)},
        {"employer_id": "b", "start": date(2026, 6, 3)},
    )
    tied = worlds.agreement('[[rules]]\nid = "r"\ntype = "mobility"\nchange = "none"')
    free = worlds.agreement('[[rules]]\nid = "r"\ntype = "mobility"\nchange = "free"')
    late = worlds.agreement('[[rules]]\nid = "r"\ntype = "mobility"\nchange = "transfer"\nmin_time = "P1Y"')
    people = worlds.workers({})
    assert worlds.broken(people, jobs, [(0, 0), (0, 1)], tied) == [("r", "mobility.none")]
    assert worlds.broken(people, jobs, [(0, 0), (0, 2)], tied) == []
    assert worlds.broken(people, jobs, [(0, 0), (0, 1)], free) == []
    assert worlds.broken(people, jobs, [(0, 0), (0, 1)], late) == [("r", "mobility.min_time")]


def test_an_order_ranks_everybody_once_and_the_same_way_again() -> None:
    people = worlds.workers(
        {"waiting_since": date(2025, 2, 1)}, {}, {"waiting_since": date(2024, 1, 1)}, {"facts": "score:7"}
    )
    rules = {
        "first_come": 'method = "first_come"\nkey = "waiting_since"',
        "points": 'method = "points"\nkey = "score"',
        "lottery": 'method = "lottery"',
    }
    ranks = {}
    for name, text in rules.items():
        rule: Any = worlds.agreement(f'[[rules]]\nid = "r"\ntype = "order"\n{text}').rules[0]
        ranks[name] = rule.rank(people, seed=3).tolist()
        assert sorted(ranks[name]) == [0, 1, 2, 3]
        assert rule.rank(people, seed=3).tolist() == ranks[name]
    assert ranks["first_come"] == [1, 2, 0, 3]
    assert ranks["points"][3] == 0
    lottery: Any = worlds.agreement('[[rules]]\nid = "r"\ntype = "order"\nmethod = "lottery"').rules[0]
    assert any(lottery.rank(people, seed=n).tolist() != ranks["lottery"] for n in range(9))


def test_deadlines_are_judged_on_the_day_a_vacancy_was_applied_for() -> None:
    from skillbridge.partnerships.judge import judge

    text = '[[rules]]\nid = "r"\ntype = "timing"\n'
    jobs, people = worlds.vacancies({}), worlds.workers({})
    for rule, good, late in (
        ('apply_by = "11-15"', date(2025, 11, 15), date(2025, 11, 16)),
        ('lead_time = "P8W"', date(2026, 1, 4), date(2026, 1, 5)),
        ('filing_window = ["01-10", "02-20"]', date(2026, 2, 20), date(2026, 2, 21)),
    ):
        partnership = worlds.agreement(text + rule)
        placed = worlds.placements(people, jobs, [(0, 0)])
        for day, broken in ((good, 0), (late, 1), (None, 0)):
            known = applied_by(jobs, day)
            assert len(judge(placed, people, known, [partnership])) == broken
            assert (admission(people, known, [partnership]).pathway == REFUSED).all() == bool(broken)


def test_transport_is_told_and_binds_nobody() -> None:
    partnership = worlds.agreement('[[rules]]\nid = "r"\ntype = "transport"\ninternational = "employer"')
    people, jobs = worlds.workers({}), worlds.vacancies({})
    assert worlds.broken(people, jobs, [(0, 0)], partnership) == []
    assert list(partnership.rules[0].says()) == [("say.transport.employer", {})]


def test_no_kind_of_rule_is_left_untested() -> None:
    tested = (
        {case[0] for case in ONE_BY_ONE} | {case[0] for case in TOGETHER} | {"mobility", "order", "timing", "transport"}
    )
    assert tested == set(KINDS)


def test_a_fee_for_recruitment_is_refused_where_the_file_is_silent() -> None:
    partnership = worlds.agreement()
    jobs = worlds.vacancies({"facts": "worker_pays_recruitment:1"}, {})
    people = worlds.workers({})
    assert worlds.broken(people, jobs, [(0, 0)], partnership) == [("default-no-fees", "cost.worker_max")]
    assert worlds.admitted(people, jobs, partnership).tolist() == [[False, True]]


def test_two_sovereigns_bind_the_same_placement() -> None:
    pathway = worlds.agreement('[[rules]]\nid = "cap"\ntype = "quota"\nmax = 3')
    policy = parse(
        'id = "to-origin"\ntitle = "T"\nkind = "origin_policy"\nowner = "origin"\norigins = ["TO"]\nversion = "1"\n'
        '[[rules]]\nid = "own"\ntype = "quota"\nmax = 1\n'
        '[[rules]]\nid = "age"\ntype = "eligibility"\nage_min = 21\nlegal_basis = "an act"\n'
    )
    people = worlds.workers({}, {}, {"origin": "FJ"}, {"birth_year": 2006})
    jobs = worlds.vacancies({"positions": 4})
    assert worlds.admitted(people, jobs, pathway, policy)[:, 0].tolist() == [True, True, True, False]
    rows, edges = worlds.compiled(people, jobs, pathway, policy)
    assert worlds.rows_kept(rows, edges, np.array([0, 2]))
    assert not worlds.rows_kept(rows, edges, np.array([0, 1]))
    assert worlds.broken(people, jobs, [(0, 0), (1, 0)], pathway, policy) == [("own", "quota.max")]


def test_a_stay_under_the_agreement_that_was_renewed_counts_as_its_own() -> None:
    rule = '[[rules]]\nid = "r"\ntype = "stay"\ncooling_off = "P1Y"'
    people, jobs = worlds.workers({"past": "x:2025-06-01/2025-12-31:NZ:xx-old"}), worlds.vacancies({})
    for envelope, passes in (('supersedes = "xx-old"', False), ("", True)):
        partnership = worlds.agreement(rule, envelope)
        assert (worlds.broken(people, jobs, [(0, 0)], partnership) == []) is passes
        assert worlds.admitted(people, jobs, partnership)[0, 0] == passes


INSPECTED = '[[rules]]\nid = "h"\ntype = "housing"\ninspected = true\ncapacity = false\n'


@pytest.mark.parametrize(
    ("until", "code"),
    [
        ("2026-12-31", None), ("2026-06-30", None), ("2026-06-29", "housing.inspected"), ("no", "fact.unreadable"),
        ("soon", "fact.unreadable"), ("31/01/2020", "fact.unreadable"), ("30/08/2028", "fact.unreadable"),
    ],
)  # fmt: skip
def test_an_inspection_that_cannot_be_read_does_not_pass(until: str, code: str | None) -> None:
    partnership = worlds.agreement(INSPECTED)
    people = worlds.workers({})
    jobs = worlds.vacancies({"end": date(2026, 6, 30), "facts": f"inspected_until:{until}"})
    assert worlds.admitted(people, jobs, partnership).tolist() == [[code is None]]
    found = judge(worlds.placements(people, jobs, [(0, 0)]), people, jobs, [partnership])
    assert [one.code for one in found if one.rule == "h"] == ([code] if code else [])


@pytest.mark.parametrize(
    ("wage", "seasons", "enough"),
    [(1350, 0, True), (1349, 0, False), (1417, 2, False), (1418, 2, True)],
)
def test_a_floor_by_the_hour_is_kept_to_the_cent(wage: int, seasons: int, enough: bool) -> None:
    partnership = worlds.agreement(
        '[[rules]]\nid = "w"\ntype = "wage"\nfloors = [{ amount = 13.5, currency = "NZD" }]\n'
        "uplift_percent = 5\nuplift_seasons = 2\n"
    )
    past = ";".join(f"e:{2020 + n}-02-01/{2020 + n}-05-01:NZ:xx-test" for n in range(seasons)) or None
    people, jobs = worlds.workers({"past": past}), worlds.vacancies({"wage": wage})
    found = judge(worlds.placements(people, jobs, [(0, 0)]), people, jobs, [partnership])
    assert (not [one for one in found if one.rule == "w"]) == enough
    assert worlds.admitted(people, jobs, partnership).tolist() == [[enough]]


def test_a_region_does_not_cover_another_whose_code_begins_alike() -> None:
    assert in_region("IE-D", "IE-D")
    assert in_region("NO-3401", "NO-34")
    assert in_region("ES-H", "ES")
    assert not in_region("IE-DL", "IE-D")
    assert not in_region("NO-34", "NO-3401")
    floors = '[{ by_region = { IE-D = 14.2, IE = 13.5 }, currency = "EUR" }]'
    partnership = worlds.agreement(f'[[rules]]\nid = "w"\ntype = "wage"\nfloors = {floors}\n', destination="IE")
    people = worlds.workers({})
    for region, enough in (("IE-DL", True), ("IE-D", False)):
        jobs = worlds.vacancies({"destination": "IE", "region": region, "wage": 1350, "currency": "EUR"})
        assert worlds.admitted(people, jobs, partnership).tolist() == [[enough]], region


@pytest.mark.parametrize(
    ("applied", "start", "way", "in_time"),
    [
        (date(2028, 6, 1), date(2028, 12, 1), "latest", True),
        (date(2028, 6, 1), date(2028, 12, 1), "year_before", False),
        (date(2027, 11, 15), date(2028, 12, 1), "year_before", True),
        (date(2027, 11, 16), date(2028, 3, 1), "year_before", False),
    ],
)
def test_a_deadline_may_be_of_the_year_before(applied: date, start: date, way: str, in_time: bool) -> None:
    partnership = worlds.agreement(f'[[rules]]\nid = "t"\ntype = "timing"\napply_by = "11-15"\napply_in = "{way}"\n')
    jobs = worlds.vacancies({"start": start, "end": start + timedelta(days=90), "applied_on": applied})
    assert worlds.admitted(worlds.workers({}), jobs, partnership).tolist() == [[in_time]]


@pytest.mark.parametrize(
    ("isco", "guarded"), [("2221", True), ("22", True), ("2", True), ("23", False), ("9211", False)]
)
def test_a_group_that_may_hold_a_guarded_occupation_is_guarded(isco: str, guarded: bool) -> None:
    partnership = worlds.agreement(
        '[[rules]]\nid = "b"\ntype = "brain_drain"\nmode = "forbid_active"\nocc = ["222"]\nby = "worker"\n'
        'where = { origin = "TO" }\n'
    )
    people, jobs = worlds.workers({"isco": isco}), worlds.vacancies({})
    assert worlds.admitted(people, jobs, partnership).tolist() == [[not guarded]]


@pytest.mark.parametrize("text", ["no", "No", "false", "0"])
def test_no_is_no_however_it_is_written(text: str) -> None:
    partnership = worlds.agreement(
        '[[rules]]\nid = "e"\ntype = "eligibility"\n'
        'facts = { prior_asylum = { one_of = ["no"], unknown = "refuse" } }\n'
    )
    people = worlds.workers({"facts": f"prior_asylum:{text}"}, {"facts": "prior_asylum:yes"}, {})
    assert worlds.admitted(people, worlds.vacancies({}), partnership).tolist() == [[True], [False], [False]]


def test_a_speaker_may_be_asked_for_each_employer_instead_of_each_vacancy() -> None:
    people = worlds.workers({"languages": "en:B1"}, {}, {})
    jobs = worlds.vacancies({"positions": 2}, {"positions": 2})
    lead = '[[rules]]\nid = "g"\ntype = "group"\nlead_language = "en"\nlead_level = "B1"\nlead_per = 20\n'
    taken = [(0, 0), (1, 0), (2, 1)]
    for more, broken in (("", 1), ('lead_of = "employer"\n', 0)):
        partnership = worlds.agreement(lead + more)
        rows, edges = worlds.compiled(people, jobs, partnership)
        found = judge(worlds.placements(people, jobs, taken), people, jobs, [partnership])
        assert len([one for one in found if one.rule == "g"]) == broken
        pairs = list(zip(edges["worker"].to_list(), edges["vacancy"].to_list(), strict=True))
        chosen = np.array([pairs.index(pair) for pair in taken])
        assert worlds.rows_kept(rows, edges, chosen) == (not broken)


@pytest.mark.parametrize(
    ("rule", "told", "fact"),
    [
        ('type = "wage"\nfloors = [{ by_region = { NZ-AUK = 20 }, currency = "NZD" }]', {"region": "NZ-WGN"}, "region"),
        ('type = "guarantee"\nhours = 30', {"hours_week": 30.0}, "hours_week"),
        ('type = "cost"\nitem = "visa"\nworker_share = 0', {"facts": "worker_pays_visa:0"}, "worker_pays_visa"),
        ('type = "cost"\nitem = "any"\nworker_share = 0', {"facts": "worker_pays_test:0"}, "worker_pays_any"),
        ('type = "housing"\ncapacity = false\nrent_max = { amount = 60, currency = "NZD", per = "week" }',
         {"facts": "rent:60"}, "rent"),
        ('type = "housing"\ncapacity = false\ninspected = true', {"facts": "inspected_until:2028-12-31"},
         "inspected_until"),
        ('type = "housing"', {"beds": 1}, "beds"),
    ],
)  # fmt: skip
def test_an_offer_that_does_not_state_it_is_refused_where_a_rule_says_so(
    rule: str, told: dict[str, Any], fact: str
) -> None:
    silent: dict[str, Any] = {"region": None, "hours_week": None, "facts": None, "beds": None}
    people, jobs = worlds.workers({}), worlds.vacancies(silent, silent | told)
    for unknown, passes in (("accept", True), ("refuse", False)):
        partnership = worlds.agreement(f'[[rules]]\nid = "r"\n{rule}\nunknown = "{unknown}"\n')
        assert worlds.admitted(people, jobs, partnership).tolist() == [[passes, True]]
        found = judge(worlds.placements(people, jobs, [(0, 0)]), people, jobs, [partnership])
        assert [(one.code, fact.replace("_", " ") in one.text) for one in found if one.rule == "r"] == (
            [] if passes else [("fact.missing", True)]
        )
    assert any("not state" in sentence for sentence in says(partnership.rules[0]))


def test_what_a_rule_names_and_no_row_is_gets_told() -> None:
    people = worlds.workers({"origin": "TO"})
    jobs = worlds.vacancies({"region": "NZ-AUK", "employer_id": "e1", "sector": "0111"})
    rules = (
        '[[rules]]\nid = "here"\ntype = "quota"\nmax = 3\nwhere = { region = "NZ", sector = "A" }\n'
        '[[rules]]\nid = "typo"\ntype = "quota"\nmax = 3\nwhere = { region = ["NZ-ZZZ"], employer = "e1" }\n'
        'exempt = [{ employer = "E1" }]\n'
        '[[rules]]\nid = "table"\ntype = "quota"\nper = ["origin"]\ntable = [{ origin = "TO", max = 1 }, '
        '{ origin = "WS", max = 1 }]\n'
    )
    told = list(meant_by_none(worlds.agreement(rules), people, jobs))
    assert [text.split(": ")[1:3] for text in told] == [
        ["typo", "where.region NZ-ZZZ"], ["typo", "exempt[0].employer E1"], ["table", "table[1].origin WS"],
    ]  # fmt: skip
    elsewhere = worlds.vacancies({"destination": "AU"})
    assert list(meant_by_none(worlds.agreement(rules), people, elsewhere)) == []
