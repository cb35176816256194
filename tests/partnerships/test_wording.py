"""Every rule and every reason has words in four languages."""

import re
import string
from pathlib import Path

import pytest

from skillbridge.errors import BadInput
from skillbridge.partnerships.judge import judge
from skillbridge.partnerships.partnership import library, load
from skillbridge.partnerships.wording import LANGUAGES, says, sentence, templates
from tests.partnerships import worlds

SOURCE = Path(__file__).resolve().parents[2] / "src" / "skillbridge" / "partnerships"


def test_every_template_has_four_languages_with_the_same_values() -> None:
    for code, texts in templates().items():
        assert len(texts) == len(LANGUAGES), code
        assert all(texts), code
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
        assert all(one == fields[0] for one in fields) or code.startswith("time."), (code, fields)


def test_every_code_in_the_source_has_a_template() -> None:
    kinds = "say|scope|eligibility|quota|share|stay|wage|guarantee|cost|housing|gate|timing|compliance|returning"
    kinds += "|mobility|group|brain_drain|training|corridor|vacancy|worker"
    pattern = re.compile(rf'"((?:{kinds})\.[a-z_.]+)"')
    used = {code for path in SOURCE.rglob("*.py") for code in pattern.findall(path.read_text(encoding="utf-8"))}
    assert len(used) > 150
    assert sorted(code for code in used if code not in templates()) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_of_the_library_is_said(language: str) -> None:
    for name in library():
        for rule in load(name).binding:
            lines = says(rule, language)
            assert lines, (name, rule.id)
            assert not any("{" in line or "None" in line for line in lines), lines


def test_a_stay_reads_as_a_person_would_write_it() -> None:
    rule = next(rule for rule in load("gb-seasonal").rules if rule.id == "stay")
    assert says(rule)[0] == "Nobody is present for more than 6 months in any 10 months."
    assert says(rule, "fr")[0] == "Nul n’est présent plus de 6 mois sur toute période de 10 mois."


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(BadInput, match="en, fr, es, ar"):
        sentence("stay.return", {}, "xx")


TERMS = [
    (
        'type = "share"\nwho = { worker = "new" }\nmin = 0.3\nper = ["origin"]\nlegal_basis = "act, s. 1"',
        ["At least 30% of placements are new workers.", "within each origin by itself.", "Legal basis: act, s. 1."],
    ),
    (
        'type = "quota"\nper = ["region"]\nperiod = { kind = "year" }\n'
        'table = [{ region = "NZ-HKB", max = 150, used = 9 }]',
        ["NZ-HKB: at most 150 visas a year.", "NZ-HKB: 9 places are gone", "Any region not listed gets no place."],
    ),
    ('type = "quota"\nper = ["employer"]\nmax = 9', ["At most 9 visas for each employer."]),
    (
        'type = "employer_gate"\nneeds = ["sponsor"]\nunknown = "refuse"\nblacklist = ["E9", "E7"]',
        ["Excluded employers: E9 and E7.", "Who or what the data do not state is refused, not taken as met."],
    ),
    (
        'type = "eligibility"\nfacts = { health = { unknown = "refuse" } }',
        ["Where health is not stated, it counts as not met."],
    ),
    (
        'type = "brain_drain"\nmode = "forbid_active"\nocc = ["2211", "2221"]\nwhere = { origin = "TO" }\n'
        "direct_application_allowed = false",
        [
            "No active recruitment in the occupations (ISCO-08) 2211 and 2221.",
            "Applying directly counts as recruitment",
        ],
    ),
    (
        'type = "share"\nwho = { worker = "new" }\nmin = 0.3\nlegal_basis = ""',
        ["A wish: each one by which it is missed costs 300 points"],
    ),
]


@pytest.mark.parametrize(("text", "lines"), TERMS)
def test_every_term_of_a_rule_is_told(text: str, lines: list[str]) -> None:
    said = " | ".join(says(worlds.agreement(f'[[rules]]\nid = "r"\n{text}\n').rules[0]))
    assert [line for line in lines if line not in said] == []


def test_what_only_tells_or_settles_ties_is_not_called_hard_or_a_wish() -> None:
    journey, turn = worlds.agreement(
        '[[rules]]\nid = "a"\ntype = "transport"\ninternational = "employer"\n'
        '[[rules]]\nid = "b"\ntype = "order"\nmethod = "lottery"\n'
    ).rules
    assert says(journey) == ["The employer arranges and pays the journey."]
    assert (journey.force, turn.force) == ("told", "ties")
    assert sentence("force.ties", {}, "fr") == "départage"


def test_a_refusal_for_brain_drain_names_its_occupations() -> None:
    partnership = worlds.agreement(
        '[[rules]]\nid = "b"\ntype = "brain_drain"\nmode = "forbid_active"\nocc = ["9211"]\nwhere = { origin = "TO" }\n'
    )
    people, jobs = worlds.workers({"origin": "TO"}), worlds.vacancies({"isco": "9211"})
    found = judge(worlds.placements(people, jobs, [(0, 0)]), people, jobs, [partnership])
    assert [one.text for one in found if one.rule == "b"] == [
        "Active recruitment from this origin in this occupation is not allowed (9211)."
    ]
