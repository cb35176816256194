"""Files of agreements: what is read, what is refused and in which words, and what loading costs."""

import re
import time
from datetime import date
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbridge.cli import cli
from skillbridge.errors import BadInput, BadInputs
from skillbridge.partnerships.doubts import doubts, idle
from skillbridge.partnerships.partnership import KINDS, dump, library, load, parse, relax
from skillbridge.partnerships.selector import Selector
from tests.partnerships import worlds

HEAD = 'id = "xx"\ntitle = "X"\nkind = "mou"\nowner = "joint"\nversion = "1"\ndestination = ["NZ"]\n'


def rule(kind: str, text: str, name: str = "r") -> str:
    return f'[[rules]]\nid = "{name}"\ntype = "{kind}"\n{text}\n'


WRONG = [
    (HEAD + rule("quota", "maks = 3"), r"rules\[0\] r: unknown key `maks`"),
    (HEAD + rule("quota", "max = -3"), r"rules\[0\] r\.max: -3; expected a whole number of 0 or more"),
    (HEAD + rule("qouta", "max = 3"), r"rules\[0\] r\.type: 'qouta'"),
    (HEAD + rule("quota", "max = 3\nwhere = {}"), r"rules\[0\] r\.where: an empty selector"),
    (HEAD + rule("quota", "max = 3\nwhere = { origin = [] }"), r"r\.where\.origin: an empty value"),
    (HEAD + rule("quota", 'max = 3\nwhere = { origin = "XX" }'), r"r\.where\.origin: unknown country 'XX'"),
    (
        HEAD + rule("quota", 'max = 3\nwhere = { start = ["02-30", "03-31"] }'),
        r"r\.where\.start: impossible day '02-30'",
    ),
    (HEAD + rule("quota", 'max = 3\nwhere = { sex = "f" }'), r"r\.where\.sex: sex outside a share rule"),
    (HEAD + rule("quota", "max = 3\nmin = 4"), r"r\.min: 4 is above max 3"),
    (
        HEAD + rule("quota", "max = 3\nvalid_from = 2026-02-01\nvalid_to = 2026-01-01"),
        r"r\.valid_to: 2026-01-01 is before",
    ),
    (HEAD + rule("quota", 'max = 3\nadds_to = "x"'), r"r\.adds_to: 'x'"),
    (
        HEAD + rule("quota", 'per = ["origin"]\ntable = [{ origin = "TO", max = 1 }, { origin = "TO", max = 2 }]'),
        "TO twice",
    ),
    (HEAD + rule("stay", 'max = "7 months"'), r"r\.max"),
    (HEAD + rule("stay", 'max = "P12M"\nwindow = "P7M"'), r"r\.max: P12M is longer than the window P7M"),
    (HEAD + rule("stay", 'fixed_season = ["02-30", "03-31"]'), r"r\.fixed_season: impossible day"),
    (HEAD + rule("share", 'who = { sex = "f" }\nmin = 0.5'), r"r\.who\.sex: a share by sex without a legal basis"),
    (
        HEAD + rule("share", 'who = { origin = "TO" }\nmin = 0.5\nstrictness = "hard"'),
        "a hard share without a legal basis",
    ),
    (HEAD + rule("eligibility", 'sex = ["f"]'), r"r\.sex: asked without a legal basis"),
    (
        HEAD + rule("eligibility", 'age_max = 39\nsex = ["f"]\nlegal_basis = "act of ages, s. 2"'),
        r"r\.sex: beside other terms",
    ),
    (HEAD + rule("eligibility", 'languages = { english = "A2" }'), r"r\.languages\.english: not a language code"),
    (HEAD + rule("group", 'lead_language = "english"'), r"r\.lead_language: 'english'"),
    (HEAD + rule("quota", 'max = 3\nwhere = { occ = "0834" }'), r"r\.where\.occ: '0834'; expected a group of ISCO-08"),
    (HEAD + rule("brain_drain", 'mode = "cap"\nocc = ["2219"]'), r"r\.occ: '2219'; expected a group of ISCO-08"),
    (
        HEAD + rule("quota", 'per = ["region"]\ntable = [{ region = "Innlandet", max = 1 }]'),
        r"table\[0\]\.region: unknown 'Innlandet'; expected a region of ISO 3166-2",
    ),
    (
        HEAD + rule("quota", 'per = ["occ"]\ntable = [{ occ = "6124", max = 1 }]'),
        r"table\[0\]\.occ: unknown '6124'",
    ),
    (HEAD + rule("quota", 'max = 3\nwhere = { destination = "AU" }'), r"where\.destination: 'AU' is outside the agree"),
    (
        HEAD + rule("quota", 'max = 3\nwhere = { region = "AU-QLD" }'),
        r"where\.region: 'AU-QLD' is outside the agreement",
    ),
    (
        HEAD + 'origins = ["TO"]\n' + rule("quota", 'max = 3\nwhere = { origin = ["TO", "RS"] }'),
        r"where\.origin: 'RS' is outside the agreement; expected TO",
    ),
    (
        HEAD + 'origins = ["TO"]\n' + rule("quota", 'per = ["origin"]\ntable = [{ origin = "RS", max = 1 }]'),
        r"table\[0\]\.origin: 'RS' is outside the agreement",
    ),
    (
        HEAD + "valid_from = 2027-01-01\n" + rule("quota", "max = 3\nvalid_to = 2026-12-31"),
        r"r\.valid_to: the rule is never in force; expected a day within 2027-01-01 to no end",
    ),
    (
        HEAD
        + "valid_from = 2027-01-01\n"
        + rule("quota", 'max = 3\nperiod = { kind = "year" }\nused = { count = 1, as_of = 2025-06-01 }'),
        r"r\.used\.as_of: a day in no period of the agreement",
    ),
    (
        HEAD + rule("employer_gate", 'needs = ["employer aproval"]'),
        r"r\.needs.*lower-case words and digits, joined by _",
    ),
    (HEAD + rule("eligibility", "age_max = 39"), r"r\.age_max: an age limit without the law"),
    (HEAD + rule("eligibility", "facts = { pregnancy = {} }"), "an attribute that no rule may ask for"),
    (
        HEAD + rule("wage", 'floors = [{ amount = 3, currency = "NZD" }]\nstrictness = "soft"'),
        "soft, for a rule that protects",
    ),
    (HEAD + rule("wage", 'floors = [{ ref = "NZ.min" }]'), r"floors\[0\]\.ref: unknown reference"),
    (HEAD + rule("cost", 'item = "recruitment"\nworker_max = { amount = 9, currency = "NZD" }'), "without a source"),
    (HEAD + rule("quota", "max = 3") + rule("quota", "max = 4"), r"rules\[1\] r\.id: used by rules\[0\] too"),
    (HEAD + rule("quota", "max = 3") + rule("quota", "max = 4", "s"), r"rules\[1\] s\.max: 4 beside 3 of rules\[0\] r"),
    (HEAD + rule("stay", 'max = "P6M"') + rule("stay", 'max = "P7M"', "s"), r"s\.max: P7M beside P6M"),
    (HEAD.replace("NZ", "QQ"), "destination: unknown country 'QQ'"),
    (HEAD + 'tz = "Mars/Base"', "tz: unknown time zone"),
    (HEAD + 'relaxed = ["r"]', "rules relaxed in an operational file"),
    ("id = ", "not TOML"),
    (HEAD.replace('"mou"', '"memo"'), "kind"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_wrong_file_is_refused_with_file_rule_and_field(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        parse(text, "file.toml")
    assert caught.value.where.startswith("file.toml")


MISWRITTEN = [
    (rule("stay", 'min = "6 weeks"'), 'r.min: "6 weeks"; expected a duration such as P6W (six weeks), P7M'),
    (rule("timing", "lead_time = 8"), "r.lead_time: 8; expected a duration such as P6W"),
    (
        rule("wage", 'floors = [{ amount = 1, currency = "NZD", per = "fortnight" }]'),
        'r.floors[0].per: "fortnight"; expected one of day, hour, month, week, year',
    ),
    (
        rule("quota", 'max = 3\nperiod = { kind = "calendar_year" }'),
        '"calendar_year"; expected one of fiscal_year, half',
    ),
    (rule("quota", "max = 1200.5"), "r.max: 1200.5; expected a whole number of 0 or more"),
    (rule("share", 'who = { origin = "TO" }\nmin = 30'), "r.min: 30; expected a share from 0 to 1: 0.3 is 30 %"),
    (rule("eligibility", 'facts = { x = "yes" }'), 'r.facts.x: "yes"; expected a table { min, max, one_of, unknown }'),
    (
        rule("eligibility", 'languages = [{ en = "A2" }]'),
        "r.languages: a list [a table { en = ... }]; expected a table",
    ),
    (rule("quota", 'max = 3\nwhere = { marital = "single" }'), "`marital`, which no rule may ask for; expected one of"),
    (rule("quota", "maxx = 3"), "unknown key `maxx`, perhaps max; expected one of id, where"),
    (rule("quota", 'max = 3\ntitle = "x"'), "`title`, perhaps table; expected it above the first [[rules]]"),
    (rule("cost", "worker_share = 0"), "r.item: missing; expected one of airfare"),
    (rule("wage", 'floors = [{ amount = inf, currency = "NZD" }]'), "r.floors[0].amount: inf; expected a number of 0"),
    (rule("employer_gate", 'blacklist = "e-13"'), 'r.blacklist: "e-13"; expected a list'),
]


@pytest.mark.parametrize(("text", "message"), MISWRITTEN)
def test_a_miswritten_value_is_answered_in_words(text: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(HEAD + text, "file.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max = 1,200", "line 2, `max = 1,200`, is not TOML (expected newline"),
        ("floors = [{ amount = 163,20 }]", "expected numbers with a decimal point and no thousands mark: 163.20, 1200"),
        ("valid_to = 2028-02-30", "expected a day of the calendar, such as 2028-12-31"),
        ("share = 10%", "expected a share from 0 to 1: 0.3 is 30 %"),
        ("title = “X”", 'expected straight quotes: "text"'),
        ("kind = mou", "expected text in double quotes"),
        ("[[rules]]\n[rules]", "cannot declare `rules` twice"),
        ("parties = ['NZ'", "every bracket and quote closed"),
    ],
)
def test_a_line_that_is_no_toml_is_shown_with_what_was_meant(line: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(f'id = "xx"\n{line}', "file.toml")
    assert message in str(caught.value)


def test_a_field_of_the_head_is_told_apart_from_the_file() -> None:
    with pytest.raises(BadInput, match=r'^file\.toml: valid_to: "31\.12\.2028"; expected a date such as 2028-12-31$'):
        parse(HEAD + 'valid_to = "31.12.2028"', "file.toml")
    assert parse("\ufeff" + HEAD, "file.toml").id == "xx"


VALUES = st.one_of(
    st.text(max_size=4), st.integers(), st.floats(), st.booleans(), st.dates(), st.just({}), st.just({"x": 1}),
    st.lists(st.one_of(st.text(max_size=2), st.integers(), st.just({})), max_size=2),
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_no_type_or_pattern_of_the_program_reaches_who_writes_a_file(kind: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(KINDS[kind].__struct_fields__))
    part = data.draw(st.sampled_from(["", *Selector.__struct_fields__, "amount", "per", "kind", "share"]))
    value = data.draw(VALUES)
    file = {"id": "xx", "title": "X", "kind": "mou", "owner": "joint", "version": "1", "destination": ["NZ"]}
    rule = {"id": "r", "type": kind, field: {part: value} if part else value}
    try:
        parse(tomli_w.dumps(file | {"rules": [rule]}), "file.toml")
    except BadInput as error:
        text = str(error)
        assert text.startswith("file.toml: rules[0] ")
        assert not re.search(r"`(str|int|float|object|array|null|bool)|regex|\(\?|Invalid|NoneType|msgspec", text), text


UNLIKELY = [
    (rule("wage", 'floors = [{ amount = 2500, currency = "NZD" }]'), "floors[0].amount: 2,500 NZD per hour"),
    (rule("wage", 'floors = [{ amount = 25, currency = "NZD", per = "month" }]'), "25 NZD per month is 0.14 an hour"),
    (rule("wage", 'floors = [{ amount = 25, currency = "AUD" }]'), "floors[0].currency: AUD in an agreement in NZD"),
    (rule("quota", "max = 3\nused = { count = 4, as_of = 2026-01-01 }"), "r.used: 4 used of 3 places"),
    (
        rule("quota", 'per = ["origin"]\ntable = [{ origin = "TO", max = 1, used = 2 }]'),
        "table[0].used: 2 used of 1 places",
    ),
    (rule("order", 'method = "first_come"\nkey = "waiting_date"'), "no column of workers is named 'waiting_date'"),
    (rule("scope", 'origins = ["TO", "WS"]'), "'WS' is not among the agreement's origins"),
]


@pytest.mark.parametrize(("text", "message"), UNLIKELY)
def test_what_is_unlikely_to_be_meant_is_a_warning(text: str, message: str) -> None:
    partnership = parse(HEAD + 'currency = "NZD"\norigins = ["TO"]\n' + text, "file.toml")
    assert [message in str(doubt) for doubt in doubts(partnership, "file.toml")] == [True]


def test_an_ordinary_file_raises_no_doubt() -> None:
    text = rule("wage", 'floors = [{ amount = 25, currency = "NZD" }]') + rule(
        "order", 'method = "first_come"\nkey = "waiting_since"', "turn"
    )
    assert not list(doubts(parse(HEAD + 'currency = "NZD"\n' + text), "file.toml"))


def test_the_command_prints_warnings_and_succeeds(tmp_path: Path) -> None:
    file = tmp_path / "ore.toml"
    file.write_text(HEAD + rule("wage", 'floors = [{ amount = 2500, currency = "NZD" }]'), encoding="utf-8")
    done = CliRunner().invoke(cli, ["partnership", "check", str(file)])
    assert done.exit_code == 0
    assert "warning: ore.toml: rules[0] r.floors[0].amount: 2,500 NZD per hour is 2,500.00 an hour" in done.output


def test_every_problem_of_a_file_is_told_at_once() -> None:
    text = HEAD + rule("quota", "max = -1") + rule("stay", "nonsense = 1", "s") + rule("wrong", "", "t")
    with pytest.raises(BadInputs) as caught:
        parse(text, "file.toml")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "second",
    [
        'where = { origin = "TO" }\nmax = 4',
        "valid_from = 2027-01-01\nmax = 4",
        'max = 4\noverrides = ["r"]\nwhere = { region = "NZ-HKB" }',
    ],
)
def test_rules_that_overlap_without_contradiction_are_kept(second: str) -> None:
    assert len(parse(HEAD + rule("quota", "max = 3\nvalid_to = 2026-12-31") + rule("quota", second, "s")).rules) == 2


def test_every_bundled_agreement_loads_in_20_ms_and_reads_back_the_same() -> None:
    names = library()
    assert len(names) >= 16
    load(names[0])
    for name in names:
        costs = []
        for _ in range(3):
            begun = time.process_time()
            partnership = load(name)
            costs.append(time.process_time() - begun)
        assert min(costs) < 0.020, (name, costs)
        assert partnership.id == name
        assert parse(dump(partnership)) == partnership


def test_every_bundled_value_says_where_it_comes_from() -> None:
    for name in library():
        for one in load(name).rules:
            assert one.source is not None, (name, one.id)
            assert one.source.basis != "read" or (one.source.url and one.source.date), (name, one.id)


def test_an_agreement_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="not in the library"):
        load("xx-none")


def test_a_scenario_relaxes_a_rule_and_says_so() -> None:
    partnership = worlds.agreement('[[rules]]\nid = "pay"\ntype = "wage"\nfloors = [{ amount = 50, currency = "NZD" }]')
    relaxed = relax(partnership, ["pay"])
    people, jobs = worlds.workers({}), worlds.vacancies({})
    assert not worlds.admitted(people, jobs, partnership).any()
    assert worlds.admitted(people, jobs, relaxed).all()
    assert relaxed.relaxed == ("pay",)
    with pytest.raises(BadInput, match="operational"):
        parse(dump(relaxed))
    assert parse(dump(relaxed), scenario=True) == relaxed
    with pytest.raises(BadInput, match="no such rule"):
        relax(partnership, ["nothing"])
    assert relax(partnership, ["default-no-fees"]).relaxed == ("default-no-fees",)


@pytest.mark.parametrize(
    ("people", "jobs", "words"),
    [
        ({}, {}, ""),
        ({}, {"destination": "AU"}, "file: no vacancy is in NZ"),
        (
            {},
            {"start": date(2030, 1, 1)},
            "file: in force from the beginning to 2029-12-31; vacancies start from 2030-01-01",
        ),
        ({"origin": "FJ"}, {}, "file: no worker comes from TO"),
    ],
)
def test_an_agreement_that_covers_nothing_says_why(people: dict[str, str], jobs: dict[str, str], words: str) -> None:
    head = HEAD.replace('"xx"', '"file"') + 'origins = ["TO"]\nvalid_to = 2029-12-31\n'
    found = idle(parse(head), worlds.workers({"origin": "TO"} | people), worlds.vacancies(jobs))
    assert found.startswith(words)
    assert bool(found) == bool(words)
